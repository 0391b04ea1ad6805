import { judgedAfter } from '../faults/breaker.ts';
import {
  batchOf,
  clearBatchFault,
  clearFault,
  grown,
  mergeBuckets,
  move,
  withBatch,
  withoutBatch,
} from '../model/changes.ts';
import type { Column } from '../model/command.ts';
import { requeueKey } from '../model/effect.ts';
import type { EventOf, Event, FailedRows } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { settledAfter } from '../model/settled-batches.ts';
import { codeOfFailure } from '../values/failure.ts';
import {
  addFailures,
  answeredIn,
  judgedIn,
  noCanary,
  type FailureTally,
  type LineSpan,
} from '../values/judged.ts';
import { addPresumed, addUsage } from '../values/usage.ts';

export type SettleEvent = EventOf<
  'ItemsCompleted' | 'ItemsSettled' | 'BatchSettled' | 'ItemsRequeued'
>;

/** Result lines settle rows, and rows whose backoff has passed are pending again. */
export const evolveSettle = (s: RunSnapshot, event: SettleEvent): RunSnapshot => {
  switch (event.type) {
    case 'ItemsCompleted':
      return itemsCompleted(s, event);
    case 'ItemsSettled':
      return itemsSettled(s, event);
    case 'BatchSettled':
      return batchSettled(s, event);
    case 'ItemsRequeued': {
      const count = event.indexes.length;
      return {
        ...clearFault(s, requeueKey),
        totals: move(s.totals, 'failed_retryable', 'pending', count),
        backoff: s.backoff
          .map((bucket) =>
            bucket.dueAtMs === event.dueAtMs ? { ...bucket, count: bucket.count - count } : bucket,
          )
          .filter((bucket) => bucket.count > 0),
        backlog: grown(s, event.bytes, event.tokens, event.atMs),
      };
    }
  }
};

const itemsCompleted = (s: RunSnapshot, event: EventOf<'ItemsCompleted'>): RunSnapshot => {
  const count = event.lines.indexes.length;
  const batch = batchOf(s, event.batchKey);
  return {
    ...withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
      position: event.position,
      settledRows: batch.settledRows + count,
      completedRows: batch.completedRows + count,
      usage: addUsage(batch.usage, event.usage),
    }),
    totals: move(s.totals, 'submitted', 'completed', count),
    resultSequence: s.resultSequence + count,
    usage: addUsage(s.usage, event.usage),
    defects: {
      malformed: s.defects.malformed + event.malformedCount,
      unknown: s.defects.unknown + event.unknownCount,
      duplicate: s.defects.duplicate + event.duplicateCount,
      missing: s.defects.missing,
    },
  };
};

const missingCode = codeOfFailure('missing_result');
const missingIn = (codes: Column): number => {
  let count = 0;
  for (let i = 0; i < codes.length; i += 1) if (codes[i] === missingCode) count += 1;
  return count;
};

const itemsSettled = (s: RunSnapshot, event: EventOf<'ItemsSettled'>): RunSnapshot => {
  const failedCount = event.failed.indexes.length;
  const retriedCount = event.retried.indexes.length;
  const batch = batchOf(s, event.batchKey);
  const settledRows = batch.settledRows + failedCount + retriedCount;
  const missing = missingIn(event.failed.codes) + missingIn(event.retried.codes);
  const missingRows = batch.missingRows + missing;
  const failures = addFailures(
    addFailures(batch.failures, judgedIn(event.failed)),
    judgedIn(event.retried),
  );
  return {
    ...withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
      position: event.position,
      settledRows,
      missingRows,
      failures,
    }),
    defects: { ...s.defects, missing: s.defects.missing + missing },
    totals: move(
      move(s.totals, 'submitted', 'failed_permanent', failedCount),
      'submitted',
      'failed_retryable',
      retriedCount,
    ),
    resultSequence: s.resultSequence + failedCount,
    backoff: mergeBuckets(s.backoff, event.buckets),
  };
};

