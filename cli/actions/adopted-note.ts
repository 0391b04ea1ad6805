import { isLeftAsItIs } from '../../lib/core/model/adopted.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { Place } from '../shell/place.ts';

/**
 * Rows of batches that were created elsewhere failed, and nothing was sent for them: how they are
 * asked again.
 */
export const adoptedNotes = (run: Run, { storeFlag }: Place): readonly string[] => {
  const { config, totals } = run.snapshot();
  const failed = totals.failed_permanent;
  if (failed === 0 || !isLeftAsItIs(config, 1)) return [];
  const rows = failed === 1 ? 'row' : 'rows';
  return [
    `batchor: ${failed} ${rows} failed, or had no answer; nothing was sent again, since the batches were created elsewhere`,
    `  Ask them again, as a run of their own: batchor start --from-run ${run.runId} --only failed${storeFlag} --wait`,
  ];
};
