import type { FailureClass } from '../values/failure.ts';
import type { BatchKey, ProviderBatchId } from '../values/ids.ts';
import type { FailureCounts } from '../values/judged.ts';
import type { PresumedUsage, TokenUsage } from '../values/usage.ts';

/** Every phase of a batch, in the order of its life. */
export const batchPhases = [
  'planned',
  'uploaded',
  'creating',
  'indeterminate',
  'created',
  'ended',
  'settled',
  'dropped',
] as const;
/**
 * How far a batch is: `planned`, `uploaded`, `creating` (the create's intent is stored),
 * `indeterminate` (its answer was lost), `created`, `ended`, then `settled` or `dropped`.
 */
export type BatchPhase = (typeof batchPhases)[number];

/** One allowed change of a batch's phase, and when it happens; `from: null` is its birth. */
export interface BatchArrow {
  readonly from: BatchPhase | null;
  readonly to: BatchPhase;
  readonly when: string;
}

/**
 * Every allowed change of a batch's phase, and when it happens. `docs/state-machine.md` is
 * generated from this table.
 */
export const batchArrows: readonly BatchArrow[] = [
  { from: null, to: 'planned', when: 'rows were packed into it' },
  { from: null, to: 'uploaded', when: 'rows were packed into it, and its create carries them' },
  { from: 'planned', to: 'uploaded', when: 'its input file lies at the provider' },
  {
    from: 'planned',
    to: 'dropped',
    when: 'rows released: the run is cancelled, or the batch is larger than the queue turned out to be',
  },
  { from: 'uploaded', to: 'creating', when: 'the intent to create is durable' },
  {
    from: 'uploaded',
    to: 'planned',
    when: 'its input file expires soon, or is gone, or its create was refused and is tried again: uploaded again',
  },
  {
    from: 'uploaded',
    to: 'dropped',
    when: 'rows released: the run is cancelled, or the batch is larger than the queue turned out to be',
  },
  {
    from: 'planned',
    to: 'created',
    when: 'it was created elsewhere, and exists at the provider: adopted',
  },
  { from: 'creating', to: 'created', when: 'the provider answered with its id' },
  {
    from: 'creating',
    to: 'uploaded',
    when: 'a definite refusal: nothing was created; asked again later',
  },
  {
    from: 'creating',
    to: 'indeterminate',
    when: 'the answer was lost, or the run was opened in this phase',
  },
  {
    from: 'indeterminate',
    to: 'created',
    when: 'the provider lists it under our key, or over our input file: adopted',
  },
  {
    from: 'indeterminate',
    to: 'planned',
    when: 'its absence is proved and its input file deleted: sent again with a new one',
  },
  {
    from: 'indeterminate',
    to: 'uploaded',
    when: 'its absence is proved, and its create carries its rows: sent again',
  },
  {
    from: 'created',
    to: 'ended',
    when: 'the provider says it is over; or it is given up, by an operator or while the run is cancelled',
  },
  { from: 'ended', to: 'settled', when: 'every row has its outcome' },
];

const arrowSet: ReadonlySet<string> = new Set(
  batchArrows.map((arrow) => `${arrow.from ?? ''}>${arrow.to}`),
);
/** Whether a batch may change its phase so. */
export const isBatchArrow = (from: BatchPhase | null, to: BatchPhase): boolean =>
  arrowSet.has(`${from ?? ''}>${to}`);

/** A raw provider file, whole in the payload plane. */
export interface StoredFile {
  readonly object: string;
  readonly bytes: number;
}

/**
 * How far settlement has come: a byte in one of the two files, or (`rest`) the next item index
 * among the rows that no success settled.
 */
export interface SettlePosition {
  readonly part: 'output' | 'error' | 'rest';
  readonly offset: number;
}

/**
 * How a batch ended. `given_up`: at the provider it has not, as far as is known; the run no longer
 * waits for it.
 */
export const batchEndings = ['completed', 'expired', 'cancelled', 'rejected', 'given_up'] as const;
/** How a batch ended at the provider, and the files that it left. */
export interface BatchEnding {
  readonly type: (typeof batchEndings)[number];
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  /** Set when it was rejected at validation. */
  readonly rejection: BatchRejection | null;
}

/** What the provider says against one line of an input file. */
export interface RefusedLine {
  /** 1-based, in the input file. */
  readonly line: number;
  readonly code: string | null;
  readonly message: string | null;
  readonly param: string | null;
  /**
   * What it says of the row, where that is more than that the request is no good; null: no more.
   */
  readonly failureClass: RefusedLineClass | null;
}

/**
 * A refused line that the provider names by its `custom_id`. If it also gives a line number, and
 * both do not agree, the `custom_id` counts.
 */
