import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { ask } from '../client/ask.ts';
import type { OpenSession, Session } from '../client/session.ts';
import type { BatchReport } from './batch-object.ts';
import { retrieve } from './retrieve.ts';

const concurrencyMax = 4;

/**
 * What the service says of each batch, one by one: the list may lag, or be empty
 * (python-genai#1250), and holds the answers of batches that others sent inline.
 */
export const observe =
  (open: OpenSession): BatchProvider['observe'] =>
  (asked) =>
    ask(open, { what: 'read the batches', isPaid: false, isAboutOne: false }, async (session) => {
      const observed: BatchObservation[] = [];
      await eachOf(asked, async ({ batchKey, providerBatchId }) => {
        const report = await retrieve(session, providerBatchId);
        // Ids come again where a service starts anew: the answers of another batch would land on
        // our rows.
        if (report === null || (report.mark !== null && report.mark.batchKey !== batchKey)) return;
        observed.push({ batchKey, ...observationOf(session, report) });
      });
      return observed;
    });

const observationOf = (
  { heard }: Session,
  report: BatchReport,
): Omit<BatchObservation, 'batchKey'> => {
  const { id, state, isAccepted, progress, ending, stage, outputFileId } = report;
  const { createdAtMs, expiresAtMs, statusSinceMs } = report;
  return {
    providerBatchId: id,
    providerStatus: state,
    isAccepted,
    progress,
    ending,
    stage,
    createdAtMs,
    expiresAtMs,
    statusSinceMs,
    providerNowMs: heard.dateMs,
    retryAfterMs: heard.retryAfterMs,
    named: { outputFileId, errorFileId: null },
    // One file holds answers and errors: it is to come where the batch completed without it.
    ...(ending === null
      ? {}
      : { areFilesPending: ending.type === 'completed' && ending.outputFileId === null }),
  };
};

const eachOf = async <A>(all: readonly A[], act: (one: A) => Promise<void>): Promise<void> => {
  const queue = all.values();
  await Promise.all(
    Array.from({ length: Math.min(concurrencyMax, all.length) }, async () => {
      for (const one of queue) await act(one);
    }),
  );
};
