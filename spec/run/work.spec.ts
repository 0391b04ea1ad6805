import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunId } from '../../lib/core/index.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { BatchRunner } from '../../lib/run/runner.ts';
import type { WorkNotice } from '../../lib/run/work.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../lib/sim/index.ts';
import { createdRun, ok } from '../contract/run-store-fixture.ts';

describe('a worker', () => {
  const provider = createFakeProvider({ nowMs: () => Date.now(), turnaroundMs: { min: 20, max: 30 } });
  const connection = fakeConnection(provider);
  let store: RunStore;
  let runner: BatchRunner;
  const notices: WorkNotice[] = [];
  const told = (type: WorkNotice['type']): readonly (string | null)[] =>
    notices.filter((notice) => notice.type === type).map(({ runId }) => runId);
  beforeEach(async () => {
    const storage = memoryStore();
    store = await ok(storage.open());
    runner = new BatchRunner({ storage, providers: [connection] });
    notices.length = 0;
  });
  afterEach(() => runner.close());

  it('comes to every run, however many before it are not for it', async () => {
    for (let i = 0; i < 20; i += 1) await (await createdRun(store, `run-${i}` as RunId, 1_000 + i)).close();
    const asked = new Set<string>();
    const accepts = ({ runId }: { readonly runId: string }): boolean => (asked.add(runId), false);
    const over = new AbortController();
    const working = runner.work({ runsMax: 1, accepts, signal: over.signal });
    await expect.poll(() => asked.size, { timeout: 2_000 }).toBe(20);
    over.abort();
    await working;
  });

  it('ends when its runner is closed', async () => {
    const working = runner.work({ onNotice: (notice) => notices.push(notice) });
    await runner.close();
    await working;
    expect(told('trouble')).toEqual([]);
  });
});
