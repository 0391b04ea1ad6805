import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { nextAdopted } from '../model/adopting.ts';
import {
  enqueueBudget,
  isCapacityCheckDue,
  remainingCapacity,
  type RemainingCapacity,
  capacityCheckMsMax,
  withoutGuess,
  batchLimitsOf,
} from './budget.ts';
import { isCanaryOut } from '../faults/breaker.ts';
import { withOthers, sum, sumAt } from '../model/changes.ts';
import type { CommandOf, PlanWindow } from '../model/command.ts';
import { pauseEvents } from '../control/control.ts';
import { effectiveDueMs, hashToUnit } from '../faults/due-time.ts';
import type { Event } from '../model/event.ts';
import { packBatch, type PackedBatch, droppedIn } from './pack.ts';
import { codeOfFailure } from '../values/failure.ts';
import { indexSetOf } from '../values/index-set.ts';
import { unsentBatchesMax } from '../values/limits.ts';
import { isBounded, spentUsd, worstOfLiveUsd, worstPrices, dollars } from '../money/money.ts';
import { laterOf } from './quota.ts';
import type { OthersUse, QuotaUse, StatedLimit } from '../model/queue-state.ts';
import type { Rejection } from '../model/rejection.ts';
import type { CapacityNeed, RunSnapshot } from '../model/snapshot.ts';

/**
 * True once rows need not wait for a fuller batch: the input is over, or the oldest has waited long
 * enough.
 */
export const mayPlanShort = (snapshot: RunSnapshot, nowMs: number): boolean =>
  snapshot.ingest.isComplete || planAgeDueMs(snapshot, nowMs) <= nowMs;

/** When the oldest waiting row no longer waits for a fuller batch. */
export const planAgeDueMs = ({ backlog, config }: RunSnapshot, nowMs: number): number => {
  const { planAfterMs } = config.operation.chunk;
  return effectiveDueMs(backlog.sinceMs + planAfterMs, planAfterMs, nowMs);
};

/** Batches whose create is still to come. */
export const unsentBatchCount = (snapshot: RunSnapshot): number =>
  snapshot.live.filter(
    (batch) =>
      batch.phase === 'planned' || batch.phase === 'uploaded' || batch.phase === 'creating',
  ).length;

/** Plans at most one batch from the rows in front; refuses a window that no longer shows them. */
export const decidePlanBatch = (
  before: RunSnapshot,
  command: CommandOf<'PlanBatch'>,
): Either<Rejection, readonly Event[]> => {
  const { window, newBatchKey, atMs } = command;
  if (before.control.state !== 'running')
    return left({ type: 'not_while', control: before.control.state });
  // Rows of a batch that exists already are not sent a second time.
  if (nextAdopted(before) !== null) return left({ type: 'nothing_to_change' });
  const stale = staleWindow(before, window);
  if (stale !== null) return left(stale);
  if (unsentBatchCount(before) >= unsentBatchesMax || isCanaryOut(before))
    return left({ type: 'nothing_to_change' });
  if (before.live.some((batch) => batch.batchKey === newBatchKey))
    return left({ type: 'malformed_command', message: 'a batch key is used once' });

  // They are recorded first: the window behind them is read anew.
  const dropped = droppedIn(before, window, atMs);
  if (dropped.length > 0) return right(dropped);
  const seen = othersSeen(before, command);
  const snapshot = seen === null ? before : withOthers(before, seen);
  const capacity = remainingCapacity(snapshot, atMs);
  const packed = packBatch(window, batchLimitsOf(snapshot), capacity, worstPrices(snapshot));
  const events: Event[] = seen === null ? [] : [seen];
  if (packed.oversized.length > 0) {
    events.push({
      type: 'PendingFailed',
      atMs,
      indexes: packed.oversized.map((place) => window.indexes[place] as number),
      code: codeOfFailure('request_too_large'),
      bytes: sumAt(window.bytes, packed.oversized),
      tokens: window.tokens === null ? 0 : sumAt(window.tokens, packed.oversized),
      sequenceFrom: snapshot.resultSequence + 1,
    });
  }
  const planned: Event = {
    type: 'BatchPlanned',
    atMs,
    batchKey: newBatchKey,
    batchNo: snapshot.batchCount + 1,
    indexes: indexSetOf(packed.members.map((place) => window.indexes[place] as number)),
    requests: packed.members.length,
    inputBytes: packed.bytes,
    inputTokens: packed.tokens,
  };
  const needs = needsOf(snapshot, packed, before.backlog.needs, seen !== null, atMs);
  if (
    packed.closedBy === 'budget' &&
    !isOutOfMoney(snapshot, packed, capacity) &&
    isWorthWaiting(snapshot, packed, capacity, needs, atMs)
  ) {
    if (events.length > 0 || !isSameNeed(snapshot, snapshot.backlog.needs, needs, atMs))
      events.push({ type: 'PlanDeferred', atMs, need: needs });
  } else if (packed.members.length > 0) {
    if (packed.closedBy !== 'end' || (window.isExhausted && mayPlanShort(snapshot, atMs)))
      events.push(planned);
  } else if (packed.closedBy === 'budget') {
    // Nothing is enqueued that could free capacity, so it would wait for ever. A learned limit does
    // not stop this run.
    const alone = loneRow(snapshot, window, atMs);
    if (alone === null)
      return right([
        ...events,
        ...pauseEvents(
          snapshot,
          'budget_exhausted',
          overBudget(snapshot, window, packed, capacity, atMs),
          atMs,
        ),
      ]);
    events.push({ ...planned, ...alone });
  }
  return events.length > 0 ? right(events) : left({ type: 'nothing_to_change' });
};

