import type { BatchProvider } from '../../lib/ports/provider.ts';
import { statusIn } from './api-error.ts';
import { ask, segment } from './ask.ts';
import { retrieve } from './observe.ts';
import { requestJson } from './request.ts';
import type { OpenSession } from './session.ts';

/** Asks the provider to cancel. What it says of a batch that is over anyway is not documented: the batch itself is looked at. */
export const cancel =
  (open: OpenSession): BatchProvider['cancel'] =>
  (providerBatchId) =>
    ask(open, { what: `cancel batch ${providerBatchId}`, isPaid: false, isAboutOne: true }, async (session) => {
      try {
        await requestJson(session, { method: 'post', path: `/batches/${segment(providerBatchId)}/cancel` });
      } catch (thrown) {
        const status = statusIn(thrown);
        if (status === null || ![400, 409, 422].includes(status)) throw thrown;
        const report = await retrieve(session, providerBatchId);
        const isOver = report !== null && (report.ending !== null || report.status.toLowerCase() === 'cancelling');
        if (!isOver) throw thrown;
      }
    });
