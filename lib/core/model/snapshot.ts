import type { LiveBatch, SettledBatch, DuplicateBatch, UnfencedCreate } from './batch.ts';
import { noConfig, type RunConfig } from './config.ts';
import type { FileLimit } from './file-limit.ts';
import type { EffectKey, RunId } from '../values/ids.ts';
import { emptyTotals, type ItemTotals } from './item.ts';
import type { JsonValue } from '../json/json.ts';
import {
  type CanaryState,
  type FailureTally,
  type JudgedRows,
  noCanary,
  nothingJudged,
} from '../values/judged.ts';
import type { NamedStreak } from './named-streak.ts';
import type { RefusedRows } from './refused-rows.ts';
import { type QueueState, unknownQueue } from './queue-state.ts';
import {
  emptyUsage,
  nothingPresumed,
  type PresumedUsage,
  type TokenUsage,
  type Calibration,
  noCalibration,
} from '../values/usage.ts';

/** Every status of a run. */
export const runStatuses = ['running', 'completed', 'completed_with_failures'] as const;
/**
 * Whether a run is still running, or how it ended: `completed`, or `completed_with_failures` where
 * at least one row failed for good.
 */
export type RunStatus = (typeof runStatuses)[number];
/**
 * What an operator or batchor asked of a run: it runs, is `paused` (no new rows or batches; polling
 * and settling continue), or is being cancelled.
 */
export type RunControlState = 'running' | 'paused' | 'cancel_requested';
/** Why a run is not simply running. Everything but `manual` was decided by batchor. */
export const controlReasons = [
  'manual',
  'insufficient_quota',
  'budget_exhausted',
  'circuit_open',
  'authentication_failed',
  'batch_unresolved',
  'cancelled_at_provider',
  'results_unavailable',
  'results_unreadable',
  'provider_refused',
  'bad_rows',
  'source_unreadable',
  'source_changed',
] as const;
/** Why a run is paused or being cancelled. */
export type ControlReason = (typeof controlReasons)[number];

/** The remaining capacity that the next batch in order waits for. */
export interface CapacityNeed {
  readonly tokens: number;
  readonly requests: number;
  readonly usd: number;
  /**
   * When to check again what other runs of the scope hold; null: only this run's own batches use
   * the capacity.
   */
  readonly retryAtMs: number | null;
  /** Since when it waits for them. */
  readonly sinceMs: number;
  /** Checks in a row that found the other runs unchanged. */
  readonly looks: number;
}

/** Where reading of the source resumes. */
export interface SourceCheckpoint {
  /** The source's index of the next entry (bad rows count). */
  readonly nextIndex: number;
  /**
   * The source's own position after the last entry read; null: at the start. Opaque to all other
   * code.
   */
  readonly position: JsonValue;
  /**
   * The position before the last accepted row, to render that row again on resume; null: the
   * source's start.
   */
  readonly beforeLastPosition: JsonValue;
}

/**
 * How far it is known which rows of the status `shared` can end: none below `index` waits for a
 * result up to `sequence`.
 */
export interface SharedCursor {
  readonly sequence: number;
  readonly index: number;
}

/** Rows that wait for the same moment. Due times are rounded up, so the list stays short. */
export interface BackoffBucket {
  readonly dueAtMs: number;
  readonly count: number;
}

/** An effect that failed: how often, and when it is tried again. */
export interface FaultRecord {
  readonly key: EffectKey;
  /** Failures in a row. */
  readonly count: number;
  /** Of those, definite refusals: only they count to the ceiling. */
  readonly answeredCount: number;
  readonly dueAtMs: number;
  readonly message: string;
}

/** Where, when and what a finished run was written out as, the last time. */
export interface ExportNote {
  readonly atMs: number;
  /** As the user gave it. */
  readonly destination: string;
  /** Files beside the manifest. */
  readonly fileCount: number;
  readonly bytes: number;
  readonly resultCount: number;
  readonly manifestSha256: string;
}

/**
 * Jumps of the wall clock while the run was driven: how many, the last one in milliseconds
 * (negative: back), and when.
 */
export interface ClockNote {
  readonly jumps: number;
  readonly byMs: number;
  readonly atMs: number;
}

/** What of the payload plane was copied out, and what is not kept. */
export interface ArtifactsState {
  readonly exported: ExportNote | null;
  readonly areRequestsPruned: boolean;
  readonly isRawPruned: boolean;
  /** Raw files of settled batches that are not to be kept: each is made compact, then removed. */
  readonly unkept: readonly string[];
}
/** Payloads of a run of which nothing was exported, pruned or made compact. */
export const wholeArtifacts: ArtifactsState = {
  exported: null,
  areRequestsPruned: false,
  isRawPruned: false,
  unkept: [],
};

/**
 * The whole state of a run that rules need: bounded, whatever the run's size. Never every item:
 * rows enter the core as slices inside commands.
 */
