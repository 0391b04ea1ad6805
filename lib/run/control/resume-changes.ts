import type {
  EnqueueLimits,
  MoneyPolicy,
  Operation,
  RunConfig,
  TokenPrices,
} from '../../core/model/config.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import { isBatchorError } from '../api/errors.ts';
import {
  amountOf,
  canaryOf,
  count,
  type EnqueueChanges,
  enqueueOf,
  invalid,
  requireKeepable,
} from '../job/job-limits.ts';
import type { CanaryOptions, ChunkOptions, CircuitBreakerOptions } from '../job/job.ts';
import type { PriceBook } from '../job/price-book.ts';

/** Settings that a resume may change. An absent one stays as it is. */
export interface ResumeOptions {
  readonly badRows?: 'fail' | 'record';
  /**
   * Cost cap of the whole run in dollars; null removes it. Refused if the run has no price, or no
   * bound on the length of an answer.
   */
  readonly costUsdMax?: number | null;
  /** Assumed maximum of output tokens per answer. Used only if nothing else bounds it. */
  readonly assumeOutputTokens?: number;
  /** Rows to send alone first; null: none. Has no effect once a canary has passed. */
  readonly canary?: CanaryOptions | null;
  readonly enqueueLimits?: EnqueueChanges;
  /** Limits of one batch. Batches that are planned but not created are split to fit. */
  readonly chunkPolicy?: Pick<ChunkOptions, 'maxRequests' | 'maxFileBytes'>;
  /** Number of consecutive batches failing validation that pauses the run. */
  readonly circuitBreaker?: Pick<CircuitBreakerOptions, 'failedBatchesMax'>;
  /**
   * When files are deleted: by batchor after their batch, or by the provider. Applies to new files.
   */
  readonly deleteInputFiles?: boolean;
  readonly filesExpireAfterMs?: number;
  readonly outputFilesExpireAfterMs?: number;
}

/** The same, with prices from the runner's price book. */
export interface ResumeChanges extends ResumeOptions {
  readonly prices?: TokenPrices;
}

/** The run's operation after the changes. Throws `invalid_config` or `price_unknown`. */
export const operationAfter = (
  changes: ResumeChanges,
  { operation, provider }: RunConfig,
): Operation => {
  const {
    badRows,
    costUsdMax,
    assumeOutputTokens: assumed,
    canary,
    enqueueLimits,
    chunkPolicy = {},
    circuitBreaker = {},
    prices,
  } = changes;
  const {
    deleteInputFiles = operation.deletesInputFiles,
    filesExpireAfterMs,
    outputFilesExpireAfterMs,
  } = changes;
  if (badRows !== undefined && badRows !== 'fail' && badRows !== 'record')
    throw invalid('badRows', 'badRows is fail or record');
  const money: MoneyPolicy = {
    ...operation.money,
    ...(prices === undefined ? {} : { prices }),
    outputTokensMax:
      operation.money.outputTokensMax ??
      (assumed === undefined ? null : count('assumeOutputTokens', assumed, 0)),
    ...(costUsdMax === undefined
      ? {}
      : { costUsdMax: costUsdMax === null ? null : amountOf('costUsdMax', costUsdMax) }),
  };
  if (typeof costUsdMax === 'number') requireKeepable(costUsdMax, money, provider);
  return {
    ...operation,
    badRows: badRows ?? operation.badRows,
    money,
    canary: canary === undefined ? operation.canary : canaryOf(canary),
    chunk: {
      ...operation.chunk,
      requestsMax: count(
        'chunkPolicy.maxRequests',
        chunkPolicy.maxRequests ?? operation.chunk.requestsMax,
      ),
      inputBytesMax: count(
        'chunkPolicy.maxFileBytes',
        chunkPolicy.maxFileBytes ?? operation.chunk.inputBytesMax,
      ),
    },
    circuitBreaker: {
      ...operation.circuitBreaker,
      failedBatchesMax: count(
        'circuitBreaker.failedBatchesMax',
        circuitBreaker.failedBatchesMax ?? operation.circuitBreaker.failedBatchesMax,
      ),
    },
    enqueue:
      enqueueLimits === undefined ? operation.enqueue : enqueueOf(enqueueLimits, operation.enqueue),
    deletesInputFiles: deleteInputFiles,
    filesExpireAfterMs:
      filesExpireAfterMs === undefined
        ? operation.filesExpireAfterMs
        : count('filesExpireAfterMs', filesExpireAfterMs),
    outputFilesExpireAfterMs:
      outputFilesExpireAfterMs === undefined
        ? operation.outputFilesExpireAfterMs
        : count('outputFilesExpireAfterMs', outputFilesExpireAfterMs),
  };
};

