import type { CanaryPolicy, CircuitBreakerPolicy, MoneyPolicy, Operation } from '../core/config.ts';
import { BatchorError } from './errors.ts';
import type { AnyJob } from './job.ts';
import type { PriceBook } from './price-book.ts';

/** What a job says of money, canaries and circuit breakers, checked. Each throws `invalid_config` that names the field. */

export const invalid = (field: string, message: string): BatchorError =>
  new BatchorError('invalid_config', { field }, message, `Correct ${field}.`);

export const count = (field: string, value: number, min = 1): number => {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(field, `${field} is a whole number of at least ${min}, not ${value}`);
};

const ratio = (field: string, value: number): number => {
  if (Number.isFinite(value) && value >= 0 && value <= 1) return value;
  throw invalid(field, `${field} is a ratio between 0 and 1, not ${value}`);
};

/** A cap in dollars. */
export const amountOf = (field: string, usd: number): number => {
  if (Number.isFinite(usd) && usd > 0) return usd;
  throw invalid(field, `${field} is an amount of dollars above 0, not ${usd}`);
};

/** A run's own book of prices wins over what the provider's adapter knows. A cap that nobody could keep is refused before anything is sent. */
export const moneyOf = ({ providerConfig, budget = {} }: AnyJob, book: PriceBook | undefined): MoneyPolicy => {
  const { kind, connection, model } = providerConfig;
  const prices = book?.({ kind, connection, model }) ?? providerConfig.prices ?? null;
  const assumed = budget.assumeOutputTokens;
  const outputTokensMax = providerConfig.outputTokensMax ?? (assumed === undefined ? null : count('budget.assumeOutputTokens', assumed, 0));
  const costUsdMax = budget.costUsdMax ?? null;
  if (costUsdMax === null) return { prices, outputTokensMax, costUsdMax };
  amountOf('budget.costUsdMax', costUsdMax);
  if (prices === null)
    throw new BatchorError(
      'price_unknown',
      { model, connection },
      `nobody knows what ${model} costs, so that a cap of $${costUsdMax} cannot be kept`,
      'Give its price: new BatchRunner({ prices }), or --prices FILE.',
    );
  if (outputTokensMax === null)
    throw invalid(
      'budget.costUsdMax',
      `an answer of ${model} may have any length, so that a cap of $${costUsdMax} cannot be kept: bound it (max_output_tokens), or say how long it is at most (budget.assumeOutputTokens)`,
    );
  return { prices, outputTokensMax, costUsdMax };
};

export const canaryOf = ({ canary }: AnyJob): CanaryPolicy | null =>
  canary === undefined || canary.items === 0
    ? null
    : { items: count('canary.items', canary.items), passRatioMin: ratio('canary.passRatioMin', canary.passRatioMin ?? 0.9) };

export const breakerOf = ({ circuitBreaker = {} }: AnyJob, house: CircuitBreakerPolicy): CircuitBreakerPolicy => ({
  failedBatchesMax: count('circuitBreaker.failedBatchesMax', circuitBreaker.failedBatchesMax ?? house.failedBatchesMax),
  passRatioMin: ratio('circuitBreaker.passRatioMin', circuitBreaker.passRatioMin ?? house.passRatioMin),
  judgedRowsMin: count('circuitBreaker.judgedRowsMin', circuitBreaker.judgedRowsMin ?? house.judgedRowsMin),
});

/** A cap that somebody raised while the run went on is not lowered by starting the same program again. */
export const withRaisedCap = (stored: Operation, given: Operation): Operation => {
  const { costUsdMax } = given.money;
  const raised = stored.money.costUsdMax;
  return costUsdMax === null || raised === null || raised <= costUsdMax
    ? given
    : { ...given, money: { ...given.money, costUsdMax: raised } };
};
