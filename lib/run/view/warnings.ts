import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { LiveBatch, Overdue } from '../../core/model/batch.ts';
import { bornAtMs, isCountedOut, lacksRequests } from '../../core/poll/overdue.ts';
import { pollDueMs } from '../../core/poll/due-poll.ts';
import { isQuarantined, quarantineMessage } from '../../core/control/control.ts';
import { BatchorError } from '../api/errors.ts';

/** A warning of a summary. `retryAt`: the time of the next try, or when it was noticed. */
export interface RetryingError {
  readonly what: string;
  readonly count: number;
  readonly message: string;
  readonly retryAt: Date;
}

const dayMs = 86_400_000;

/** The last jump of the clock, for one day. `retryAt`: when batchor noticed it. */
export const clockWarnings = ({ clock, updatedAtMs }: RunSnapshot): readonly RetryingError[] =>
  clock === null || Math.abs(updatedAtMs - clock.atMs) > dayMs
    ? []
    : [
        {
          what: 'clock',
          count: clock.jumps,
          message: clockMessage(clock.byMs),
          retryAt: new Date(clock.atMs),
        },
      ];

const clockMessage = (byMs: number): string =>
  byMs > 0
    ? `the clock of this machine jumped ahead by ${spanText(byMs)}, or the machine slept: batchor extended the waits for unconfirmed creates`
    : `the clock of this machine jumped back by ${spanText(byMs)}, or another worker's clock is ahead: batchor moved due times back`;

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
const ageMsOf = (
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
  const resolve = `batchor resolve --run-id ${snapshot.runId} --batch ${batchKey}`;
  const way = `To settle the files that it names now: \`${resolve} --take-files\`; to end it without its answers: \`${resolve} --give-up\` (its rows are sent again and may be billed twice)`;
  return `batch ${providerBatchId} is ${JSON.stringify(providerStatus)}${age}: ${whyOf(snapshot, batch, overdue)}. batchor continues to poll it. ${way}`;
};

const whyOf = (snapshot: RunSnapshot, batch: LiveBatch, { reason, sinceMs }: Overdue): string => {
  const { updatedAtMs } = snapshot;
  const { progress, requests } = batch;
  const span = spanText(Math.max(0, updatedAtMs - sinceMs));
  switch (reason) {
    case 'past_expiry':
      return `it should have expired ${span} ago`;
    case 'unknown_status':
      return isCountedOut(progress)
        ? `all of its ${progress?.total ?? 0} requests are counted as answered or failed, and batchor does not know this status`
        : 'it has a file of answers, and batchor does not know this status';
    case 'unchanged':
      if (lacksRequests(snapshot, batch, batch))
        return `it counts ${progress?.total ?? 0} of the ${requests} requests that were sent, and that has not changed for ${span}`;
      return `neither its status nor its counts have changed for ${span}`;
  }
};

/** The warning of a quarantined run. `retryAt`: when its last owner was seen; no worker retries. */
export const ownerWarnings = (snapshot: RunSnapshot): readonly RetryingError[] =>
  isQuarantined(snapshot)
    ? [
        {
          what: 'owners',
          count: snapshot.lostOwners,
          message: quarantineMessage(snapshot),
          retryAt: new Date(snapshot.updatedAtMs),
        },
      ]
    : [];

/** The error of a worker for a quarantined run. */
export const quarantined = (snapshot: RunSnapshot): BatchorError => {
  const { runId, lostOwners } = snapshot;
  return new BatchorError(
    'run_quarantined',
    { runId, lostOwners },
    quarantineMessage(snapshot),
    'Wait for it by its run id, or resume it.',
  );
};

/** E.g. `2.5 days`, `13 hours`: in the largest unit that fits; one decimal below ten. */
const spanText = (ms: number): string => {
  const [unit, unitMs] = units.find(([, size]) => Math.abs(ms) >= size) ?? lastUnit;
  const exact = Math.abs(ms) / unitMs;
  const count = exact < 9.95 ? Math.round(exact * 10) / 10 : Math.round(exact);
  return `${count.toLocaleString('en-US')} ${unit}${count === 1 ? '' : 's'}`;
};
const lastUnit = ['second', 1_000] as const;
const units: readonly (readonly [string, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  lastUnit,
];
