import type { JsonObject } from '../../core/json/json.ts';
import type { ArtifactPolicy } from '../archive/artifacts.ts';
import type { ProviderConfig } from '../../ports/provider.ts';
import type { SchemaRef } from '../../core/model/config.ts';
import type { BatchItem, CheckpointedItemSource } from '../../ports/source.ts';
import type { OutputOf, StructuredOutput } from '../../schema/types.ts';
import type { FoundBatches } from '../sources/found-batches.ts';
import type { Items } from '../sources/observable-items.ts';

/** Charged attempts, ceilings and waits; what is absent takes the default. */
export interface RetryOptions {
  /** Charged attempts per item, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Attempts that the row did not cause (expired, missing, over capacity). Default 5. */
  readonly maxUnchargedAttempts?: number;
  /**
   * A truncated answer is asked for once more, with this output limit instead of the request's own: the request has to have one. So is
   * each charged attempt after the first. Default: a truncated answer fails.
   */
  readonly raiseOutputTokensTo?: number;
  readonly itemBackoff?: { readonly initialMs?: number; readonly factor?: number; readonly maxMs?: number };
  readonly batchBackoff?: { readonly initialMs?: number; readonly factor?: number; readonly maxMs?: number };
}
export interface ChunkOptions {
  /** At most the provider's own limit, which is the default. */
  readonly maxRequests?: number;
  readonly maxFileBytes?: number;
  readonly maxInputTokens?: number;
  /** How long rows may wait for a fuller batch while the source still flows. Default 60,000. */
  readonly planAfterMs?: number;
}

/** A conditional type on purpose: only so does the compiler know the provider's prompt type while it reads the function's return. */
export type BuildPrompt<Payload, Metadata extends JsonObject, Provider> =
  Provider extends ProviderConfig<infer Prompt, unknown> ? (item: BatchItem<Payload, Metadata>) => Prompt | Promise<Prompt> : never;

// The widest provider config: its prompt type is only ever consumed, so `never` takes any.
export type AnyProviderConfig = ProviderConfig<never, unknown>;

/** How much may be spent. */
export interface BudgetOptions {
  /** The run pauses (`budget_exhausted`) before what is spent and the worst case of what is enqueued would pass it. */
  readonly costUsdMax?: number;
  /** Output tokens of one answer at most, where the request does not bound them. */
  readonly assumeOutputTokens?: number;
}
/** So many rows are sent alone first; the others only when enough of them pass. */
export interface CanaryOptions {
  readonly items: number;
  /** Default 0.9. */
  readonly passRatioMin?: number;
}
/** When a run pauses by itself (`circuit_open`) before it burns its input. */
export interface CircuitBreakerOptions {
  /** Batches in a row that fail validation. Default 3. */
  readonly failedBatchesMax?: number;
  /** Of each `judgedRowsMin` judged rows at least this share has to pass. Default 0.1; 0: no floor. */
  readonly passRatioMin?: number;
  /** Default 1,000. */
  readonly judgedRowsMin?: number;
}

/** When one answer may serve several rows. */
export interface ReuseOptions {
  /**
   * Rows of a run whose rendered requests are the same, `custom_id` apart. `send_once`: the first is sent, and its answer, or its failure, is
   * the result of all; for them nothing is sent or billed. Samples of one prompt at a temperature above zero are then one sample.
   * Default `send_each`.
   */
  readonly duplicates?: 'send_each' | 'send_once';
}

