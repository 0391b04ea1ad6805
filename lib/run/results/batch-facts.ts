import type { StoredRunEvent } from '../../core/machine/run-event.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { noBatchFacts, type BatchFacts, type RowFacts } from '../../effects/results/results.ts';
import { must } from '../api/interop.ts';
import { batchKeyOfObject } from '../../core/settle/raw-object.ts';

/** Facts of the run's batches, by batch key. */
export type BatchFactsByKey = ReadonlyMap<string, BatchFacts>;

/** The batches of one run, read from its events once and then kept up to date. */
export interface BatchBook {
  /** Facts at the reader's version. Returns the same map while nothing changes. */
  read(source: RunReader): Promise<BatchFactsByKey>;
}

/**
 * A batch while its events are read; times in milliseconds. `createdAtMs`: when batchor got the
 * answer to its create; null: adopted, or not created.
 */
interface KnownBatch {
  readonly batchId: string | null;
  readonly createdAtMs: number | null;
  readonly latencyS: number | null;
}

const pageEvents = 1_000;

/** Reads each event once: O(events) in total, O(batches) memory. */
export const createBatchBook = (): BatchBook => {
  const batches = new Map<string, KnownBatch>();
  let facts: BatchFactsByKey = new Map();
  let version = -1;
  let cursor = 0;
  return {
    read: async (source) => {
      const target = source.snapshot.version;
      if (target <= version) return facts;
      let isChanged = false;
      for (let hasMore = true; hasMore;) {
        const events = await must(source.eventsAfter(cursor, pageEvents), { runId: source.runId });
        for (const event of events) {
          // Another call may have read these meanwhile.
          if (event.sequence <= cursor) continue;
          cursor = event.sequence;
          isChanged = note(batches, event) || isChanged;
        }
        hasMore = events.length === pageEvents;
      }
      if (isChanged || version < 0)
        facts = new Map(
          [...batches].map(([key, { batchId, latencyS }]): [string, BatchFacts] => [
            key,
            { batchId, latencyS },
          ]),
        );
      version = Math.max(version, target);
      return facts;
    },
  };
};

/** True when the event changes a batch. */
const note = (
  batches: Map<string, KnownBatch>,
  { eventType, atMs, data }: StoredRunEvent,
): boolean => {
  const key = data['batch_key'];
  if (typeof key !== 'string') return false;
  if (eventType === 'batch_submitted') {
    const id = data['provider_batch_id'];
    const createdAtMs = data['was_adopted'] === true ? null : atMs;
    batches.set(key, { batchId: typeof id === 'string' ? id : null, createdAtMs, latencyS: null });
    return true;
  }
  if (eventType !== 'batch_completed' && eventType !== 'batch_failed') return false;
  const known = batches.get(key) ?? { ...noBatchFacts, createdAtMs: null };
  batches.set(key, { ...known, latencyS: latencyOf(known, atMs, data) });
  return true;
};

/** By the provider's times if it gives both; else by batchor's own observations. */
const latencyOf = (
  { createdAtMs }: KnownBatch,
  seenAtMs: number,
  data: StoredRunEvent['data'],
): number | null => {
  const { created_at_ms: bornAtMs, ended_at_ms: endedAtMs } = data;
  if (typeof bornAtMs === 'number' && typeof endedAtMs === 'number')
    return (endedAtMs - bornAtMs) / 1_000;
  return createdAtMs === null || seenAtMs < createdAtMs ? null : (seenAtMs - createdAtMs) / 1_000;
};

/**
 * Current facts of rows that are not in their lines. Cheap to call per page while nothing changes.
 */
export const createRowFacts = (reader: () => RunReader): (() => Promise<RowFacts>) => {
  const book = createBatchBook();
  let batches: BatchFactsByKey | null = null;
  let byObject = new Map<string, BatchFacts>();
  return async () => {
    const source = reader();
    const read = await book.read(source);
    if (read !== batches) {
      batches = read;
      byObject = new Map();
    }
    const [known, found] = [read, byObject];
    return {
      prices: source.snapshot.config.operation.money.prices,
      batchOf: (object) => {
        const seen = found.get(object);
        if (seen !== undefined) return seen;
        const facts = known.get(batchKeyOfObject(object) ?? '') ?? noBatchFacts;
        found.set(object, facts);
        return facts;
      },
    };
  };
};
