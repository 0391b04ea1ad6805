import type { Observable } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type { ItemResult, ResultExtra, ResultPage, ResultPageOptions, ResultSelection } from '../../core/settle/results.ts';
import type { RunEvent } from '../../core/machine/run-event.ts';
import type { ControlReason, RunControlState, RunSnapshot, RunStatus } from '../../core/model/snapshot.ts';
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

export interface CancelOptions {
  /** Batches that were created elsewhere are cancelled at the provider, too. Default false. */
  readonly cancelAdopted?: boolean;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** A paused run will not finish by itself. Default `'reject'`, with code `run_paused`. */
  readonly onPaused?: 'reject' | 'wait';
}

/**
 * `{ exists }`: the provider has it, under this id; checked against its metadata. `never_created`: nobody ever made it; its input file is
 * deleted, and it is sent again. `results_lost`: what it answered is gone; rows without an answer go again, and are paid for again.
 * `read_again`: its files are downloaded again, from their beginning. `take_files`: settle what the files hold that it names by now, though it is
 * not over; `give_up`: do not wait for it. Both cancel it at the provider, and rows without an answer go again, and may be paid for twice.
 * `retry`: look again.
 */
export type BatchWord = { readonly exists: string } | 'never_created' | 'results_lost' | 'read_again' | 'take_files' | 'give_up' | 'retry';

/** All terminal results, pulled page by page; nothing is held. */
export interface ResultStream<Output, Metadata extends JsonObject> extends AsyncIterable<ItemResult<Output, Metadata>> {
  toArray(): Promise<ItemResult<Output, Metadata>[]>;
}

export interface ResultsOptions {
  readonly afterSequence?: number;
  /** Wait for more until the run finishes, instead of rejecting with `run_not_finished`. */
  readonly follow?: boolean;
  /** `'sequence'` (default): as they ended; `'input'`: in item order. */
  readonly order?: 'sequence' | 'input';
  /** `response`: each result with the provider's whole body, while raw files are kept. */
  readonly include?: readonly ResultExtra[];
  readonly only?: ResultSelection;
  readonly signal?: AbortSignal;
}

/** A page of results as JSON lines, snake_case. */
export interface ResultText {
  readonly text: string;
  /** Lines in it. */
  readonly count: number;
}

/** The same, and where the next page begins. */
export interface ResultTextPage extends ResultText {
  readonly nextAfterSequence: number;
  readonly hasMore: boolean;
}

/** Which results a table has; what has ended so far, unless it is in input order. */
export interface TableOptions {
  /** `'sequence'` (default): as they ended, what there is now. `'input'`: in item order, of a run that is finished. */
  readonly order?: 'sequence' | 'input';
  /** Results after this sequence; not in input order. */
  readonly afterSequence?: number;
  /** At most so many; not in input order. With `only`: looks at so many. */
  readonly limit?: number;
  readonly only?: ResultSelection;
  /** These columns, in this order; absent: all. Rejects with `invalid_config` for one that the run does not have. */
  readonly columns?: readonly string[];
  /**
   * Results by id: a page of the table for each page of ids, a row for each id, in their order. A row of nulls where the run has no such item, or it has
   * not ended. Not with `order`, `afterSequence`, `limit` and `only`.
   */
  readonly itemIds?: AsyncIterable<readonly string[]>;
  /** `response`: a column, or a key of each line, with the provider's whole body, while raw files are kept. */
  readonly include?: readonly ResultExtra[];
  readonly signal?: AbortSignal;
}

export interface ExportOptions extends TableOptions {
  /** A table in this format; absent: JSON lines, of whole results, or, with `columns`, of flat objects. */
  readonly format?: TableFormat;
  /** JSON lines behind what the file holds. */
  readonly append?: boolean;
}

export interface ResultExport {
  readonly path: string;
  readonly exportedCount: number;
  readonly nextAfterSequence: number;
  readonly hasMore: boolean;
}

