import { enqueueBudget, type RemainingCapacity, batchLimitsOf } from '../../core/plan/budget.ts';
import type { RunConfig } from '../../core/model/config.ts';
import { packBatch } from '../../core/plan/pack.ts';
import { emptySnapshot, type RunSnapshot } from '../../core/model/snapshot.ts';

/** The batches that a run would make of the rows. */
export interface QuotedBatches {
  readonly batches: number;
  /** How often the provider's queue is filled. A canary has a round of its own. */
  readonly rounds: number;
  /** Rows that are too large for any batch. They fail as `request_too_large`. */
  readonly oversizedRows: number;
  /** Rows that are larger than the whole enqueue budget. A run pauses at the first. */
  readonly overBudgetRows: number;
}

export interface BatchFold {
  add(row: { readonly bytes: number; readonly tokens: number; readonly inputs: number }): void;
  end(): QuotedBatches;
}

/** A remaining capacity below this part of the budget waits for the next round, as in `plan.ts`. */
const smallestRatio = 1 / 32;

/**
 * Packs rows as a run would that has the queue to itself and gets its answers round by round.
 * Memory:
 * the rows of one batch.
 */
export const createBatchFold = (config: RunConfig): BatchFold => {
  const columns = { bytes: [] as number[], tokens: [] as number[], inputs: [] as number[] };
  const waiting = { bytes: 0, tokens: 0, inputs: 0 };
  let snapshot: RunSnapshot = { ...emptySnapshot, config };
  let limits = batchLimitsOf(snapshot);
  const budget = enqueueBudget(snapshot, 0);
  const whole: RemainingCapacity = { ...budget, usd: null };
  let remaining = whole;
  let isRoundEmpty = true;
  const quoted = { batches: 0, rounds: 0, oversizedRows: 0, overBudgetRows: 0 };

  const isFull = (): boolean =>
    columns.bytes.length >= limits.requestsMax ||
    waiting.bytes >= limits.inputBytesMax ||
    (limits.inputTokensMax !== null && waiting.tokens >= limits.inputTokensMax) ||
    (limits.inputsMax !== null && waiting.inputs >= limits.inputsMax) ||
    (remaining.requests !== null && columns.bytes.length > remaining.requests) ||
    (remaining.tokens !== null && waiting.tokens > remaining.tokens);
  const drop = (count: number): void => {
    for (const name of ['bytes', 'tokens', 'inputs'] as const) {
      for (const value of columns[name].splice(0, count)) waiting[name] -= value;
    }
  };
  const nextRound = (): void => {
    remaining = whole;
    isRoundEmpty = true;
  };
  const send = (requests: number, tokens: number): void => {
    quoted.batches += 1;
    if (isRoundEmpty) quoted.rounds += 1;
    isRoundEmpty = false;
    remaining = {
      tokens: remaining.tokens === null ? null : Math.max(0, remaining.tokens - tokens),
      requests: remaining.requests === null ? null : Math.max(0, remaining.requests - requests),
      usd: null,
    };
    if (snapshot.canary.isPassed || config.operation.canary === null) return;
    // The run waits for the canary's verdict. Later rows go in another round, under the usual
    // limits.
    snapshot = { ...snapshot, canary: { batchKey: null, isPassed: true } };
    limits = batchLimitsOf(snapshot);
    nextRound();
  };
  const isTooSmall = (): boolean =>
    (remaining.tokens !== null &&
      remaining.tokens <
        Math.min((budget.tokens ?? 0) * smallestRatio, limits.inputTokensMax ?? Infinity)) ||
    (remaining.requests !== null &&
      remaining.requests < Math.min((budget.requests ?? 0) * smallestRatio, limits.requestsMax));

  /** Packs one batch from the first rows, or skips some of them. False: more rows are needed. */
  const pack = (isLast: boolean): boolean => {
    if (columns.bytes.length === 0) return false;
    const packed = packBatch(columns, limits, remaining);
    if (packed.closedBy === 'end' && !isLast) {
      // Oversized rows looked like enough for a batch.
      if (packed.oversized.length === 0) return false;
    } else if (
      packed.closedBy === 'budget' &&
      !isRoundEmpty &&
      (packed.members.length === 0 || isTooSmall())
    ) {
      nextRound();
      return true;
    } else if (packed.closedBy === 'budget' && packed.members.length === 0) {
      quoted.overBudgetRows += 1;
      quoted.oversizedRows += packed.oversized.length;
      drop(packed.oversized.length + 1);
      return true;
    } else if (packed.members.length > 0) send(packed.members.length, packed.tokens);
    quoted.oversizedRows += packed.oversized.length;
    const keepsMembers = packed.closedBy === 'end' && !isLast;
    if (keepsMembers) dropAt(packed.oversized);
    else drop(packed.members.length + packed.oversized.length);
    return !keepsMembers;
  };
  const dropAt = (indexes: readonly number[]): void => {
    const dropped = new Set(indexes);
    for (const name of ['bytes', 'tokens', 'inputs'] as const) {
      for (const index of indexes) waiting[name] -= columns[name][index] as number;
      columns[name] = columns[name].filter((_, index) => !dropped.has(index));
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
      return quoted;
    },
  };
};
