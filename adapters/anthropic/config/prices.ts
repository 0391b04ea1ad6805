import type { TokenPrices } from '../../../lib/core/model/config.ts';
import { priceIn } from '../../../lib/core/money/money.ts';

/**
 * Prices outside of batches, in dollars for a million tokens: input, output, and what a token that
 * is read from the cache costs of one that is not.
 */
type Row = readonly [input: number, output: number, cacheReadRatio: number, asOf: string];

/** A batch costs half, of all usage (batch guide, 2026-06). */
const batchRatio = 0.5;

/**
 * As they were read on the day that each row names. Prices change more often than this file:
 * `quote` says how old they are, and a price file of your own wins. A token that is written to the
 * cache costs 1.25 or 2 times as much as one that is not; here it counts as input.
 */
const rows: Readonly<Record<string, Row>> = {
  'claude-opus-5-5': [4, 20, 0.05, '2026-10-04'],
  'claude-sonnet-5-5': [2, 10, 0.1, '2026-10-04'],
  'claude-opus-4-8': [5, 25, 0.1, '2026-06-11'],
  'claude-opus-4-7': [5, 25, 0.1, '2026-06-11'],
  'claude-opus-4-6': [5, 25, 0.1, '2026-06-11'],
  'claude-opus-4-5': [5, 25, 0.1, '2026-06-11'],
  'claude-sonnet-4-6': [3, 15, 0.1, '2026-06-11'],
  'claude-sonnet-4-5': [3, 15, 0.1, '2026-06-11'],
  'claude-haiku-4-5': [1, 5, 0.1, '2026-06-11'],
};

const pricesOf = ([input, output, cacheReadRatio, asOf]: Row): TokenPrices => ({
  inputUsdPerMillion: input * batchRatio,
  cachedInputUsdPerMillion: input * cacheReadRatio * batchRatio,
  outputUsdPerMillion: output * batchRatio,
  asOf,
  source: "Anthropic's pricing page",
});

/** Batch prices by model name. */
export const anthropicPrices: Readonly<Record<string, TokenPrices>> = Object.fromEntries(
  Object.entries(rows).map(([model, row]) => [model, pricesOf(row)]),
);

/** Null for a model without a known price. Dated snapshots cost the same as their model. */
export const anthropicPriceOf = (model: string): TokenPrices | null =>
  priceIn(anthropicPrices, snapshotless(model));

/** `claude-haiku-4-5-20251001` is a snapshot of `claude-haiku-4-5`. */
export const snapshotless = (model: string): string => model.replace(/-20\d{6}$/u, '');
