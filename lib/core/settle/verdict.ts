import { isLeftAsItIs } from '../model/adopted.ts';
import type { LiveBatch } from '../model/batch.ts';
import { failureAction, type FailureClass, isFailureOfBatch } from '../values/failure.ts';
import { capacityWaitMs } from '../plan/queue.ts';
import {
  isDueAt,
  effectiveDueMs,
  backoffMs,
  backoffMsMax,
  bucketDueMs,
  bucketMsMax,
} from '../faults/due-time.ts';
import { stoppedBeforeLimit } from './output-bound.ts';
import type { BackoffBucket, RunSnapshot } from '../model/snapshot.ts';

/**
 * A row's attempts before this one, and how long the answer of this one was (-1: not reported;
 * `stoppedBeforeLimit`: no output limit ended it).
 */
export interface RowAttempts {
  readonly charged: number;
  readonly uncharged: number;
  readonly outputTokens: number;
}

/** What becomes of a row that no success settled. */
export type Verdict =
  | { readonly type: 'retry'; readonly charged: 0 | 1; readonly dueAtMs: number }
  | { readonly type: 'fail'; readonly failureClass: FailureClass; readonly charged: 0 | 1 };

/**
 * One row's future: by the failure table, the attempts it has left, and whether the run is being
 * cancelled.
 */
export const verdictOf = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  failureClass: FailureClass,
  attempts: RowAttempts,
  nowMs: number,
): Verdict => {
  const { retry } = snapshot.config.operation;
  const action =
    failureClass === 'truncated' && isWorthMoreOutput(snapshot, attempts)
      ? 'retry_charged'
      : failureAction(failureClass);
  if (action === 'fail') return { type: 'fail', failureClass, charged: 1 };
  const charged = action === 'retry_charged' ? 1 : 0;
  if (snapshot.control.state === 'cancel_requested')
    return { type: 'fail', failureClass: 'run_cancelled', charged };
  if (isLeftAsItIs(snapshot.config, batch.batchNo)) return { type: 'fail', failureClass, charged };
  if (charged === 1) {
    if (attempts.charged + 1 >= retry.attemptsMax) return { type: 'fail', failureClass, charged };
    const waitMs = backoffMs(retry.itemBackoff, attempts.charged + 1, batch.batchKey);
    return { type: 'retry', charged, dueAtMs: bucketDueMs(nowMs, waitMs) };
  }
  // A refusal of the whole batch is not about the row, and is not billed: the wait grows with the
  // refusals in a row, and the run pauses.
  if (!isFailureOfBatch(failureClass) && attempts.uncharged + 1 >= retry.unchargedAttemptsMax)
    return { type: 'fail', failureClass, charged };
  return {
    type: 'retry',
    charged,
    dueAtMs: bucketDueMs(nowMs, unchargedWaitMs(snapshot, batch, failureClass, attempts.uncharged)),
  };
};

/**
 * A truncated row was asked with the raised limit already from its second charged attempt on; an
 * answer as long as that would be no whole one under it.
 */
const isWorthMoreOutput = (
  { config, control }: RunSnapshot,
  { charged, outputTokens }: RowAttempts,
): boolean => {
  const { raisedOutputTokensMax: raised } = config.operation.retry;
  if (raised === null || charged > 0 || control.state === 'cancel_requested') return false;
  if (outputTokens === stoppedBeforeLimit) return false;
  // Each of several choices may be as long, and the provider reports their sum.
  return outputTokens < Math.max(raised, config.operation.money.outputTokensMax ?? 0);
};

const unchargedWaitMs = (
  snapshot: RunSnapshot,
  { batchKey }: LiveBatch,
  failureClass: FailureClass,
  uncharged: number,
): number => {
  const { retry } = snapshot.config.operation;
  if (failureClass === 'over_capacity') return capacityWaitMs(snapshot, batchKey);
  return isFailureOfBatch(failureClass)
    ? backoffMs(retry.batchBackoff, snapshot.rejectedStreak + 1, batchKey)
    : backoffMs(retry.itemBackoff, uncharged + 1, batchKey);
};

/** The longest wait of a row, whatever it failed of. */
const rowWaitMsMax = ({ config: { operation } }: RunSnapshot): number =>
  bucketMsMax(
    Math.max(backoffMsMax(operation.retry.itemBackoff), backoffMsMax(operation.retry.batchBackoff)),
  );

export const isBucketDue = (
  snapshot: RunSnapshot,
  { dueAtMs }: BackoffBucket,
  nowMs: number,
): boolean => isDueAt(dueAtMs, rowWaitMsMax(snapshot), nowMs);

/**
 * The bucket whose rows are sent again now: the first, or the last where the clock went back since;
 * null: none is due. O(1).
 */
export const dueBucket = (snapshot: RunSnapshot, nowMs: number): BackoffBucket | null =>
  [snapshot.backoff[0], snapshot.backoff.at(-1)].find(
    (bucket) => bucket !== undefined && isBucketDue(snapshot, bucket, nowMs),
  ) ?? null;

/** When the first bucket is due; null: no row waits. */
export const bucketsDueMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  const [first] = snapshot.backoff;
  return first === undefined ? null : effectiveDueMs(first.dueAtMs, rowWaitMsMax(snapshot), nowMs);
};
