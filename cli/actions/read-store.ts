import type { JsonObject } from '../../lib/core/json/json.ts';
import { isFinished, type RunSnapshot } from '../../lib/core/model/snapshot.ts';
import type { DamagedRun, RunStore } from '../../lib/ports/run-store.ts';
import { isRunId } from '../../lib/core/values/ids.ts';
import { must, toBatchorError } from '../../lib/run/api/interop.ts';
import { summaryOf } from '../../lib/run/view/summary.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { messageOf } from '../../lib/effects/faults.ts';
import { openStore } from '../compose.ts';
import { hintFor } from '../print/hints.ts';
import type { ListedState } from '../shell/listed-states.ts';
import { invalidRunId } from '../shell/flags.ts';
import { type Place, requireStore, summaryInPlace } from '../shell/place.ts';

/** The summary of a run from the store; its owner is not asked. */
export const readSummary = (place: Place, runId: string): Promise<JsonObject> =>
  withStore(place, async (store) => {
    if (!isRunId(runId)) throw invalidRunId(runId);
    const run = await must(store.peek(runId), { runId, storage: store.describe });
    const [summary, { standingOf }] = [
      toWire(summaryOf(run.snapshot)),
      await import('./run-standing.ts'),
    ];
    return summaryInPlace(place, { ...summary, ...(await standingOf(run, place)) });
  });

/**
 * The runs of the store, each with its owner: first those that cannot be opened, with a note on
 * stderr, then the others, newest first.
 */
export const readSummaries = (
  place: Place,
  { status, limit }: { readonly status: ListedState | null; readonly limit: number | null },
  tell: (lines: readonly string[]) => void,
): Promise<readonly JsonObject[]> =>
  withStore(place, async (store) => {
    const context = { storage: store.describe };
    const damaged: DamagedRun[] = [];
    const runs = await must(
      store.list((run) => damaged.push(run)),
      context,
    );
    for (const { runId, error } of damaged) {
      const shown = toBatchorError(error, { runId, ...context });
      tell([
        `batchor: run ${runId} cannot be opened: ${shown.message}`,
        `  ${hintFor(shown, place)}`,
      ]);
    }
    const wanted = runs.filter(({ snapshot }) => status === null || isIn(snapshot, status));
    // A damaged run has no known status, so no other `--status` selects it.
    const all = [
      ...(status === null || status === 'damaged'
        ? damaged.map(({ runId, error }) => ({
            run_id: runId,
            status: 'damaged',
            error: messageOf(error),
          }))
        : []),
      ...wanted.map(({ snapshot, owner }) => ({
        ...summaryInPlace(place, toWire(summaryOf(snapshot))),
        owner,
      })),
    ];
    return all.slice(0, limit ?? all.length);
  });

/** A control state counts only until the run finishes: `cancel_requested` stays afterwards. */
const isIn = (snapshot: RunSnapshot, state: ListedState): boolean =>
  state === 'paused' || state === 'cancel_requested'
    ? snapshot.control.state === state && !isFinished(snapshot)
    : snapshot.status === state;

/** Opens an existing store for the callback and closes it again. */
export const withStore = async <A>(
  place: Place,
  use: (store: RunStore) => Promise<A>,
): Promise<A> => {
  requireStore(place);
  const store = await openStore(place.store);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
};
