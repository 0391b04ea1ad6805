import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { apiErrorIn, requestIdIn, statusIn } from '../client/api-error.ts';
import { requestJson, ask, segment } from '../client/request.ts';
import { CallFailure } from '../client/classify.ts';
import { retrieve } from './observe.ts';
import type { OpenSession } from '../client/session.ts';

/**
 * Asks the provider to cancel. What it says of a batch that is over anyway is not documented: the
 * batch itself is looked at.
 */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (providerBatchId) =>
    ask(
      open,
      {
        what: `cancel batch ${providerBatchId}`,
        isPaid: false,
        isAboutOne: true,
        isOptional: true,
      },
      async (session) => {
        try {
          await requestJson(session, {
            method: 'post',
            path: `/batches/${segment(providerBatchId)}/cancel`,
          });
        } catch (thrown) {
          const status = statusIn(thrown);
          if (status === null || ![400, 409, 422].includes(status)) throw thrown;
          const report = await retrieve(session, providerBatchId);
          const isOver =
            report !== null && (report.ending !== null || report.stage === 'cancelling');
          if (isOver) return;
          // A conflict is worth another try elsewhere; here the batch is what is in the way.
          throw status === 409
            ? refusedCancel(providerBatchId, report?.status ?? null, thrown)
            : thrown;
        }
      },
    );

const refusedCancel = (id: string, status: string | null, thrown: unknown): CallFailure => {
  const seen = status === null ? 'is not to be seen' : `is ${JSON.stringify(status)}`;
  const message = `batch ${id}, which ${seen}, is not cancelled: 409: ${apiErrorIn(thrown).message}`;
  return new CallFailure({
    type: 'refused',
    message,
    statusCode: 409,
    requestId: requestIdIn(thrown),
  });
};
