import type { BatchItem, JsonObject } from '../../../lib/index.ts';
import type { BatchJob, ChunkOptions, RetryOptions } from '../../../lib/run/job/job.ts';
import {
  createFakeProvider,
  type FakeConnection,
  fakeConnection,
  type FakeProviderConfig,
} from '../../../lib/sim/index.ts';

export type Item = BatchItem<string, JsonObject>;
export type Job = BatchJob<string, JsonObject, undefined, FakeProviderConfig>;

/** `row-id-0`, `row-id-1`, …, each with a prompt of its own. */
export const itemsOf = (count: number): readonly Item[] =>
  Array.from({ length: count }, (_, i) => ({ itemId: `id-${i}`, payload: `prompt ${i}` }));

/** A job over items; without a connection, over one that a world replaces. */
export const jobOf = (
  connection: FakeConnection | null,
  items: Iterable<Item> | AsyncIterable<Item>,
  chunkPolicy: ChunkOptions = {},
  more: {
    readonly retryPolicy?: RetryOptions;
    readonly badRows?: 'fail' | 'record';
    readonly pollIntervalMs?: number;
    readonly name?: string;
  } = {},
): Job => {
  const { pollIntervalMs, ...rest } = more;
  const named = connection ?? fakeConnection(createFakeProvider({ nowMs: () => 0 }));
  return {
    items,
    buildPrompt: ({ payload }) => payload,
    providerConfig: named({
      model: 'gpt-4.1-mini',
      ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    }),
    chunkPolicy,
    ...rest,
  };
};
