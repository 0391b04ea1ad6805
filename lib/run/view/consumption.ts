import { enqueueBudget } from '../../core/plan/budget.ts';
import { isBounded, spentUsd, worstOfLiveUsd } from '../../core/money/money.ts';
import type { QueueGuess, StatedLimit } from '../../core/model/queue-state.ts';
import { quotaScopeOf, usedBudget } from '../../core/plan/quota.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';

/** What a run has used up of money, tokens and room, at a glance. Null: unknown, which is never zero. */
export interface Consumption {
  readonly cost: {
    /** By what the provider has told of the answers read so far, and what it has probably billed unseen. */
    readonly spentUsd: number | null;
    /** What the batches that are not settled cost at worst. */
    readonly committedWorstUsd: number | null;
    /** False where prompt tokens are estimated: then what is committed is an estimate, too, and a cap may be passed by as much as it is off. */
    readonly isBound: boolean;
    readonly capUsd: number | null;
    /** False where something was billed, or may have been, that no answer tells of: lost answers, strays. */
    readonly isComplete: boolean;
  };
  readonly tokens: {
    /** How the prompts were counted; null: none yet. */
    readonly counting: 'exact' | 'estimated' | 'mixed' | null;
    /** Prompt tokens of the rows that were answered, as they were counted here, and as the provider billed them. */
    readonly counted: number;
    readonly billed: number;
    /** How far the count was off, 0.02: two of a hundred too many. */
    readonly errorRatio: number | null;
  };
  readonly queue: {
    /** Runs of this scope share the queue. */
    readonly scope: string;
    /** The budget of the scope, as this run counts: what is configured, what the provider has said, what was found by trying. */
    readonly limitTokens: number | null;
    readonly limitRequests: number | null;
    readonly usedTokens: number;
    readonly usedRequests: number;
    /** As this run last saw it. */
    readonly othersTokens: number;
    readonly othersRequests: number;
    /** What the provider itself says that the queue takes. */
    readonly stated: StatedLimit | null;
    readonly guess: QueueGuess | null;
    /** Batches that found no room since one was last taken in; null: none. */
    readonly refusals: { readonly count: number; readonly since: Date; readonly message: string } | null;
    /** The next batch is planned once there is so much room; null: it does not wait for any. */
    readonly waitsFor: { readonly tokens: number; readonly requests: number; readonly usd: number } | null;
  };
}

/** Budgets are as they were when the run last moved. */
export const consumptionOf = (snapshot: RunSnapshot): Consumption => {
  const { config, calibration, presumed, strays, backlog, queue } = snapshot;
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
      isComplete: presumed.rows === 0 && strays.length === 0,
    },
    tokens: {
      counting: backlog.counting,
      counted: calibration.countedTokens,
      billed: calibration.billedTokens,
      errorRatio: calibration.billedTokens === 0 ? null : calibration.countedTokens / calibration.billedTokens - 1,
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
      refusals: refusals === null ? null : { count: refusals.count, since: new Date(refusals.sinceMs), message: refusals.message },
      waitsFor: needs === null ? null : { tokens: needs.tokens, requests: needs.requests, usd: needs.usd },
    },
  };
};
