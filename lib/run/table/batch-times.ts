import type { RunReader } from '../../ports/run-store.ts';
import { must } from '../interop.ts';

/** When a batch was taken in by the provider, and when it was over; null: not yet, or nobody saw it. */
export interface BatchTimes {
  readonly submittedAtMs: number | null;
  readonly endedAtMs: number | null;
}

const pageEvents = 1_000;

/** The times of every batch of the run, by its key, as its events tell them. O(events), once. */
export const readBatchTimes = async (reader: () => RunReader): Promise<ReadonlyMap<string, BatchTimes>> => {
  const times = new Map<string, BatchTimes>();
  for (let cursor = 0; ;) {
    const source = reader();
    const events = await must(source.eventsAfter(cursor, pageEvents), { runId: source.runId });
    for (const { eventType, atMs, data } of events) {
      const key = data['batch_key'];
      if (typeof key !== 'string') continue;
      const known = times.get(key) ?? { submittedAtMs: null, endedAtMs: null };
      if (eventType === 'batch_submitted') times.set(key, { ...known, submittedAtMs: atMs });
      else if (eventType === 'batch_completed' || eventType === 'batch_failed') times.set(key, { ...known, endedAtMs: atMs });
    }
    const last = events[events.length - 1];
    if (last === undefined || events.length < pageEvents) return times;
    cursor = last.sequence;
  }
};
