/** Tokens and requests that a run holds of a provider's queue. */
export interface QuotaUse {
  readonly tokens: number;
  readonly requests: number;
}
/** Nothing is enqueued. */
export const noUse: QuotaUse = { tokens: 0, requests: 0 };

/**
 * Capacity that a run waits for and other runs of its scope hold. Each check publishes it again; a
 * run that stops checking loses its turn.
 */
export interface CapacityWanted extends QuotaUse {
  /** The run that has waited longest goes first. */
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** How large the provider itself says that the queue is. */
export interface StatedLimit {
  readonly tokensMax: number | null;
  readonly requestsMax: number | null;
  readonly atMs: number;
}

/**
 * What the other runs of a scope hold together, what they wait for, and the last that a provider
 * said to one of them.
 */
export interface OthersUse extends QuotaUse {
  readonly stated: StatedLimit | null;
  readonly wants: readonly CapacityWanted[];
}

/** A budget found by trying, where a refusal stated no limit, or one that does not explain it. */
export interface QueueGuess {
  /** What is guessed at: requests, where there is no token count. */
  readonly unit: 'tokens' | 'requests';
  /**
   * As much may be enqueued together. Halved by a refusal, grows again with each accepted batch.
   */
  readonly max: number;
  /** The most that was seen in the queue at one time. */
  readonly good: number;
  /**
   * So much was refused: not tried again before `refusedUntilMs`. Null: that is long ago, and more
   * is being tried.
   */
  readonly refused: number | null;
  readonly refusedUntilMs: number;
  /** How often more was tried and refused: each time it is left alone for longer. */
  readonly doublings: number;
}

/** What a run knows of the provider's queue. */
export interface QueueState {
  /** What other runs of the scope held at this run's last check. */
  readonly others: QuotaUse;
  readonly stated: StatedLimit | null;
  readonly guess: QueueGuess | null;
  /** Capacity refusals since a batch was last accepted; null: none. */
  readonly refusals: {
    readonly count: number;
    readonly sinceMs: number;
    readonly message: string;
    /** While nothing of the run is at work there, nothing more is created before. */
    readonly untilMs: number;
  } | null;
  /**
   * Limits that the provider stated before this are ignored: an operator has resumed the run since,
   * and may have raised the limit.
   */
  readonly sinceMs: number;
  /** How many batches of this run the provider has accepted. */
  readonly acceptedCount: number;
}
/** The state of a queue that nothing is known of. */
export const unknownQueue: QueueState = {
  others: noUse,
  stated: null,
  guess: null,
  refusals: null,
  sinceMs: 0,
  acceptedCount: 0,
};
