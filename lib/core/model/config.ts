import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { PathReporter } from 'io-ts/lib/PathReporter.js';
import { type AdoptedBatch, AdoptedBatchType } from './adopted.ts';
import { closed, Json, laterOrNull, later, NonNegative, orNull } from '../json/codec-parts.ts';
import { type CustomIdFormat, isNonce } from '../values/custom-ids.ts';
import type { JsonObject } from '../json/json.ts';
import type { ProviderLimits } from '../values/limits.ts';
import { openaiTraits, type ServiceTraits, ServiceTraitsType } from '../values/service-traits.ts';

/** Exponential, with jitter taken from a hash of what waits, so that it is repeatable. */
export interface Backoff {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** How often a row is attempted, and how long rows and batches wait in between. */
export interface RetryPolicy {
  /** Charged attempts per item, the first included. */
  readonly attemptsMax: number;
  /** Attempts that the row did not cause (expired, missing, over capacity). */
  readonly unchargedAttemptsMax: number;
  readonly itemBackoff: Backoff;
  readonly batchBackoff: Backoff;
  /**
   * Output token limit from a row's second charged attempt on; a truncated answer gets that
   * attempt. Null: it fails.
   */
  readonly raisedOutputTokensMax: number | null;
}

/**
 * Limits of one batch: requests, bytes, prompt tokens (null: none), milliseconds of waiting for a
 * fuller one.
 */
export interface ChunkPolicy {
  readonly requestsMax: number;
  readonly inputBytesMax: number;
  readonly inputTokensMax: number | null;
  /** How long rows may wait for a fuller batch while the source still flows. */
  readonly planAfterMs: number;
}

/**
 * Limits of what stands in the provider's queue, of all runs of a scope together. Null: none is
 * configured; refusals still teach one.
 */
export interface EnqueueLimits {
  /** Prompt tokens that may be enqueued at the provider at once, by all runs of the scope. */
  readonly enqueuedTokenLimit: number | null;
  readonly enqueuedRequestLimit: number | null;
  /**
   * Effective budget: `min(limit × targetRatio, limit − headroom)` tokens, and `limit ×
   * targetRatio` requests.
   */
  readonly targetRatio: number;
  /** Tokens left free for others. */
  readonly headroom: number;
  readonly maxBatchEnqueuedTokens: number | null;
  /**
   * Runs of one store and one scope share one queue. Null: the connection and the model
   * (`quotaScopeOf`).
   */
  readonly quotaScope: string | null;
}

/** US dollars for a million tokens, as the batch API bills them: its discount is in them. */
export interface TokenPrices {
  readonly inputUsdPerMillion: number;
  readonly cachedInputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  /** ISO date of the day on which the price was read. */
  readonly asOf: string;
  /** Where. */
  readonly source: string;
}

/** What tokens cost, and how much may be spent. */
export interface MoneyPolicy {
  /** Null: unknown, which is not zero. */
  readonly prices: TokenPrices | null;
  /** Output tokens that one request can be billed for at most; null: unbounded. */
  readonly outputTokensMax: number | null;
  /**
   * The run pauses before what is spent and the worst case of what is enqueued would pass it. Needs
   * prices and a bound; null: no cap.
   */
  readonly costUsdMax: number | null;
}

/** A first batch of this many rows is sent alone; the rest follow when enough of them pass. */
export interface CanaryPolicy {
  readonly items: number;
  readonly passRatioMin: number;
}

/** When a run pauses by itself, before many rows fail. */
export interface CircuitBreakerPolicy {
  /** Pause after this many batches in a row fail validation as a whole. */
  readonly failedBatchesMax: number;
  /** Minimum success rate of each group of judged rows, 0 to 1; 0: no minimum. */
  readonly passRatioMin: number;
  readonly judgedRowsMin: number;
}

/** What may change on resume: pace, budgets, caps, policies. */
export interface Operation {
  readonly retry: RetryPolicy;
  readonly chunk: ChunkPolicy;
  readonly enqueue: EnqueueLimits;
  readonly money: MoneyPolicy;
  readonly canary: CanaryPolicy | null;
  readonly circuitBreaker: CircuitBreakerPolicy;
  /** Rows that cannot be items: pause ingestion, or record them as failed items. */
  readonly badRows: 'fail' | 'record';
  readonly persistRawOutput: boolean;
  readonly pollIntervalMs: number;
  readonly requestTimeoutMs: number;
  /**
   * How long batchor checks for a create whose answer was lost before it counts as never made.
   * Longer than a create can be under way and the provider's list can lag together: shorter, and
   * rows are paid for twice.
   */
  readonly createGraceMs: number;
  /**
   * Input files are deleted at the provider once their batch is settled or dropped; else they
   * expire.
   */
  readonly deletesInputFiles: boolean;
  /**
   * Rows read from now on whose request is the same as an earlier row's share that row's line and
   * its answer.
   */
  readonly sendsDuplicatesOnce: boolean;
  /**
   * Rows of adopted batches that failed in a way worth a retry, or were not answered, are sent
   * again, in batches of the run's own. False: they fail.
   */
  readonly retriesAdopted: boolean;
  /** When the provider deletes our input files by itself; null: its own default. */
  readonly filesExpireAfterMs: number | null;
  /**
   * The same of its output and error files, from when it writes them. What is not read by then is
   * gone.
   */
  readonly outputFilesExpireAfterMs: number | null;
}

/** The schema of the answers, as it is sent to the provider. */
export interface StructuredOutputConfig {
  readonly schemaName: string;
  readonly jsonSchema: JsonObject;
  /**
   * Where a fresh process finds the schema's own code: a module and what it exports. Not compared:
   * a moved module reads the same answers.
   */
  readonly schemaRef: SchemaRef | null;
}
/**
 * Where the schema of a run's answers is exported, so that another process can read them as values.
 */
export interface SchemaRef {
  /** `./` and a path below the project's folder, or a file URL, or a package. */
  readonly module: string;
  readonly export: string;
}

/**
 * Everything about a run that is stored and compared. What makes the prompts (source, provider,
 * schema, prompt) is frozen with the run; `operation` may change. Closed: a key it does not name is
 * refused, so no secret can ride along.
 */
export interface RunConfig {
  readonly jobName: string;
  readonly source: { readonly kind: string; readonly ref: string; readonly fingerprint: string };
  readonly provider: {
    readonly kind: string;
    readonly connection: string;
    readonly model: string;
    readonly endpoint: string;
    readonly completionWindow: string;
    /** The other body parameters. */
    readonly params: JsonObject;
  };
  /**
   * How prompts are made, where that is data (the CLI's templates); null where it is a function.
   */
  readonly prompt: JsonObject | null;
  /** The structure that answers are in; null: plain text. */
  readonly structuredOutput: StructuredOutputConfig | null;
  /**
   * The user's own pairs for the provider's batch metadata: at most 12 (`batchor_…` keys are ours).
   */
  readonly batchMetadata: Readonly<Record<string, string>>;
  /**
   * How the run's request lines are named. Null: as before runs had nonces, by `row-` and the
   * item's index.
   */
  readonly customIds: CustomIdFormat | null;
  /**
   * True where rows were only ever completed by whole answers with something in them. False or
   * absent: the run was begun by a release that took others, too.
   */
  readonly takesWholeAnswers?: boolean;
  /**
   * Batches that were created elsewhere, whose lines are the first items of the run, in this order.
   * Absent or empty: none.
   */
  readonly adopted?: readonly AdoptedBatch[];
  readonly limits: ProviderLimits;
  /** What the service is like. Absent: OpenAI's. Not compared: the run keeps what it began with. */
  readonly traits?: ServiceTraits;
  readonly operation: Operation;
}

const Nonce = new t.Type<string>(
  'Nonce',
  (u): u is string => typeof u === 'string' && isNonce(u),
  (u, c) => (typeof u === 'string' && isNonce(u) ? t.success(u) : t.failure(u, c)),
  t.identity,
);
const TokenPricesType: t.Type<TokenPrices, unknown> = closed('TokenPrices', {
  inputUsdPerMillion: NonNegative,
  cachedInputUsdPerMillion: NonNegative,
  outputUsdPerMillion: NonNegative,
  asOf: t.string,
  source: t.string,
});
const BackoffType: t.Type<Backoff, unknown> = closed('Backoff', {
  initialMs: NonNegative,
  factor: NonNegative,
  maxMs: NonNegative,
});
export const Operation: t.Type<Operation, unknown> = closed('Operation', {
  retry: closed('RetryPolicy', {
    attemptsMax: NonNegative,
    unchargedAttemptsMax: NonNegative,
    itemBackoff: BackoffType,
    batchBackoff: BackoffType,
    raisedOutputTokensMax: laterOrNull(NonNegative),
  }),
  chunk: closed('ChunkPolicy', {
    requestsMax: NonNegative,
    inputBytesMax: NonNegative,
    inputTokensMax: orNull(NonNegative),
    planAfterMs: NonNegative,
  }),
  enqueue: closed('EnqueueLimits', {
    enqueuedTokenLimit: orNull(NonNegative),
    enqueuedRequestLimit: orNull(NonNegative),
    targetRatio: NonNegative,
    headroom: NonNegative,
    maxBatchEnqueuedTokens: orNull(NonNegative),
    quotaScope: orNull(t.string),
  }),
  money: closed('MoneyPolicy', {
    prices: orNull(TokenPricesType),
    outputTokensMax: orNull(NonNegative),
    costUsdMax: orNull(NonNegative),
  }),
  canary: orNull(closed('CanaryPolicy', { items: NonNegative, passRatioMin: NonNegative })),
  circuitBreaker: closed('CircuitBreakerPolicy', {
    failedBatchesMax: NonNegative,
    passRatioMin: NonNegative,
    judgedRowsMin: NonNegative,
  }),
  badRows: t.keyof({ fail: null, record: null }),
  persistRawOutput: t.boolean,
  pollIntervalMs: NonNegative,
  requestTimeoutMs: NonNegative,
  createGraceMs: NonNegative,
  deletesInputFiles: t.boolean,
  sendsDuplicatesOnce: later(t.boolean, false),
  retriesAdopted: later(t.boolean, false),
  filesExpireAfterMs: orNull(NonNegative),
  outputFilesExpireAfterMs: later(orNull(NonNegative), null),
});
export const RunConfig: t.Type<RunConfig, unknown> = closed('RunConfig', {
  jobName: t.string,
  source: closed('Source', { kind: t.string, ref: t.string, fingerprint: t.string }),
  provider: closed('Provider', {
    kind: t.string,
    connection: t.string,
    model: t.string,
    endpoint: t.string,
    completionWindow: t.string,
    params: Json,
  }),
  prompt: orNull(Json),
  structuredOutput: orNull(
    closed('StructuredOutput', {
      schemaName: t.string,
      jsonSchema: Json,
      schemaRef: orNull(closed('SchemaRef', { module: t.string, export: t.string })),
    }),
  ),
  batchMetadata: t.record(t.string, t.string),
  customIds: laterOrNull(closed('CustomIdFormat', { nonce: Nonce, isStamped: t.boolean })),
  takesWholeAnswers: later(t.boolean, false),
  adopted: later(t.readonlyArray(AdoptedBatchType), []),
  limits: closed('ProviderLimits', {
    requestsMax: NonNegative,
    inputBytesMax: NonNegative,
    inputTokensMax: orNull(NonNegative),
    inputsMax: orNull(NonNegative),
    createsPerHourMax: orNull(NonNegative),
  }),
  traits: later(ServiceTraitsType, openaiTraits),
  operation: Operation,
}) as t.Type<RunConfig, unknown>;

/** Why this cannot be stored as a run's config, with the path of the field; null when it can. */
export const faultOfConfig = (config: unknown): string | null => {
  const decoded = RunConfig.decode(config);
  return isRight(decoded) ? null : (PathReporter.report(decoded)[0] ?? 'not a config');
};

/**
 * The operation of a job that names nothing: the provider's limits, 3 attempts, no budgets. A job
 * overrides what it names.
 */
export const defaultOperation = (limits: ProviderLimits): Operation => ({
  retry: {
    attemptsMax: 3,
    unchargedAttemptsMax: 5,
    itemBackoff: { initialMs: 1_000, factor: 2, maxMs: 600_000 },
    batchBackoff: { initialMs: 1_000, factor: 2, maxMs: 900_000 },
    raisedOutputTokensMax: null,
  },
  chunk: {
    requestsMax: limits.requestsMax,
    inputBytesMax: limits.inputBytesMax,
    inputTokensMax: limits.inputTokensMax,
    planAfterMs: 60_000,
  },
  enqueue: {
    enqueuedTokenLimit: null,
    enqueuedRequestLimit: null,
    targetRatio: 1,
    headroom: 0,
    maxBatchEnqueuedTokens: null,
    quotaScope: null,
  },
  money: { prices: null, outputTokensMax: null, costUsdMax: null },
  canary: null,
  circuitBreaker: { failedBatchesMax: 3, passRatioMin: 0.1, judgedRowsMin: 1_000 },
  badRows: 'fail',
  persistRawOutput: true,
  pollIntervalMs: 60_000,
  requestTimeoutMs: 60_000,
  createGraceMs: 600_000,
  deletesInputFiles: false,
  sendsDuplicatesOnce: false,
  retriesAdopted: false,
  filesExpireAfterMs: null,
  outputFilesExpireAfterMs: null,
});

const noLimits: ProviderLimits = {
  requestsMax: 0,
  inputBytesMax: 0,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};
/** The config of a run that is not created yet: whole, of no provider, with room for nothing. */
export const noConfig: RunConfig = {
  jobName: '',
  source: { kind: '', ref: '', fingerprint: '' },
  provider: {
    kind: '',
    connection: '',
    model: '',
    endpoint: '',
    completionWindow: '',
    params: {},
  },
  prompt: null,
  structuredOutput: null,
  batchMetadata: {},
  customIds: null,
  limits: noLimits,
  operation: defaultOperation(noLimits),
};
