import type { RunStatus } from '../../core/model/snapshot.ts';
import type { DamagedRun, RunStore } from '../../ports/run-store.ts';
import type { BatchorError } from './errors.ts';
import { must, toBatchorError } from './interop.ts';
import { type RunSummary, summaryOf } from '../view/summary.ts';

/** Which runs `listRuns` yields, and how many. */
export interface ListQuery {
  readonly status?: RunStatus;
  readonly limit?: number;
  /** Called for each run that cannot be opened, for any `status`. */
  readonly onDamaged?: (run: { readonly runId: string; readonly error: BatchorError }) => void;
}

/** The summary of a run, with the process that drives it. */
export type ListedSummary = RunSummary & {
  /** The process that drives it now, as text; null: none. */
  readonly owner: string | null;
};

/**
 * Runs, newest first. Reports damaged runs to `onDamaged` before the first one. Without it, throws
 * the error of one damaged run after the last one.
 */
export async function* listRuns(
  store: RunStore,
  { status, limit = Infinity, onDamaged }: ListQuery,
): AsyncGenerator<ListedSummary> {
  const context = { storage: store.describe };
  const damaged: DamagedRun[] = [];
  const runs = await must(
    store.list((run) => damaged.push(run)),
    context,
  );
  const found = damaged.map(({ runId, error }) => ({
    runId,
    error: toBatchorError(error, { runId, ...context }),
  }));
  for (const run of found) onDamaged?.(run);
  const wanted = runs
    .filter(({ snapshot }) => status === undefined || snapshot.status === status)
    .slice(0, limit);
  for (const { snapshot, owner } of wanted) yield { ...summaryOf(snapshot), owner };
  if (found[0] !== undefined && onDamaged === undefined) throw found[0].error;
}
