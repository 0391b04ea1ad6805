import type { CanaryPolicy, CircuitBreakerPolicy, EnqueueLimits, MoneyPolicy, Operation } from '../../core/model/config.ts';
import { outputBoundMax } from '../../core/settle/output-bound.ts';
import { BatchorError } from '../api/errors.ts';
import type { AnyJob, CanaryOptions } from './job.ts';
import type { PriceBook, PricedModel } from './price-book.ts';

/** Limits of the provider's queue that are to be others than before. */
export type EnqueueChanges = { readonly [Key in keyof EnqueueLimits]?: EnqueueLimits[Key] };

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

/** Why a cap of so many dollars could not be kept: what it costs, or how long an answer may be, is not known. */
export const requireKeepable = (costUsdMax: number, { prices, outputTokensMax }: MoneyPolicy, { model, connection }: PricedModel): void => {
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
      `an answer of ${model} may have any length, so that a cap of $${costUsdMax} cannot be kept: bound it (max_output_tokens), or say how long it is at most (assumeOutputTokens, --assume-output-tokens)`,
    );
};

/** A run's own book of prices wins over what the provider's adapter knows. A cap that nobody could keep is refused before anything is sent. */
export const moneyOf = (job: AnyJob, book: PriceBook | undefined): MoneyPolicy => {
  const { providerConfig, budget = {} } = job;
  const { kind, connection, model } = providerConfig;
  const prices = book?.({ kind, connection, model }) ?? providerConfig.prices ?? null;
  const assumed = budget.assumeOutputTokens;
  const raised = raisedOf(job);
  const outputTokensMax =
    raised === null
      ? (providerConfig.outputTokensMax ?? (assumed === undefined ? null : count('budget.assumeOutputTokens', assumed, 0)))
      : raised * answersOf(job);
  const costUsdMax = budget.costUsdMax === undefined ? null : amountOf('budget.costUsdMax', budget.costUsdMax);
  const money = { prices, outputTokensMax, costUsdMax };
  if (costUsdMax !== null) requireKeepable(costUsdMax, money, providerConfig);
  return money;
};

const answersOf = ({ providerConfig }: AnyJob): number => providerConfig.answersPerRequest ?? 1;

/** The output limit of rows that are asked again; null: their own. */
export const raisedOf = (job: AnyJob): number | null => {
  const field = 'retryPolicy.raiseOutputTokensTo';
  const given = job.retryPolicy?.raiseOutputTokensTo;
  if (given === undefined) return null;
  const raised = count(field, given);
  if ((job.retryPolicy?.maxAttempts ?? 2) < 2) throw invalid(field, `${field} needs a second attempt: maxAttempts is 1`);
  if (raised > outputBoundMax) throw invalid(field, `${field} is at most ${outputBoundMax}, not ${given}`);
  const bound = job.providerConfig.outputTokensMax ?? null;
  if (bound === null || bound === 0)
    throw invalid(field, `${field} has nothing to raise: the requests to ${job.providerConfig.model} bound no answer (max_output_tokens)`);
  const own = bound / answersOf(job);
  if (raised <= own) throw invalid(field, `${field} is ${raised}, and the requests allow ${own} already`);
  return raised;
};

/** Changes of the limits, checked; what is absent stays as it is, null lifts a limit. */
export const enqueueOf = (given: EnqueueChanges, base: EnqueueLimits): EnqueueLimits => {
  const field = (name: string): string => `enqueueLimits.${name}`;
  const limit = (name: 'enqueuedTokenLimit' | 'enqueuedRequestLimit' | 'maxBatchEnqueuedTokens'): number | null => {
    const value = given[name];
    return value === undefined ? base[name] : value === null ? null : count(field(name), value);
  };
  const { targetRatio = base.targetRatio, headroom = base.headroom, quotaScope = base.quotaScope } = given;
  if (quotaScope !== null && (typeof quotaScope !== 'string' || quotaScope.trim() === ''))
    throw invalid(field('quotaScope'), `${field('quotaScope')} is a name`);
  if (ratio(field('targetRatio'), targetRatio) === 0)
    throw invalid(field('targetRatio'), `${field('targetRatio')} of 0 would let nothing through`);
  const enqueuedTokenLimit = limit('enqueuedTokenLimit');
  if (enqueuedTokenLimit !== null && headroom >= enqueuedTokenLimit)
    throw invalid(field('headroom'), `${field('headroom')} of ${headroom} leaves nothing of a limit of ${enqueuedTokenLimit} tokens`);
  return {
    enqueuedTokenLimit,
    enqueuedRequestLimit: limit('enqueuedRequestLimit'),
    targetRatio,
    headroom: count(field('headroom'), headroom, 0),
    maxBatchEnqueuedTokens: limit('maxBatchEnqueuedTokens'),
    quotaScope,
  };
};

export const canaryOf = (canary: CanaryOptions | null | undefined): CanaryPolicy | null =>
  canary === undefined || canary === null || canary.items === 0
    ? null
    : { items: count('canary.items', canary.items), passRatioMin: ratio('canary.passRatioMin', canary.passRatioMin ?? 0.9) };

export const breakerOf = ({ circuitBreaker = {} }: AnyJob, house: CircuitBreakerPolicy): CircuitBreakerPolicy => ({
  failedBatchesMax: count('circuitBreaker.failedBatchesMax', circuitBreaker.failedBatchesMax ?? house.failedBatchesMax),
  passRatioMin: ratio('circuitBreaker.passRatioMin', circuitBreaker.passRatioMin ?? house.passRatioMin),
  judgedRowsMin: count('circuitBreaker.judgedRowsMin', circuitBreaker.judgedRowsMin ?? house.judgedRowsMin),
});

/**
 * A cap that somebody raised, or set, while the run went on is neither lowered nor lifted by starting the same program again; what the
 * cap counts with stays known.
 */
export const withRaisedCap = (stored: Operation, given: Operation): Operation => {
  const raised = stored.money.costUsdMax;
  const { costUsdMax } = given.money;
  if (raised === null || (costUsdMax !== null && costUsdMax >= raised)) return given;
  const money: MoneyPolicy = {
    prices: given.money.prices ?? stored.money.prices,
    outputTokensMax: given.money.outputTokensMax ?? stored.money.outputTokensMax,
    costUsdMax: raised,
  };
  return { ...given, money };
};
