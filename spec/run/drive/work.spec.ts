import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../../lib/core/internal.ts';
import type { RunStore } from '../../../lib/ports/run-store.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import type { WorkNotice } from '../../../lib/run/drive/work.ts';
import {
  createFakeProvider,
  fakeConnection,
  type MemoryStorage,
  memoryStore,
} from '../../../lib/sim/index.ts';
import { createdRun, ok } from '../../contract/run-store-fixture.ts';
import { type Item, itemsOf, jobOf } from '../../support/sim/jobs.ts';

describe('a worker', () => {
  const provider = createFakeProvider({
    nowMs: () => Date.now(),
    turnaroundMs: { min: 20, max: 30 },
  });
  const connection = fakeConnection(provider);
  let store: RunStore;
  let storage: MemoryStorage;
  let runner: BatchRunner;
  const notices: WorkNotice[] = [];
  const told = (type: WorkNotice['type']): readonly (string | null)[] =>
    notices.filter((notice) => notice.type === type).map(({ runId }) => runId);
  beforeEach(async () => {
    storage = memoryStore();
    store = await ok(storage.open());
    runner = new BatchRunner({ storage, providers: [connection] });
    notices.length = 0;
  });
  afterEach(() => runner.close());

  it('comes to every run, however many before it are not for it', async () => {
    for (let i = 0; i < 20; i += 1)
      await (await createdRun(store, `run-${i}` as RunId, 1_000 + i)).close();
    const asked = new Set<string>();
    const accepts = ({ runId }: { readonly runId: string }): boolean => (asked.add(runId), false);
    const over = new AbortController();
    const working = runner.work({ runsMax: 1, accepts, signal: over.signal });
    await expect.poll(() => asked.size).toBe(20);
    over.abort();
    await working;
  });

  it('ends when its runner is closed', async () => {
    const working = runner.work({ onNotice: (notice) => notices.push(notice) });
    await runner.close();
    await working;
    expect(told('trouble')).toEqual([]);
  });

  it('collects the answers of a run whose rows render otherwise here', async () => {
    async function* endless(): AsyncGenerator<Item> {
      yield* itemsOf(2);
      await new Promise(() => undefined);
    }
    const chunks = { maxRequests: 2 };
    const first = new BatchRunner({ storage, providers: [connection] });
    const job = jobOf(connection, endless(), chunks, { pollIntervalMs: 1_000, name: 'job' });
    const run = await first.start(job, { runId: 'run' });
    await expect
      .poll(() => run.summary().liveBatches.some(({ phase }) => phase === 'created'))
      .toBe(true);
    await first.close();
    const other = {
      ...jobOf(connection, itemsOf(4), chunks, { pollIntervalMs: 1_000, name: 'job' }),
      buildPrompt: () => 'another prompt',
    };
    const over = new AbortController();
    const working = runner.work({
      jobs: [other],
      signal: over.signal,
      onNotice: (notice) => notices.push(notice),
      lookIntervalMs: 50,
    });
    const completed = async (): Promise<number> =>
      (await ok(store.peek('run' as RunId))).snapshot.totals.completed;
    await expect.poll(completed).toBe(2);
    expect(told('trouble')).toContain('run');
    over.abort();
    await working;
  });
});