/**
 * Leaves capacity to runs that have waited longer: what they want, and at most half of the total.
 */
const withRemainingCapacity = (
  snapshot: RunSnapshot,
  others: OthersUse,
  stated: StatedLimit | null,
  atMs: number,
): QuotaUse => {
  const { needs } = snapshot.backlog;
  const sinceMs = needs === null || needs.retryAtMs === null ? atMs : needs.sinceMs;
  const older = others.wants.filter((wanted) => wanted.sinceMs < sinceMs && wanted.untilMs > atMs);
  const capacity = remainingCapacity(
    { ...snapshot, queue: { ...snapshot.queue, others, stated } },
    atMs,
  );
  const left = (unit: keyof QuotaUse): number =>
    Math.min(
      older.reduce((sum, wanted) => sum + wanted[unit], 0),
      Math.ceil((capacity[unit] ?? 0) / 2),
    );
  return { tokens: others.tokens + left('tokens'), requests: others.requests + left('requests') };
};

const othersSeen = (
  snapshot: RunSnapshot,
  { others: seen, atMs }: CommandOf<'PlanBatch'>,
): Extract<Event, { type: 'OthersSeen' }> | null => {
  if (seen === undefined) return null;
  const { queue } = snapshot;
  const isNewer = seen.stated !== null && seen.stated.atMs > queue.sinceMs;
  const stated = isNewer ? laterOf(queue.stated, seen.stated) : queue.stated;
  const others = withRemainingCapacity(snapshot, seen, stated, atMs);
  if (
    others.tokens === queue.others.tokens &&
    others.requests === queue.others.requests &&
    stated === queue.stated
  )
    return null;
  return { type: 'OthersSeen', atMs, others, stated };
};

/**
 * Less remaining capacity than this part of a budget is left to grow, so that batches do not become
 * too small.
 */
const crumbRatio = 1 / 32;

/**
 * A batch as large as is worth sending beside others: a crumb of the budgets, or all that may be in
 * one, or all that is left.
 */
const worthwhile = (
  snapshot: RunSnapshot,
  nowMs: number,
): { readonly tokens: number; readonly requests: number; readonly usd: number } => {
  const budget = enqueueBudget(snapshot, nowMs);
  const limits = batchLimitsOf(snapshot);
  const { costUsdMax } = snapshot.config.operation.money;
  return {
    tokens: Math.min(
      Math.floor((budget.tokens ?? 0) * crumbRatio),
      limits.inputTokensMax ?? Infinity,
      snapshot.backlog.tokens,
    ),
    requests: Math.min(
      Math.floor((budget.requests ?? 0) * crumbRatio),
      limits.requestsMax,
      snapshot.totals.pending,
    ),
    usd: (costUsdMax ?? 0) * crumbRatio,
  };
};

