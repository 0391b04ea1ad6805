import type { TokenPrices } from '../../../lib/core/model/config.ts';
import { priceIn } from '../../../lib/core/money/money.ts';

/** Prices outside of batches, in dollars for a million tokens. */
type Row = readonly [input: number, output: number];

/** A batch costs half (docs.mistral.ai, 2026-10). */
const batchRatio = 0.5;
const asOf = '2026-06-01';

/**
 * As pages of June 2026 quote Mistral's. A name that ends in `latest` moves to another model, and
 * to another price: those that moved since are left out. Cached input counts as input.
 */
const rows: Readonly<Record<string, Row>> = {
  'mistral-small-latest': [0.1, 0.3],
  'mistral-medium-latest': [1.5, 7.5],
  'codestral-latest': [0.3, 0.9],
  'mistral-embed': [0.1, 0],
};

const pricesOf = ([input, output]: Row): TokenPrices => ({
  inputUsdPerMillion: input * batchRatio,
  cachedInputUsdPerMillion: input * batchRatio,
  outputUsdPerMillion: output * batchRatio,
  asOf,
  source: "pages that quote Mistral's pricing page",
});

/** Batch prices by model name. */
export const mistralPrices: Readonly<Record<string, TokenPrices>> = Object.fromEntries(
  Object.entries(rows).map(([model, row]) => [model, pricesOf(row)]),
);

/** Null for a model without a known price. */
export const mistralPriceOf = (model: string): TokenPrices | null => priceIn(mistralPrices, model);
