import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { roomLeft, type Room, usedBudget } from './budget.ts';
import type { Column, CommandOf, PlanWindow } from './command.ts';
import { pauseEvents } from './control.ts';
import type { Event } from './event.ts';
import { codeOfFailure } from './failure.ts';
import { indexSetOf } from './index-set.ts';
import { type BatchLimits, unsentBatchesMax } from './limits.ts';
import type { Rejection } from './rejection.ts';
import type { RunSnapshot } from './snapshot.ts';

/** What one batch of this run may hold: the provider's limits, tightened by the job's. */
export const batchLimitsOf = (snapshot: RunSnapshot): BatchLimits => {
  const { limits, operation } = snapshot.config;
  const tokenLimits = [limits.inputTokensMax, operation.chunk.inputTokensMax, operation.enqueue.maxBatchEnqueuedTokens].filter(
    (limit) => limit !== null,
  );
  return {
    requestsMax: Math.max(1, Math.min(limits.requestsMax, operation.chunk.requestsMax, snapshot.learnedRequestsMax ?? Infinity)),
    inputBytesMax: Math.min(limits.inputBytesMax, operation.chunk.inputBytesMax),
    inputTokensMax: tokenLimits.length === 0 ? null : Math.min(...tokenLimits),
  };
};

/** The front of a window, packed. */
export interface PackedBatch {
  /** Places in the window, ascending. */
  readonly members: readonly number[];
  /** Places of rows in front of the batch's end that fit no batch at all. */
  readonly oversized: readonly number[];
  readonly bytes: number;
  readonly tokens: number;
  /** Why it ends: the next row would break a limit, the budget has no room for it, or the window is over. */
  readonly closedBy: 'limit' | 'budget' | 'end';
  /** What the row that found no room in the budget needs. */
  readonly blockedTokens: number;
}

/** Takes rows in order while they fit: deterministic, order-stable, O(window). */
export const packBatch = (bytes: Column, tokens: Column | null, limits: BatchLimits, room: Room): PackedBatch => {
  const members: number[] = [];
  const oversized: number[] = [];
  let bytesSum = 0;
  let tokensSum = 0;
  let closedBy: PackedBatch['closedBy'] = 'end';
  let blockedTokens = 0;
  for (let place = 0; place < bytes.length; place += 1) {
    const rowBytes = bytes[place] as number;
    const rowTokens = tokens === null ? 0 : (tokens[place] as number);
    if (rowBytes > limits.inputBytesMax || (limits.inputTokensMax !== null && rowTokens > limits.inputTokensMax)) {
      oversized.push(place);
      continue;
    }
    const after: Filling = { count: members.length + 1, bytes: bytesSum + rowBytes, tokens: tokensSum + rowTokens };
    if (breaksLimits(after, limits)) closedBy = 'limit';
    else if (breaksBudget(after, room)) closedBy = 'budget';
    if (closedBy !== 'end') {
      blockedTokens = rowTokens;
      break;
    }
    members.push(place);
    bytesSum = after.bytes;
    tokensSum = after.tokens;
  }
  // Exactly full is full: nothing more could join.
  if (closedBy === 'end' && isFull({ count: members.length, bytes: bytesSum, tokens: tokensSum }, limits)) closedBy = 'limit';
  return { members, oversized, bytes: bytesSum, tokens: tokensSum, closedBy, blockedTokens };
};

interface Filling {
  readonly count: number;
  readonly bytes: number;
  readonly tokens: number;
}
const breaksLimits = (filling: Filling, limits: BatchLimits): boolean =>
  filling.count > limits.requestsMax ||
  filling.bytes > limits.inputBytesMax ||
  (limits.inputTokensMax !== null && filling.tokens > limits.inputTokensMax);
/** By any limit that `isBacklogFull` (due.ts) looks at: a plan that is due for a full batch has to find one. */
const isFull = (filling: Filling, limits: BatchLimits): boolean =>
  filling.count >= limits.requestsMax ||
  filling.bytes >= limits.inputBytesMax ||
  (limits.inputTokensMax !== null && filling.tokens >= limits.inputTokensMax);
const breaksBudget = (filling: Filling, room: Room): boolean =>
  (room.tokens !== null && filling.tokens > room.tokens) || (room.requests !== null && filling.count > room.requests);

/** True once rows need not wait for a fuller batch: the input is over, or the oldest has waited long enough. */
export const mayPlanShort = (snapshot: RunSnapshot, nowMs: number): boolean =>
  snapshot.ingest.isComplete || nowMs >= snapshot.backlog.sinceMs + snapshot.config.operation.chunk.planAfterMs;