export interface RefusedId extends Omit<RefusedLine, 'line'> {
  readonly customId: string;
  readonly line: number | null;
}

/** Failures of a row that a provider may find before it answers anything. */
export const refusedLineClasses = [
  'content_filtered',
  'context_too_long',
] as const satisfies readonly FailureClass[];
/** The failure classes that a refused request line can have. */
export type RefusedLineClass = (typeof refusedLineClasses)[number];

/** Why the provider rejected a batch at validation. */
export interface BatchRejection {
  readonly type: 'invalid_lines' | 'over_capacity' | 'insufficient_quota' | 'too_large' | 'other';
  readonly message: string;
  /** 1-based lines of the input file that are at fault, ascending; bounded by the adapter. */
  readonly lines: readonly number[];
  /**
   * What is said against each of them, in their order; empty: written by a release that did not
   * record it.
   */
  readonly said: readonly RefusedLine[];
  /** The queue's limit, where the message states it. */
  readonly statedTokensMax: number | null;
  readonly statedRequestsMax: number | null;
  /** Of `too_large`: how large a file may be, where the message states it. */
  readonly statedBytesMax: number | null;
}

/**
 * A create whose answer was lost. `looking`: batchor reads the provider's list again and again.
 * `absent`: it was proved not to be there, and the input file is to be deleted, so that a create
 * that is still under way fails. `fenced`: the file is gone, and what came through before shows
 * within a grace period.
 */
export interface UnconfirmedCreate {
  readonly stage: 'looking' | 'absent' | 'fenced';
  /**
   * The create may have got through until then: its answer was lost, the run was opened, the file
   * was deleted.
   */
  readonly sinceMs: number;
  /** When a list that counts as proof first did not show it; null: not yet. */
  readonly absentAtMs: number | null;
  /**
   * When the provider says that the input file came; how far back its list has to be read. Null:
   * not known yet.
   */
  readonly fileCreatedAtMs: number | null;
  readonly looks: number;
  readonly dueAtMs: number;
  /**
   * An operator confirmed that it was never created: batchor goes on even if it cannot delete the
   * file.
   */
  readonly isSworn: boolean;
  /**
   * Batches that may be this one, by the list that was read last: only their answers can prove it.
   */
  readonly candidates: readonly CandidateBatch[];
}

/** A batch that may be an unconfirmed create's, as far as the provider's list says. */
export interface CandidateBatch {
  readonly providerBatchId: ProviderBatchId;
  /** On the provider's clock; null: not reported. */
  readonly createdAtMs: number | null;
  /** Its requests by its counts; null: it has none. */
  readonly requests: number | null;
}

/**
 * A create that was sent again since nothing showed it, where nothing makes it fail if it comes
 * through after all: the provider's list is read for it from time to time.
 */
export interface UnfencedCreate {
  readonly batchKey: BatchKey;
  readonly batchNo: number;
  readonly createAttempt: number;
  readonly requests: number;
  /** Null: the create carried its request lines. */
  readonly inputFileId: string | null;
  readonly newestBatchId: ProviderBatchId | null;
  /** When it was begun, by our clock. */
  readonly sentAtMs: number;
  readonly looks: number;
  /** When the list is next read for it; null: the search is over. */
  readonly dueAtMs: number | null;
  /** Batches that may be it, by the list that was read last: only their answers can prove it. */
  readonly candidates: readonly CandidateBatch[];
}

/** Provider files that a batch names. */
export interface NamedFiles {
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
}

/**
 * What a batch that is not over does, as far as the provider's status says it. `unknown`: the
 * adapter does not know the status.
 */
export const batchStages = [
  'validating',
  'in_progress',
  'finalizing',
  'cancelling',
  'unknown',
] as const;
/** What a batch does at the provider while it is not over. */
export type BatchStage = (typeof batchStages)[number];

/**
 * Why a batch is waited for longer than is usual. `past_expiry`: it should have expired.
 * `unknown_status`: all of its requests are counted as answered or failed, or it names a file of
 * answers, and its status is none that batchor knows. `unchanged`: neither its status nor its
 * counts have changed for hours.
 */
export const overdueReasons = ['past_expiry', 'unknown_status', 'unchanged'] as const;
/** Why a batch counts as overdue, and since when (milliseconds since the epoch). */
export interface Overdue {
  readonly reason: (typeof overdueReasons)[number];
  /** Since when: its expiry, when it was first seen like this, the last change. */
  readonly sinceMs: number;
}

/** Times of a batch, in ms on the provider's clock; null: not reported. */
export interface ProviderTimes {
  readonly createdAtMs: number | null;
  readonly expiresAtMs: number | null;
}
/** Times of a batch of which the provider has reported none. */
export const noProviderTimes: ProviderTimes = { createdAtMs: null, expiresAtMs: null };