/** A durable handle. Properties and sync methods say what was last known; whatever touches disk or network returns a promise. */
export interface Run<Output = unknown, Metadata extends JsonObject = JsonObject> extends AsyncDisposable {
  readonly runId: string;
  readonly status: RunStatus;
  readonly controlState: RunControlState;
  readonly controlReason: ControlReason | null;
  readonly isFinished: boolean;
  /** True while this very process drives it. */
  readonly isDrivenHere: boolean;
  summary(): RunSummary;
  snapshot(): RunSnapshot;
  /** The job description stored with the run, or null. */
  readonly description: JsonObject | null;
  /** Reads the newest state. */
  refresh(): Promise<RunSummary>;
  /** Drives in the background from now on. Rejects with `run_owned_elsewhere` while another process owns the run. */
  drive(): Promise<void>;
  /** Settles when nothing more will happen without you: drives where it may, follows where another process drives. Aborting stops the waiting, never the run. */
  wait(options?: WaitOptions): Promise<RunSummary>;
  pause(): Promise<RunSummary>;
  /**
   * Lets a paused run go on, with what is said anew; a run that is not paused takes the changes over. Rejects with `price_unknown` or
   * `invalid_config`, nothing changed, for a cap that could not be kept and for what cannot be meant.
   */
  resume(options?: ResumeOptions): Promise<RunSummary>;
  /** Rejects with `adopted_batches_in_progress`, nothing changed, where batches that were created elsewhere would be cancelled, unless that is said. */
  cancel(options?: CancelOptions): Promise<RunSummary>;
  /**
   * Says what is true of a batch that batchor cannot decide by itself: one that is `held`, or whose create got no answer. Rejects with
   * `batch_not_resolved` where it cannot be so. A run that waited for nothing else goes on.
   */
  resolve(batchKey: string, word: BatchWord): Promise<RunSummary>;
  /** How its structured answers are read here; null where answers are words. Loads the schema's module, if it names one. */
  structure(): Promise<RunStructure | null>;
  /** All terminal results. Rejects with `run_not_finished` unless `follow`. */
  results(options?: ResultsOptions): ResultStream<Output, Metadata>;
  /** All terminal results in item order, as the JSON lines that exports hold: the fast way to a file. Rejects with `run_not_finished`. */
  resultText(options?: Pick<ResultsOptions, 'include' | 'only' | 'signal'>): AsyncIterable<ResultText>;
  readTerminalResults(options?: ResultPageOptions): Promise<ResultPage<Output, Metadata>>;
  /** The same page as JSON lines, as exports hold them: structured outputs as the model wrote them. */
  readTerminalResultText(options?: ResultPageOptions): Promise<ResultTextPage>;
  /** JSON lines, snake_case, or a table of any format. Whole or not at all, unless `append`. */
  exportTerminalResults(path: string, options?: ExportOptions): Promise<ResultExport>;
  /**
   * Writes a finished run into a folder that is not there yet, or empty: what the provider gave (`raw/`), `results.jsonl` in input order, and last
   * `manifest.json` with the size and SHA-256 of each. The folder has its name only once it is whole. Rejects with `run_not_finished`.
   */
  exportArtifacts(destinationDir: string, options?: { readonly signal?: AbortSignal }): Promise<ArtifactExport>;
  /**
   * Removes what a finished run needs no more: request lines, and with `raw` what the provider gave. Results stay readable, byte for byte. Rejects
   * with `artifacts_not_exported` where raw files were never exported. Broken off, it is finished by the next call.
   */
  pruneArtifacts(options?: PruneOptions): Promise<ArtifactPruning>;
  /**
   * Results as columns, page by page: what a notebook or a warehouse takes. Each row has its id, status, attempts, error, words, tokens, cost, batch,
   * latency and lineage; a field of the schema is a column `output.<field>`, a key that the metadata of the first thousand rows have is
   * `metadata.<key>`, and the whole of both is there as JSON. Outputs are as the model wrote them.
   */
  table(options?: TableOptions): Promise<TableStream>;
  /** What one would ask of the results first: counts by failure class and attempts, tokens, money, the slowest batches. Reads no line of them. */
  report(options?: { readonly signal?: AbortSignal }): Promise<RunReport>;
  /**
   * Rows of this run as the source of another one, e.g. its failures: `buildPrompt: ({ payload }) => ({ body: payload.body })` asks the same again, in a
   * job with the same endpoint. The run has to be finished; the handle is needed while the new run reads.
   */
  source(options?: RunSourceOptions): CheckpointedItemSource<EarlierItem, JsonObject>;
  /**
   * Proves from rows and artifacts that no row was lost and none counts twice; tells the first broken law, and its row. Works on a run
   * that goes on, wherever it is driven; changes nothing, needs no key and no network.
   */
  verify(options?: VerifyOptions): Promise<Verification>;
  /** The history of one item: every batch that it was in, the lines that speak of it, what came of it. Rejects with `item_not_found`. */
  inspect(itemId: string): Promise<Inspection>;
  /** Persisted events after a sequence, then live ones; completes when the run finishes. Cold: each subscriber gets them all. */
  events$(options?: { readonly afterSequence?: number }): Observable<RunEvent>;
  events(options?: { readonly afterSequence?: number; readonly signal?: AbortSignal }): AsyncIterable<RunEvent>;
  /** The latest summary, then every change; completes when the run finishes. */
  readonly summary$: Observable<RunSummary>;
  /** Pages of results as they come; completes when the run finishes. `results()` pulls, and is the way for large runs. */
  readonly results$: Observable<readonly ItemResult<Output, Metadata>[]>;
  /** Ends this handle's subscriptions. The run goes on. */
  [Symbol.asyncDispose](): Promise<void>;
}
