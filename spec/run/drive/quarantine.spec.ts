import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decide, type RunId } from '../../../lib/core/internal.ts';
import { lostOwnersMax } from '../../../lib/core/control/control.ts';
import type { RunStore } from '../../../lib/ports/run-store.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import type { WorkNotice } from '../../../lib/run/drive/work.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../../lib/sim/index.ts';
import { ok } from '../../contract/run-store-fixture.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

describe('a run that loses its owners again and again', () => {
  /**
   * The provider's clock stands still until a spec lets it go: no batch ends while owners come and
   * go, however slow the machine.
   */
  let heldMs: number | null = null;
  const provider = createFakeProvider({
    nowMs: () => heldMs ?? Date.now(),
    turnaroundMs: { min: 20, max: 30 },
  });
  const connection = fakeConnection(provider);
  const runId = 'deadly' as RunId;
  let storage: ReturnType<typeof memoryStore>;
  let store: RunStore;
  let runner: BatchRunner;
  beforeEach(async () => {
    heldMs = Date.now();
    storage = memoryStore();
    store = await ok(storage.open());
    runner = new BatchRunner({ storage, providers: [connection] });
  });
  afterEach(() => runner.close());

  /** A process takes the run, says so, and ends before anything else. */
  const loseOwner = async (): Promise<void> => {
    const run = await ok(store.own(runId));
    const opened = decide(run.snapshot, { type: 'OpenRun', atMs: Date.now() });
    if (opened._tag === 'Left') throw new Error(JSON.stringify(opened.left));
    await ok(run.commit(run.snapshot.version, opened.right));
    await run.close();
  };
  const lostOwners = async (): Promise<number> => (await ok(store.peek(runId))).snapshot.lostOwners;
  const statusOf = async (id: RunId): Promise<string> => (await ok(store.peek(id))).snapshot.status;
  const started = async (id: string): Promise<void> => {
    const first = new BatchRunner({ storage, providers: [connection] });
    await first.start(jobOf(connection, itemsOf(4), {}, { pollIntervalMs: 1_000, name: id }), {
      runId: id,
    });
    await waitFor(
      'the rows are accepted',
      async () => (await ok(store.peek(id as RunId))).snapshot.ingest.isComplete,
    );
    await first.close();
  };

  it('is left alone by workers, says why, and keeps no other run from its end; resumed, workers take it again', async () => {
    await started('deadly');
    for (let i = 0; i < lostOwnersMax; i += 1) await loseOwner();
    expect(await lostOwners()).toBe(lostOwnersMax);
    heldMs = null;
    await started('other');
    const notices: WorkNotice[] = [];
    const over = new AbortController();
    const working = runner.work({
      signal: over.signal,
      lookIntervalMs: 20,
      onNotice: (notice) => notices.push(notice),
    });
    await waitFor(
      'the other run is finished',
      async () => (await statusOf('other' as RunId)) === 'completed',
    );
    await waitFor('the worker says why', () =>
      notices.some((notice) => notice.type === 'trouble' && notice.runId === runId),
    );
    over.abort();
    await working;
    expect(notices.filter((notice) => notice.runId === runId)).toMatchObject([
      { type: 'trouble', error: { code: 'run_quarantined' } },
    ]);
    expect([await statusOf(runId), await lostOwners()]).toEqual(['running', lostOwnersMax]);

    await using run = await runner.getRun(runId);
    const [trouble] = run.summary().troubles;
    expect(trouble).toMatchObject({ what: 'owners', count: lostOwnersMax });
    expect(trouble?.message).toContain(`batchor resume --run-id ${runId}`);
    await run.resume();
    const again = new AbortController();
    const workingAgain = runner.work({ signal: again.signal, lookIntervalMs: 20 });
    await waitFor('the run is finished', async () => (await statusOf(runId)) === 'completed');
    again.abort();
    await workingAgain;
  });

  it('is not one whose owners leave it in an orderly way, or get it further', async () => {
    await started('deadly');
    for (let i = 0; i < 2; i += 1) await loseOwner();
    expect(await lostOwners()).toBe(2);
    // It takes the run, and leaves at once.
    await using leaving = new BatchRunner({ storage, providers: [connection] });
    await (await leaving.getRun(runId)).drive();
    await leaving.close();
    expect(await lostOwners()).toBe(0);
  });

  it('is driven all the same by a process that names it', async () => {
    await started('deadly');
    for (let i = 0; i < lostOwnersMax + 2; i += 1) await loseOwner();
    heldMs = null;
    await using run = await runner.getRun(runId);
    expect(await run.wait()).toMatchObject({ status: 'completed' });
    expect(await lostOwners()).toBe(0);
  });
});
