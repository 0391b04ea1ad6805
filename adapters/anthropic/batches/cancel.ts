import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask, batchPath } from '../client/ask.ts';
import { CallFailure, HttpFailure } from '../client/failures.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession } from '../client/session.ts';
import { retrieve } from './observe.ts';

/**
 * Asks the provider to cancel. What it says of a batch that is over anyway is not documented: the
 * batch itself is read.
 */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (providerBatchId) =>
    ask(
      open,
      { what: `cancel batch ${providerBatchId}`, isPaid: false, isAboutOne: true },
      async (session) => {
        try {
          await requestJson(session, {
            method: 'POST',
            path: `${batchPath(providerBatchId)}/cancel`,
            json: {},
          });
        } catch (thrown) {
          const isNo =
            thrown instanceof HttpFailure && [400, 405, 409, 422, 501].includes(thrown.status);
          if (!isNo) throw thrown;
          const report = await retrieve(session, providerBatchId);
          if (report !== null && (report.ending !== null || report.stage === 'cancelling')) return;
          throw refusedCancel(providerBatchId, report?.status ?? null, thrown);
        }
      },
    );

/** A conflict may pass elsewhere; here the batch is what is in the way. */
const refusedCancel = (
  id: string,
  batchStatus: string | null,
  { status, api, requestId }: HttpFailure,
): CallFailure => {
  const seen = batchStatus === null ? 'is not to be seen' : `is ${JSON.stringify(batchStatus)}`;
  return new CallFailure({
    type: 'refused',
    message: `batch ${id}, which ${seen}, is not cancelled: ${status}: ${api.message}`,
    statusCode: status,
    requestId,
  });
};
