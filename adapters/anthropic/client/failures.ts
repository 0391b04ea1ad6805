import type { PortError } from '../../../lib/ports/port-error.ts';
import type { ApiError } from '../answers/api-error.ts';

/** A PortError on its way out of a call. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure';
  readonly error: PortError;
  constructor(error: PortError) {
    super(error.type);
    this.error = error;
  }
}

/** The service answered with a status of error. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly status: number;
  readonly api: ApiError;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
  constructor(answer: Pick<HttpFailure, 'status' | 'api' | 'requestId' | 'retryAfterMs'>) {
    super(`${answer.status}`);
    this.status = answer.status;
    this.api = answer.api;
    this.requestId = answer.requestId;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

/** The status of an error of the service; null when no answer came. */
export const statusIn = (thrown: unknown): number | null =>
  thrown instanceof HttpFailure ? thrown.status : null;

export const refusedCall = (message: string): CallFailure =>
  new CallFailure({ type: 'refused', message, statusCode: null, requestId: null });
