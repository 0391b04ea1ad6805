import type { JsonObject } from '../../core/json/json.ts';
import type { ArtifactPolicy } from '../archive/artifacts.ts';
import type { ProviderConfig } from '../../ports/provider.ts';
import type { SchemaRef } from '../../core/model/config.ts';
import type { BatchItem, CheckpointedItemSource } from '../../ports/source.ts';
import type { OutputOf, StructuredOutput } from '../../schema/types.ts';
import type { FoundBatches } from '../sources/found-batches.ts';
import type { Items } from '../sources/observable-items.ts';

/** Attempts and backoff. Absent options have defaults. */
export interface RetryOptions {
  /** Charged attempts per item, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Attempts that the row did not cause (expired, missing, over capacity). Default 5. */
  readonly maxUnchargedAttempts?: number;
  /**
   * Output limit for retries of truncated answers, instead of the request's own limit, which must
   * exist. Also used for each charged attempt after the first. Default: a truncated answer fails.
   */
  readonly raiseOutputTokensTo?: number;
  readonly itemBackoff?: {
    readonly initialMs?: number;
    readonly factor?: number;
    readonly maxMs?: number;
  };
  readonly batchBackoff?: {
    readonly initialMs?: number;
    readonly factor?: number;
    readonly maxMs?: number;
  };
}
/**
 * Limits of one batch: requests, bytes of its input file, prompt tokens, and how long rows wait for
 * a fuller one. A limit above the provider's is refused (`invalid_config`).
 */
export interface ChunkOptions {
  /** Default and maximum: the provider's own limit. */
  readonly maxRequests?: number;
  readonly maxFileBytes?: number;
  readonly maxInputTokens?: number;
  /**
   * Milliseconds that rows wait for a fuller batch while the source is being read. Default 60,000.
   */
  readonly planAfterMs?: number;
}

/** Conditional, so that the compiler knows the prompt type when it checks the function's return. */
export type BuildPrompt<Payload, Metadata extends JsonObject, Provider> =
  Provider extends ProviderConfig<infer Prompt, unknown>
    ? (item: BatchItem<Payload, Metadata>) => Prompt | Promise<Prompt>
    : never;

// The widest provider config. Its prompt type is only consumed, so `never` accepts any.
export type AnyProviderConfig = ProviderConfig<never, unknown>;

/** Spending limits. */
export interface BudgetOptions {
  /**
   * The run pauses (`budget_exhausted`) before spent and reserved cost would exceed it. Dollars.
   */
  readonly costUsdMax?: number;
  /** Assumed maximum of output tokens per answer, if the request has no limit. */
  readonly assumeOutputTokens?: number;
}
/** Sends this many rows first, and the others only if enough of them succeed. */
export interface CanaryOptions {
  readonly items: number;
  /** Default 0.9. */
  readonly passRatioMin?: number;
}
/** When a run pauses by itself (`circuit_open`). */
export interface CircuitBreakerOptions {
  /** Consecutive batches that fail validation. Default 3. */
  readonly failedBatchesMax?: number;
  /** Minimum success rate over each `judgedRowsMin` rows. Default 0.1; 0: none. */
  readonly passRatioMin?: number;
  /** Default 1,000. */
  readonly judgedRowsMin?: number;
}

/** When one answer may serve several rows. */
export interface ReuseOptions {
  /**
   * For rows with equal rendered requests (`custom_id` apart). `send_once`: sends the first one;
   * its result is the result of all. The others cost nothing. Several samples of one prompt then
   * become one sample. Default `send_each`.
   */
  readonly duplicates?: 'send_each' | 'send_once';
}

