import type {
  BatchEnding,
  BatchRejection,
  CandidateBatch,
  LiveBatch,
  Overdue,
  ProviderTimes,
  SettlePosition,
  StoredFile,
} from './batch.ts';
import type { AcceptedSlice, Column, LineColumns } from './command.ts';
import type { Operation, RunConfig } from './config.ts';
import type { FileLimit } from './file-limit.ts';
import type { BatchKey, EffectKey, ProviderBatchId, RunId } from '../values/ids.ts';
import type { IndexSet } from '../values/index-set.ts';
import type { CanaryVerdict } from '../values/judged.ts';
import type { NamedStreak } from './named-streak.ts';
import type { QueueGuess, QueueState, QuotaUse, StatedLimit } from './queue-state.ts';
import type {
  BackoffBucket,
  ControlReason,
  ExportNote,
  CapacityNeed,
  RunStatus,
  SharedCursor,
  SourceCheckpoint,
} from './snapshot.ts';
import type { PresumedUsage, TokenUsage } from '../values/usage.ts';

/**
 * Rows that ended without success; columns of one length. Row `i` has result sequence `sequenceFrom
 * + i`.
 */
export interface FailedRows {
  readonly indexes: Column;
  /** `codeOfFailure` of each. */
  readonly codes: Column;
  /** 0: no line; 1: in the output file; 2: in the error file. */
  readonly parts: Column;
  readonly offsets: Column;
  readonly lengths: Column;
  /** 1 where this end counts as a charged attempt, else an uncharged one. */
  readonly charged: Column;
}

/** Rows that are sent again after a backoff. */
export interface RetriedRows {
  readonly indexes: Column;
  readonly codes: Column;
  readonly charged: Column;
  /** When each may be planned again. */
  readonly dueAtMs: Column;
}

/** Why a batch is uploaded again; the first two count as tries. */
export const replanReasons = ['create_lost', 'input_missing', 'input_expires', 'released'] as const;
/**
 * Why an uploaded batch is planned again: its input file is expiring or gone, or its create made
 * nothing.
 */
export type ReplanReason = (typeof replanReasons)[number];

/**
 * What became true, and when (`atMs`, ms since the epoch). Only events change state; a whole slice
 * is one event. The journal holds events: stored types and keys are never renamed.
 */
