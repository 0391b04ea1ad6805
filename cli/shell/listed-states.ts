import { runStatuses } from '../../lib/core/model/snapshot.ts';

/**
 * What `list --status` selects: a run's `status`, its `control_state` while it is not finished, or
 * the runs that cannot be opened.
 */
export const listedStates = [...runStatuses, 'paused', 'cancel_requested', 'damaged'] as const;

export type ListedState = (typeof listedStates)[number];
