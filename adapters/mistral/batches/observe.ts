import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider } from '../../../lib/ports/provider.ts';
import { statusIn } from '../../openai/client/api-error.ts';
import { batchKeyKey } from '../../openai/batches/create.ts';
import { requestJson, ask } from '../../openai/client/request.ts';
import { segment } from '../../http/path-segment.ts';
import type { OpenSession, Session } from '../../openai/client/session.ts';
import { type JobReport, readJob } from './job.ts';

const concurrencyMax = 4;

/** What the service says of each job, one by one. */
export const observe =
  (open: OpenSession): BatchProvider['observe'] =>
  (asked) =>
    ask(open, { what: 'read the jobs', isPaid: false, isAboutOne: false }, async (session) => {
      const observed: BatchObservation[] = [];
      const queue = asked.values();
      const work = async (): Promise<void> => {
        for (const { batchKey, providerBatchId } of queue) {
          const report = await retrieve(session, providerBatchId);
          const key = report?.metadata[batchKeyKey];
          // Ids come again where a service starts anew: the answers of another job would land on
          // our rows.
          if (report === null || (typeof key === 'string' && key !== batchKey)) continue;
          observed.push({ batchKey, ...observationOf(session, report) });
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrencyMax, asked.length) }, work));
      return observed;
    });

const observationOf = (
  { heard }: Session,
  { id, status, inputFileId: _input, metadata: _metadata, ...report }: JobReport,
): Omit<BatchObservation, 'batchKey'> => {
  const { ending, named, progress } = report;
  const hasFile = named.outputFileId !== null || named.errorFileId !== null;
  return {
    ...report,
    providerBatchId: id,
    providerStatus: status,
    // The official client says nothing of it: `timeout_hours` is not shown again.
    expiresAtMs: null,
    providerNowMs: heard.dateMs,
    retryAfterMs: heard.retryAfterMs,
    // Fewer answers than requests were seen (client-python#159): which file is missing cannot be
    // told from the counts, and rows without an answer are asked again.
    ...(ending === null
      ? {}
      : { areFilesPending: ending.type === 'completed' && !hasFile && progress?.total !== 0 }),
  };
};

/** Null for a job that is not known (yet). */
export const retrieve = async (
  session: Session,
  id: ProviderBatchId,
): Promise<JobReport | null> => {
  try {
    const path = `/batch/jobs/${segment(id)}`;
    const report = readJob(await requestJson(session, { method: 'get', path }), session.scrub);
    return report?.id === id ? report : null;
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};
