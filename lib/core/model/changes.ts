import {
  type UnconfirmedCreate,
  isBatchArrow,
  type LiveBatch,
  type DuplicateBatch,
} from './batch.ts';
import { reconcileKey } from './effect.ts';
import {
  answersKey,
  batchEffectKey,
  type BatchKey,
  type EffectKey,
  type ProviderBatchId,
} from '../values/ids.ts';
import { invariant } from '../values/invariant.ts';
import { emptyTotals, isItemArrow, type ItemStatus, type ItemTotals } from './item.ts';
import type { EventOf } from './event.ts';
import { noCanary } from '../values/judged.ts';
import type { BackoffBucket, RunSnapshot } from './snapshot.ts';
import type { Column } from './command.ts';

/**
 * The small changes that events are made of. Each throws `InvariantViolation` where our own books
 * would be wrong after it.
 */

export const mergeBuckets = (
  known: readonly BackoffBucket[],
  more: readonly BackoffBucket[],
): readonly BackoffBucket[] => {
  if (more.length === 0) return known;
  const counts = new Map(known.map((bucket) => [bucket.dueAtMs, bucket.count]));
  for (const { dueAtMs, count } of more) counts.set(dueAtMs, (counts.get(dueAtMs) ?? 0) + count);
  return [...counts]
    .map(([dueAtMs, count]) => ({ dueAtMs, count }))
    .sort((a, b) => a.dueAtMs - b.dueAtMs);
};

export const move = (
  totals: ItemTotals,
  from: ItemStatus,
  to: ItemStatus,
  count: number,
): ItemTotals => {
  if (count === 0) return totals;
  invariant(isItemArrow(from, to), `the table of states has an arrow from ${from} to ${to}`);
  invariant(totals[from] >= count, `no more rows leave ${from} than stand in it`);
  return { ...emptyTotals, ...totals, [from]: totals[from] - count, [to]: totals[to] + count };
};

export const batchOf = (s: RunSnapshot, batchKey: BatchKey): LiveBatch => {
  const batch = s.live.find((candidate) => candidate.batchKey === batchKey);
  invariant(batch !== undefined, `batch ${batchKey} is live`);
  return batch;
};
export const withBatch = (
  s: RunSnapshot,
  batchKey: BatchKey,
  change: Partial<LiveBatch>,
): RunSnapshot => {
  const { phase } = batchOf(s, batchKey);
  const to = change.phase ?? phase;
  invariant(
    to === phase || isBatchArrow(phase, to),
    `the table of phases has an arrow from ${phase} to ${to}`,
  );
  return {
    ...s,
    live: s.live.map((batch) => (batch.batchKey === batchKey ? { ...batch, ...change } : batch)),
  };
};
export const withoutBatch = (s: RunSnapshot, batchKey: BatchKey): RunSnapshot => {
  const { inputFileId } = batchOf(s, batchKey);
  const litter =
    inputFileId !== null && s.config.operation.deletesInputFiles
      ? [...s.litter, inputFileId]
      : s.litter;
  const canary =
    s.canary.batchKey === batchKey ? { ...noCanary, isPassed: s.canary.isPassed } : s.canary;
  return {
    ...s,
    litter,
    canary,
    live: s.live.filter((batch) => batch.batchKey !== batchKey),
    backlog: { ...s.backlog, needs: null },
  };
};
export const clearFault = (s: RunSnapshot, key: EffectKey): RunSnapshot =>
  s.faults.some((record) => record.key === key)
    ? { ...s, faults: s.faults.filter((record) => record.key !== key) }
    : s;
/** Marks the create as unconfirmed. Its list readings are counted from here. */
export const markedUnconfirmed = (s: RunSnapshot, batchKey: BatchKey, atMs: number): RunSnapshot =>
  withBatch(clearBatchFault(s, batchKey), batchKey, {
    phase: 'indeterminate',
    doubt: {
      stage: 'looking',
      sinceMs: atMs,
      absentAtMs: null,
      fileCreatedAtMs: null,
      looks: 0,
      dueAtMs: atMs,
      isSworn: false,
      candidates: [],
    },
  });
export const unconfirmedOf = (s: RunSnapshot, batchKey: BatchKey): UnconfirmedCreate => {
  const { doubt } = batchOf(s, batchKey);
  invariant(doubt !== null, `batch ${batchKey} has an unconfirmed create`);
  return doubt;
};
/** The list was read, whatever it showed. */
export const withUnconfirmed = (
  s: RunSnapshot,
  batchKey: BatchKey,
  change: Partial<UnconfirmedCreate>,
): RunSnapshot =>
  withBatch(clearFault(clearBatchFault(s, batchKey), reconcileKey), batchKey, {
    doubt: { ...unconfirmedOf(s, batchKey), ...change },
  });
export const withDuplicate = (
  s: RunSnapshot,
  id: ProviderBatchId,
  change: Partial<DuplicateBatch>,
): RunSnapshot => ({
  ...s,
  strays: s.strays.map((duplicate) =>
    duplicate.providerBatchId === id ? { ...duplicate, ...change } : duplicate,
  ),
});
export const clearBatchFault = (s: RunSnapshot, batchKey: BatchKey): RunSnapshot =>
  clearFault(clearFault(s, batchEffectKey(batchKey)), answersKey(batchKey));

/** Planning checks the remaining capacity again. */
export const withOthers = (
  s: RunSnapshot,
  { others, stated }: EventOf<'OthersSeen'>,
): RunSnapshot => ({
  ...s,
  queue: { ...s.queue, others, stated },
  backlog: { ...s.backlog, needs: null },
});

type Backlog = RunSnapshot['backlog'];
export const shrunk = (s: RunSnapshot, bytes: number, tokens: number, atMs: number): Backlog => ({
  ...s.backlog,
  bytes: s.backlog.bytes - bytes,
  tokens: s.backlog.tokens - tokens,
  sinceMs: atMs,
  generation: s.backlog.generation + 1,
  needs: null,
});
export const grown = (s: RunSnapshot, bytes: number, tokens: number, atMs: number): Backlog => ({
  ...s.backlog,
  bytes: s.backlog.bytes + bytes,
  tokens: s.backlog.tokens + tokens,
  sinceMs: s.totals.pending === 0 ? atMs : s.backlog.sinceMs,
  generation: s.backlog.generation + 1,
  needs: null,
});

/** The sum of a column. */
export const sum = (column: Column): number => {
  let total = 0;
  for (let i = 0; i < column.length; i += 1) total += column[i] as number;
  return total;
};
export const sumAt = (column: Column, columnIndexes: readonly number[]): number =>
  columnIndexes.reduce((total, i) => total + (column[i] as number), 0);
