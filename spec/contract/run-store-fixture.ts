import { type Event, evolve, type RunSnapshot } from '../../lib/core/internal.ts';

/** What specs of stores share with the contract that is shipped. */
export {
  accept,
  completeRows,
  createdRun,
  endBatch,
  eventsOf,
  runId,
  sendBatch,
  sliceOf,
  step,
  submitBatch,
} from '../../lib/testing/stores/store-runs.ts';
export { errorTypeOf as errorOf, plain, valueOf as ok } from '../../lib/testing/check.ts';
export type { OpenStorage } from '../../lib/testing/index.ts';

export const folded = (events: readonly Event[], from: RunSnapshot): RunSnapshot =>
  events.reduce(evolve, from);
