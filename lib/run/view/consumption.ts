import { enqueueBudget } from '../../core/plan/budget.ts';
import { isBounded, spentUsd, worstOfLiveUsd } from '../../core/money/money.ts';
import type { QueueGuess, StatedLimit } from '../../core/model/queue-state.ts';
import { quotaScopeOf, usedBudget } from '../../core/plan/quota.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';

/** A run's use of money, tokens and queue capacity. Null means unknown, never zero. */
export interface Consumption {
  readonly cost: {
    /** Cost of the answers read so far, plus the probable cost of lost ones. */
    readonly spentUsd: number | null;
    /** Worst case cost of the batches that are not settled (reserved). */
    readonly committedWorstUsd: number | null;
    /**
     * False if prompt tokens are estimated, or more are billed than were counted. Reserved cost is
     * then an estimate, and may exceed a cap.
     */
    readonly isBound: boolean;
    readonly capUsd: number | null;
    /**
     * False if something may have been billed without an answer: lost answers, duplicate batches.
     */
    readonly isComplete: boolean;
  };
  readonly tokens: {
    /** How prompts were counted; null: none yet. */
    readonly counting: 'exact' | 'estimated' | 'mixed' | null;
    /** Prompt tokens of the answered rows: counted by batchor, and billed by the provider. */
    readonly counted: number;
    readonly billed: number;
    /** Error of the count; 0.02: two percent too high. */
    readonly errorRatio: number | null;
  };
  readonly queue: {
    /** Runs of this scope share the queue. */
    readonly scope: string;
    /**
     * The scope's limits as this run knows them: configured, stated by the provider, or learned.
     */
    readonly limitTokens: number | null;
    readonly limitRequests: number | null;
    readonly usedTokens: number;
    readonly usedRequests: number;
    /** Use of other runs, when this run last read it. */
    readonly othersTokens: number;
    readonly othersRequests: number;
    /** The queue limit that the provider has stated. */
    readonly stated: StatedLimit | null;
    readonly guess: QueueGuess | null;
    /** Creates refused for lack of capacity since the last accepted one; null: none. */
    readonly refusals: {
      readonly count: number;
      readonly since: Date;
      readonly message: string;
    } | null;
    /** Capacity that the next batch waits for; null: none. */
    readonly waitsFor: {
      readonly tokens: number;
      readonly requests: number;
      readonly usd: number;
    } | null;
  };
}

/** Budgets at the time of the snapshot. */
export const consumptionOf = (snapshot: RunSnapshot): Consumption => {
  const { config, calibration, presumed, strays: duplicates, backlog, queue } = snapshot;
  const limit = enqueueBudget(snapshot, snapshot.updatedAtMs);
  const used = usedBudget(snapshot);
  const { needs } = backlog;
  const { refusals } = queue;
  return {
    cost: {
      spentUsd: spentUsd(snapshot),
      committedWorstUsd: worstOfLiveUsd(snapshot),
      isBound: isBounded(snapshot),
      capUsd: config.operation.money.costUsdMax,
      isComplete: presumed.rows === 0 && duplicates.length === 0,
    },
    tokens: {
      counting: backlog.counting,
      counted: calibration.countedTokens,
      billed: calibration.billedTokens,
      errorRatio:
        calibration.billedTokens === 0
          ? null
          : calibration.countedTokens / calibration.billedTokens - 1,
    },
    queue: {
      scope: quotaScopeOf(config),
      limitTokens: limit.tokens,
      limitRequests: limit.requests,
      usedTokens: used.tokens,
      usedRequests: used.requests,
      othersTokens: queue.others.tokens,
      othersRequests: queue.others.requests,
      stated: queue.stated,
      guess: queue.guess,
      refusals:
        refusals === null
          ? null
          : { count: refusals.count, since: new Date(refusals.sinceMs), message: refusals.message },
      waitsFor:
        needs === null ? null : { tokens: needs.tokens, requests: needs.requests, usd: needs.usd },
    },
  };
};
