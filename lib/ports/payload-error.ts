import type { PortError } from './port-error.ts';

/**
 * Thrown while the bytes of an object are read, where they are not what was put: what `read` would
 * have answered had it known.
 */
export class PayloadError extends Error {
  override readonly name = 'PayloadError';
  readonly error: PortError & { readonly type: 'corrupt' };

  constructor(error: PortError & { readonly type: 'corrupt' }) {
    super(error.message);
    this.error = error;
  }
}
