import type { JsonObject } from '../lib/core/json.ts';
import type { RunStatus } from '../lib/core/snapshot.ts';
import type { RunStore } from '../lib/ports/run-store.ts';
import { isRunId } from '../lib/core/ids.ts';
import { must } from '../lib/run/interop.ts';
import { summaryOf } from '../lib/run/summary.ts';
import { toWire } from '../lib/run/wire.ts';
import { openStore } from './compose.ts';
import { invalidRunId } from './flags.ts';
import { type Place, requireStore } from './place.ts';

/** How a run stands, as the store tells it; whoever drives the run is not asked. */
export const readSummary = (place: Place, runId: string): Promise<JsonObject> =>
  withStore(place, async (store) => {
    if (!isRunId(runId)) throw invalidRunId(runId);
    const { snapshot } = await must(store.peek(runId), { runId, storage: store.describe });
    return toWire(summaryOf(snapshot));
  });

/** The runs of the store, newest first, each with who drives it. */
export const readSummaries = (
  place: Place,
  { status, limit }: { readonly status: RunStatus | null; readonly limit: number | null },
): Promise<readonly JsonObject[]> =>
  withStore(place, async (store) => {
    const runs = await must(store.list(), { storage: store.describe });
    const wanted = runs.filter(({ snapshot }) => status === null || snapshot.status === status);
    return wanted.slice(0, limit ?? wanted.length).map(({ snapshot, owner }) => ({ ...toWire(summaryOf(snapshot)), owner }));
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
