import type { LiveBatch } from '../model/batch.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import { failureOfCode } from '../values/failure.ts';
import {
  addFailures,
  type CanaryVerdict,
  failedIn,
  type JudgedRows,
  nothingJudged,
} from '../values/judged.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/** Rows of the next batch at most, while a canary is due; null: none is. */
export const canaryItems = ({ config, canary }: RunSnapshot): number | null =>
  config.operation.canary === null || canary.isPassed ? null : config.operation.canary.items;

/** While it is out nothing else is planned. */
export const isCanaryOut = (snapshot: RunSnapshot): boolean =>
  canaryItems(snapshot) !== null && snapshot.canary.batchKey !== null;

/**
 * Judged rows, those of the batch that is being settled included, and whether their success rate is
 * checked now.
 */
const judgedWith = (
  { judged, config }: RunSnapshot,
  batch: LiveBatch,
): { readonly rows: JudgedRows; readonly isFull: boolean } => {
  const rows = {
    passed: judged.passed + batch.completedRows,
    failures: addFailures(judged.failures, batch.failures),
  };
  return {
    rows,
    isFull: rows.passed + failedIn(rows.failures) >= config.operation.circuitBreaker.judgedRowsMin,
  };
};

/** The judged rows that stay once the batch is settled: each group of rows is checked once. */
export const judgedAfter = (snapshot: RunSnapshot, batch: LiveBatch): JudgedRows => {
  const { rows, isFull } = judgedWith(snapshot, batch);
  return isFull ? nothingJudged : rows;
};

export const canaryVerdict = (
  { canary, config }: RunSnapshot,
  batch: LiveBatch,
): CanaryVerdict | null => {
  const policy = config.operation.canary;
  if (policy === null || canary.isPassed || canary.batchKey !== batch.batchKey) return null;
  const judged = batch.completedRows + failedIn(batch.failures);
  // Lines that validation names are dropped; of the others nothing is known yet.
  const isDroppedOnly =
    batch.ending?.rejection?.type === 'invalid_lines' && judged < batch.requests;
  if (judged === 0 || isDroppedOnly) return 'unjudged';
  return batch.completedRows >= policy.passRatioMin * judged ? 'passed' : 'failed';
};

const percent = (ratio: number): string => `${Math.round(ratio * 1000) / 10} %`;

/** "12 of 50 rows passed (24 %), at least 90 % must: invalid_request 30, refusal 8". */
const evidence = ({ passed, failures }: JudgedRows, passRatioMin: number): string => {
  const judged = passed + failedIn(failures);
  const classes = failures.map(({ code, count }) => `${failureOfCode(code)} ${count}`).join(', ');
  return `${passed} of ${judged} rows passed (${percent(passed / judged)}), at least ${percent(passRatioMin)} must: ${classes}`;
};

/**
 * The pauses that a settled batch causes: its canary failed, or too few of the last rows passed.
 * `batch`: after its last rows are settled.
 */
export const pausesOfQuality = (
  snapshot: RunSnapshot,
  batch: LiveBatch,
  atMs: number,
): readonly Event[] => {
  const { canary, circuitBreaker } = snapshot.config.operation;
  if (canary !== null && canaryVerdict(snapshot, batch) === 'failed') {
    const shown = evidence(
      { passed: batch.completedRows, failures: batch.failures },
      canary.passRatioMin,
    );
    return pauseEvents(
      snapshot,
      'circuit_open',
      `the canary batch ${batch.providerBatchId ?? batch.batchKey} failed: ${shown}`,
      atMs,
    );
  }
  const { rows, isFull } = judgedWith(snapshot, batch);
  const failed = failedIn(rows.failures);
  if (!isFull || rows.passed >= circuitBreaker.passRatioMin * (rows.passed + failed)) return [];
  return pauseEvents(
    snapshot,
    'circuit_open',
    `too many rows fail: ${evidence(rows, circuitBreaker.passRatioMin)}`,
    atMs,
  );
};