export interface RunSnapshot {
  readonly runId: RunId;
  /** Events folded so far; a commit names the version it was decided on. */
  readonly version: number;
  /** The last terminal result's sequence; 0 before the first. */
  readonly resultSequence: number;
  readonly config: RunConfig;
  readonly status: RunStatus;
  readonly control: {
    readonly state: RunControlState;
    readonly reason: ControlReason | null;
    readonly message: string | null;
  };
  readonly totals: ItemTotals;
  /**
   * Owners in a row that ended without progress and without releasing the run: the run may have
   * crashed them.
   */
  readonly lostOwners: number;
  readonly ingest: {
    readonly isComplete: boolean;
    readonly checkpoint: SourceCheckpoint | null;
    readonly itemCount: number;
    readonly badRowCount: number;
  };
  /** The rows that wait to be planned. */
  readonly backlog: {
    readonly bytes: number;
    readonly tokens: number;
    /** Since when the oldest of them waits. */
    readonly sinceMs: number;
    /** Rises when a window read earlier no longer shows the rows in front. */
    readonly generation: number;
    /** What the next batch in order waits for; null: not known to wait for capacity. */
    readonly needs: CapacityNeed | null;
    /**
     * Prompt tokens of accepted rows were counted by a tokenizer, estimated by bytes, or some of
     * both; null: none yet.
     */
    readonly counting: 'exact' | 'estimated' | 'mixed' | null;
  };
  /**
   * Rows whose request an earlier row has sent: how many there ever were, the prompt tokens that
   * this saved, and how far the waiting rows were checked.
   */
  readonly sharing: {
    readonly rows: number;
    readonly tokens: number;
    readonly until: SharedCursor;
  };
  readonly live: readonly LiveBatch[];
  /** Duplicate batches at the provider: batchor cancels them and polls them until they end. */
  readonly strays: readonly DuplicateBatch[];
  /** The batches settled last, oldest first: a whole list of the provider shows them too. */
  readonly settled: readonly SettledBatch[];
  /** Duplicate batches that are over: how many there were, and how many requests they answered. */
  readonly strayCost: { readonly batches: number; readonly requests: number };
  /** Creates that were sent again and may still come through, the oldest first: bounded. */
  readonly unfenced: readonly UnfencedCreate[];
  /** Input files at the provider that no batch needs any more, to be deleted. */
  readonly litter: readonly string[];
  /** Batches ever planned; the last `batchNo`. */
  readonly batchCount: number;
  readonly backoff: readonly BackoffBucket[];
  readonly faults: readonly FaultRecord[];
  /** Validation failures of whole batches in a row. */
  readonly rejectedStreak: number;
  /** Refusals in a row that name lines, all with one code; null: there are none. */
  readonly named: NamedStreak | null;
  /** What refusals taught of the size of input files; null: nothing. */
  readonly fileLimit: FileLimit | null;
  /** Rows that the provider refused before they were sent: they fail once they are read. */
  readonly refused: readonly RefusedRows[];
  /** Batches in a row that were completed and have lost most of their answers. */
  readonly lostStreak: number;
  /** What is known of the provider's queue. */
  readonly queue: QueueState;
  /** How far the creates so far reach, at the pace that the provider allows. */
  readonly createsPaidUntilMs: number;
  /** Counted tokens against billed ones, over answered rows. */
  readonly calibration: Calibration;
  readonly usage: TokenUsage;
  /** Tokens that were probably billed and that no line reports. */
  readonly presumed: PresumedUsage;
  readonly canary: CanaryState;
  readonly judged: JudgedRows;
  /**
   * Rows that have ended in failure, by class, the most frequent first; null: an earlier release
   * began the run, and did not count them.
   */
  readonly failures: readonly FailureTally[] | null;
  /**
   * Lines in provider files that were of no use (malformed, of unknown ids, duplicates), and rows
   * of completed batches without a line. Counted, never silent.
   */
  readonly defects: {
    readonly malformed: number;
    readonly unknown: number;
    readonly duplicate: number;
    readonly missing: number;
  };
  readonly artifacts: ArtifactsState;
  /** Jumps of the wall clock that were noticed, and the last of them; null: none was. */
  readonly clock: ClockNote | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** The state of a run none of whose rows share a request. */
export const nothingShared: RunSnapshot['sharing'] = {
  rows: 0,
  tokens: 0,
  until: { sequence: 0, index: 0 },
};

/**
 * The run before `CreateRun`: where `events.reduce(evolve, emptySnapshot)` begins. Its `version` is
 * 0; all of it is there, with nothing in it.
 */
export const emptySnapshot: RunSnapshot = {
  runId: '' as RunId,
  version: 0,
  resultSequence: 0,
  config: noConfig,
  status: 'running',
  control: { state: 'running', reason: null, message: null },
  totals: emptyTotals,
  ingest: { isComplete: false, checkpoint: null, itemCount: 0, badRowCount: 0 },
  backlog: { bytes: 0, tokens: 0, sinceMs: 0, generation: 0, needs: null, counting: null },
  sharing: nothingShared,
  live: [],
  strays: [],
  settled: [],
  lostOwners: 0,
  strayCost: { batches: 0, requests: 0 },
  unfenced: [],
  litter: [],
  batchCount: 0,
  backoff: [],
  faults: [],
  rejectedStreak: 0,
  named: null,
  fileLimit: null,
  refused: [],
  lostStreak: 0,
  queue: unknownQueue,
  createsPaidUntilMs: 0,
  calibration: noCalibration,
  usage: emptyUsage,
  presumed: nothingPresumed,
  canary: noCanary,
  judged: nothingJudged,
  failures: [],
  defects: { malformed: 0, unknown: 0, duplicate: 0, missing: 0 },
  artifacts: wholeArtifacts,
  clock: null,
  createdAtMs: 0,
  updatedAtMs: 0,
};

/**
 * Whether the run exists: `CreateRun` has been folded in. The other fields hold defaults before
 * that.
 */
export const isCreated = (snapshot: RunSnapshot): boolean => snapshot.version > 0;
/**
 * Whether every row has ended and nothing more will be sent. A finished run never changes its rows
 * again.
 */
export const isFinished = (snapshot: RunSnapshot): boolean => snapshot.status !== 'running';
