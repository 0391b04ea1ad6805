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

/** The part of the budget below which what remains is too little for a batch, as in `plan.ts`. */
const smallestRatio = 1 / 32;

/**
 * Packs rows as a run would that has the queue to itself and gets its answers round by round.
 * Memory: the rows of one batch.
 */
export const createBatchFold = (config: RunConfig): BatchFold => new Packing(config);

const columnNames = ['bytes', 'tokens', 'inputs'] as const;

class Packing implements BatchFold {
  /** The rows that wait for a batch, and their sums. */
  readonly #columns = { bytes: [] as number[], tokens: [] as number[], inputs: [] as number[] };
  readonly #waiting = { bytes: 0, tokens: 0, inputs: 0 };
  readonly #whole: RemainingCapacity;
  readonly #quoted = { batches: 0, rounds: 0, oversizedRows: 0, overBudgetRows: 0 };
  #snapshot: RunSnapshot;
  #limits: ReturnType<typeof batchLimitsOf>;
  #remaining: RemainingCapacity;
  #isRoundEmpty = true;

  constructor(config: RunConfig) {
    this.#snapshot = { ...emptySnapshot, config };
    this.#limits = batchLimitsOf(this.#snapshot);
    this.#whole = { ...enqueueBudget(this.#snapshot, 0), usd: null };
    this.#remaining = this.#whole;
  }

  add(row: Parameters<BatchFold['add']>[0]): void {
    for (const name of columnNames) {
      this.#columns[name].push(row[name]);
      this.#waiting[name] += row[name];
    }
    while (this.#isFull() && this.#pack(false));
  }

  end(): QuotedBatches {
    while (this.#pack(true));
    return this.#quoted;
  }

  #isFull(): boolean {
    const [limits, remaining, waiting] = [this.#limits, this.#remaining, this.#waiting];
    const requests = this.#columns.bytes.length;
    return (
      requests >= limits.requestsMax ||
      waiting.bytes >= limits.inputBytesMax ||
      (limits.inputTokensMax !== null && waiting.tokens >= limits.inputTokensMax) ||
      (limits.inputsMax !== null && waiting.inputs >= limits.inputsMax) ||
      (remaining.requests !== null && requests > remaining.requests) ||
      (remaining.tokens !== null && waiting.tokens > remaining.tokens)
    );
  }

  /** Packs one batch from the first rows, or skips some of them. False: more rows are needed. */
  #pack(isLast: boolean): boolean {
    if (this.#columns.bytes.length === 0) return false;
    const packed = packBatch(this.#columns, this.#limits, this.#remaining);
    const { members, oversized, closedBy } = packed;
    if (closedBy === 'end' && !isLast) {
      // Oversized rows looked like enough for a batch.
      if (oversized.length === 0) return false;
    } else if (
      closedBy === 'budget' &&
      !this.#isRoundEmpty &&
      (members.length === 0 || this.#isTooSmall())
    ) {
      this.#nextRound();
      return true;
    } else if (closedBy === 'budget' && members.length === 0) {
      this.#quoted.overBudgetRows += 1;
      this.#quoted.oversizedRows += oversized.length;
      this.#drop(oversized.length + 1);
      return true;
    } else if (members.length > 0) this.#send(members.length, packed.tokens);
    this.#quoted.oversizedRows += oversized.length;
    const keepsMembers = closedBy === 'end' && !isLast;
    if (keepsMembers) this.#dropAt(oversized);
    else this.#drop(members.length + oversized.length);
    return !keepsMembers;
  }

  #send(requests: number, tokens: number): void {
    this.#quoted.batches += 1;
    if (this.#isRoundEmpty) this.#quoted.rounds += 1;
    this.#isRoundEmpty = false;
    const remaining = this.#remaining;
    this.#remaining = {
      tokens: remaining.tokens === null ? null : Math.max(0, remaining.tokens - tokens),
      requests: remaining.requests === null ? null : Math.max(0, remaining.requests - requests),
      usd: null,
    };
    const { canary, config } = this.#snapshot;
    if (canary.isPassed || config.operation.canary === null) return;
    // The run waits for the canary's verdict. Later rows go in another round, under the usual
    // limits.
    this.#snapshot = { ...this.#snapshot, canary: { batchKey: null, isPassed: true } };
    this.#limits = batchLimitsOf(this.#snapshot);
    this.#nextRound();
  }

  #nextRound(): void {
    this.#remaining = this.#whole;
    this.#isRoundEmpty = true;
  }

  /** What remains waits for the next round, as in `plan.ts`. */
  #isTooSmall(): boolean {
    const [limits, remaining, whole] = [this.#limits, this.#remaining, this.#whole];
    const leastTokens = (whole.tokens ?? 0) * smallestRatio;
    const leastRequests = (whole.requests ?? 0) * smallestRatio;
    return (
      (remaining.tokens !== null &&
        remaining.tokens < Math.min(leastTokens, limits.inputTokensMax ?? Infinity)) ||
      (remaining.requests !== null &&
        remaining.requests < Math.min(leastRequests, limits.requestsMax))
    );
  }

  #drop(count: number): void {
    for (const name of columnNames) {
      for (const value of this.#columns[name].splice(0, count)) this.#waiting[name] -= value;
    }
  }

  #dropAt(indexes: readonly number[]): void {
    const dropped = new Set(indexes);
    for (const name of columnNames) {
      const column = this.#columns[name];
      for (const index of indexes) this.#waiting[name] -= column[index] as number;
      this.#columns[name] = column.filter((_, index) => !dropped.has(index));
    }
  }
}
