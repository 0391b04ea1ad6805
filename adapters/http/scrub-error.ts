import type { PortError } from '../../lib/ports/port-error.ts';
import type { Scrub } from './scrub.ts';

/**
 * The error as it may be stored and shown: every text in it is scrubbed. All errors of the adapter
 * leave through here.
 */
export const scrubError = (error: PortError, scrub: Scrub): PortError => {
  const texts = Object.entries(error).map(([key, value]): [string, unknown] => [
    key,
    key === 'type' ? value : scrubbed(value, scrub),
  ]);
  return Object.fromEntries(texts) as unknown as PortError;
};

const scrubbed = (value: unknown, scrub: Scrub): unknown => {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((each) => scrubbed(each, scrub));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, scrubbed(each, scrub)]),
  );
};
