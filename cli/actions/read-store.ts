import type { JsonObject } from '../../lib/core/json/json.ts';
import type { RunStatus } from '../../lib/core/model/snapshot.ts';
import type { DamagedRun, RunStore } from '../../lib/ports/run-store.ts';
import { isRunId } from '../../lib/core/values/ids.ts';
import { must, toBatchorError } from '../../lib/run/api/interop.ts';
import { summaryOf } from '../../lib/run/view/summary.ts';
import { toWire } from '../../lib/run/view/wire.ts';
import { messageOf } from '../../lib/effects/faults.ts';
import { openStore } from '../compose.ts';
import { hintFor } from '../print/hints.ts';
import { invalidRunId } from '../shell/flags.ts';
import { type Place, requireStore, summaryInPlace } from '../shell/place.ts';

/** How a run stands, as the store tells it; whoever drives the run is not asked. */
export const readSummary = (place: Place, runId: string): Promise<JsonObject> =>
  withStore(place, async (store) => {
    if (!isRunId(runId)) throw invalidRunId(runId);
    const run = await must(store.peek(runId), { runId, storage: store.describe });
    const [summary, { standingOf }] = [toWire(summaryOf(run.snapshot)), await import('./run-standing.ts')];
    return summaryInPlace(place, { ...summary, ...(await standingOf(run, place)) });
  });

/** The runs of the store: first those that cannot be opened, which are told in words too, then the others, newest first, each with who drives it. */
export const readSummaries = (
  place: Place,
  { status, limit }: { readonly status: RunStatus | null; readonly limit: number | null },
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
      const said = toBatchorError(error, { runId, ...context });
      tell([`batchor: run ${runId} cannot be opened: ${said.message}`, `  ${hintFor(said, place)}`]);
    }
    const wanted = runs.filter(({ snapshot }) => status === null || snapshot.status === status);
    // Whether a damaged run is finished is not known, so that no status asks for it.
    const all = [
      ...(status === null ? damaged.map(({ runId, error }) => ({ run_id: runId, status: 'damaged', error: messageOf(error) })) : []),
      ...wanted.map(({ snapshot, owner }) => ({ ...summaryInPlace(place, toWire(summaryOf(snapshot))), owner })),
    ];
    return all.slice(0, limit ?? all.length);
  });

/** Opens the store that is there, lets use it, and closes it again. */
export const withStore = async <A>(place: Place, use: (store: RunStore) => Promise<A>): Promise<A> => {
  requireStore(place);
  const store = await openStore(place.store);
  try {
    return await use(store);
  } finally {
    await store.close();
  }
};
