import type {
  BatchObservation,
  SweepReport,
  SweptBatch,
  UnconfirmedCreateQuery,
} from '../core/model/command.ts';
import type { NamedFiles } from '../core/model/batch.ts';
import type { BatchKey, ProviderBatchId, RunId } from '../core/values/ids.ts';
import type { FailureClass } from '../core/values/failure.ts';
import type { JsonObject, JsonValue } from '../core/json/json.ts';
import type { TokenPrices } from '../core/model/config.ts';
import type { ProviderLimits } from '../core/values/limits.ts';
import type { ServiceTraits } from '../core/values/service-traits.ts';
import type { ResultExtra } from '../core/settle/results.ts';
import type { TokenUsage } from '../core/values/usage.ts';
import type { StrictRules } from '../schema/strict-rules.ts';
import type { Port } from './port-error.ts';

/** What a prompt builder may return on every endpoint that takes text. */
export interface PromptParts {
  readonly prompt: string;
  readonly systemPrompt?: string;
}

export type { ServiceTraits } from '../core/values/service-traits.ts';

declare const promptType: unique symbol;
declare const outputType: unique symbol;
/**
 * Which model, at which endpoint, with which parameters. Data only: stored with the run and
 * compared on resume.
 */
export interface ProviderConfig<Prompt = never, Output = unknown> {
  readonly kind: string;
  readonly connection: string;
  readonly model: string;
  readonly endpoint: string;
  readonly completionWindow: string;
  /** The other body parameters, in the API's own spelling. */
  readonly params: JsonObject;
  readonly limits: ProviderLimits;
  /** What the service is like; absent: as OpenAI's (`openaiTraits`). Frozen with the run. */
  readonly traits?: ServiceTraits;
  /**
   * What the model's tokens cost, as far as the provider's adapter knows; null or absent: unknown.
   */
  readonly prices?: TokenPrices | null;
  /**
   * Output tokens that one request can be billed for at most, by its parameters; null or absent:
   * unbounded.
   */
  readonly outputTokensMax?: number | null;
  /** Answers that one request asks for, each as long as its bound; absent: one. */
  readonly answersPerRequest?: number;
  /** Rules for schemas of answers; null: no schemas; absent: unknown, schemas are not checked. */
  readonly schemaRules?: StrictRules | null;
  /** Pace and budgets that the job asks for; what is absent takes the house's default. */
  readonly operation: ProviderOperation;
  /** Types only; absent at run time. */
  readonly [promptType]?: (prompt: Prompt) => void;
  readonly [outputType]?: Output;
}

/** What a provider config may say of pace and budgets. None of it is compared on resume. */
export interface ProviderOperation {
  readonly pollIntervalMs?: number;
  readonly requestTimeoutMs?: number;
  readonly createGraceMs?: number;
  readonly filesExpireAfterMs?: number;
  readonly outputFilesExpireAfterMs?: number;
  readonly deleteInputFiles?: boolean;
  readonly enqueueLimits?: {
    readonly enqueuedTokenLimit?: number;
    readonly enqueuedRequestLimit?: number;
    readonly targetRatio?: number;
    readonly headroom?: number;
    readonly maxBatchEnqueuedTokens?: number;
    readonly quotaScope?: string;
  };
}

