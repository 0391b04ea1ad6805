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
    return request(session).then(
      (answer) => E.right(answer),
      (thrown: unknown) =>
        E.left(scrubError(classify(thrown, { ...call, where: session.where }), session.scrub)),
    );
  };

/**
 * A resource name (`batches/x`, `files/x`) as a part of a path: a collection and an id, each
 * encoded; a name of another form becomes one id that no resource has.
 */
export const resourcePath = (collection: 'batches' | 'files', name: string): string =>
  `/v1beta/${collection}/${idIn(collection, name)}`;

/** The id behind the collection, encoded for a path. */
export const idIn = (collection: 'batches' | 'files', name: string): string => {
  const id = name.startsWith(`${collection}/`) ? name.slice(collection.length + 1) : name;
  return segment(id);
};
