import type {
  CanaryPolicy,
  CircuitBreakerPolicy,
  EnqueueLimits,
  MoneyPolicy,
  Operation,
} from '../../core/model/config.ts';
import { outputBoundMax } from '../../core/settle/output-bound.ts';
import { BatchorError } from '../api/errors.ts';
import type { AnyJob, CanaryOptions } from './job.ts';
import type { PriceBook, PricedModel } from './price-book.ts';

/** Changed limits of the provider's queue. */
export type EnqueueChanges = { readonly [Key in keyof EnqueueLimits]?: EnqueueLimits[Key] };

/** Checks of a job's limits. Each throws `invalid_config`, which names the field. */

export const invalid = (field: string, message: string): BatchorError =>
  new BatchorError('invalid_config', { field }, message, `Correct ${field}.`);

export const count = (field: string, value: number, min = 1): number => {
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw invalid(field, `${field} must be a whole number of at least ${min} (got ${value})`);
};

const ratio = (field: string, value: number): number => {
  if (Number.isFinite(value) && value >= 0 && value <= 1) return value;
  throw invalid(field, `${field} must be a ratio from 0 to 1 (got ${value})`);
};

/** A cap in dollars. */
export const amountOf = (field: string, usd: number): number => {
  if (Number.isFinite(usd) && usd > 0) return usd;
  throw invalid(field, `${field} must be an amount of dollars above 0 (got ${usd})`);
};

/**
 * Throws if batchor cannot enforce a cap: `price_unknown`, or `invalid_config` for answers without
 * a length limit.
 */
export const requireKeepable = (
  costUsdMax: number,
  { prices, outputTokensMax }: MoneyPolicy,
  { model, connection }: PricedModel,
): void => {
  if (prices === null)
    throw new BatchorError(
      'price_unknown',
      { model, connection },
      `no price is known for model ${model}, so batchor cannot enforce a cap of $${costUsdMax}`,
      'Give its price: new BatchRunner({ prices }), or --prices FILE.',
    );
  if (outputTokensMax === null)
    throw invalid(
      'budget.costUsdMax',
      `answers of ${model} have no length limit, so batchor cannot enforce a cap of $${costUsdMax}: set a limit (max_output_tokens), or assume one (assumeOutputTokens, --assume-output-tokens)`,
    );
};

/** The job's money policy. The runner's price book precedes the adapter's prices. */
export const moneyOf = (job: AnyJob, book: PriceBook | undefined): MoneyPolicy => {
  const { providerConfig, budget = {} } = job;
  const { kind, connection, model } = providerConfig;
  const prices = book?.({ kind, connection, model }) ?? providerConfig.prices ?? null;
  const assumed = budget.assumeOutputTokens;
  const raised = raisedOf(job);
  const outputTokensMax =
    raised === null
      ? (providerConfig.outputTokensMax ??
        (assumed === undefined ? null : count('budget.assumeOutputTokens', assumed, 0)))
      : raised * answersOf(job);
  const costUsdMax =
    budget.costUsdMax === undefined ? null : amountOf('budget.costUsdMax', budget.costUsdMax);
  const money = { prices, outputTokensMax, costUsdMax };
  if (costUsdMax !== null && sends(job)) requireKeepable(costUsdMax, money, providerConfig);
  return money;
};

/** Existing batches without retries have nothing sent for them: any cap is kept. */
const sends = ({ fromBatches, retryAdopted = false }: AnyJob): boolean =>
  fromBatches === undefined || retryAdopted;

const answersOf = ({ providerConfig }: AnyJob): number => providerConfig.answersPerRequest ?? 1;

/** The output limit of retried rows; null: unchanged. */
export const raisedOf = (job: AnyJob): number | null => {
  const field = 'retryPolicy.raiseOutputTokensTo';
  const given = job.retryPolicy?.raiseOutputTokensTo;
  if (given === undefined) return null;
  const raised = count(field, given);
  if ((job.retryPolicy?.maxAttempts ?? 2) < 2)
    throw invalid(field, `${field} requires maxAttempts of at least 2 (got 1)`);
  if (raised > outputBoundMax)
    throw invalid(field, `${field} must be at most ${outputBoundMax} (got ${given})`);
  const bound = job.providerConfig.outputTokensMax ?? null;
  if (bound === null || bound === 0)
    throw invalid(
      field,
      `${field} requires requests with an output limit (max_output_tokens), but those to ${job.providerConfig.model} have none`,
    );
  const own = bound / answersOf(job);
  if (raised <= own)
    throw invalid(
      field,
      `${field} must be above the requests' own limit of ${own} (got ${raised})`,
    );
  return raised;
};

/** The limits with checked changes. Absent: unchanged; null: no limit. */
export const enqueueOf = (given: EnqueueChanges, base: EnqueueLimits): EnqueueLimits => {
  const field = (name: string): string => `enqueueLimits.${name}`;
  const limit = (
    name: 'enqueuedTokenLimit' | 'enqueuedRequestLimit' | 'maxBatchEnqueuedTokens',
  ): number | null => {
    const value = given[name];
    return value === undefined ? base[name] : value === null ? null : count(field(name), value);
  };
  const {
    targetRatio = base.targetRatio,
    headroom = base.headroom,
    quotaScope = base.quotaScope,
  } = given;
  if (quotaScope !== null && (typeof quotaScope !== 'string' || quotaScope.trim() === ''))
    throw invalid(field('quotaScope'), `${field('quotaScope')} must be a non-empty text`);
  if (ratio(field('targetRatio'), targetRatio) === 0)
    throw invalid(field('targetRatio'), `${field('targetRatio')} must be above 0`);
  const enqueuedTokenLimit = limit('enqueuedTokenLimit');
  if (enqueuedTokenLimit !== null && headroom >= enqueuedTokenLimit)
    throw invalid(
      field('headroom'),
      `${field('headroom')} of ${headroom} leaves no tokens of a limit of ${enqueuedTokenLimit}`,
    );
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
    : {
        items: count('canary.items', canary.items),
        passRatioMin: ratio('canary.passRatioMin', canary.passRatioMin ?? 0.9),
      };

export const breakerOf = (
  { circuitBreaker = {} }: AnyJob,
  house: CircuitBreakerPolicy,
): CircuitBreakerPolicy => ({
  failedBatchesMax: count(
    'circuitBreaker.failedBatchesMax',
    circuitBreaker.failedBatchesMax ?? house.failedBatchesMax,
  ),
  passRatioMin: ratio(
    'circuitBreaker.passRatioMin',
    circuitBreaker.passRatioMin ?? house.passRatioMin,
  ),
  judgedRowsMin: count(
    'circuitBreaker.judgedRowsMin',
    circuitBreaker.judgedRowsMin ?? house.judgedRowsMin,
  ),
});

/**
 * Starting the same program again neither lowers nor removes a cap that was raised or set during
 * the run. The prices and bounds that the cap needs are kept too.
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
