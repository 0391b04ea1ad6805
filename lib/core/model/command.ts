import type { RefusedLine, StoredFile } from './batch.ts';
import type { FilesCensus } from './files-census.ts';
import type { Operation, RunConfig } from './config.ts';
import type { BatchKey, EffectKey, ProviderBatchId, RunId } from '../values/ids.ts';
import type {
  BatchObservation,
  SweepReport,
  SweptBatch,
  UnconfirmedCreateQuery,
} from './observation.ts';
import type { OthersUse } from './queue-state.ts';
import type { ControlReason, ExportNote, SharedCursor, SourceCheckpoint } from './snapshot.ts';
import type { TokenUsage } from '../values/usage.ts';

export type * from './observation.ts';

/** A number per row, as an array or a typed array: slices are columns, not objects. */
export type Column = ArrayLike<number>;

/**
 * A slice of freshly rendered rows whose bytes are already in the payload store. Row `i` has index
 * `fromIndex + i`.
 */
export interface AcceptedSlice {
  readonly fromIndex: number;
  readonly itemIds: readonly string[];
  /** The object of the request lines; null when every row is bad. */
  readonly requestObject: string | null;
  /** The object of the item lines (id, metadata, lineage), same row order. */
  readonly itemObject: string;
  /** Bytes of each request line, its newline included; 0 for a bad row. */
  readonly requestLengths: Column;
  readonly itemLengths: Column;
  /** Prompt tokens per request; null without a token counter. */
  readonly tokens: Column | null;
  /** Whether a tokenizer counted them, or they are estimates. */
  readonly areTokensExact: boolean;
  /** Inputs per request, where some have more than one (embeddings); null: each has one. */
  readonly inputs: Column | null;
  /** Rows of the slice that cannot be items, as offsets in it, ascending. */
  readonly badOffsets: Column;
  /**
   * Per row, 1 + the index of the earlier row that has the same request and is sent for both; 0:
   * the row is sent itself. Such a row has no request line of its own. Null: every row is sent.
   */
  readonly sameAs: Column | null;
  /** Prompt tokens that are not sent for that reason. */
  readonly sharedTokens: number;
}

/** Pending rows in item order, read at some moment. */
export interface PlanWindow {
  /** `snapshot.backlog.generation` when it was read. */
  readonly generation: number;
  readonly indexes: Column;
  readonly bytes: Column;
  readonly tokens: Column | null;
  /** Null: each request has one input. */
  readonly inputs: Column | null;
  /** True when no pending row lies behind the window. */
  readonly isExhausted: boolean;
}

/** Rows to move together, in index order. */
export interface RowSlice {
  readonly indexes: Column;
  readonly bytes: Column;
  readonly tokens: Column | null;
  /** True when no such row is left behind the slice. */
  readonly isLast: boolean;
}

/** Rows of one batch that no success has settled. */
export interface OpenRows extends RowSlice {
  readonly charged: Column;
  readonly uncharged: Column;
}

/** Rows that end because the row that was sent for them has ended. */
export interface SharedRows {
  readonly indexes: Column;
  /** The result sequences of the rows that were sent for them. */
  readonly of: Column;
  /** `codeOfFailure` of those; -1: completed. */
  readonly codes: Column;
  /** How far it is known then. */
  readonly until: SharedCursor;
}

/** Lines that a provider file holds about rows. */
export interface LineColumns {
  readonly indexes: Column;
  /** Bytes into the file. */
  readonly offsets: Column;
  readonly lengths: Column;
}

/** An operator's command for a held batch. */
export type Resolution =
  | { readonly type: 'exists'; readonly found: SweptBatch }
  | { readonly type: 'never_created' }
  /** Its answers are lost: rows without an answer are sent again, and billed again. */
  | { readonly type: 'results_lost' }
  /**
   * Its files are read again, from their beginning: they were unreadable, and may be whole by now.
   */
  | { readonly type: 'read_again' }
  /**
   * batchor stops waiting: it cancels the batch, does not read its answers, and sends its rows
   * again. They may be billed twice.
   */
  | { readonly type: 'give_up' }
  /**
   * As `give_up`, but the files that it names by now are settled first. `found`: the batch at the
   * provider now.
   */
  | { readonly type: 'take_files'; readonly found: BatchObservation }
  /** Check and try again. */
  | { readonly type: 'retry' };