export interface JobBody<Payload, Metadata extends JsonObject, Schema, Provider> {
  /** Shown in listings. Default `job`. */
  readonly name?: string;
  /** Called once per item, at ingestion; its result is stored as the request line and never asked for again. */
  readonly buildPrompt: BuildPrompt<Payload, Metadata, Provider>;
  readonly providerConfig: Provider;
  /**
   * What answers are promised in: an io-ts codec, a Standard Schema that can say its JSON Schema (Zod, ArkType, Valibot through
   * `toStandardJsonSchema`), or a JSON Schema in the strict subset. Checked by the provider's rules before anything is sent.
   */
  readonly structuredOutput?: Schema;
  /** The name under which the provider is shown the schema. Default the schema's own, else `output`. */
  readonly schemaName?: string;
  /** Lets a fresh process import the very schema, so it must not run your program; without it answers are read by the JSON Schema stored with the run. */
  readonly schemaRef?: SchemaRef;
  readonly retryPolicy?: RetryOptions;
  readonly chunkPolicy?: ChunkOptions;
  readonly budget?: BudgetOptions;
  readonly canary?: CanaryOptions;
  readonly circuitBreaker?: CircuitBreakerOptions;
  readonly reusePolicy?: ReuseOptions;
  /** Rows that cannot be items: `fail` (default) pauses ingestion at the first, `record` makes each a failed item of class `invalid_row`. */
  readonly badRows?: 'fail' | 'record';
  /** What is kept of what the provider gives. Default everything. */
  readonly artifactPolicy?: ArtifactPolicy;
  /** At most 12 pairs for the provider's batch metadata (`batchor_…` keys are ours). */
  readonly batchMetadata?: Readonly<Record<string, string>>;
  /** How prompts are made, where that is data: stored and compared on resume. */
  readonly promptDescription?: JsonObject;
}

/** A run of batches that were created elsewhere: their requests are its items, and their answers its results. */
export interface AdoptingJob<Schema, Provider> extends Omit<
  JobBody<unknown, JsonObject, Schema, Provider>,
  'buildPrompt' | 'canary' | 'reusePolicy' | 'badRows' | 'promptDescription'
> {
  /** What `findBatches` found; its model and endpoint are those of the provider config. */
  readonly fromBatches: FoundBatches;
  /**
   * Rows that failed in a way worth a retry, or were not answered, are sent again, in batches of the run's own. Default: nothing is sent, and such rows fail:
   * `run.source()` asks them again as a run of their own.
   */
  readonly retryAdopted?: boolean;
}

/** Items die with the process while ingestion lasts; a source can be read again. */
export type JobInput<Payload, Metadata extends JsonObject> =
  | { readonly items: Items<BatchItem<Payload, Metadata>>; readonly source?: never }
  | { readonly source: CheckpointedItemSource<Payload, Metadata>; readonly items?: never };

// What nobody asks about a job may be anything.
/** What to run: data plus functions. */
export type BatchJob<
  Payload = any,
  Metadata extends JsonObject = any,
  Schema extends StructuredOutput | undefined = any,
  Provider extends AnyProviderConfig = any,
> = JobBody<Payload, Metadata, Schema, Provider> & JobInput<Payload, Metadata>;

export type JobPayload<Job> = Job extends JobBody<infer Payload, any, any, any> ? Payload : never;
export type JobMetadata<Job> = Job extends JobInput<any, infer Metadata> ? Metadata : JsonObject;
/** What a completed result's `output` is: what the schema says, else what the endpoint promises. */
export type JobOutput<Job> = Job extends { readonly providerConfig: infer Provider }
  ? Job extends { readonly structuredOutput?: infer Schema }
    ? JobResult<Schema, Provider>
    : JobResult<undefined, Provider>
  : unknown;
export type JobResult<Schema, Provider> =
  | (undefined extends Schema ? (Provider extends ProviderConfig<never, infer Output> ? Output : unknown) : never)
  | ([Exclude<Schema, undefined>] extends [never] ? never : OutputOf<Exclude<Schema, undefined>>);

/** A job whose types nobody needs any more. */
export interface AnyJob extends Omit<JobBody<unknown, JsonObject, StructuredOutput | undefined, AnyProviderConfig>, 'buildPrompt'> {
  readonly buildPrompt: (item: never) => unknown;
  readonly items?: Items<BatchItem<unknown, JsonObject>>;
  readonly source?: CheckpointedItemSource<unknown, JsonObject>;
  readonly fromBatches?: FoundBatches;
  readonly retryAdopted?: boolean;
}

/** The job itself, unchanged; only the types are inferred and kept. */
export const defineJob = <
  Payload,
  Provider extends AnyProviderConfig,
  Metadata extends JsonObject = JsonObject,
  const Schema extends StructuredOutput | undefined = undefined,
>(
  job: BatchJob<Payload, Metadata, Schema, Provider>,
): BatchJob<Payload, Metadata, Schema, Provider> => job;
