import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import type { OpenSession } from '../client/session.ts';
import { batchPages } from './batch-list.ts';

/** Reads a page of the list of batches: key, address and the list itself are in order. */
export const check =
  (open: OpenSession): BatchProvider['check'] =>
  () =>
    ask(open, { what: 'list the batches', isPaid: false, isAboutOne: false }, async (session) => {
      await batchPages(session).next();
    });
