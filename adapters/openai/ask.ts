import * as E from 'fp-ts/lib/Either.js';
import type { Port } from '../../lib/ports/port-error.ts';
import { classify, type Call } from './classify.ts';
import type { OpenSession, Session } from './session.ts';

/** Opens the session, asks, and says what a failure means. Nothing is thrown. */
export const ask =
  <A>(open: OpenSession, call: Call, request: (session: Session) => Promise<A>): Port<A> =>
  async () => {
    try {
      const opened = await open();
      if (opened.type === 'closed') return E.left(opened.error);
      const { session } = opened;
      return await request(session).then(
        (answer) => E.right(answer),
        (thrown: unknown) => E.left(classify(thrown, { ...call, where: session.where, scrub: session.scrub })),
      );
    } catch (thrown) {
      // The SDK could not be loaded or would not make a client: nothing was sent.
      const message = `the openai package could not be used: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return E.left({ type: 'refused', message, statusCode: null, requestId: null });
    }
  };

/** A question that may be asked again: the SDK retries it twice by itself. */
export const rereadable = (session: Session): { readonly maxRetries: number; readonly timeout: number } => ({
  maxRetries: 2,
  timeout: session.requestTimeoutMs,
});

/** A call that is sent once and no more. */
export const once = (session: Session): { readonly maxRetries: number; readonly timeout: number } => ({
  maxRetries: 0,
  timeout: session.requestTimeoutMs,
});

/** Nobody waits longer for a transfer than this many bytes a second would take. */
const bytesPerSecondMin = 50_000;
const timerMsMax = 2_147_483_647;

export const transferTimeoutMs = (session: Session, bytes: number): number =>
  Math.min(timerMsMax, session.requestTimeoutMs + Math.ceil((bytes / bytesPerSecondMin) * 1000));

/** An id as one segment of a path. */
export const segment = (id: string): string => encodeURIComponent(id).replaceAll('.', '%2E');
