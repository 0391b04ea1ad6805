import type { BatchObservation } from '../../../lib/core/model/observation.ts';
import type { BatchKey, ProviderBatchId } from '../../../lib/core/values/ids.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import { ask, batchPath } from '../client/ask.ts';
import { CallFailure, statusIn } from '../client/failures.ts';
import { requestJson } from '../client/request.ts';
import type { OpenSession, Session } from '../client/session.ts';
import { type BatchReport, readBatch } from './batch-object.ts';
import { batchPages } from './batch-list.ts';

interface Asked {
  readonly batchKey: BatchKey;
  readonly providerBatchId: ProviderBatchId;
}

/** So few batches are asked for one by one; more by the list. */
const singlesMax = 3;
const concurrencyMax = 4;
/** A page that is likely to hold the batches of a run, which are among the newest. */
const pageSize = 100;

/**
 * What the provider says of each batch: the list is read while its pages bring news, the rest one
 * by one.
 */
export const observe = (
  open: OpenSession,
  asked: readonly Asked[],
): Port<readonly BatchObservation[]> =>
  ask(open, { what: 'read the batches', isPaid: false, isAboutOne: false }, async (session) => {
    const reports =
      asked.length > singlesMax ? await fromList(session, asked) : new Map<string, BatchReport>();
    const rest = asked.filter(({ providerBatchId }) => !reports.has(providerBatchId));
    await eachOf(rest, async ({ providerBatchId }) => {
      const report = await retrieve(session, providerBatchId);
      if (report !== null) reports.set(providerBatchId, report);
    });
    return asked.flatMap(({ batchKey, providerBatchId }) => {
      const report = reports.get(providerBatchId);
      return report === undefined ? [] : [observationOf(session, batchKey, report)];
    });
  });

const observationOf = (
  { heard }: Session,
  batchKey: BatchKey,
  { id, status, ...report }: BatchReport,
): BatchObservation => {
  const { progress, ending, stage, createdAtMs, expiresAtMs, statusSinceMs, areFilesPending } =
    report;
  return {
    batchKey,
    providerBatchId: id,
    providerStatus: status,
    // There is no validation that a batch could fail: its requests fail one by one.
    isAccepted: true,
    progress,
    ending,
    stage,
    createdAtMs,
    expiresAtMs,
    statusSinceMs,
    providerNowMs: heard.dateMs,
    retryAfterMs: heard.retryAfterMs,
    areFilesPending,
  };
};

const fromList = async (
  session: Session,
  asked: readonly Asked[],
): Promise<Map<string, BatchReport>> => {
  const wanted = new Set<string>(asked.map(({ providerBatchId }) => providerBatchId));
  const found = new Map<string, BatchReport>();
  try {
    for await (const { batches } of batchPages(session, pageSize)) {
      const before = found.size;
      for (const report of batches) if (wanted.has(report.id)) found.set(report.id, report);
      if (found.size === wanted.size || found.size === before) break;
    }
  } catch (thrown) {
    // A gateway without a list, or with a broken one, is asked for each batch.
    if (!isListRefused(thrown)) throw thrown;
  }
  return found;
};

const isListRefused = (thrown: unknown): boolean =>
  thrown instanceof CallFailure
    ? thrown.error.type === 'refused'
    : [400, 404, 405, 410, 422, 501].includes(statusIn(thrown) ?? 0);

/**
 * Null for a batch that is not known (yet): after its creation a 404 was seen for some seconds, and
 * between good answers later.
 */
export const retrieve = async (
  session: Session,
  id: ProviderBatchId,
): Promise<BatchReport | null> => {
  try {
    const answer = await requestJson(session, { method: 'GET', path: batchPath(id) });
    const report = readBatch(answer, session.scrub);
    return report?.id === id ? report : null;
  } catch (thrown) {
    if (statusIn(thrown) === 404) return null;
    throw thrown;
  }
};

const eachOf = async <A>(all: readonly A[], act: (one: A) => Promise<void>): Promise<void> => {
  const queue = all.values();
  await Promise.all(
    Array.from({ length: Math.min(concurrencyMax, all.length) }, async () => {
      for (const one of queue) await act(one);
    }),
  );
};
