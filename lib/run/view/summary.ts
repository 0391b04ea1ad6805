import { sumOfTotals, type ItemTotals } from '../../core/model/item.ts';
import type { CandidateBatch, UnconfirmedCreate, Overdue } from '../../core/model/batch.ts';
import { nextDueMs } from '../../core/machine/due.ts';
import { bornAtMs } from '../../core/poll/overdue.ts';
import {
  type ControlReason,
  isFinished,
  type RunControlState,
  type RunSnapshot,
  type RunStatus,
} from '../../core/model/snapshot.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import { clockWarnings, overdueWarnings, ownerWarnings } from './warnings.ts';
import { type DuplicatesSummary, duplicatesSummary, unfencedWarnings } from './duplicates.ts';
import { type Consumption, consumptionOf } from './consumption.ts';

/** A batch at the provider that may be one of the run's, whose create got no answer. */
export interface CandidateSummary {
  readonly providerBatchId: string;
  /** On the provider's clock; null: not reported. */
  readonly createdAt: Date | null;
  /** Its requests by its counts; null: it has none. */
  readonly requestCount: number | null;
}

/** The state of a run. */
export interface RunSummary extends Consumption {
  readonly runId: string;
  readonly jobName: string;
  readonly status: RunStatus;
  readonly controlState: RunControlState;
  readonly controlReason: ControlReason | null;
  /** The reason as a sentence, from the provider or the source. */
  readonly controlMessage: string | null;
  readonly itemCounts: ItemTotals;
  /** Rows accepted so far, including recorded bad rows. */
  readonly itemCount: number;
  readonly badRowCount: number;
  /** Rows that share an earlier row's request, and their prompt tokens, which were not sent. */
  readonly shared: { readonly rowCount: number; readonly inputTokens: number };
  readonly isIngestionComplete: boolean;
  readonly batchCount: number;
  readonly liveBatches: readonly {
    readonly batchKey: string;
    readonly phase: string;
    readonly providerBatchId: string | null;
    readonly providerStatus: string | null;
    readonly requestCount: number;
    readonly completedCount: number | null;
    /** Prompt tokens, counted or estimated by batchor. */
    readonly inputTokens: number;
    /** Usage reported by its lines read so far. */
    readonly usage: TokenUsage;
    readonly held: string | null;
    /** The provider's creation time, else when its create was sent; null: not sent yet. */
    readonly submittedAt: Date | null;
    /** The provider's expiry time; null: unknown. */
    readonly expiresAt: Date | null;
    /** Set while it takes unusually long. A warning in `troubles` has details. */
    readonly overdue: { readonly reason: Overdue['reason']; readonly since: Date } | null;
    /** Set for an unconfirmed create; `looks`: number of checks of the provider's list. */
    readonly unclear: {
      readonly stage: UnconfirmedCreate['stage'];
      readonly since: Date;
      readonly looks: number;
      /** Batches that may be it: only their answers can prove it. */
      readonly candidates: readonly CandidateSummary[];
    } | null;
  }[];
  /**
   * Duplicate batches of a repeated create: `live` are being cancelled; ended ones with their
   * answers.
   */
  readonly strays: DuplicatesSummary;
  /**
   * Creates that got no answer and were sent again or given up, where nothing stops one that comes
   * through after all. `isSought`: the provider's list is still read for it.
   */
  readonly unfencedCreates: readonly {
    readonly batchKey: string;
    readonly createAttempt: number;
    readonly requestCount: number;
    readonly sentAt: Date;
    readonly isSought: boolean;
    readonly candidates: readonly CandidateSummary[];
  }[];
  /** Warnings: errors that batchor retries, and conditions that need an operator. */
  readonly troubles: readonly {
    readonly what: string;
    readonly count: number;
    readonly message: string;
    readonly retryAt: Date;
  }[];
  readonly usage: TokenUsage;
  readonly defects: {
    readonly malformed: number;
    readonly unknown: number;
    readonly duplicate: number;
    readonly missing: number;
  };
  readonly lastResultSequence: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When the next timer is due; null: only a command or an answer moves the run. */
  readonly nextActionAt: Date | null;
}

export const summaryOf = (snapshot: RunSnapshot): RunSummary => {
  const next = nextDueMs(snapshot, snapshot.updatedAtMs);
  return {
    runId: snapshot.runId,
    jobName: snapshot.config.jobName,
    status: snapshot.status,
    controlState: snapshot.control.state,
    controlReason: snapshot.control.reason,
    controlMessage: snapshot.control.message,
    itemCounts: snapshot.totals,
    itemCount: sumOfTotals(snapshot.totals),
    badRowCount: snapshot.ingest.badRowCount,
    shared: { rowCount: snapshot.sharing.rows, inputTokens: snapshot.sharing.tokens },
    isIngestionComplete: snapshot.ingest.isComplete,
    batchCount: snapshot.batchCount,
    liveBatches: snapshot.live.map((batch) => ({
      batchKey: batch.batchKey,
      phase: batch.phase,
      providerBatchId: batch.providerBatchId,
      providerStatus: batch.providerStatus,
      requestCount: batch.requests,
      completedCount: batch.progress?.completed ?? null,
      inputTokens: batch.inputTokens,
      usage: batch.usage,
      held: batch.held,
      submittedAt: dateOf(bornAtMs(batch.providerTimes.createdAtMs) ?? batch.sentAtMs),
      expiresAt: dateOf(batch.providerTimes.expiresAtMs),
      overdue:
        batch.overdue === null
          ? null
          : { reason: batch.overdue.reason, since: new Date(batch.overdue.sinceMs) },
      unclear:
        batch.doubt === null
          ? null
          : {
              stage: batch.doubt.stage,
              since: new Date(batch.doubt.sinceMs),
              looks: batch.doubt.looks,
              candidates: batch.doubt.candidates.map(candidateOf),
            },
    })),
    strays: duplicatesSummary(snapshot),
    unfencedCreates: snapshot.unfenced.map(
      ({ batchKey, createAttempt, requests, sentAtMs, dueAtMs, candidates }) => ({
        batchKey,
        createAttempt,
        requestCount: requests,
        sentAt: new Date(sentAtMs),
        isSought: dueAtMs !== null && !isFinished(snapshot),
        candidates: candidates.map(candidateOf),
      }),
    ),
    troubles: [
      ...snapshot.faults.map((fault) => ({
        what: fault.key as string,
        count: fault.count,
        message: fault.message,
        retryAt: new Date(fault.dueAtMs),
      })),
      ...overdueWarnings(snapshot),
      ...unfencedWarnings(snapshot),
      ...clockWarnings(snapshot),
      ...ownerWarnings(snapshot),
    ],
    usage: snapshot.usage,
    ...consumptionOf(snapshot),
    defects: snapshot.defects,
    lastResultSequence: snapshot.resultSequence,
    createdAt: new Date(snapshot.createdAtMs),
    updatedAt: new Date(snapshot.updatedAtMs),
    nextActionAt: next === null ? null : new Date(next),
  };
};

const candidateOf = ({
  providerBatchId,
  createdAtMs,
  requests,
}: CandidateBatch): CandidateSummary => ({
  providerBatchId,
  createdAt: dateOf(createdAtMs),
  requestCount: requests,
});

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
