import * as E from 'fp-ts/lib/Either.js';
import type { Port } from '../../../lib/ports/port-error.ts';
import { classify, type Call } from './classify.ts';
import { scrubError } from '../../http/scrub-error.ts';
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
        (thrown: unknown) =>
          E.left(scrubError(classify(thrown, { ...call, where: session.where }), session.scrub)),
      );
    } catch (thrown) {
      // The SDK could not be loaded or would not make a client: nothing was sent.
      const message = `the openai package could not be used: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      return E.left({ type: 'refused', message, statusCode: null, requestId: null });
    }
  };

/** An id as one segment of a path. */
export const segment = (id: string): string => encodeURIComponent(id).replaceAll('.', '%2E');
