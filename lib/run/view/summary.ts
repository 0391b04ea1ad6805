import { sumOfTotals, type ItemTotals } from '../../core/model/item.ts';
import type { UnconfirmedCreate, Overdue } from '../../core/model/batch.ts';
import { nextDueMs } from '../../core/machine/due.ts';
import { bornAtMs } from '../../core/poll/overdue.ts';
import type { ControlReason, RunControlState, RunSnapshot, RunStatus } from '../../core/model/snapshot.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import { clockTroubles } from './clock-trouble.ts';
import { overdueTroubles } from './overdue-trouble.ts';
import { ownerTroubles } from './owner-trouble.ts';
import { type Consumption, consumptionOf } from './consumption.ts';

/** What one would ask of a run at a glance. */
export interface RunSummary extends Consumption {
  readonly runId: string;
  readonly jobName: string;
  readonly status: RunStatus;
  readonly controlState: RunControlState;
  readonly controlReason: ControlReason | null;
  /** Why, in words: what the provider or the source said. */
  readonly controlMessage: string | null;
  readonly itemCounts: ItemTotals;
  /** Rows accepted so far, bad ones recorded included. */
  readonly itemCount: number;
  readonly badRowCount: number;
  /** Rows that share an earlier row's request, and the prompt tokens, as counted here, that were not sent for that reason. */
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
    /** Prompt tokens as they were counted or estimated here. */
    readonly inputTokens: number;
    /** What the lines that were read of it say that it cost. */
    readonly usage: TokenUsage;
    readonly held: string | null;
    /** When the provider created it, or, where it does not say, when its create was sent; null: not sent yet. */
    readonly submittedAt: Date | null;
    /** When the provider says that it expires; null: not told. */
    readonly expiresAt: Date | null;
    /** Set while it takes longer than is usual: why, and since when. Its trouble says it in words. */
    readonly overdue: { readonly reason: Overdue['reason']; readonly since: Date } | null;
    /** Set while nobody knows whether it exists: how far looking for it has come. */
    readonly unclear: { readonly stage: UnconfirmedCreate['stage']; readonly since: Date; readonly looks: number } | null;
  }[];
  /** Batches that a doubled request made and that nobody needs: being cancelled, and those that are over, with the answers that they cost. */
  readonly strays: { readonly live: number; readonly ended: number; readonly answeredCount: number };
  /** What goes wrong at the moment and is tried again. */
  readonly troubles: readonly { readonly what: string; readonly count: number; readonly message: string; readonly retryAt: Date }[];
  readonly usage: TokenUsage;
  readonly defects: { readonly malformed: number; readonly unknown: number; readonly duplicate: number; readonly missing: number };
  readonly lastResultSequence: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** When something is due next by time alone; null: only a command, or an answer, moves the run. */
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
      overdue: batch.overdue === null ? null : { reason: batch.overdue.reason, since: new Date(batch.overdue.sinceMs) },
      unclear: batch.doubt === null ? null : { stage: batch.doubt.stage, since: new Date(batch.doubt.sinceMs), looks: batch.doubt.looks },
    })),
    strays: {
      live: snapshot.strays.filter((stray) => !stray.isEnded).length,
      ended: snapshot.strayCost.batches,
      answeredCount: snapshot.strayCost.requests,
    },
    troubles: [
      ...snapshot.faults.map((fault) => ({
        what: fault.key as string,
        count: fault.count,
        message: fault.message,
        retryAt: new Date(fault.dueAtMs),
      })),
      ...overdueTroubles(snapshot),
      ...clockTroubles(snapshot),
      ...ownerTroubles(snapshot),
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

const dateOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));