/**
 * Something is enqueued whose end would let the request in. Others are not waited for by one that
 * is larger than the whole queue: they may never be done.
 */
const reservesCapacityFor = (
  snapshot: RunSnapshot,
  { blocked }: PackedBatch,
  nowMs: number,
): boolean => {
  const { live, queue } = snapshot;
  const whole = enqueueBudget(withoutGuess(snapshot), nowMs);
  const fits = blocked.tokens <= (whole.tokens ?? Infinity) && (whole.requests ?? Infinity) >= 1;
  return live.length > 0 || (fits && (queue.others.tokens > 0 || queue.others.requests > 0));
};

/**
 * The capacity is too small, and batches that end will free more. Money is freed by this run's own
 * batches alone.
 */
const isWorthWaiting = (
  snapshot: RunSnapshot,
  packed: PackedBatch,
  capacity: RemainingCapacity,
  needs: CapacityNeed,
  nowMs: number,
): boolean =>
  (reservesCapacityFor(snapshot, packed, nowMs) &&
    ((capacity.tokens !== null && capacity.tokens < needs.tokens) ||
      (capacity.requests !== null && capacity.requests < needs.requests))) ||
  (snapshot.live.length > 0 && capacity.usd !== null && capacity.usd < needs.usd);

/** Which budgets the next row does not fit into. */
const shortOf = (
  snapshot: RunSnapshot,
  packed: PackedBatch,
  capacity: RemainingCapacity,
): { readonly tokens: boolean; readonly requests: boolean; readonly usd: boolean } => {
  const worst = worstPrices(snapshot);
  const usd =
    worst === null
      ? 0
      : packed.tokens * worst.usdPerToken + packed.members.length * worst.usdPerRequest;
  return {
    tokens: capacity.tokens !== null && packed.tokens + packed.blocked.tokens > capacity.tokens,
    requests: capacity.requests !== null && packed.members.length + 1 > capacity.requests,
    usd: capacity.usd !== null && usd + packed.blocked.usd > capacity.usd,
  };
};

/** Not a row has the money, and nothing of this run is out that could bring some back. */
const isOutOfMoney = (
  snapshot: RunSnapshot,
  packed: PackedBatch,
  capacity: RemainingCapacity,
): boolean =>
  packed.members.length === 0 &&
  snapshot.live.length === 0 &&
  shortOf(snapshot, packed, capacity).usd;

/**
 * A due check that found the other runs unchanged is recorded too: it sets the time of the next.
 */
const isSameNeed = (
  snapshot: RunSnapshot,
  known: CapacityNeed | null,
  needs: CapacityNeed,
  atMs: number,
): boolean =>
  known !== null &&
  (known.retryAtMs === null
    ? needs.retryAtMs === null
    : !isCapacityCheckDue(snapshot, known.retryAtMs, atMs)) &&
  known.tokens === needs.tokens &&
  known.requests === needs.requests &&
  known.usd === needs.usd;

const othersCheckMs = 5_000;

/**
 * What to wait for. Other runs of the scope do not announce freed capacity: they are checked again,
 * less and less often while unchanged.
 */
const needsOf = (
  snapshot: RunSnapshot,
  packed: PackedBatch,
  known: CapacityNeed | null,
  isNews: boolean,
  atMs: number,
): CapacityNeed => {
  const least = worthwhile(snapshot, atMs);
  const { others } = snapshot.queue;
  const checks =
    isNews || known?.retryAtMs === undefined || known.retryAtMs === null ? 0 : known.looks + 1;
  const checkMs = Math.min(
    capacityCheckMsMax(snapshot),
    Math.max(1_000, othersCheckMs * 2 ** Math.min(10, checks)),
  );
  const isAlone = others.tokens === 0 && others.requests === 0;
  return {
    tokens: Math.max(packed.blocked.tokens, least.tokens),
    requests: Math.max(1, least.requests),
    usd: Math.max(packed.blocked.usd, least.usd),
    retryAtMs: isAlone
      ? null
      : atMs +
        Math.round(checkMs * (0.75 + 0.5 * hashToUnit(`${snapshot.runId}~${snapshot.version}`))),
    sinceMs: known === null || known.retryAtMs === null ? atMs : known.sinceMs,
    looks: checks,
  };
};

