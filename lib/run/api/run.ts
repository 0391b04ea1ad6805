import type { Observable } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type {
  ItemResult,
  ResultExtra,
  ResultPage,
  ResultPageOptions,
  ResultSelection,
} from '../../core/settle/results.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import type {
  ControlReason,
  RunControlState,
  RunSnapshot,
  RunStatus,
} from '../../core/model/snapshot.ts';
import type { CheckpointedItemSource } from '../../ports/source.ts';
import type { TableFormat, TableStream } from '../../ports/table.ts';
import type { ArtifactExport, ArtifactPruning, PruneOptions } from '../archive/artifacts.ts';
import type { Inspection } from '../audit/inspection.ts';
import type { RunReport } from '../view/report.ts';
import type { ResumeOptions } from '../control/resume-changes.ts';
import type { EarlierItem, RunSourceOptions } from '../sources/run-source.ts';
import type { RunStructure } from '../job/structures.ts';
import type { RunSummary } from '../view/summary.ts';
import type { Verification, VerifyOptions } from '../audit/verification.ts';

/** How far a cancel reaches. */
export interface CancelOptions {
  /** Also cancels adopted batches at the provider. Default false. */
  readonly cancelAdopted?: boolean;
}

/**
 * How long `wait` waits, in milliseconds; no `timeoutMs`: without end. Aborting `signal` stops the
 * waiting, never the run.
 */
export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** A paused run does not finish by itself. Default `'reject'`, with code `run_paused`. */
  readonly onPaused?: 'reject' | 'wait';
}

/**
 * What happened to a batch, as an operator reports it.
 * - `{ exists }`: the provider has it under this id. Checked against its metadata.
 * - `never_created`: it was not created. batchor deletes its input file and sends it again.
 * - `results_lost`: its answers are lost. Rows without an answer are sent, and billed, again.
 * - `read_again`: downloads its files again from the start.
 * - `take_files`: settles the files that it names now, although it has not ended.
 * - `give_up`: stops waiting for it.
 * - `retry`: checks again.
 *
 * `take_files` and `give_up` cancel it at the provider. Rows without an answer are sent again, and
 * may be billed twice.
 */
export type BatchWord =
  | { readonly exists: string }
  | 'never_created'
  | 'results_lost'
  | 'read_again'
  | 'take_files'
  | 'give_up'
  | 'retry';

/** All terminal results, pulled page by page. Memory: one page. */
export interface ResultStream<Output, Metadata extends JsonObject> extends AsyncIterable<
  ItemResult<Output, Metadata>
> {
  toArray(): Promise<ItemResult<Output, Metadata>[]>;
}

/** Which results `results` yields, from which sequence, in which order, and how much of each. */
export interface ResultsOptions {
  readonly afterSequence?: number;
  /**
   * Yields results as they end, until the run finishes, instead of rejecting with
   * `run_not_finished`. Drives nothing. Rejects as `wait` does, after the last result so far, once
   * the run needs you: `run_paused`, `batch_unresolved`, `source_required`.
   */
  readonly follow?: boolean;
  /** With `follow`: `'wait'` keeps waiting while the run is paused. Default `'reject'`. */
  readonly onPaused?: 'reject' | 'wait';
  /** `'sequence'` (default): in order of completion; `'input'`: in item order. */
  readonly order?: 'sequence' | 'input';
  /** `response`: adds the provider's whole body to each result, while raw files are kept. */
  readonly include?: readonly ResultExtra[];
  readonly only?: ResultSelection;
  readonly signal?: AbortSignal;
}

/** A page of results as JSON lines, snake_case. */
export interface ResultText {
  readonly text: string;
  /** Number of lines. */
  readonly count: number;
}

/** The same, and where the next page begins. */
export interface ResultTextPage extends ResultText {
  readonly nextAfterSequence: number;
  readonly hasMore: boolean;
}

/** Selects the results of a table: those so far, unless in input order. */
export interface TableOptions {
  /**
   * `'sequence'` (default): results so far, in order of completion. `'input'`: item order, finished
   * runs.
   */
  readonly order?: 'sequence' | 'input';
  /** Results after this sequence; not in input order. */
  readonly afterSequence?: number;
  /** Maximum number of results read. Not in input order. With `only`, counts before selecting. */
  readonly limit?: number;
  readonly only?: ResultSelection;
  /** Columns, in this order; absent: all. Rejects with `invalid_config` for an unknown one. */
  readonly columns?: readonly string[];
  /**
   * `response`: adds a column, or key, with the provider's whole body, while raw files are kept.
   */
  readonly include?: readonly ResultExtra[];
  readonly signal?: AbortSignal;
}

/** Which results an export writes, and in which format. */
export interface ExportOptions extends TableOptions {
  /** Table format. Absent: JSON lines of whole results, or of flat objects with `columns`. */
  readonly format?: TableFormat;
  /** Appends JSON lines to the file. */
  readonly append?: boolean;
}

/** What an export wrote: the file, the number of rows, and where the next one continues. */
export interface ResultExport {
  readonly path: string;
  readonly exportedCount: number;
  readonly nextAfterSequence: number;
  readonly hasMore: boolean;
}

/**
 * A handle of a durable run. Properties and synchronous methods return the last known state.
 * Methods that use disk or network return a promise.
 */
export interface Run<
  Output = unknown,
  Metadata extends JsonObject = JsonObject,
