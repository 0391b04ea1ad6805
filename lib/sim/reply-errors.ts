import * as E from 'fp-ts/lib/Either.js';
import type { InputRefusal, Port, PortError } from '../ports/port-error.ts';
import type { Refused, Reply } from './provider/reply.ts';

/** A call, as needed for error messages and for what a missing answer means. */
export interface Asking {
  /** Completes "did not …", for example `create the batch`. */
  readonly what: string;
  /**
   * True when the call costs money: without a clear answer it may have happened, and must not be
   * repeated.
   */
  readonly isPaid?: boolean;
  /** True when it concerns an input file. */
  readonly isAboutInput?: boolean;
  /** True when 404 means that the object is unknown. */
  readonly isAboutOne?: boolean;
}

/**
 * Calls the fake, and turns anything but an answer into the port's error, as a real adapter does
 * for HTTP.
 */
export const asking =
  <A, B>(asked: Asking, ask: () => Promise<Reply<A>>, read: (answer: A) => B): Port<B> =>
  async () => {
    try {
      const reply = await ask();
      return reply.type === 'done' ? E.right(read(reply.value)) : E.left(errorOf(reply, asked));
    } catch (cause) {
      // Only code that was passed to the fake can throw.
      return E.left({
        type: 'unavailable',
        message: `could not ${asked.what}: ${String(cause)}`,
        cause,
      });
    }
  };

/** The port's error for a rejection or a missing answer. */
export const errorOf = (
  reply: Exclude<Reply<never>, { readonly type: 'done' }>,
  asked: Asking,
): PortError => {
  if (reply.type === 'refused') return errorOfRefusal(reply, asked);
  const message = `no answer came to "${asked.what}": the connection broke`;
  return asked.isPaid === true
    ? { type: 'unclear', message: `${message}; it may or may not have happened`, cause: null }
    : { type: 'transient', message, retryAfterMs: null, cause: null };
};

const errorOfRefusal = ({ statusCode, error, retryAfterMs }: Refused, asked: Asking): PortError => {
  const message = `the provider did not ${asked.what}: ${statusCode} ${error.code ?? error.type}: ${error.message}`;
  if (error.code === 'insufficient_quota' || statusCode === 402)
    return { type: 'insufficient_quota', message };
  if (error.code === 'token_limit_exceeded')
    return { type: 'over_capacity', message, ...statedLimits(error.message) };
  const isNotOffered = statusCode === 403 && /not_available|unsupported/u.test(error.code ?? '');
  if (isNotOffered) return { type: 'refused', message, statusCode, requestId: null };
  if (statusCode === 401 || statusCode === 403) return { type: 'authentication_failed', message };
  if (statusCode === 429) return { type: 'transient', message, retryAfterMs, cause: null };
  if (statusCode === 501 && asked.isPaid !== true)
    return { type: 'refused', message, statusCode, requestId: null };
  if (statusCode >= 500 || statusCode === 408 || statusCode === 409) {
    return asked.isPaid === true
      ? { type: 'unclear', message, cause: null }
      : { type: 'transient', message, retryAfterMs, cause: null };
  }
  if (statusCode === 404 && asked.isAboutOne === true) return { type: 'not_found', message };
  const input = inputRefusalIn(statusCode, error, asked);
  return {
    type: 'refused',
    message,
    statusCode,
    requestId: null,
    ...(input === null ? {} : { input }),
  };
};

/** Why an input file was rejected, as a real adapter reads it; null: not because of the file. */
const inputRefusalIn = (
  statusCode: number,
  { message, param, code }: Refused['error'],
  { isAboutInput }: Asking,
): InputRefusal | null => {
  if (isAboutInput !== true) return null;
  const line = /^line (\d+)$/u.exec(param ?? '')?.[1];
  if (line !== undefined)
    return {
      isTooLarge: false,
      statedBytesMax: null,
      said: [{ line: Number(line), code, message, param, failureClass: null }],
    };
  const customId = /^Request '([^']*)'/u.exec(message)?.[1];
  if (customId !== undefined)
    return {
      isTooLarge: false,
      statedBytesMax: null,
      said: [],
      ids: [{ customId, line: null, code, message, param, failureClass: null }],
    };
  if (statusCode !== 413 && !message.startsWith('File is too large')) return null;
  const stated = /size is (\d+) bytes/u.exec(message)?.[1];
  return {
    isTooLarge: true,
    statedBytesMax: stated === undefined ? null : Number(stated),
    said: [],
  };
};

/** The queue limits that a message states; null where it states none. */
export const statedLimits = (
  message: string,
): { readonly statedTokensMax: number | null; readonly statedRequestsMax: number | null } => {
  const stated = (unit: string): number | null => {
    const digits = new RegExp(`limit: ([\\d,]+) enqueued ${unit}`, 'iu')
      .exec(message)?.[1]
      ?.replaceAll(',', '');
    return digits === undefined ? null : Number(digits);
  };
  return { statedTokensMax: stated('tokens'), statedRequestsMax: stated('requests') };
};