export type Event = { readonly atMs: number } & (
  | { readonly type: 'RunCreated'; readonly runId: RunId; readonly config: RunConfig }
  | { readonly type: 'RunOpened' }
  | { readonly type: 'RunReleased' }
  /** The wall clock went `byMs` further than time did: back, where it is negative. */
  | { readonly type: 'ClockJumped'; readonly byMs: number }
  | { readonly type: 'RunPaused'; readonly reason: ControlReason; readonly message: string | null }
  | { readonly type: 'RunResumed' }
  | { readonly type: 'OperationChanged'; readonly operation: Operation }
  | { readonly type: 'CancelRequested' }
  /** While cancelling: why something goes wrong, without leaving `cancel_requested`. */
  | {
      readonly type: 'ReasonNoted';
      readonly reason: ControlReason;
      readonly message: string | null;
    }
  | {
      readonly type: 'ItemsAccepted';
      readonly slice: AcceptedSlice;
      readonly checkpoint: SourceCheckpoint;
      readonly sequenceFrom: number;
    }
  | { readonly type: 'IngestionCompleted'; readonly checkpoint: SourceCheckpoint }
  | {
      readonly type: 'BatchPlanned';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly indexes: IndexSet;
      readonly requests: number;
      readonly inputBytes: number;
      readonly inputTokens: number;
    }
  | { readonly type: 'PlanDeferred'; readonly need: CapacityNeed }
  /** What the other runs of the scope hold, and what the provider has said to them. */
  | { readonly type: 'OthersSeen'; readonly others: QuotaUse; readonly stated: StatedLimit | null }
  /** What a capacity refusal, or an accepted batch, says of the provider's queue. */
  | {
      readonly type: 'QueueLearned';
      readonly stated: StatedLimit | null;
      readonly guess: QueueGuess | null;
      readonly refusals: QueueState['refusals'];
    }
  | {
      readonly type: 'PendingFailed';
      readonly indexes: Column;
      readonly code: number;
      readonly bytes: number;
      readonly tokens: number;
      readonly sequenceFrom: number;
    }
  | {
      readonly type: 'BatchUploaded';
      readonly batchKey: BatchKey;
      readonly inputFileId: string;
      readonly expiresAtMs: number | null;
    }
  | {
      readonly type: 'CreateBegun';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      /** The newest batch in the provider's list before it; null: there was none, or not read. */
      readonly newestBatchId: ProviderBatchId | null;
    }
  | {
      readonly type: 'BatchCreated';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly providerBatchId: ProviderBatchId;
      readonly providerStatus: string;
      readonly adopted: boolean;
      readonly requests: number;
      readonly dueAtMs: number;
    }
  | { readonly type: 'CreateRefused'; readonly batchKey: BatchKey; readonly message: string }
  /** The service takes no files of that size: batches are cut smaller from now on. */
  | {
      readonly type: 'FileLimitLearned';
      readonly batchKey: BatchKey;
      readonly fileLimit: FileLimit;
      readonly message: string;
    }
  /**
   * The provider named these lines when it refused the input file: their rows are not sent again,
   * and fail for this code once they are pending.
   */
  | {
      readonly type: 'LinesRefused';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly rejection: BatchRejection;
      readonly code: number;
      readonly indexes: readonly number[];
      readonly named: NamedStreak | null;
    }
  /** Those pending rows have failed; the dropped batch holds the reason. */
  | {
      readonly type: 'LinesDropped';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly indexes: Column;
      readonly code: number;
      readonly bytes: number;
      readonly tokens: number;
      readonly sequenceFrom: number;
    }
  | { readonly type: 'CreateUnclear'; readonly batchKey: BatchKey; readonly message: string }
  /** A list that counts as proof does not show it. Once proves nothing: lists lag. */
  | {
      readonly type: 'CreateNotFound';
      readonly batchKey: BatchKey;
      readonly fileCreatedAtMs: number | null;
      readonly dueAtMs: number;
    }
  /**
   * The list shows batches that may be it, and none of them is proved to be it or another: it is
   * read again.
   */
  | {
      readonly type: 'CreateUndecided';
      readonly batchKey: BatchKey;
      readonly candidates: readonly CandidateBatch[];
      readonly dueAtMs: number;
    }
  /**
   * The list was read for a create that was sent again without a fence. `dueAtMs` null: the
   * search for it is over; `candidates` may still be it.
   */
  | {
      readonly type: 'UnfencedSought';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly candidates: readonly CandidateBatch[];
      readonly dueAtMs: number | null;
    }
  /** It does not exist: the provider's list proves it, or (`isSworn`) an operator confirmed it. */
  | { readonly type: 'CreateAbsent'; readonly batchKey: BatchKey; readonly isSworn: boolean }
  /** Its input file is deleted: a create that is still under way fails, unbilled. */
  | { readonly type: 'CreateFenced'; readonly batchKey: BatchKey }
  /** It is sent again, with a new input file; `reason` null: not recorded by an old release. */
  | {
      readonly type: 'BatchReplanned';
      readonly batchKey: BatchKey;
      readonly message: string;
      readonly reason: ReplanReason | null;
    }
  | {
      readonly type: 'StrayFound';
      readonly batchKey: BatchKey;
      readonly providerBatchId: ProviderBatchId;
      readonly providerStatus: string;
      readonly isAlive: boolean;
      /** It is no duplicate: an operator gave it up. */
      readonly isGivenUp: boolean;
      /** Its create had been sent again, without a fence, when it came through. */
      readonly isLate: boolean;
    }
  | { readonly type: 'StrayCancelAsked'; readonly providerBatchId: ProviderBatchId }
  | {
      readonly type: 'StrayObserved';
      readonly providerBatchId: ProviderBatchId;
      readonly dueAtMs: number;
      readonly isSeen: boolean;
    }
  /**
   * It is over, or no longer visible. `answered`: requests that it answered and that are billed;
   * null: unknown.
   */
  | {
      readonly type: 'StrayEnded';
      readonly providerBatchId: ProviderBatchId;
      readonly answered: number | null;
      readonly presumed: PresumedUsage;
    }
  /**
   * An input file that the run no longer needs was deleted at the provider, or (not `isGone`) is
   * left to expire.
   */
  | { readonly type: 'LitterCleared'; readonly fileId: string; readonly isGone: boolean }
  | { readonly type: 'BatchHeld'; readonly batchKey: BatchKey; readonly message: string }
  /** An operator resolved it, or asked for a retry. */
  | { readonly type: 'BatchReleased'; readonly batchKey: BatchKey }
  | {
      readonly type: 'BatchDropped';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly requests: number;
      readonly inputBytes: number;
      readonly inputTokens: number;
    }
  | {
      readonly type: 'BatchObserved';
      readonly batchKey: BatchKey;
      readonly providerStatus: string;
      readonly progress: LiveBatch['progress'];
      readonly dueAtMs: number;
      readonly isNews: boolean;
      readonly isAccepted: boolean;
      readonly times: ProviderTimes;
    }
  /** It takes longer than is usual, or (null) no longer does. */
  | {
      readonly type: 'BatchOverdue';
      readonly batchKey: BatchKey;
      readonly providerBatchId: ProviderBatchId | null;
      readonly providerStatus: string;
      readonly createdAtMs: number | null;
      readonly overdue: Overdue | null;
    }
  /**
   * It is not waited for any longer, though it is not over at the provider. `rows`: requests whose
   * answers may be paid for though nothing reads them.
   */
  | {
      readonly type: 'BatchGivenUp';
      readonly batchKey: BatchKey;
      readonly providerBatchId: ProviderBatchId | null;
      readonly providerStatus: string;
      readonly progress: LiveBatch['progress'];
      readonly ending: BatchEnding;
      readonly rows: number;
      /** Null: while the run is cancelled, by itself. */
      readonly by: 'operator' | null;
    }
  /**
   * The provider was asked to cancel it; `refused`: it said no, time and again, and is not asked
   * any more.
   */
  | { readonly type: 'CancelAsked'; readonly batchKey: BatchKey; readonly refused: string | null }
  | {
      readonly type: 'BatchEnded';
      readonly batchKey: BatchKey;
      readonly providerStatus: string;
      readonly progress: LiveBatch['progress'];
      readonly ending: BatchEnding;
      /**
       * When it was created and when it ended, on the provider's clock. Null: the provider does not
       * say both, or an earlier release wrote this. `isOld`: it had ended long before batchor saw
       * that, by the same clock.
       */
      readonly times: {
        readonly createdAtMs: number;
        readonly endedAtMs: number;
        readonly isOld: boolean;
      } | null;
    }
  | {
      readonly type: 'FilesStored';
      readonly batchKey: BatchKey;
      readonly output: StoredFile | null;
      readonly error: StoredFile | null;
      readonly position: SettlePosition;
      /** An operator confirmed that the files are lost. */
      readonly isSworn: boolean;
    }
  /** All answers are missing after the last read. The copies are kept; no row is settled. */
  | {
      readonly type: 'AnswersUnreadable';
      readonly batchKey: BatchKey;
      readonly output: StoredFile | null;
      readonly error: StoredFile | null;
    }
  | {
      readonly type: 'ItemsCompleted';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly object: string;
      readonly lines: LineColumns;
      readonly sequenceFrom: number;
      readonly position: SettlePosition;
      readonly usage: TokenUsage;
      readonly malformedCount: number;
      readonly unknownCount: number;
      readonly duplicateCount: number;
    }
  | {
      readonly type: 'ItemsSettled';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly outputObject: string | null;
      readonly errorObject: string | null;
      readonly failed: FailedRows;
      readonly retried: RetriedRows;
      readonly buckets: readonly BackoffBucket[];
      readonly sequenceFrom: number;
      readonly position: SettlePosition;
    }
  | {
      readonly type: 'BatchSettled';
      readonly batchKey: BatchKey;
      readonly wasRejected: boolean;
      readonly wasLost: boolean;
      readonly presumed: PresumedUsage;
      /** Null: it was no canary. */
      readonly canary: CanaryVerdict | null;
      /** Refusals in a row that name lines, this batch's among them; null: there are none. */
      readonly named: NamedStreak | null;
    }
  /**
   * Rows ended with the rows that were sent for them (`of`: their result sequences), completed or,
   * by `codes`, failed.
   */
  | {
      readonly type: 'SharedCompleted';
      readonly indexes: Column;
      readonly of: Column;
      readonly sequenceFrom: number;
      readonly until: SharedCursor;
    }
  | {
      readonly type: 'SharedFailed';
      readonly indexes: Column;
      readonly of: Column;
      readonly codes: Column;
      readonly sequenceFrom: number;
      readonly until: SharedCursor;
    }
  | {
      readonly type: 'ItemsRequeued';
      readonly dueAtMs: number;
      readonly indexes: Column;
      readonly bytes: number;
      readonly tokens: number;
    }
  | {
      readonly type: 'FaultRecorded';
      readonly key: EffectKey;
      readonly message: string;
      readonly dueAtMs: number;
      readonly isAnswer: boolean;
    }
  | ({ readonly type: 'ArtifactsExported' } & Omit<ExportNote, 'atMs'>)
  /** Request lines are deleted; with `raw`, so are the provider's files, but for line contents. */
  | { readonly type: 'ArtifactsPruned'; readonly raw: boolean }
  /** The raw file is deleted; a compact object holds the content of its lines. */
  | { readonly type: 'RawFileCompacted'; readonly object: string }
  | { readonly type: 'RunFinished'; readonly status: Exclude<RunStatus, 'running'> }
);

/** The event of one type. */
export type EventOf<T extends Event['type']> = Extract<Event, { readonly type: T }>;
