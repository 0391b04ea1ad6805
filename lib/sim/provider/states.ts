/** A batch's status, as OpenAI spells it. */
export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

/** Every transition of the state machine. */
export const arrows: Readonly<Record<BatchStatus, readonly BatchStatus[]>> = {
  validating: ['failed', 'in_progress', 'cancelling'],
  in_progress: ['finalizing', 'expired', 'cancelling'],
  finalizing: ['completed', 'cancelling'],
  cancelling: ['cancelled'],
  failed: [],
  completed: [],
  expired: [],
  cancelled: [],
};

/** True when the status never changes again. */
export const isTerminal = (status: BatchStatus): boolean => arrows[status].length === 0;

/** True when a batch with this status can be cancelled. */
export const isCancellable = (status: BatchStatus): boolean =>
  arrows[status].includes('cancelling');

/** When each status was entered, in milliseconds; absent until then. */
export type Stamps = Readonly<Partial<Record<BatchStatus, number>>>;

/** The part of a batch that the state machine changes. */
export interface Life {
  readonly status: BatchStatus;
  readonly stamps: Stamps;
}

/** A batch just created. */
export const born = (atMs: number): Life => ({
  status: 'validating',
  stamps: { validating: atMs },
});

/**
 * Enters a status and records the time. Throws on a transition that is not in `arrows`, which is a
 * bug of the provider.
 */
export const enter = (life: Life, status: BatchStatus, atMs: number): Life => {
  if (!arrows[life.status].includes(status))
    throw new Error(`fake provider: a batch cannot go from ${life.status} to ${status}`);
  return { status, stamps: { ...life.stamps, [status]: atMs } };
};
