import type { FailureClass } from '../values/failure.ts';
import type { JsonObject, JsonValue } from '../json/json.ts';
import type { TokenUsage } from '../values/usage.ts';

/**
 * Where an item came from. Kept in its stored, exported spelling because it is data inside user
 * metadata.
 */
export interface BatchorLineage {
  readonly source_ref: string;
  readonly source_item_index: number;
  readonly source_primary_key: string | null;
  readonly source_namespace: string | null;
}

interface ResultBase<Metadata extends JsonObject> {
  readonly itemId: string;
  /** The row's number in the run's input, from 0. */
  readonly itemIndex: number;
  /** Rises with every terminal result of the run, from 1; the cursor for incremental reading. */
  readonly sequence: number;
  /** Charged attempts, the last included. */
  readonly attemptCount: number;
  /** Attempts that the row did not cause. */
  readonly unchargedAttemptCount: number;
  readonly metadata: Metadata & { readonly batchor_lineage?: BatchorLineage };
  /**
   * The index of the earlier row whose request, and answer, this row shares; absent where it was
   * sent itself. Nothing was billed for it then.
   */
  readonly sharedWithIndex?: number;
  /** Null: the provider did not say. Never zero for that reason. */
  readonly usage: TokenUsage | null;
  /**
   * What the last attempt cost, in US dollars: `usage` at the run's prices. Null: usage or price is
   * not known. Never zero for that reason.
   */
  readonly costUsd: number | null;
  /**
   * The provider's id of the batch whose line the result is; null: no line of a batch speaks of the
   * row.
   */
  readonly batchId: string | null;
  /**
   * Seconds from the creation of that batch to its end: a batch has one latency, its rows have none
   * of their own. By the provider's times where it says both, else from the acknowledged create
   * until batchor saw the end. Null: not known.
   */
  readonly latencyS: number | null;
  /**
   * The text as the model wrote it; several message items are joined by a blank line. Null where
   * there is none.
   */
  readonly outputText: string | null;
  /**
   * The provider's finish reason, verbatim (`stop`, `tool_calls`, `completed`, …); null where it
   * gives none.
   */
  readonly finishReason: string | null;
  /** The calls that the answer asks for, as the provider wrote them; null where there are none. */
  readonly toolCalls: readonly JsonObject[] | null;
  /**
   * With `include: ['response']`: the provider's whole body; null where there is none, or the raw
   * file is not kept any more.
   */
  readonly response?: JsonValue;
}

/** What results hold only on request. */
export type ResultExtra = 'response';

/** The result of a row that was answered. */
export interface CompletedResult<
  Output = unknown,
  Metadata extends JsonObject = JsonObject,
> extends ResultBase<Metadata> {
  readonly status: 'completed';
  /**
   * What the job promised: the text, the decoded structure, an embedding; where an answer is more
   * than text, its content as the provider wrote it.
   */
  readonly output: Output;
}

/**
 * The result of a row that failed for good: its class, the provider's message, and whether another
 * run may succeed.
 */
export interface FailedResult<
  Metadata extends JsonObject = JsonObject,
> extends ResultBase<Metadata> {
  readonly status: 'failed_permanent';
  readonly error: {
    readonly errorClass: FailureClass;
    /**
     * The provider's code (`context_length_exceeded`, `400`), or the type of its error; null: it
     * gives none.
     */
    readonly errorCode: string | null;
    /** The provider's message where there is one, else what the class means. */
    readonly message: string;
    readonly retryable: boolean;
    readonly rawError: JsonValue;
  };
}

/**
 * Which results: all (the default), those of completed rows, those of failed ones, or those of some
 * failure classes.
 */
export type ResultSelection = 'all' | 'completed' | 'failed' | readonly FailureClass[];

/** What a terminal item became. */
export type ItemResult<Output = unknown, Metadata extends JsonObject = JsonObject> =
  CompletedResult<Output, Metadata> | FailedResult<Metadata>;

/** Which page of results to read. */
export interface ResultPageOptions {
  /** Results after this sequence; default 0, from the first. */
  readonly afterSequence?: number;
  /** Page size; default 1,000. */
  readonly limit?: number;
  /** `response`: each result with the provider's whole body. */
  readonly include?: readonly ResultExtra[];
  /**
   * The others are passed over: a page may then hold fewer results, also none, though there are
   * more.
   */
  readonly only?: ResultSelection;
}

/** One page of results, in order of their sequence. `nextAfterSequence` begins the next page. */
export interface ResultPage<Output = unknown, Metadata extends JsonObject = JsonObject> {
  readonly results: readonly ItemResult<Output, Metadata>[];
  readonly nextAfterSequence: number;
  readonly hasMore: boolean;
}
