import type { TokenPrices } from '../../../lib/core/model/config.ts';
import { priceIn } from '../../../lib/core/money/money.ts';

/**
 * Batch prices by model name, in dollars for a million tokens. Recorded answers name their cost
 * (`cost_in_usd_ticks`, 1e-10 dollars): these prices give it to the last tick, with thoughts as
 * output.
 */
export const xaiPrices: Readonly<Record<string, TokenPrices>> = {
  'grok-4.3': {
    inputUsdPerMillion: 1,
    cachedInputUsdPerMillion: 0.16,
    outputUsdPerMillion: 2,
    asOf: '2026-08-10',
    source: 'costs that xAI named in recorded batch answers',
  },
};

/** Null for a model without a known price. */
export const xaiPriceOf = (model: string): TokenPrices | null => priceIn(xaiPrices, model);
