import type { JsonObject, JsonValue } from '../../core/json/json.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import type { TokenPrices } from '../../core/model/config.ts';
import type { Consumption } from './consumption.ts';
import type { Quote } from '../quote/quote.ts';

/** A quote and a run's consumption in the exported spelling. Use `toWire`. */

export const usageToWire = (usage: TokenUsage | null): JsonValue =>
  usage === null
    ? null
    : {
        input_tokens: usage.inputTokens,
        cached_input_tokens: usage.cachedInputTokens,
        output_tokens: usage.outputTokens,
        reasoning_tokens: usage.reasoningTokens,
      };

/** Rounded to 12 digits, to hide errors of binary fractions. */
export const usdOf = (usd: number | null): number | null =>
  usd === null ? null : Number(usd.toPrecision(12));

const pricesToWire = (prices: TokenPrices | null): JsonObject | null =>
  prices === null
    ? null
    : {
        input_usd_per_million: prices.inputUsdPerMillion,
        cached_input_usd_per_million: prices.cachedInputUsdPerMillion,
        output_usd_per_million: prices.outputUsdPerMillion,
        as_of: prices.asOf,
        source: prices.source,
      };

export const quoteToWire = (quote: Quote): JsonObject => ({
  job_name: quote.jobName,
  model: quote.model,
  endpoint: quote.endpoint,
  item_count: quote.items,
  shared_row_count: quote.sharedRows,
  bad_row_count: quote.badRows.count,
  bad_row_messages: quote.badRows.messages,
  oversized_row_count: quote.oversizedRows,
  request_bytes: quote.requestBytes,
  input_tokens: {
    expected: quote.inputTokens.expected,
    min: quote.inputTokens.min,
    max: quote.inputTokens.max,
    error_ratio: quote.inputTokens.errorRatio,
    is_exact: quote.inputTokens.isExact,
    is_bound: quote.inputTokens.isBound,
    counted_row_count: quote.inputTokens.countedRows,
    counter: quote.inputTokens.counter,
  },
  output_tokens: { ...quote.outputTokens },
  batch_count: quote.batches,
  cost_usd: usdOf(quote.costUsd),
  cost_range: { min_usd: usdOf(quote.costRange.minUsd), max_usd: usdOf(quote.costRange.maxUsd) },
  worst_case_usd: usdOf(quote.worstCaseUsd),
  prices: pricesToWire(quote.prices),
  cap: quote.cap === null ? null : { usd: quote.cap.usd, verdict: quote.cap.verdict },
  queue: {
    scope: quote.queue.scope,
    tokens_max: quote.queue.tokensMax,
    requests_max: quote.queue.requestsMax,
    round_count: quote.queue.rounds,
  },
  hours: { ...quote.hours },
  assumed_batch_hours: { ...quote.assumedBatchHours },
  warnings: quote.warnings,
});

export const consumptionToWire = ({ cost, tokens, queue }: Consumption): JsonObject => ({
  cost: {
    spent_usd: usdOf(cost.spentUsd),
    committed_worst_usd: usdOf(cost.committedWorstUsd),
    is_bound: cost.isBound,
    cap_usd: cost.capUsd,
    is_complete: cost.isComplete,
  },
  tokens: {
    counting: tokens.counting,
    counted: tokens.counted,
    billed: tokens.billed,
    error_ratio: tokens.errorRatio,
  },
  queue: {
    scope: queue.scope,
    limit_tokens: queue.limitTokens,
    limit_requests: queue.limitRequests,
    used_tokens: queue.usedTokens,
    used_requests: queue.usedRequests,
    others_tokens: queue.othersTokens,
    others_requests: queue.othersRequests,
    stated:
      queue.stated === null
        ? null
        : {
            tokens_max: queue.stated.tokensMax,
            requests_max: queue.stated.requestsMax,
            at: new Date(queue.stated.atMs).toISOString(),
          },
    guess:
      queue.guess === null
        ? null
        : {
            unit: queue.guess.unit,
            max: queue.guess.max,
            good: queue.guess.good,
            refused: queue.guess.refused,
            refused_until: new Date(queue.guess.refusedUntilMs).toISOString(),
          },
    refusals:
      queue.refusals === null
        ? null
        : {
            count: queue.refusals.count,
            since: queue.refusals.since.toISOString(),
            message: queue.refusals.message,
          },
    waits_for: queue.waitsFor === null ? null : { ...queue.waitsFor },
  },
});
