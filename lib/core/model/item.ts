/**
 * The states of an item: the six of one that is sent, and that of one whose request an earlier row
 * has sent already.
 */
export const itemStatuses = [
  'pending',
  'queued_local',
  'submitted',
  'completed',
  'failed_retryable',
  'failed_permanent',
  'shared',
] as const;
/**
 * What an item is: `pending`, `queued_local` (planned into a batch), `submitted`,
 * `failed_retryable` (waits for its next attempt), or ended as `completed` or `failed_permanent`.
 */
export type ItemStatus = (typeof itemStatuses)[number];
/** A status that an item never leaves. */
export type TerminalItemStatus = Extract<ItemStatus, 'completed' | 'failed_permanent'>;

/** One arrow of the item state machine; `from: null` is the row's birth. */
export interface ItemArrow {
  readonly from: ItemStatus | null;
  readonly to: ItemStatus;
  readonly when: string;
}

/**
 * Every allowed change of an item's status, and when it happens; any other is refused.
 * `docs/state-machine.md` is generated from this table.
 */
export const itemArrows: readonly ItemArrow[] = [
  { from: null, to: 'pending', when: 'accepted from the source' },
  {
    from: null,
    to: 'failed_permanent',
    when: 'a row that cannot be an item, when the policy records such rows',
  },
  {
    from: null,
    to: 'shared',
    when: 'accepted from the source, where duplicates are sent once and an earlier row has the same request',
  },
  { from: 'pending', to: 'queued_local', when: 'planned into a batch' },
  {
    from: 'pending',
    to: 'failed_permanent',
    when: 'the run is cancelled, or the request fits no batch',
  },
  {
    from: 'queued_local',
    to: 'pending',
    when: 'released: no create was sent, or its absence is proved',
  },
  { from: 'queued_local', to: 'submitted', when: 'the batch exists at the provider' },
  { from: 'queued_local', to: 'failed_permanent', when: 'rejected before submission' },
  { from: 'submitted', to: 'completed', when: 'the outcome was parsed and accepted' },
  {
    from: 'submitted',
    to: 'failed_retryable',
    when: 'a failure worth retrying; charged as an attempt or not, by failure class',
  },
  { from: 'submitted', to: 'failed_permanent', when: 'not retryable, or attempts used up' },
  { from: 'failed_retryable', to: 'pending', when: 'its backoff has passed' },
  { from: 'failed_retryable', to: 'failed_permanent', when: 'the run is cancelled' },
  {
    from: 'shared',
    to: 'completed',
    when: 'the earlier row was completed: its answer is the answer of both',
  },
  { from: 'shared', to: 'failed_permanent', when: 'the earlier row failed, for whatever reason' },
];

const arrowSet: ReadonlySet<string> = new Set(
  itemArrows.map((arrow) => `${arrow.from ?? ''}>${arrow.to}`),
);

/** True when the table holds this arrow. */
export const isItemArrow = (from: ItemStatus | null, to: ItemStatus): boolean =>
  arrowSet.has(`${from ?? ''}>${to}`);
/** Whether an item of this status has ended. */
export const isTerminalItem = (status: ItemStatus): status is TerminalItemStatus =>
  status === 'completed' || status === 'failed_permanent';

/** How many items have each status. Their sum is the number of accepted rows. */
export type ItemTotals = Readonly<Record<ItemStatus, number>>;
/** Totals of a run without items. */
export const emptyTotals: ItemTotals = {
  pending: 0,
  queued_local: 0,
  submitted: 0,
  completed: 0,
  failed_retryable: 0,
  failed_permanent: 0,
  shared: 0,
};
/** All rows that were ever accepted: the left side of the conservation law. */
export const sumOfTotals = (totals: ItemTotals): number =>
  itemStatuses.reduce((sum, status) => sum + totals[status], 0);