/** True when the run already has these changes, or when they cannot be made. */
export const areMade = (changes: ResumeChanges, config: RunConfig): boolean => {
  const after = operationOrNull(changes, config);
  return after === null || JSON.stringify(after) === JSON.stringify(config.operation);
};

/** Null if the changes cannot be made. The requester has already seen the error. */
export const operationOrNull = (changes: ResumeChanges, config: RunConfig): Operation | null => {
  try {
    return operationAfter(changes, config);
  } catch (error) {
    if (isBatchorError(error)) return null;
    throw error;
  }
};

/** Adds the model's price from the book, if it differs from the run's. */
export const withPrices = (
  options: ResumeOptions,
  { provider, operation }: RunConfig,
  book: PriceBook | undefined,
): ResumeChanges => {
  const { kind, connection, model } = provider;
  const prices = book?.({ kind, connection, model }) ?? null;
  return prices === null || JSON.stringify(prices) === JSON.stringify(operation.money.prices)
    ? options
    : { ...options, prices };
};

const limitNames: Readonly<Record<string, keyof EnqueueLimits>> = {
  enqueued_token_limit: 'enqueuedTokenLimit',
  enqueued_request_limit: 'enqueuedRequestLimit',
  target_ratio: 'targetRatio',
  headroom: 'headroom',
  max_batch_enqueued_tokens: 'maxBatchEnqueuedTokens',
  quota_scope: 'quotaScope',
};
const chunkNames: Readonly<Record<string, 'maxRequests' | 'maxFileBytes'>> = {
  max_requests: 'maxRequests',
  max_file_bytes: 'maxFileBytes',
};
const breakerNames: Readonly<Record<string, 'failedBatchesMax'>> = {
  failed_batches_max: 'failedBatchesMax',
};
const fileNames = {
  delete_input_files: 'deleteInputFiles',
  files_expire_after_ms: 'filesExpireAfterMs',
  output_files_expire_after_ms: 'outputFilesExpireAfterMs',
} as const satisfies Readonly<Record<string, keyof ResumeOptions>>;
const priceNames: Readonly<Record<string, keyof TokenPrices>> = {
  input_usd_per_million: 'inputUsdPerMillion',
  cached_input_usd_per_million: 'cachedInputUsdPerMillion',
  output_usd_per_million: 'outputUsdPerMillion',
  as_of: 'asOf',
  source: 'source',
};

/** The changes as plain data for the owner's inbox. */
export const changesToInbox = (changes: ResumeChanges): JsonObject => ({
  ...renamed(changes, fileNames),
  ...othersToInbox(changes),
});

const othersToInbox = ({
  badRows,
  costUsdMax,
  assumeOutputTokens,
  canary,
  enqueueLimits,
  chunkPolicy,
  circuitBreaker,
  prices,
}: ResumeChanges): JsonObject => ({
  ...(badRows === undefined ? {} : { bad_rows: badRows }),
  ...(costUsdMax === undefined ? {} : { cost_usd_max: costUsdMax }),
  ...(assumeOutputTokens === undefined ? {} : { assume_output_tokens: assumeOutputTokens }),
  ...(canary === undefined
    ? {}
    : {
        canary:
          canary === null
            ? null
            : {
                items: canary.items,
                ...(canary.passRatioMin === undefined
                  ? {}
                  : { pass_ratio_min: canary.passRatioMin }),
              },
      }),
  ...(enqueueLimits === undefined ? {} : { enqueue_limits: renamed(enqueueLimits, limitNames) }),
  ...(chunkPolicy === undefined ? {} : { chunk_policy: renamed(chunkPolicy, chunkNames) }),
  ...(circuitBreaker === undefined
    ? {}
    : { circuit_breaker: renamed(circuitBreaker, breakerNames) }),
  ...(prices === undefined ? {} : { prices: renamed(prices, priceNames) }),
});

