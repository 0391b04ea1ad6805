import type { BatchRecord, RunId, StoredRunEvent } from '../../../lib/core/internal.ts';
import type { ResultRef, Storage, StoredRow } from '../../../lib/ports/index.ts';
import { must } from '../../../lib/run/api/interop.ts';
import { resultsAfter, resultsByIndex, storedRows } from '../../../lib/rows/read-rows.ts';

/** Everything that a store shows of a run. */
export interface Shown {
  readonly version: number;
  readonly events: readonly StoredRunEvent[];
  readonly rows: readonly StoredRow[];
  readonly results: readonly ResultRef[];
  readonly byIndex: readonly ResultRef[];
  readonly batches: readonly BatchRecord[];
}

const all = Number.MAX_SAFE_INTEGER;

export const shownBy = async (storage: Storage<'local'>, runId: string): Promise<Shown> => {
  const store = await must(storage.open());
  const reader = await must(store.read(runId as RunId));
  const batches = await must(reader.batches(1, all));
  const shown: Shown = {
    version: reader.snapshot.version,
    events: await must(reader.eventsAfter(0, all)),
    rows: await must(storedRows(reader, 0, all)),
    results: await must(resultsAfter(reader, 0, all)),
    byIndex: (await must(resultsByIndex(reader, 0, 1_000_000))).results,
    batches: batches.map((batch) => ({ ...batch, indexes: Array.from(batch.indexes) })),
  };
  await reader.close();
  await store.close();
  return shown;
};