> extends AsyncDisposable {
  readonly runId: string;
  readonly status: RunStatus;
  readonly controlState: RunControlState;
  readonly controlReason: ControlReason | null;
  readonly isFinished: boolean;
  /** True while this process drives it. */
  readonly isDrivenHere: boolean;
  summary(): RunSummary;
  snapshot(): RunSnapshot;
  /** The job description stored with the run, or null. */
  readonly description: JsonObject | null;
  /** Reads the newest state. */
  refresh(): Promise<RunSummary>;
  /**
   * Drives in the background. Rejects with `run_owned_elsewhere` while another process owns the
   * run.
   */
  drive(): Promise<void>;
  /**
   * Waits until the run finishes or needs you. Drives it, or follows the process that drives it.
   * Aborting ends the wait, not the run.
   */
  wait(options?: WaitOptions): Promise<RunSummary>;
  pause(): Promise<RunSummary>;
  /**
   * Resumes a paused run with changed settings. A run that is not paused takes over the settings.
   * Rejects with `price_unknown` or `invalid_config` and changes nothing, for a cap that batchor
   * cannot enforce and for invalid values.
   */
  resume(options?: ResumeOptions): Promise<RunSummary>;
  /**
   * Rejects with `adopted_batches_in_progress`, and changes nothing, if it would cancel adopted
   * batches without `cancelAdopted`.
   */
  cancel(options?: CancelOptions): Promise<RunSummary>;
  /**
   * Tells batchor what happened to a batch that is `held`, or whose create got no answer. Rejects
   * with `batch_not_resolved` if that contradicts the batch's state. The run continues if it waited
   * for nothing else.
   */
  resolve(batchKey: string, statement: BatchWord): Promise<RunSummary>;
  /**
   * How this process reads structured answers; null for plain text. Loads the schema's module, if
   * any.
   */
  structure(): Promise<RunStructure | null>;
  /** All terminal results. Rejects with `run_not_finished` unless `follow`. */
  results(options?: ResultsOptions): ResultStream<Output, Metadata>;
  /**
   * All terminal results in item order, as JSON lines: the fastest way to a file. Rejects with
   * `run_not_finished`.
   */
  resultText(
    options?: Pick<ResultsOptions, 'include' | 'only' | 'signal'>,
  ): AsyncIterable<ResultText>;
  readTerminalResults(options?: ResultPageOptions): Promise<ResultPage<Output, Metadata>>;
  /** The same page as JSON lines. Structured outputs stay as the model wrote them. */
  readTerminalResultText(options?: ResultPageOptions): Promise<ResultTextPage>;
  /**
   * Writes JSON lines (snake_case) or a table. Writes the whole file or nothing, unless `append`.
   */
  exportTerminalResults(path: string, options?: ExportOptions): Promise<ResultExport>;
  /**
   * Exports a finished run to a new or empty folder: the provider's files (`raw/`), `results.jsonl`
   * in input order, and last `manifest.json` with the size and SHA-256 of each. The folder gets its
   * name once it is complete. Rejects with `run_not_finished`.
   */
  exportArtifacts(
    destinationDir: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ArtifactExport>;
  /**
   * Removes request lines of a finished run, and with `raw` the provider's files. Results stay
   * readable, byte for byte. Rejects with `artifacts_not_exported` if the raw files were never
   * exported. The next call completes an interrupted one.
   */
  pruneArtifacts(options?: PruneOptions): Promise<ArtifactPruning>;
  /**
   * Results as columns, page by page. Each row has id, status, attempts, error, text, tokens, cost,
   * batch, latency and lineage. Each field of the schema is a column `output.<field>`. Each
   * metadata key of the first thousand rows is a column `metadata.<key>`. Whole output and metadata
   * are JSON. Outputs stay as the model wrote them.
   */
  table(options?: TableOptions): Promise<TableStream>;
  /**
   * Counts by failure class and attempts, tokens, money, and the slowest batches. Reads no result
   * line.
   */
  report(options?: { readonly signal?: AbortSignal }): Promise<RunReport>;
  /**
   * Rows of this run as the source of another one, e.g. its failures:
   * `buildPrompt: ({ payload }) => ({ body: payload.body })` sends the same request again, in a job
   * with the same endpoint. The run must be finished. Keep this handle while the new run reads.
   */
  source(options?: RunSourceOptions): CheckpointedItemSource<EarlierItem, JsonObject>;
  /**
   * Verifies from rows and artifacts that no row was lost or counted twice. Reports the first
   * broken law and its row. Also works on a run in progress. Changes nothing; needs no key and no
   * network.
   */
  verify(options?: VerifyOptions): Promise<Verification>;
  /**
   * The history of one item: its batches, their lines, its outcome. Rejects with `item_not_found`.
   */
  inspect(itemId: string): Promise<Inspection>;
  /**
   * Stored events after a sequence, then live ones. Completes when the run finishes. Cold: each
   * subscriber gets all of them.
   */
  events$(options?: { readonly afterSequence?: number }): Observable<RunEvent>;
  events(options?: {
    readonly afterSequence?: number;
    readonly signal?: AbortSignal;
  }): AsyncIterable<RunEvent>;
  /** The latest summary, then every change; completes when the run finishes. */
  readonly summary$: Observable<RunSummary>;
  /**
   * Pages of results as they end. Completes when the run finishes. Fails as `wait` does once the
   * run needs you. For large runs use `results()`.
   */
  readonly results$: Observable<readonly ItemResult<Output, Metadata>[]>;
  /** Ends this handle's subscriptions. The run continues. */
  [Symbol.asyncDispose](): Promise<void>;
}
