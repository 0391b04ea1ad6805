import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { othersOf, planOk, quotaRun, settle } from '../../lib/testing/stores/quota-runs.ts';
import { createdRun, eventsOf, ok, runId, step } from './run-store-fixture.ts';

describe('where the answer to a COMMIT is lost, a Postgres store', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let pool: Pool;
  let store: RunStore;
  const artifacts = (): ReturnType<typeof filesystemArtifacts> =>
    filesystemArtifacts({ dir: folder.path });
  /** This many commits count, and their answers never come. */
  let lostCount = 0;
  const open = (patienceMs = 60_000): Promise<RunStore> =>
    ok(
      pgStore({ pool, schema: schema.name, patienceMs }).open({
        artifacts: artifacts(),
        owner: 'us',
      }),
    );
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    pool = new Pool({ connectionString: schema.url, max: 4 });
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      (client as { query: unknown }).query = async (
        ...args: readonly unknown[]
      ): Promise<unknown> => {
        const answer = await query(...args);
        if (args[0] !== 'commit' || lostCount === 0) return answer;
        lostCount -= 1;
        throw new Error('Connection terminated unexpectedly');
      };
    });
    store = await open();
  });
  afterEach(async () => {
    lostCount = 0;
    await store.close();
    await pool.end();
    await schema.drop();
    folder.remove();
  });

  it('has created the run, once', async () => {
    lostCount = 1;
    const run = await createdRun(store);
    expect(run.epoch).toBe(1);
    await run.close();
  });

  it('has taken the run, once', async () => {
    await (await createdRun(store)).close();
    lostCount = 1;
    const run = await ok(store.own(runId));
    expect(run.epoch).toBe(2);
    await step(run, { type: 'PauseRun', atMs: 2, reason: 'manual', message: null });
    await run.close();
  });

  it('has committed, once', async () => {
    const run = await createdRun(store);
    const { version } = run.snapshot;
    lostCount = 1;
    await step(run, { type: 'PauseRun', atMs: 2, reason: 'manual', message: null });
    expect(run.snapshot.version).toBe(version + 1);
    await run.close();
    expect((await ok(store.peek(runId))).snapshot.version).toBe(version + 1);
  });

  it('has reserved capacity of its queue, once, and other runs see it', async () => {
    const run = await quotaRun(store, 'run', 8);
    const other = await quotaRun(store, 'other', 4);
    lostCount = 1;
    await planOk(run, 'a');
    expect([lostCount, run.snapshot.live.length]).toEqual([0, 1]);
    expect(await othersOf(other)).toEqual({ tokens: 40, requests: 4, stated: null, wants: [] });
    lostCount = 1;
    await settle(run, 'a');
    expect(await othersOf(other)).toEqual({ tokens: 0, requests: 0, stated: null, wants: [] });
    await run.close();
  });

  it('has left the command for the owner, once', async () => {
    const run = await createdRun(store);
    lostCount = 1;
    const id = await ok(store.send(runId, { type: 'pause', options: {} }));
    expect((await ok(run.inbox())).map((command) => command.id)).toEqual([id]);
    await run.close();
  });

  it('has removed the run, payloads included', async () => {
    const run = await createdRun(store);
    await ok(run.artifacts.put('items/0.jsonl', [new Uint8Array(3)]));
    await run.close();
    lostCount = 1;
    await ok(store.remove(runId));
    expect(await ok(artifacts().list('runs/'))).toEqual([]);
  });

  it('does not mistake another commit for the one whose answer was lost', async () => {
    const hasty = await open(0);
    const run = await createdRun(hasty);
    const { version } = run.snapshot;
    const pause = eventsOf(run.snapshot, {
      type: 'PauseRun',
      atMs: 2,
      reason: 'manual',
      message: null,
    });
    const cancel = eventsOf(run.snapshot, { type: 'CancelRun', atMs: 3 });
    lostCount = 1;
    expect(await run.commit(version, pause)()).toMatchObject({ left: { type: 'unavailable' } });
    expect((await run.commit(version, cancel.slice(0, 1))())._tag).toBe('Left');
    expect((await ok(store.peek(runId))).snapshot.control.state).toBe('paused');
    await hasty.close();
  });
});