/** Does what effects ask; retries nothing that could be paid twice. */
export interface BatchProvider {
  /**
   * One cheap authenticated request. Fails for a wrong key or address, and for a service that
   * cannot list its batches, which unconfirmed creates need. `acceptsNoList`: the latter is not an
   * error.
   */
  check(options?: { readonly acceptsNoList?: boolean }): Port<void>;
  /**
   * Reads key and address, and sends nothing. Fails for one that is missing or cannot be used.
   * Absent: there is none.
   */
  ready?(): Port<void>;
  /**
   * The lines' total is `bytes` exactly. Uploading twice costs nothing, so this may be tried again.
   * Not asked of a service whose creates carry the request lines (`input: 'inline'`). Of one whose
   * batches are made empty (`input: 'container'`) it makes such a batch, which `inputFileId` then
   * names, and reads no line.
   */
  upload(input: {
    readonly batchKey: BatchKey;
    readonly createAttempt: number;
    readonly bytes: number;
    readonly lines: AsyncIterable<Uint8Array>;
    readonly expiresAfterMs: number | null;
  }): Port<{
    readonly inputFileId: string;
    /** When the provider deletes the file by itself, on our clock; null: it does not say. */
    readonly expiresAtMs: number | null;
  }>;
  /**
   * The newest batch in the provider's list, whosever it is; null: the list is empty. Asked just
   * before a create where the traits need it (`input: 'inline'`, or `correlates:
   * 'answers'`).
   */
  mark?(): Port<ProviderBatchId | null>;
  /** Never retried below this line. `unclear` unless it is certain that nothing was created. */
  create(input: {
    readonly batchKey: BatchKey;
    readonly createAttempt: number;
    /** Null where the create carries the request lines; the empty batch, where it adds to one. */
    readonly inputFileId: string | null;
    /** How many request lines the batch has, and how many bytes they are, newlines included. */
    readonly requests: number;
    readonly bytes: number;
    /**
     * The batch's request lines, for a create that carries or adds them: whole bytes of the stored
     * lines, stamped, in chunks that may end inside a line. Each call reads them from the
     * beginning, a chunk at a time. Iterating throws when a stored line cannot be read: pass the
     * error on, so that the request breaks off before its end.
     */
    readonly lines: () => AsyncIterable<Uint8Array>;
    readonly metadata: Readonly<Record<string, string>>;
    /**
     * When its output and error files expire, from when they are written; null or absent: by the
     * provider's own default.
     */
    readonly outputExpiresAfterMs?: number | null;
  }): Port<{ readonly providerBatchId: ProviderBatchId; readonly providerStatus: string }>;
  /**
   * Reads the provider's list for creates whose answer was lost. Reports whether this key can read
   * each one's input file, and every batch back to `sinceMs`, and to the creation of those files,
   * that has one of the keys or files. Reads files first. An incomplete list is an error: absence
   * counts as proof. `known`: existing batches, with those that intents name as the newest; the
   * report says which of them the list showed. Where only answers prove whose a batch is, the
   * report names the undecided ones, and of each that has ended the `custom_id` of one result line.
   */
  sweep(input: {
    readonly creates: readonly UnconfirmedCreateQuery[];
    readonly sinceMs: number;
    readonly runId: RunId;
    readonly known: readonly ProviderBatchId[];
  }): Port<SweepReport>;
  /**
   * True after: the file is gone, or no line can be added to the empty batch. `refused` where files
   * cannot be deleted.
   */
  deleteFile(fileId: string): Port<void>;
  /** One batch as in the provider's list; null when the provider does not know it. */
  identify(providerBatchId: ProviderBatchId): Port<SweptBatch | null>;
  /**
   * A batch that was created elsewhere, to be adopted; null when the provider does not know it.
   * Absent: batches of this service cannot be adopted.
   */
  describe?(providerBatchId: ProviderBatchId): Port<DescribedBatch | null>;
  /**
   * What the provider says of each; a batch that it does not know (yet) is left out, as is one that
   * carries another key, unless it was created elsewhere (`isAdopted`).
   */
  observe(
    batches: readonly {
      readonly batchKey: BatchKey;
      readonly providerBatchId: ProviderBatchId;
      /** How many request lines it was sent, where that is asked of a batch of the run's own. */
      readonly requests?: number;
      readonly isAdopted?: boolean;
    }[],
  ): Port<readonly BatchObservation[]>;
  /**
   * The bytes behind a handle that `observe` named as output or error file: a file's id, or what
   * else leads the adapter to its lines. `bytes` is the promised length where one is. Iterating
   * throws when the transfer is cut.
   */
  download(
    fileId: string,
  ): Port<{ readonly bytes: number | null; readonly chunks: AsyncIterable<Uint8Array> }>;
  /** True after: the provider was asked to cancel, or the batch is over anyway. */
  cancel(providerBatchId: ProviderBatchId): Port<void>;
}

/** A batch as the provider shows it. */
export interface DescribedBatch {
  readonly providerBatchId: ProviderBatchId;
  readonly providerStatus: string;
  /** Null: it names none. */
  readonly inputFileId: string | null;
  /** Its output and error files, as far as it names them. */
  readonly named: NamedFiles;
  /** Requests by its counts; null: it has none, or has not counted yet. */
  readonly requests: number | null;
}

/** A line of an input file that was written elsewhere. */
export interface PreparedRequest {
  readonly customId: string;
  /** In the adapter's own spelling. */
  readonly endpoint: string;
  readonly model: string;
  readonly body: JsonObject;
  /** The line itself: a number in it may have more digits than JavaScript's have. */
  readonly text: string;
}