const batchSettled = (s: RunSnapshot, event: EventOf<'BatchSettled'>): RunSnapshot => {
  const batch = batchOf(s, event.batchKey);
  const { ending, requests, usage, files } = batch;
  const answered = answeredIn(batch);
  const settled = clearBatchFault(withoutBatch(s, event.batchKey), event.batchKey);
  // A refusal for capacity or money is not about the rows; a batch with bad lines is sent again
  // without them.
  const isSilent =
    ending !== null && ending.rejection !== null && ending.rejection.type !== 'other';
  const read = [files?.output, files?.error].flatMap((file) => (file ? [file.object] : []));
  const { artifacts } = s;
  return {
    ...settled,
    artifacts: s.config.operation.persistRawOutput
      ? artifacts
      : { ...artifacts, unkept: [...artifacts.unkept, ...read] },
    settled: settledAfter(s.settled, batch),
    strays: s.strays.map((duplicate) =>
      duplicate.givenUp !== null &&
      duplicate.batchKey === event.batchKey &&
      duplicate.providerBatchId === batch.providerBatchId
        ? { ...duplicate, givenUp: { presumed: event.presumed, readRows: answered } }
        : duplicate,
    ),
    rejectedStreak: event.wasRejected ? s.rejectedStreak + 1 : isSilent ? s.rejectedStreak : 0,
    named: event.named,
    lostStreak: event.wasLost ? s.lostStreak + 1 : 0,
    presumed: addPresumed(s.presumed, event.presumed),
    judged: judgedAfter(s, batch),
    canary:
      event.canary === null ? settled.canary : { ...noCanary, isPassed: event.canary === 'passed' },
    calibration:
      answered === 0 || usage.inputTokens === 0 || batch.inputTokens === 0
        ? s.calibration
        : {
            rows: s.calibration.rows + answered,
            countedTokens: s.calibration.countedTokens + (batch.inputTokens * answered) / requests,
            billedTokens: s.calibration.billedTokens + usage.inputTokens,
          },
  };
};

/**
 * The failures of a run by class, the most frequent first; null: not known, because an earlier
 * release began the run. O(rows of the event).
 */
export const failuresAfter = (
  known: readonly FailureTally[] | null,
  event: Event,
): readonly FailureTally[] | null => {
  if (known === null) return null;
  switch (event.type) {
    case 'ItemsAccepted':
      return added(known, codeOfFailure('invalid_row'), event.slice.badOffsets.length, null);
    case 'PendingFailed':
    case 'LinesDropped':
      return added(known, event.code, event.indexes.length, null);
    case 'SharedFailed':
      return addedAll(known, event.codes, () => null);
    case 'ItemsSettled':
      return addedAll(known, event.failed.codes, (at) => spanOf(event, event.failed, at));
    default:
      return known;
  }
};

const spanOf = (
  {
    outputObject,
    errorObject,
  }: { readonly outputObject: string | null; readonly errorObject: string | null },
  { parts, offsets, lengths }: FailedRows,
  at: number,
): LineSpan | null => {
  const object = parts[at] === 1 ? outputObject : parts[at] === 2 ? errorObject : null;
  return object === null
    ? null
    : { object, offset: offsets[at] as number, length: lengths[at] as number };
};

const addedAll = (
  known: readonly FailureTally[],
  codes: Column,
  lineAt: (at: number) => LineSpan | null,
): readonly FailureTally[] => {
  const found = new Map<number, { count: number; line: LineSpan | null }>();
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] as number;
    const tally = found.get(code);
    if (tally === undefined) found.set(code, { count: 1, line: lineAt(at) });
    else {
      tally.count += 1;
      tally.line ??= lineAt(at);
    }
  }
  return [...found].reduce((all, [code, { count, line }]) => added(all, code, count, line), known);
};

const added = (
  known: readonly FailureTally[],
  code: number,
  count: number,
  line: LineSpan | null,
): readonly FailureTally[] => {
  if (count === 0) return known;
  const before = known.find((tally) => tally.code === code);
  const now = { code, count: (before?.count ?? 0) + count, line: before?.line ?? line };
  return [...known.filter((tally) => tally.code !== code), now].sort(
    (a, b) => b.count - a.count || a.code - b.code,
  );
};