/**
 * The first row alone, where only a learned budget is smaller: the budget is never below the
 * largest request.
 */
const loneRow = (
  snapshot: RunSnapshot,
  window: PlanWindow,
  nowMs: number,
): {
  readonly indexes: ReturnType<typeof indexSetOf>;
  readonly requests: number;
  readonly inputBytes: number;
  readonly inputTokens: number;
} | null => {
  const again = packBatch(
    window,
    { ...batchLimitsOf(snapshot), requestsMax: 1 },
    remainingCapacity(withoutGuess(snapshot), nowMs),
    worstPrices(snapshot),
  );
  const [place] = again.members;
  if (place === undefined) return null;
  return {
    indexes: indexSetOf([window.indexes[place] as number]),
    requests: 1,
    inputBytes: again.bytes,
    inputTokens: again.tokens,
  };
};

const amount = (usd: number | null): string => (usd === null ? 'an unknown amount' : dollars(usd));

const overBudget = (
  snapshot: RunSnapshot,
  { indexes }: PlanWindow,
  packed: PackedBatch,
  capacity: RemainingCapacity,
  nowMs: number,
): string => {
  const short = shortOf(snapshot, packed, capacity);
  const { place } = packed.blocked;
  const next = `the next request${place === null ? '' : ` (item_index ${indexes[place]})`}`;
  if (short.usd)
    return `${next} costs ${isBounded(snapshot) ? 'at worst' : 'by estimate'} ${amount(packed.blocked.usd)}; ${amount(spentUsd(snapshot))} are spent and ${amount(worstOfLiveUsd(snapshot))} reserved, of at most ${amount(snapshot.config.operation.money.costUsdMax)}`;
  return short.requests && !short.tokens
    ? 'the enqueue budget admits no request at all'
    : `${next} needs ${isBounded(snapshot) ? '' : 'by estimate '}${packed.blocked.tokens} tokens, and the whole enqueue budget is ${enqueueBudget(withoutGuess(snapshot), nowMs).tokens ?? 'unlimited'}`;
};

/** While cancelling: the pending rows of the slice end as `run_cancelled`. */
export const decideFailPending = (
  snapshot: RunSnapshot,
  command: CommandOf<'FailPending'>,
): Either<Rejection, readonly Event[]> => {
  const { rows, generation, atMs } = command;
  if (snapshot.control.state !== 'cancel_requested')
    return left({ type: 'not_while', control: snapshot.control.state });
  if (generation !== snapshot.backlog.generation)
    return left({ type: 'stale_slice', expected: snapshot.backlog.generation, given: generation });
  if (rows.indexes.length === 0 || rows.indexes.length > snapshot.totals.pending)
    return left({ type: 'nothing_to_change' });
  return right([
    {
      type: 'PendingFailed',
      atMs,
      indexes: rows.indexes,
      code: codeOfFailure('run_cancelled'),
      bytes: sum(rows.bytes),
      tokens: rows.tokens === null ? 0 : sum(rows.tokens),
      sequenceFrom: snapshot.resultSequence + 1,
    },
  ]);
};

export const staleWindow = (snapshot: RunSnapshot, window: PlanWindow): Rejection | null => {
  if (window.generation !== snapshot.backlog.generation)
    return { type: 'stale_slice', expected: snapshot.backlog.generation, given: window.generation };
  const count = window.indexes.length;
  if (
    [window.bytes, window.tokens, window.inputs].some(
      (column) => column !== null && column.length !== count,
    )
  )
    return { type: 'malformed_command', message: 'columns of a window have one length' };
  // A window that claims to be all there is, but is not, was read before the last rows came.
  if (
    count > snapshot.totals.pending ||
    (window.isExhausted && count !== snapshot.totals.pending)
  ) {
    return { type: 'stale_slice', expected: snapshot.totals.pending, given: count };
  }
  for (let i = 1; i < count; i += 1) {
    if ((window.indexes[i] as number) <= (window.indexes[i - 1] as number))
      return { type: 'malformed_command', message: 'a window is in item order' };
  }
  return null;
};
