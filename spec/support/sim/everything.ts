import type { Run, RunSummary } from '../../../lib/index.ts';
import type { FaultScript, Settling, World } from '../../../lib/sim/index.ts';
import { type Item, itemsOf } from './jobs.ts';

/** Everything that can go wrong with a row or a batch, at once. */
export const everything: FaultScript = [
  { type: 'rows_fail', ratio: 0.08, statusCode: 429 },
  { type: 'rows_fail', ratio: 0.06, statusCode: 500 },
  { type: 'rows_fail', ratio: 0.05, statusCode: 400 },
  { type: 'rows_missing', ratio: 0.06 },
  { type: 'rows_duplicated', ratio: 0.06 },
  { type: 'rows_malformed', ratio: 0.05 },
  { type: 'rows_unknown_id', ratio: 0.05 },
  { type: 'rows_truncated', ratio: 0.04 },
  { type: 'rows_refused', ratio: 0.04 },
  { type: 'rows_status_zero', ratio: 0.05 },
  { type: 'rows_timed_out', ratio: 0.05 },
  { type: 'expires', completedRatio: 0.5, batch: 2 },
  { type: 'validation_fails', code: 'invalid_json_line', lines: [2, 5], batch: 3 },
  { type: 'create_refused', reason: 'over_capacity', batch: 4 },
  { type: 'validation_fails', code: 'token_limit_exceeded', batch: 6 },
  { type: 'lose_create_reply', batch: 7 },
];

/** Items of which some cannot be: without an id, with one that is taken. */
export const roughItems = (count: number): readonly Item[] =>
  itemsOf(count).map((item, i) =>
    i % 17 === 5 ? { ...item, itemId: '' } : i % 23 === 7 ? { ...item, itemId: 'id-0' } : item,
  );

/** Settles the run; where answers cannot be read, the operator gives them up. */
export const settleAll = async (
  world: World,
  run: Settling & Pick<Run, 'resolve'>,
): Promise<RunSummary> => {
  for (;;) {
    const summary = await world.settle(run);
    if (summary.controlReason !== 'results_unreadable') return summary;
    for (const { batchKey, held } of summary.liveBatches)
      if (held !== null) await world.until(run.resolve(batchKey, 'results_lost'));
  }
};
