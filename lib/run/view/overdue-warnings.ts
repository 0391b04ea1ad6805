import type { LiveBatch, Overdue } from '../../core/model/batch.ts';
import { bornAtMs, isCountedOut } from '../../core/poll/overdue.ts';
import { pollDueMs } from '../../core/poll/due-poll.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import { spanText } from './span-text.ts';
import type { RetryingError } from './warning.ts';

/** Batches that take unusually long, as last polled. `retryAt`: their next poll. */
export const overdueWarnings = (snapshot: RunSnapshot): readonly RetryingError[] =>
  snapshot.live.flatMap((batch) =>
    batch.overdue === null
      ? []
      : [
          {
            what: `overdue:${batch.batchKey}`,
            count: batch.quietPolls,
            message: overdueMessage(snapshot, batch, batch.overdue),
            retryAt: new Date(pollDueMs(snapshot, batch, snapshot.updatedAtMs)),
          },
        ],
  );

/** Age of a batch in ms: since the provider's creation time, else since its create was sent. */
export const ageMsOf = (
  { updatedAtMs }: RunSnapshot,
  { providerTimes, sentAtMs }: LiveBatch,
): number | null => {
  const sinceMs = bornAtMs(providerTimes.createdAtMs) ?? sentAtMs;
  return sinceMs === null ? null : Math.max(0, updatedAtMs - sinceMs);
};

const overdueMessage = (snapshot: RunSnapshot, batch: LiveBatch, overdue: Overdue): string => {
  const { batchKey, providerBatchId, providerStatus } = batch;
  const ageMs = ageMsOf(snapshot, batch);
  const age = ageMs === null ? '' : `, ${spanText(ageMs)} after its creation`;
  const way = `To settle the files that it names now: \`batchor resolve --run-id ${snapshot.runId} --batch ${batchKey} --take-files\`; to end it without its answers, type the same with --give-up (its rows are sent again and may be billed twice)`;
  return `batch ${providerBatchId} is ${JSON.stringify(providerStatus)}${age}: ${whyOf(snapshot, batch, overdue)}. batchor continues to poll it. ${way}`;
};

const whyOf = (
  { updatedAtMs }: RunSnapshot,
  { progress }: LiveBatch,
  { reason, sinceMs }: Overdue,
): string => {
  const span = spanText(Math.max(0, updatedAtMs - sinceMs));
  switch (reason) {
    case 'past_expiry':
      return `it should have expired ${span} ago`;
    case 'unknown_status':
      return isCountedOut(progress)
        ? `all of its ${progress?.total ?? 0} requests are counted as answered or failed, and batchor does not know this status`
        : 'it has a file of answers, and batchor does not know this status';
    case 'unchanged':
      return `neither its status nor its counts have changed for ${span}`;
  }
};
