import { failureClasses, failureOfCode, isFailureClass } from '../../core/values/failure.ts';
import type { ResultSelection } from '../../core/settle/results.ts';
import type { ResultRef } from '../../ports/run-store.ts';
import { BatchorError } from '../api/errors.ts';

/** True for selected results. Uses the pointer alone, so lines of other results are not read. */
export type IsSelected = (ref: Pick<ResultRef, 'status' | 'code'>) => boolean;

/** Throws `invalid_config` for an invalid selection. */
export const selectionOf = (only: ResultSelection | undefined): IsSelected => {
  if (only === undefined || only === 'all') return () => true;
  if (only === 'completed') return ({ status }) => status === 'completed';
  if (only === 'failed') return ({ status }) => status !== 'completed';
  const odd = Array.isArray(only) ? only.find((name: string) => !isFailureClass(name)) : only;
  if (odd !== undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'only' },
      `only must be 'all', 'completed', 'failed' or failure classes (got ${JSON.stringify(odd)})`,
      `The failure classes are ${failureClasses.join(', ')}.`,
    );
  const classes = new Set<string>(only);
  return ({ status, code }) => status !== 'completed' && classes.has(failureOfCode(code));
};