/** What is counted of a batch that was given up, until its end at the provider is seen. */
export interface GivenUpCount {
  /** What the run presumes that it costs beyond what was read of it. */
  readonly presumed: PresumedUsage;
  /** Of its rows, those whose answers were read before. */
  readonly readRows: number;
}

/**
 * A batch at the provider that one of our creates made, and that is not needed: it is cancelled,
 * and what it cost is counted.
 */
export interface DuplicateBatch {
  readonly providerBatchId: ProviderBatchId;
  readonly batchKey: BatchKey;
  readonly isCancelAsked: boolean;
  /** Over, and counted: kept, so that a later list does not count it again. */
  readonly isEnded: boolean;
  readonly dueAtMs: number;
  /** Polls in a row that did not show it. */
  readonly looks: number;
  /** Polls in total. */
  readonly polls: number;
  /** When it was found; null: by a release that did not record it. */
  readonly foundAtMs: number | null;
  /** Its create had been sent again, without a fence, when it came through. */
  readonly isLate: boolean;
  /**
   * Set where it is no duplicate, but a batch that an operator gave up: no run waits for its end.
   */
  readonly givenUp: GivenUpCount | null;
}

/** A batch that is settled: the provider's list still shows it. */
export interface SettledBatch {
  readonly providerBatchId: ProviderBatchId;
  readonly sentAtMs: number;
}

/**
 * A batch that is neither settled nor dropped. Times are ms since the epoch by this machine's
 * clock, sizes bytes.
 */
export interface LiveBatch {
  readonly batchKey: BatchKey;
  /** Counts from 1 in the run; what item rows carry. */
  readonly batchNo: number;
  readonly phase: BatchPhase;
  /** Which create of this batch: 0 before the first, in the provider's metadata from 1. */
  readonly createAttempt: number;
  /**
   * How often it was sent again, since an operator last released it, because a create made nothing
   * or its input file was gone.
   */
  readonly replans: number;
  readonly inputFileId: string | null;
  /** When that file had been uploaded; null: by a release that did not record it. */
  readonly uploadedAtMs: number | null;
  /** When the provider deletes that file by itself; null: not reported. */
  readonly inputExpiresAtMs: number | null;
  /** Set while it is `indeterminate`. */
  readonly doubt: UnconfirmedCreate | null;
  readonly providerBatchId: ProviderBatchId | null;
  /** The provider's status, verbatim. */
  readonly providerStatus: string | null;
  /** The provider has validated it, and its queue has accepted it. */
  readonly isAccepted: boolean;
  readonly requests: number;
  readonly inputBytes: number;
  /** Prompt tokens as they were counted or estimated here. */
  readonly inputTokens: number;
  readonly plannedAtMs: number;
  /** When its last create was begun; null: none was. */
  readonly sentAtMs: number | null;
  /**
   * The newest batch that the provider's list showed before that create; null: the list showed
   * none, or was not read.
   */
  readonly newestBatchId: ProviderBatchId | null;
  /** When it is next asked about. Wall clock: a laptop sleeps. */
  readonly dueAtMs: number;
  /** Polls in a row that saw nothing new: stretches the interval. */
  readonly quietPolls: number;
  /** Request counts of the last poll; null before the first. */
  readonly progress: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
  } | null;
  /** When its status or its counts last changed, as seen here; null: never asked about. */
  readonly newsAtMs: number | null;
  readonly providerTimes: ProviderTimes;
  /** Null while nothing is unusual about how long it takes. */
  readonly overdue: Overdue | null;
  readonly cancelAsked: boolean;
  /** Why batchor waits for an operator before it continues with this batch; null: not held. */
  readonly held: string | null;
  /** It had ended long before batchor saw that: its files are as whole as they will be. */
  readonly endedLongAgo: boolean;
  readonly ending: BatchEnding | null;
  readonly files: { readonly output: StoredFile | null; readonly error: StoredFile | null } | null;
  /**
   * Copies of files that cannot be what the provider has: kept until the operator says what to do.
   * Set only while it is held for that reason.
   */
  readonly unreadable: {
    readonly output: StoredFile | null;
    readonly error: StoredFile | null;
  } | null;
  readonly position: SettlePosition;
  readonly settledRows: number;
  /** Of those, successes. */
  readonly completedRows: number;
  /** Of those, failures that say something of the row. */
  readonly failures: FailureCounts;
  /** What its lines say that it cost. */
  readonly usage: TokenUsage;
  /** Of the settled rows, rows that neither file has a line for. */
  readonly missingRows: number;
  /** An operator confirmed that its answers are lost: missing rows are expected. */
  readonly isSwornLost: boolean;
}
