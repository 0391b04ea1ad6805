import { isLeftAsItIs } from '../../lib/core/model/adopted.ts';
import type { Run } from '../../lib/run/api/run.ts';
import type { Place } from '../shell/place.ts';

/**
 * Rows of batches that were created elsewhere failed, and nothing was sent for them: why, in the
 * provider's words, and how they are asked again. Reads a sample of their result lines.
 */
export const adoptedNotes = async (run: Run, { storeFlag }: Place): Promise<readonly string[]> => {
  const { config, totals } = run.snapshot();
  const failed = totals.failed_permanent;
  if (failed === 0 || !isLeftAsItIs(config, 1)) return [];
  const { failures } = await run.report();
  const reasons = failures.flatMap(({ errorClass, count, said: [first] }) =>
    first === undefined ? [] : [`  ${errorClass}, ${rowsOf(count)}: ${first.message}`],
  );
  return [
    `batchor: ${rowsOf(failed)} failed, or had no answer; nothing was sent again, since the batches were created elsewhere`,
    ...reasons,
    `  Ask them again, as a run of their own: batchor start --from-run ${run.runId} --only failed${storeFlag} --wait`,
  ];
};

const rowsOf = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);
