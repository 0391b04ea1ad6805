import type { RemainingCapacity } from './budget.ts';
import type { PlanWindow } from '../model/command.ts';
import type { BatchLimits } from '../values/limits.ts';
import type { WorstPrices } from '../money/money.ts';
import type { Event } from '../model/event.ts';
import { sumAt } from '../model/changes.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * The front of a window, packed: which of its rows, their bytes and prompt tokens, and why the
 * batch ends.
 */
export interface PackedBatch {
  /** Row numbers in the window, ascending from 0. */
  readonly members: readonly number[];
  /** Row numbers in the window, before the batch's end, of rows that fit no batch at all. */
  readonly oversized: readonly number[];
  readonly bytes: number;
  readonly tokens: number;
  /**
   * Why it ends: the next row would break a limit, a budget has no capacity for it, or the window
   * ends.
   */
  readonly closedBy: 'limit' | 'budget' | 'end';
  /**
   * What the first row over budget needs: prompt tokens, and US dollars at worst; its number in the
   * window, null where no row is over budget.
   */
  readonly blocked: {
    readonly place: number | null;
    readonly tokens: number;
    readonly usd: number;
  };
}

const free: WorstPrices = { usdPerToken: 0, usdPerRequest: 0 };

/**
 * Takes rows in order while they fit the limits and the capacity: deterministic, order-stable,
 * O(window). Rows that fit no batch at all are named in `oversized`.
 */
export const packBatch = (
  { bytes, tokens, inputs }: Pick<PlanWindow, 'bytes' | 'tokens' | 'inputs'>,
  limits: BatchLimits,
  capacity: RemainingCapacity,
  worst: WorstPrices | null = null,
): PackedBatch => {
  const { usdPerToken, usdPerRequest } = worst ?? free;
  const members: number[] = [];
  const oversized: number[] = [];
  let filling: Filling = { count: 0, bytes: 0, tokens: 0, inputs: 0, usd: 0 };
  let closedBy: PackedBatch['closedBy'] = 'end';
  let blocked: PackedBatch['blocked'] = { place: null, tokens: 0, usd: 0 };
  for (let place = 0; place < bytes.length; place += 1) {
    const rowBytes = bytes[place] as number;
    const rowTokens = tokens === null ? 0 : (tokens[place] as number);
    const rowInputs = inputs === null ? 1 : (inputs[place] as number);
    const rowUsd = rowTokens * usdPerToken + usdPerRequest;
    if (
      rowBytes > (limits.lineBytesMax ?? Infinity) ||
      isOversized(rowBytes, rowTokens, rowInputs, limits)
    ) {
      oversized.push(place);
      continue;
    }
    const after: Filling = {
      count: filling.count + 1,
      bytes: filling.bytes + rowBytes,
      tokens: filling.tokens + rowTokens,
      inputs: filling.inputs + rowInputs,
      usd: filling.usd + rowUsd,
    };
    if (breaksLimits(after, limits)) closedBy = 'limit';
    else if (breaksBudget(after, capacity)) closedBy = 'budget';
    if (closedBy !== 'end') {
      blocked = { place, tokens: rowTokens, usd: rowUsd };
      break;
    }
    members.push(place);
    filling = after;
  }
  // Exactly full is full: nothing more could join.
  if (closedBy === 'end' && isFull(filling, limits)) closedBy = 'limit';
  return { members, oversized, bytes: filling.bytes, tokens: filling.tokens, closedBy, blocked };
};

interface Filling {
  readonly count: number;
  readonly bytes: number;
  readonly tokens: number;
  readonly inputs: number;
  readonly usd: number;
}

const isOversized = (bytes: number, tokens: number, inputs: number, limits: BatchLimits): boolean =>
  bytes > limits.inputBytesMax ||
  (limits.inputTokensMax !== null && tokens > limits.inputTokensMax) ||
  (limits.inputsMax !== null && inputs > limits.inputsMax);
const breaksLimits = (filling: Filling, limits: BatchLimits): boolean =>
  filling.count > limits.requestsMax ||
  (filling.count > 1 && filling.bytes > (limits.learnedBytesMax ?? Infinity)) ||
  isOversized(filling.bytes, filling.tokens, filling.inputs, limits);
/**
 * By the limits that `isBacklogFull` (due-plan.ts) checks: a plan that is due for a full batch has
 * to find one.
 */
const isFull = (filling: Filling, limits: BatchLimits): boolean =>
  filling.count >= limits.requestsMax ||
  filling.bytes >= Math.min(limits.inputBytesMax, limits.learnedBytesMax ?? Infinity) ||
  (limits.inputTokensMax !== null && filling.tokens >= limits.inputTokensMax) ||
  (limits.inputsMax !== null && filling.inputs >= limits.inputsMax);
const breaksBudget = (filling: Filling, capacity: RemainingCapacity): boolean =>
  (capacity.tokens !== null && filling.tokens > capacity.tokens) ||
  (capacity.requests !== null && filling.count > capacity.requests) ||
  (capacity.usd !== null && filling.usd > capacity.usd);

/**
 * The rows in the window that the provider refused, each group with the batch whose refusal is the
 * reason.
 */
export const droppedIn = (
  snapshot: RunSnapshot,
  window: PlanWindow,
  atMs: number,
): readonly Event[] => {
  if (snapshot.refused.length === 0) return [];
  const lineIndexes = new Map<number, number>();
  for (let lineIndex = 0; lineIndex < window.indexes.length; lineIndex += 1)
    lineIndexes.set(window.indexes[lineIndex] as number, lineIndex);
  let sequenceFrom = snapshot.resultSequence + 1;
  return snapshot.refused.flatMap(({ batchKey, batchNo, code, indexes }): readonly Event[] => {
    const found = indexes.filter((index) => lineIndexes.has(index));
    if (found.length === 0) return [];
    const at = found.map((index) => lineIndexes.get(index) as number);
    const dropped: Event = {
      type: 'LinesDropped',
      atMs,
      batchKey,
      batchNo,
      indexes: found,
      code,
      bytes: sumAt(window.bytes, at),
      tokens: window.tokens === null ? 0 : sumAt(window.tokens, at),
      sequenceFrom,
    };
    sequenceFrom += found.length;
    return [dropped];
  });
};