const renamed = (values: object, names: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(
    Object.entries(names).flatMap(([outside, inside]) => {
      const value = (values as Readonly<Record<string, JsonValue | undefined>>)[inside];
      return value === undefined ? [] : [[outside, value]];
    }),
  );

/** Null for data of the wrong shape. Ranges are checked when the changes are applied. */
export const changesFromInbox = (options: JsonObject): ResumeChanges | null => {
  const {
    bad_rows: badRows,
    cost_usd_max: costUsdMax,
    assume_output_tokens: assumed,
    canary,
    enqueue_limits: limits,
    chunk_policy: chunk,
    circuit_breaker: breaker,
    prices,
    delete_input_files: deleteInputFiles,
    files_expire_after_ms: filesExpireAfterMs,
    output_files_expire_after_ms: outputFilesExpireAfterMs,
    ...others
  } = options;
  if (Object.keys(others).length > 0) return null;
  if (badRows !== undefined && badRows !== 'fail' && badRows !== 'record') return null;
  if (!isNumberOrNull(costUsdMax) || !(assumed === undefined || typeof assumed === 'number'))
    return null;
  if (deleteInputFiles !== undefined && typeof deleteInputFiles !== 'boolean') return null;
  if (!isNumberOrAbsent(filesExpireAfterMs) || !isNumberOrAbsent(outputFilesExpireAfterMs))
    return null;
  const shown = canary === undefined || canary === null ? canary : canaryFrom(canary);
  const enqueueLimits = limits === undefined ? undefined : limitsFrom(limits);
  const known = prices === undefined ? undefined : pricesFrom(prices);
  const chunkPolicy = chunk === undefined ? undefined : numbersFrom(chunk, chunkNames);
  const circuitBreaker = breaker === undefined ? undefined : numbersFrom(breaker, breakerNames);
  if (
    shown === 'invalid' ||
    enqueueLimits === null ||
    known === null ||
    chunkPolicy === null ||
    circuitBreaker === null
  )
    return null;
  return {
    ...(badRows === undefined ? {} : { badRows }),
    ...(costUsdMax === undefined ? {} : { costUsdMax }),
    ...(assumed === undefined ? {} : { assumeOutputTokens: assumed }),
    ...(shown === undefined ? {} : { canary: shown }),
    ...(enqueueLimits === undefined ? {} : { enqueueLimits }),
    ...(chunkPolicy === undefined ? {} : { chunkPolicy }),
    ...(circuitBreaker === undefined ? {} : { circuitBreaker }),
    ...(known === undefined ? {} : { prices: known }),
    ...(deleteInputFiles === undefined ? {} : { deleteInputFiles }),
    ...(filesExpireAfterMs === undefined ? {} : { filesExpireAfterMs }),
    ...(outputFilesExpireAfterMs === undefined ? {} : { outputFilesExpireAfterMs }),
  };
};

const isNumberOrAbsent = (value: JsonValue | undefined): value is number | undefined =>
  value === undefined || typeof value === 'number';
const isNumberOrNull = (value: JsonValue | undefined): value is number | null | undefined =>
  value === undefined || value === null || typeof value === 'number';

const canaryFrom = (value: JsonValue): CanaryOptions | 'invalid' => {
  if (!isJsonObject(value)) return 'invalid';
  const { items, pass_ratio_min: passRatioMin, ...others } = value;
  if (typeof items !== 'number' || Object.keys(others).length > 0) return 'invalid';
  if (passRatioMin === undefined) return { items };
  return typeof passRatioMin === 'number' ? { items, passRatioMin } : 'invalid';
};

const limitsFrom = (value: JsonValue): EnqueueChanges | null => {
  if (!isJsonObject(value)) return null;
  const limits: Record<string, JsonValue> = {};
  for (const [outside, given] of Object.entries(value)) {
    const name = Object.hasOwn(limitNames, outside) ? limitNames[outside] : undefined;
    const isNullable = name !== 'targetRatio' && name !== 'headroom';
    const isRight = name === 'quotaScope' ? typeof given === 'string' : typeof given === 'number';
    if (given === undefined || name === undefined || !(isRight || (given === null && isNullable)))
      return null;
    limits[name] = given;
  }
  return limits as EnqueueChanges;
};

const numbersFrom = <Name extends string>(
  value: JsonValue,
  names: Readonly<Record<string, Name>>,
): Partial<Record<Name, number>> | null => {
  if (!isJsonObject(value)) return null;
  const numbers: Partial<Record<Name, number>> = {};
  for (const [outside, given] of Object.entries(value)) {
    const name = Object.hasOwn(names, outside) ? names[outside] : undefined;
    if (name === undefined || typeof given !== 'number') return null;
    numbers[name] = given;
  }
  return numbers;
};

const pricesFrom = (value: JsonValue): TokenPrices | null => {
  if (!isJsonObject(value) || Object.keys(value).some((key) => !Object.hasOwn(priceNames, key)))
    return null;
  const prices: Record<string, JsonValue> = {};
  for (const [outside, name] of Object.entries(priceNames)) {
    const given = value[outside];
    const isRight =
      name === 'asOf' || name === 'source'
        ? typeof given === 'string'
        : typeof given === 'number' && given >= 0;
    if (given === undefined || !isRight) return null;
    prices[name] = given;
  }
  return prices as unknown as TokenPrices;
};
