import { afterEach, describe, expect, it } from 'vitest';
import type { Run } from '../../../lib/index.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { createFakeProvider, fakeConnection, memoryStore } from '../../../lib/sim/index.ts';
import { sqljsStore } from '../../../adapters/filestore/index.ts';
import { temporaryFolder } from '../../support/postgres/folder.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

const folder = temporaryFolder();
afterEach(() => folder.remove());

/** A provider that is done at once, and a runner over the store. */
const quickRunner = (
  storage: ConstructorParameters<typeof BatchRunner>[0] & object,
): { runner: BatchRunner; job: ReturnType<typeof jobOf> } => {
  const connection = fakeConnection(
    createFakeProvider({ nowMs: () => Date.now(), turnaroundMs: { min: 1, max: 2 } }),
  );
  return {
    runner: new BatchRunner({ ...storage, providers: [connection] }),
    job: jobOf(connection, itemsOf(3), {}, { pollIntervalMs: 5 }),
  };
};
const stores = [
  { title: 'in memory', options: () => ({ storage: memoryStore() }) },
  { title: 'on disk', options: () => ({ storage: sqljsStore({ dir: folder.path }) }) },
];
const shown = (run: Run): unknown => [
  run.isFinished,
  run.status,
  run.summary().status,
  run.snapshot().status,
];
const finished = [true, 'completed', 'completed', 'completed'];

describe.each(stores)('in the process that finished a run, over a store $title', ({ options }) => {
  it('every handle says so: one that drives, one that only was there, one that waits', async () => {
    const { runner, job } = quickRunner(options());
    const driving = (await runner.start(job, { runId: 'r' })) as Run;
    const idle = await runner.getRun('r');
    const waiting = await runner.getRun('r');
    await waiting.wait();
    expect([driving, idle, waiting].map(shown)).toEqual([finished, finished, finished]);
    expect((await idle.refresh()).status).toBe('completed');
    await runner.close();
    expect([driving, idle, waiting].map(shown)).toEqual([finished, finished, finished]);
  });

  it('a handle that was there before anything drove says so, and so after a worker finished the run', async () => {
    const { runner, job } = quickRunner({ ...options(), autorun: false });
    const early = (await runner.start(job, { runId: 'r' })) as Run;
    const idle = await runner.getRun('r');
    expect(shown(early)).toEqual([false, 'running', 'running', 'running']);
    const halt = new AbortController();
    await runner.work({
      jobs: [job as never],
      lookIntervalMs: 5,
      signal: halt.signal,
      onNotice: ({ type }) => {
        if (type === 'finished') halt.abort();
      },
    });
    expect([early, idle].map(shown)).toEqual([finished, finished]);
    await runner.close();
  });
});