export interface JobBody<Payload, Metadata extends JsonObject, Schema, Provider> {
  /** Shown in listings. Default `job`. */
  readonly name?: string;
  /** Called once per item, when it is read. The result is stored as the request line. */
  readonly buildPrompt: BuildPrompt<Payload, Metadata, Provider>;
  readonly providerConfig: Provider;
  /**
   * Schema of the answers: an io-ts codec, a Standard Schema with a JSON Schema (Zod, ArkType,
   * Valibot through `toStandardJsonSchema`), or a JSON Schema in the strict subset. Checked against
   * the provider's rules before batchor sends anything.
   */
  readonly structuredOutput?: Schema;
  /** Schema name for the provider. Default: the schema's own name, else `output`. */
  readonly schemaName?: string;
  /**
   * Module of the schema, for other processes; importing it must not run your program. Without it,
   * other processes read answers by the stored JSON Schema.
   */
  readonly schemaRef?: SchemaRef;
  readonly retryPolicy?: RetryOptions;
  readonly chunkPolicy?: ChunkOptions;
  readonly budget?: BudgetOptions;
  readonly canary?: CanaryOptions;
  readonly circuitBreaker?: CircuitBreakerOptions;
  readonly reusePolicy?: ReuseOptions;
  /**
   * Invalid rows. `fail` (default): pause at the first. `record`: a failed item (`invalid_row`)
   * each.
   */
  readonly badRows?: 'fail' | 'record';
  /** Which of the provider's files are kept. Default: all. */
  readonly artifactPolicy?: ArtifactPolicy;
  /**
   * Up to 12 pairs for the provider's batch metadata. Keys starting with `batchor_` are reserved.
   */
  readonly batchMetadata?: Readonly<Record<string, string>>;
  /** How prompts are made, as data. Stored, and compared on resume. */
  readonly promptDescription?: JsonObject;
}

/** A job of existing batches: their requests are its items, their answers its results. */
export interface AdoptingJob<Schema, Provider> extends Omit<
  JobBody<unknown, JsonObject, Schema, Provider>,
  'buildPrompt' | 'canary' | 'reusePolicy' | 'badRows' | 'promptDescription'
> {
  /** The result of `findBatches`. Model and endpoint must equal those of the provider config. */
  readonly fromBatches: FoundBatches;
  /**
   * Sends retryable failures and unanswered rows again, in new batches. Default: false, such rows
   * fail; retry them in a new run with `run.source()`.
   */
  readonly retryAdopted?: boolean;
}

/** `items` are lost if the process ends while they are read. A `source` can be read again. */
export type JobInput<Payload, Metadata extends JsonObject> =
  | { readonly items: Items<BatchItem<Payload, Metadata>>; readonly source?: never }
  | { readonly source: CheckpointedItemSource<Payload, Metadata>; readonly items?: never };

// `any`: type parameters that a caller does not constrain.
/** What to run: data and functions. */
export type BatchJob<
  Payload = any,
  Metadata extends JsonObject = any,
  Schema extends StructuredOutput | undefined = any,
  Provider extends AnyProviderConfig = any,
> = JobBody<Payload, Metadata, Schema, Provider> & JobInput<Payload, Metadata>;

/** The type of a job's items, as `buildPrompt` receives them. */
export type JobPayload<Job> = Job extends JobBody<infer Payload, any, any, any> ? Payload : never;
/** The type of the metadata of a job's items, as results carry it. */
export type JobMetadata<Job> = Job extends JobInput<any, infer Metadata> ? Metadata : JsonObject;
/** The type of a completed result's `output`: the schema's, else the endpoint's. */
export type JobOutput<Job> = Job extends { readonly providerConfig: infer Provider }
  ? Job extends { readonly structuredOutput?: infer Schema }
    ? JobResult<Schema, Provider>
    : JobResult<undefined, Provider>
  : unknown;
export type JobResult<Schema, Provider> =
  | (undefined extends Schema
      ? Provider extends ProviderConfig<never, infer Output>
        ? Output
        : unknown
      : never)
  | ([Exclude<Schema, undefined>] extends [never] ? never : OutputOf<Exclude<Schema, undefined>>);

/** A job without its type parameters. */
export interface AnyJob extends Omit<
  JobBody<unknown, JsonObject, StructuredOutput | undefined, AnyProviderConfig>,
  'buildPrompt'
> {
  readonly buildPrompt: (item: never) => unknown;
  readonly items?: Items<BatchItem<unknown, JsonObject>>;
  readonly source?: CheckpointedItemSource<unknown, JsonObject>;
  readonly fromBatches?: FoundBatches;
  readonly retryAdopted?: boolean;
}

/** Returns the job unchanged, with inferred types. */
export const defineJob = <
  Payload,
  Provider extends AnyProviderConfig,
  Metadata extends JsonObject = JsonObject,
  const Schema extends StructuredOutput | undefined = undefined,
>(
  job: BatchJob<Payload, Metadata, Schema, Provider>,
): BatchJob<Payload, Metadata, Schema, Provider> => job;
