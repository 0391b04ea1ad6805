import { segment } from '../../http/path-segment.ts';
import * as E from 'fp-ts/lib/Either.js';
import type { Port } from '../../../lib/ports/port-error.ts';
import { scrubError } from '../../http/scrub.ts';
import { type Call, classify } from './classify.ts';
import type { OpenSession, Session } from './session.ts';

/** Opens the session, asks, and says what a failure means. Nothing is thrown. */
export const ask =
  <A>(open: OpenSession, call: Call, request: (session: Session) => Promise<A>): Port<A> =>
  async () => {
    const opened = open();
    if (opened.type === 'closed') return E.left(opened.error);
    const { session } = opened;
    try {
      return E.right(await request(session));
    } catch (thrown) {
      return E.left(scrubError(classify(thrown, { ...call, where: session.where }), session.scrub));
    }
  };

/** Where one batch is. */
export const batchPath = (id: string): string => `${batchesPath}/${segment(id)}`;
export const batchesPath = '/v1/messages/batches';