/** The provider refused a create: no batch exists. */
export interface CreateRefusal {
  readonly type:
    | 'rate_limited'
    | 'over_capacity'
    | 'insufficient_quota'
    | 'authentication_failed'
    /** The provider does not know the input file: deleted, expired. */
    | 'input_missing'
    /** It knows the input file, and is not done with it. */
    | 'input_pending'
    | 'refused'
    | 'unreachable';
  readonly message: string;
  readonly retryAfterMs: number | null;
  /** Of `over_capacity`: the queue's limits, where the message states them. */
  readonly statedTokensMax: number | null;
  readonly statedRequestsMax: number | null;
}

/**
 * What a failed effect says: the failure passes by itself, the provider refuses, the account is
 * empty, the key is wrong, or the source cannot be read.
 */
export type FaultKind =
  'transient' | 'refused' | 'insufficient_quota' | 'authentication_failed' | 'source_unreadable';

/**
 * A request of the operator, or the outcome of an effect: the only input of the core. `atMs` is
 * when, in ms since the epoch. Plain data; columns may be arrays or typed arrays.
 */
export type Command = { readonly atMs: number } & (
  | { readonly type: 'CreateRun'; readonly runId: RunId; readonly config: RunConfig }
  /** A new owner has opened the run: creates in flight are unconfirmed from now on. */
  | { readonly type: 'OpenRun' }
  /** Its owner leaves it in an orderly way: it was not lost with its process. */
  | { readonly type: 'ReleaseRun' }
  /** The wall clock went `byMs` further than time did: back, where it is negative. */
  | { readonly type: 'RecordClockJump'; readonly byMs: number }
  | { readonly type: 'PauseRun'; readonly reason: ControlReason; readonly message: string | null }
  | { readonly type: 'ResumeRun' }
  | { readonly type: 'ChangeOperation'; readonly operation: Operation }
  /**
   * `cancelsAdopted`: batches that were created elsewhere are cancelled too; without it a run that
   * has some in progress is not cancelled.
   */
  | { readonly type: 'CancelRun'; readonly cancelsAdopted?: boolean }
  | {
      readonly type: 'AcceptSlice';
      readonly slice: AcceptedSlice | null;
      readonly checkpoint: SourceCheckpoint;
      readonly isLast: boolean;
    }
  | { readonly type: 'RejectRow'; readonly message: string }
  | {
      readonly type: 'PlanBatch';
      readonly window: PlanWindow;
      readonly newBatchKey: BatchKey;
      /** What the other runs of the scope hold now; absent: there are none, or as before. */
      readonly others?: OthersUse;
    }
  /** The next batch that was created elsewhere becomes a batch of the run. */
  | { readonly type: 'AdoptBatch'; readonly window: PlanWindow; readonly newBatchKey: BatchKey }
  | {
      readonly type: 'RecordUpload';
      readonly batchKey: BatchKey;
      /** The attempt that the file is for: each has one of its own. */
      readonly createAttempt: number;
      readonly inputFileId: string;
      readonly expiresAtMs: number | null;
    }
  /**
   * `newestBatchId`: the newest batch in the provider's list, read just before; absent or null:
   * there is none, or it was not read.
   */
  | {
      readonly type: 'BeginCreate';
      readonly batchKey: BatchKey;
      readonly newestBatchId?: ProviderBatchId | null;
    }
  /**
   * The provider refused the input file, at its upload or at the create: nothing exists. `said`:
   * the lines that it names, `indexes` the row of each. Too large for the service where it says so,
   * or names its limit.
   */
  | {
      readonly type: 'RecordInputRefused';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly message: string;
      readonly isTooLarge: boolean;
      readonly statedBytesMax: number | null;
      readonly said: readonly RefusedLine[];
      readonly indexes: Column;
    }
  /** The input file is about to expire: upload it again. */
  | { readonly type: 'ReplanBatch'; readonly batchKey: BatchKey }
  | {
      readonly type: 'RecordCreated';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly providerBatchId: ProviderBatchId;
      readonly providerStatus: string;
    }
  | {
      readonly type: 'RecordCreateRefused';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly refusal: CreateRefusal;
    }
  | {
      readonly type: 'RecordCreateUnclear';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly message: string;
    }
  /**
   * `readFromMs`: when the reading of the list began; `known`: batches that existed by then, as the
   * effect named them.
   */
  | {
      readonly type: 'RecordSweep';
      readonly readFromMs: number;
      readonly asked: readonly UnconfirmedCreateQuery[];
      readonly known: readonly ProviderBatchId[];
      readonly report: SweepReport;
    }
  /** The input file of a create that was proved absent is gone. */
  | { readonly type: 'RecordFenced'; readonly batchKey: BatchKey; readonly createAttempt: number }
  | { readonly type: 'ResolveBatch'; readonly batchKey: BatchKey; readonly resolution: Resolution }
  /** An input file that the run no longer needs is deleted. */
  | { readonly type: 'RecordFileDeleted'; readonly fileId: string }
  | { readonly type: 'RecordStrayCancelled'; readonly providerBatchId: ProviderBatchId }
  | {
      readonly type: 'RecordStrays';
      readonly asked: readonly ProviderBatchId[];
      readonly observations: readonly BatchObservation[];
    }
  /** `asked` that nothing was observed of are tried again later: absence is no observation. */
  | {
      readonly type: 'RecordPoll';
      readonly asked: readonly BatchKey[];
      readonly observations: readonly BatchObservation[];
    }
  | { readonly type: 'RecordCancelAsked'; readonly batchKey: BatchKey }
  | {
      readonly type: 'RecordFiles';
      readonly batchKey: BatchKey;
      readonly output: StoredFile | null;
      readonly error: StoredFile | null;
      /** What was found in them. */
      readonly census: FilesCensus;
    }
  | {
      readonly type: 'SettleSlice';
      readonly batchKey: BatchKey;
      readonly part: 'output' | 'error';
      readonly fromOffset: number;
      readonly toOffset: number;
      readonly isEndOfFile: boolean;
      /** Successes in line order. */
      readonly lines: LineColumns;
      /** 1 where the row is submitted in this very batch, read with the slice. */
      readonly open: Column;
      readonly usage: TokenUsage;
      readonly malformedCount: number;
      readonly unknownCount: number;
    }
  | {
      readonly type: 'SettleRest';
      readonly batchKey: BatchKey;
      readonly fromIndex: number;
      readonly rows: OpenRows;
      /** Failure code per row (`codeOfFailure`), or -1 where no file has a line. */
      readonly codes: Column;
      /** 0: no line; 1: the line is in the output file; 2: in the error file. */
      readonly parts: Column;
      readonly offsets: Column;
      readonly lengths: Column;
      /**
       * Output tokens of the answer on that line; -1, or no column: not reported; -2: truncated,
       * but not by an output limit.
       */
      readonly outputTokens?: Column;
    }
  | { readonly type: 'RequeueRows'; readonly dueAtMs: number; readonly rows: RowSlice }
  | { readonly type: 'FailPending'; readonly generation: number; readonly rows: RowSlice }
  /** `from`: what was known when the rows were read. */
  | { readonly type: 'SettleShared'; readonly from: SharedCursor; readonly rows: SharedRows }
  | { readonly type: 'DropBatch'; readonly batchKey: BatchKey }
  /** A finished run was written out, whole. */
  | ({ readonly type: 'RecordExported' } & Omit<ExportNote, 'atMs'>)
  /** With `raw`, what the provider gave goes too: everything that is to outlive it is written. */
  | { readonly type: 'PruneArtifacts'; readonly raw: boolean }
  /** A raw file that is not to be kept is gone, and what its lines say is written. */
  | { readonly type: 'RecordCompacted'; readonly object: string }
  | {
      readonly type: 'RecordFault';
      readonly key: EffectKey;
      readonly fault: FaultKind;
      readonly message: string;
      readonly retryAfterMs: number | null;
    }
);

/** The command of one type. */
export type CommandOf<T extends Command['type']> = Extract<Command, { readonly type: T }>;