/** What one line of a provider file says of its row. */
export type LineVerdict =
  | {
      readonly type: 'succeeded';
      readonly customId: string;
      readonly usage: TokenUsage | null;
      /** The text, where it was asked for. */
      readonly outputText?: string | null;
      /**
       * Texts that may each be the structured answer, the likeliest first, where there are several;
       * absent: `outputText` alone.
       */
      readonly texts?: readonly string[];
      /**
       * With the text asked for: the answer asks for calls. Where none of its texts is the
       * structured answer, a call is what it is.
       */
      readonly isCall?: true;
    }
  | {
      readonly type: 'failed';
      readonly customId: string;
      readonly failureClass: FailureClass;
      readonly usage: TokenUsage | null;
      /**
       * With the text asked for: texts beside a refusal. One that is the structured answer
       * completes the row all the same.
       */
      readonly texts?: readonly string[];
      /**
       * Of a truncated answer: what it names as its end is no output limit, so that a raised one
       * would buy nothing.
       */
      readonly stopsBeforeLimit?: true;
    }
  | { readonly type: 'malformed' };

/**
 * What one line holds for its reader; of a failed one, the text and the calls so far, and no
 * output.
 */
export interface LineContent {
  /**
   * The text as the model wrote it, several message items joined by a blank line; null where there
   * is none.
   */
  readonly outputText: string | null;
  /**
   * Texts that may each be the structured answer, the likeliest first, where there are several;
   * absent: `outputText` alone.
   */
  readonly texts?: readonly string[];
  /**
   * What the endpoint promises: text, a vector, flags; where an answer is more than text, its
   * content as the provider wrote it.
   */
  readonly output: JsonValue;
  /** Why the answer ended, in the provider's word; null or absent: it does not say. */
  readonly finishReason?: string | null;
  /** The calls that the answer asks for, as the provider wrote them; null or absent: none. */
  readonly toolCalls?: readonly JsonObject[] | null;
  readonly usage: TokenUsage | null;
  /** For a failure: what the provider says. */
  readonly error: { readonly message: string; readonly raw: JsonValue } | null;
  /** The whole body, where it was asked for; null: there is none. */
  readonly response?: JsonValue;
}

/**
 * The pure half of a provider: renders request lines, reads answer lines. Neither throws for bad
 * input.
 */
export interface ProviderWire {
  /** Prepared once per run, called once per item. */
  renderer(input: RenderInput): LineRenderer;
  /**
   * Reads a line of an input file that was written elsewhere, or says what is wrong with it, and
   * which field. Absent: such files cannot be read.
   */
  readonly readRequest?: (
    line: string,
  ) => PreparedRequest | { readonly field: string | null; readonly reason: string };
  /** Writes such a request as it is, under another `custom_id`. */
  readonly renderRequest?: (customId: string, request: PreparedRequest) => RenderedLine;
  /**
   * The lines, each as long as it was, with the bounds of their answers raised; absent: the lines
   * cannot be changed.
   */
  readonly raiseOutputTokens?: (lines: string, outputTokensMax: number) => string;
  /**
   * The lines, each as long as it was, with this stamp of batch and attempt in their `custom_id`s:
   * for a service whose batches can be told apart by nothing else. The run's ids then have a field
   * for it (`stampCustomIds` in the core fills it). Absent: ids carry neither.
   */
  readonly stampCustomIds?: (lines: string, stamp: string) => string;
  /**
   * For settlement: whose line, and what became of it; `wants`: with its text, to be judged by a
   * schema.
   */
  readVerdict(line: string, wants?: 'text'): LineVerdict;
  /** For results; `include`: with the whole body. */
  readContent(line: string, include?: ResultExtra): LineContent;
}
/** What a provider needs beside the prompt to render a request line. */
export interface RenderInput {
  readonly jsonSchema: JsonObject | null;
  readonly schemaName: string | null;
  /**
   * Lines are to be written so that `raiseOutputTokens` can raise their bounds as far as that;
   * null: never.
   */
  readonly raisedOutputTokensMax: number | null;
}
/**
 * Renders one request line, its newline included; answers a reason when the prompt cannot be one.
 */
export type LineRenderer = (
  customId: string,
  prompt: unknown,
) => RenderedLine | { readonly reason: string };

/** A request line as it is stored and sent, and what is known of its size. */
export interface RenderedLine {
  readonly line: string;
  /** Inputs in it, where a request may hold several (embeddings). Default 1. */
  readonly inputs?: number;
  /**
   * Set where the prompt itself says how long its answer may be, against what the job says; null:
   * unbounded.
   */
  readonly outputTokensMax?: number | null;
}

/** Credentials, clients and transport. Lives in memory only; nothing here is ever serialised. */
export interface ProviderConnection {
  /** The name stored with runs, by which a fresh process finds this connection again. */
  readonly name: string;
  readonly kind: string;
  connect(config: {
    readonly model: string;
    readonly endpoint: string;
    readonly completionWindow: string;
    readonly params: JsonObject;
    readonly requestTimeoutMs: number;
  }): BatchProvider & ProviderWire;
}
