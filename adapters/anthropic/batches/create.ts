import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask, batchesPath } from '../client/ask.ts';
import { CallFailure, refusedCall } from '../client/failures.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession } from '../client/session.ts';
import { readBatch } from './batch-object.ts';
import { joinLines } from '../../http/joined-lines.ts';

/** Creates the batch with one POST, never repeated: here, in a client or in the transport. */
export const create =
  (open: OpenSession): BatchProvider['create'] =>
  ({ batchKey, requests, bytes, lines }) =>
    ask(open, { what: 'create the batch', isPaid: true, isAboutOne: false }, async (session) => {
      if (requests === 0 || bytes === 0) throw refusedCall(`batch ${batchKey} has no requests`);
      const body = joinLines('requests', bytes, lines());
      const answer = await requestJson(session, {
        method: 'POST',
        path: batchesPath,
        stream: body,
      }).catch((thrown: unknown) => {
        const wrong = body.wrongBytes();
        if (wrong === null) throw thrown;
        // The body broke off before its end: nothing was created.
        throw new CallFailure({
          type: 'corrupt',
          message: `the request lines of batch ${batchKey} are ${bytes} bytes by the books, and ${wrong} or more were read`,
          where: batchKey,
        });
      });
      const report = readBatch(answer, session.scrub);
      if (report === null)
        throw unconfirmed(
          `${session.where} answered the create with something that is not a batch: it may or may not exist`,
        );
      // Gateways and caches were seen to answer with another batch.
      if (report.requests !== null && report.requests !== requests)
        throw unconfirmed(
          `${session.where} answered the create with another batch (${report.id}): it counts ${report.requests} requests, not ${requests}; ours may or may not exist`,
        );
      return { providerBatchId: report.id, providerStatus: report.status };
    });

const unconfirmed = (message: string): CallFailure =>
  new CallFailure({ type: 'unclear', message, cause: null });
