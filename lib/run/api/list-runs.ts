import type { RunStatus } from '../../core/model/snapshot.ts';
import type { DamagedRun, RunStore } from '../../ports/run-store.ts';
import type { BatchorError } from './errors.ts';
import { must, toBatchorError } from './interop.ts';
import { type RunSummary, summaryOf } from '../view/summary.ts';

export interface ListQuery {
  readonly status?: RunStatus;
  readonly limit?: number;
  /** Runs that cannot be opened, whatever the status asked for. */
  readonly onDamaged?: (run: { readonly runId: string; readonly error: BatchorError }) => void;
}

export type ListedSummary = RunSummary & {
  /** Who drives it now, for people; null: nobody. */
  readonly owner: string | null;
};

/** Runs, newest first. Damaged ones are given to `onDamaged` before the first of them; without it the error of one is thrown behind the last. */
export async function* listRuns(store: RunStore, { status, limit = Infinity, onDamaged }: ListQuery): AsyncGenerator<ListedSummary> {
  const context = { storage: store.describe };
  const damaged: DamagedRun[] = [];
  const runs = await must(
    store.list((run) => damaged.push(run)),
    context,
  );
  const found = damaged.map(({ runId, error }) => ({ runId, error: toBatchorError(error, { runId, ...context }) }));
  for (const run of found) onDamaged?.(run);
  const wanted = runs.filter(({ snapshot }) => status === undefined || snapshot.status === status).slice(0, limit);
  for (const { snapshot, owner } of wanted) yield { ...summaryOf(snapshot), owner };
  if (found[0] !== undefined && onDamaged === undefined) throw found[0].error;
}