/** Batches whose create is still to come. */
export const unsentBatchCount = (snapshot: RunSnapshot): number =>
  snapshot.live.filter((batch) => batch.phase === 'planned' || batch.phase === 'uploaded' || batch.phase === 'creating').length;

/** Plans at most one batch from the rows in front; refuses a window that no longer shows them. */
export const decidePlanBatch = (snapshot: RunSnapshot, command: CommandOf<'PlanBatch'>): Either<Rejection, readonly Event[]> => {
  const { window, newBatchKey, atMs } = command;
  if (snapshot.control.state !== 'running') return left({ type: 'not_while', control: snapshot.control.state });
  const stale = staleWindow(snapshot, window);
  if (stale !== null) return left(stale);
  if (unsentBatchCount(snapshot) >= unsentBatchesMax) return left({ type: 'nothing_to_change' });
  if (snapshot.live.some((batch) => batch.batchKey === newBatchKey))
    return left({ type: 'malformed_command', message: 'a batch key is used once' });

  const room = roomLeft(snapshot);
  const used = usedBudget(snapshot);
  const limits = batchLimitsOf(snapshot);
  const packed = packBatch(window.bytes, window.tokens, limits, room);
  const events: Event[] = [];
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
  if (packed.members.length > 0 && (packed.closedBy !== 'end' || (window.isExhausted && mayPlanShort(snapshot, atMs)))) {
    events.push({
      type: 'BatchPlanned',
      atMs,
      batchKey: newBatchKey,
      batchNo: snapshot.batchCount + 1,
      indexes: indexSetOf(packed.members.map((place) => window.indexes[place] as number)),
      requests: packed.members.length,
      inputBytes: packed.bytes,
      inputTokens: packed.tokens,
    });
  } else if (packed.members.length === 0 && packed.closedBy === 'budget') {
    // Nothing is enqueued that could make room: waiting would be for ever.
    if (used.tokens === 0 && used.requests === 0)
      return right([...events, ...pauseEvents(snapshot, 'budget_exhausted', overBudget(packed.blockedTokens, room), atMs)]);
    const needs = { tokens: packed.blockedTokens, requests: 1 };
    const known = snapshot.backlog.needs;
    if (known?.tokens !== needs.tokens || events.length > 0) events.push({ type: 'PlanDeferred', atMs, ...needs });
  }
  return events.length === 0 ? left({ type: 'nothing_to_change' }) : right(events);
};

const overBudget = (tokens: number, room: Room): string =>
  room.requests !== null && room.requests < 1
    ? 'the enqueue budget admits no request at all'
    : `the next request needs ${tokens} tokens, and the whole enqueue budget is ${room.tokens ?? 'unlimited'}`;

/** While cancelling: the pending rows of the slice end as `run_cancelled`. */
export const decideFailPending = (snapshot: RunSnapshot, command: CommandOf<'FailPending'>): Either<Rejection, readonly Event[]> => {
  const { rows, generation, atMs } = command;
  if (snapshot.control.state !== 'cancel_requested') return left({ type: 'not_while', control: snapshot.control.state });
  if (generation !== snapshot.backlog.generation)
    return left({ type: 'stale_slice', expected: snapshot.backlog.generation, given: generation });
  if (rows.indexes.length === 0 || rows.indexes.length > snapshot.totals.pending) return left({ type: 'nothing_to_change' });
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

const staleWindow = (snapshot: RunSnapshot, window: PlanWindow): Rejection | null => {
  if (window.generation !== snapshot.backlog.generation)
    return { type: 'stale_slice', expected: snapshot.backlog.generation, given: window.generation };
  const count = window.indexes.length;
  if (window.bytes.length !== count || (window.tokens !== null && window.tokens.length !== count))
    return { type: 'malformed_command', message: 'columns of a window have one length' };
  // A window that claims to be all there is, but is not, was read before the last rows came.
  if (count > snapshot.totals.pending || (window.isExhausted && count !== snapshot.totals.pending)) {
    return { type: 'stale_slice', expected: snapshot.totals.pending, given: count };
  }
  for (let i = 1; i < count; i += 1) {
    if ((window.indexes[i] as number) <= (window.indexes[i - 1] as number))
      return { type: 'malformed_command', message: 'a window is in item order' };
  }
  return null;
};

const sumAt = (column: Column, places: readonly number[]): number => places.reduce((total, place) => total + (column[place] as number), 0);
/** The sum of a column. */
export const sum = (column: Column): number => {
  let total = 0;
  for (let i = 0; i < column.length; i += 1) total += column[i] as number;
  return total;
};
