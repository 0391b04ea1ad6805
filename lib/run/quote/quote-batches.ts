import { enqueueBudget, type RemainingCapacity } from '../../core/plan/budget.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { packBatch } from '../../core/plan/pack.ts';
import { batchLimitsOf } from '../../core/plan/batch-limits.ts';
import { emptySnapshot, type RunSnapshot } from '../../core/model/snapshot.ts';

/** What rows become on their way through the provider's queue. */
export interface QuotedBatches {
  readonly batches: number;
  /** How often the queue is filled: what does not fit beside the others waits for the next round. A canary has one of its own. */
  readonly rounds: number;
  /** Rows that no batch may hold: they fail as `request_too_large`. */
  readonly oversizedRows: number;
  /** Rows that are larger than the whole enqueue budget: a run pauses at the first. */
  readonly overBudgetRows: number;
}

export interface BatchFold {
  add(row: { readonly bytes: number; readonly tokens: number; readonly inputs: number }): void;
  end(): QuotedBatches;
}

/** Room for less than this part of a budget is left for the next round, as planning does (`plan.ts`). */
const crumbRatio = 1 / 32;

/** Packs rows as a run does that has the queue to itself and whose answers come round by round. Memory: the rows of one batch. */
export const createBatchFold = (config: RunConfig): BatchFold => {
  const columns = { bytes: [] as number[], tokens: [] as number[], inputs: [] as number[] };
  const waiting = { bytes: 0, tokens: 0, inputs: 0 };
  let snapshot: RunSnapshot = { ...emptySnapshot, config };
  let limits = batchLimitsOf(snapshot);
  const budget = enqueueBudget(snapshot, 0);
  const whole: RemainingCapacity = { ...budget, usd: null };
  let room = whole;
  let isRoundEmpty = true;
  const told = { batches: 0, rounds: 0, oversizedRows: 0, overBudgetRows: 0 };

  const isFull = (): boolean =>
    columns.bytes.length >= limits.requestsMax ||
    waiting.bytes >= limits.inputBytesMax ||
    (limits.inputTokensMax !== null && waiting.tokens >= limits.inputTokensMax) ||
    (limits.inputsMax !== null && waiting.inputs >= limits.inputsMax) ||
    (room.requests !== null && columns.bytes.length > room.requests) ||
    (room.tokens !== null && waiting.tokens > room.tokens);
  const drop = (count: number): void => {
    for (const name of ['bytes', 'tokens', 'inputs'] as const) {
      for (const value of columns[name].splice(0, count)) waiting[name] -= value;
    }
  };
  const nextRound = (): void => {
    room = whole;
    isRoundEmpty = true;
  };
  const send = (requests: number, tokens: number): void => {
    told.batches += 1;
    if (isRoundEmpty) told.rounds += 1;
    isRoundEmpty = false;
    room = {
      tokens: room.tokens === null ? null : Math.max(0, room.tokens - tokens),
      requests: room.requests === null ? null : Math.max(0, room.requests - requests),
      usd: null,
    };
    if (snapshot.canary.isPassed || config.operation.canary === null) return;
    // Its verdict is waited for: what follows is another round, under the usual limits.
    snapshot = { ...snapshot, canary: { batchKey: null, isPassed: true } };
    limits = batchLimitsOf(snapshot);
    nextRound();
  };
  const isCrumb = (): boolean =>
    (room.tokens !== null && room.tokens < Math.min((budget.tokens ?? 0) * crumbRatio, limits.inputTokensMax ?? Infinity)) ||
    (room.requests !== null && room.requests < Math.min((budget.requests ?? 0) * crumbRatio, limits.requestsMax));

  /** One batch from the rows in front, or one step towards it; false: there is none yet. */
  const pack = (isLast: boolean): boolean => {
    if (columns.bytes.length === 0) return false;
    const packed = packBatch(columns, limits, room);
    if (packed.closedBy === 'end' && !isLast) {
      // Rows that fit nothing were taken for rows that fill a batch.
      if (packed.oversized.length === 0) return false;
    } else if (packed.closedBy === 'budget' && !isRoundEmpty && (packed.members.length === 0 || isCrumb())) {
      nextRound();
      return true;
    } else if (packed.closedBy === 'budget' && packed.members.length === 0) {
      told.overBudgetRows += 1;
      told.oversizedRows += packed.oversized.length;
      drop(packed.oversized.length + 1);
      return true;
    } else if (packed.members.length > 0) send(packed.members.length, packed.tokens);
    told.oversizedRows += packed.oversized.length;
    const keepsMembers = packed.closedBy === 'end' && !isLast;
    if (keepsMembers) dropPlaces(packed.oversized);
    else drop(packed.members.length + packed.oversized.length);
    return !keepsMembers;
  };
  const dropPlaces = (places: readonly number[]): void => {
    const gone = new Set(places);
    for (const name of ['bytes', 'tokens', 'inputs'] as const) {
      for (const place of places) waiting[name] -= columns[name][place] as number;
      columns[name] = columns[name].filter((_, place) => !gone.has(place));
    }
  };

  return {
    add({ bytes, tokens, inputs }) {
      columns.bytes.push(bytes);
      columns.tokens.push(tokens);
      columns.inputs.push(inputs);
      waiting.bytes += bytes;
      waiting.tokens += tokens;
      waiting.inputs += inputs;
      while (isFull() && pack(false));
    },
    end() {
      while (pack(true));
      return told;
    },
  };
};
