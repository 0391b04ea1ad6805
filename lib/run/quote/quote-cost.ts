import type { MoneyPolicy, TokenPrices } from '../../core/model/config.ts';
import { costOfUsage } from '../../core/money/money.ts';
import { emptyUsage } from '../../core/values/usage.ts';
import type { Quote, QuotedCap } from './quote.ts';

export type QuotedCost = Pick<Quote, 'costUsd' | 'costRange' | 'worstCaseUsd' | 'prices'>;

type Tokens = Pick<Quote, 'inputTokens' | 'outputTokens'>;

/** The cost of the tokens at these prices. */
export const costOf = (
  { inputTokens, outputTokens }: Tokens,
  { prices }: Pick<MoneyPolicy, 'prices'>,
): QuotedCost => {
  if (prices === null)
    return { costUsd: null, costRange: { minUsd: null, maxUsd: null }, worstCaseUsd: null, prices };
  const cost = (input: number, cached: number, output: number): number =>
    costOfUsage(
      { ...emptyUsage, inputTokens: input, cachedInputTokens: cached, outputTokens: output },
      prices,
    );
  const { expected, max } = outputTokens;
  const maxUsd = max === null ? null : cost(inputTokens.max, 0, max);
  return {
    costUsd: expected === null ? null : cost(inputTokens.expected, 0, expected),
    costRange: { minUsd: leastOf(inputTokens.min, outputTokens.min, prices), maxUsd },
    worstCaseUsd: maxUsd,
    prices,
  };
};

/** Tries both, since a price file may price cached input higher. */
const leastOf = (input: number, output: number, prices: TokenPrices): number =>
  Math.min(
    ...[0, input].map((cached) =>
      costOfUsage(
        { ...emptyUsage, inputTokens: input, cachedInputTokens: cached, outputTokens: output },
        prices,
      ),
    ),
  );

export const capOf = (
  usd: number,
  { costRange: { minUsd, maxUsd } }: QuotedCost,
  isBound: boolean,
): QuotedCap => {
  if (isBound && minUsd !== null && minUsd > usd) return { usd, verdict: 'reached' };
  if (minUsd === null || maxUsd === null) return { usd, verdict: 'unknown' };
  return { usd, verdict: isBound && maxUsd <= usd ? 'never_reached' : 'may_be_reached' };
};

/** Output tokens of `answers` answers; `max`: upper bound of all together, null: none. */
export const outputOf = (
  answers: number,
  max: number | null,
  perItem: number | undefined,
): Quote['outputTokens'] => {
  // Endpoints without output tokens do not bill any.
  if (max === 0) return { min: 0, expected: 0, max };
  const min = max === null ? answers : Math.min(answers, max);
  if (perItem === undefined) return { min, expected: null, max };
  const expected = Math.max(min, Math.round(perItem * answers));
  return { min, expected: max === null ? expected : Math.min(expected, max), max };
};
