import { failureOfCode } from '../../lib/core/values/failure.ts';
import type { RunSnapshot } from '../../lib/core/model/snapshot.ts';
import { commandLine, type Place } from '../shell/place.ts';

type Named = Pick<Place, 'storeFlag'>;

/** What continues a run that `start` leaves before it finishes. */
export const startedNote = (place: Named, runId: string): string =>
  `batchor: run ${runId} is started; see its state: ${commandLine(place, 'status', runId)}; continue it, and collect the answers: ${commandLine(place, 'wait', runId)}`;

/**
 * The failed rows of a finished run by class, most frequent first, and the command that shows them;
 * none: no row failed.
 */
export const failedNotes = (
  place: Named,
  { runId, totals, failures }: Pick<RunSnapshot, 'runId' | 'totals' | 'failures'>,
): readonly string[] => {
  const failed = totals.failed_permanent;
  if (failed === 0) return [];
  const classes = (failures ?? [])
    .map(({ code, count }) => `${failureOfCode(code)} ${count}`)
    .join(', ');
  return [
    `batchor: ${rowsOf(failed)} failed${classes === '' ? '' : ` (${classes})`}; show them: ${commandLine(place, 'results', runId, '--only failed')}`,
  ];
};

/** E.g. `1 row`, `2 rows`. */
export const rowsOf = (count: number): string => (count === 1 ? '1 row' : `${count} rows`);
