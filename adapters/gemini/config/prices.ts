import type { TokenPrices } from '../../../lib/core/model/config.ts';
import { priceIn } from '../../../lib/core/money/money.ts';

/** Prices outside of batches, in dollars for a million tokens; thoughts are output. */
type Row = readonly [input: number, output: number, asOf: string];

/** A batch costs half (Google's pricing page, 2026-10). */
const batchRatio = 0.5;

/**
 * As they were read on the day that each row names, for text and prompts of up to 200,000 tokens;
 * longer prompts to a Pro model, and sound, cost more. Cached input has a price of its own that
 * batches do not halve; here it counts as input, which is more. A price with an end
 * (gemini-3.8-flash until 2026-12-31) is left out: a run may outlive it.
 */
const rows: Readonly<Record<string, Row>> = {
  'gemini-3.5-flash': [1.5, 9, '2026-10-07'],
  'gemini-3.5-flash-lite': [0.3, 2.5, '2026-10-07'],
  'gemini-3.1-pro-preview': [2, 12, '2026-10-07'],
  'gemini-2.5-pro': [1.25, 10, '2026-10-07'],
  'gemini-2.5-flash': [0.3, 2.5, '2026-10-07'],
  'gemini-2.5-flash-lite': [0.1, 0.4, '2026-10-07'],
  'gemini-embedding-001': [0.15, 0, '2026-10-07'],
};

const pricesOf = ([input, output, asOf]: Row): TokenPrices => ({
  inputUsdPerMillion: input * batchRatio,
  cachedInputUsdPerMillion: input * batchRatio,
  outputUsdPerMillion: output * batchRatio,
  asOf,
  source: "Google's pricing page for the Gemini Developer API",
});

/** Batch prices by model name. */
export const geminiPrices: Readonly<Record<string, TokenPrices>> = Object.fromEntries(
  Object.entries(rows).map(([model, row]) => [model, pricesOf(row)]),
);

/** Null for a model without a known price. */
export const geminiPriceOf = (model: string): TokenPrices | null => priceIn(geminiPrices, model);
