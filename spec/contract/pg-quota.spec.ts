import { setTimeout as sleep } from 'node:timers/promises';
import { isRight } from 'fp-ts/lib/Either.js';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { createLatch } from '../support/wait-for.ts';
import { othersOf, plan, planOk, quotaRun } from '../../lib/testing/stores/quota-runs.ts';
import { ok, step } from './run-store-fixture.ts';

describe('while a COMMIT takes its time, a Postgres store', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let pool: Pool;
  let store: RunStore;
  /** A transaction waits for this before its COMMIT. */
  let beforeCommit: () => Promise<void>;
  beforeEach(async () => {
    beforeCommit = () => Promise.resolve();
    schema = newSchema();
    folder = temporaryFolder();
    pool = new Pool({ connectionString: schema.url, max: 6 });
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      (client as { query: unknown }).query = async (
        ...args: readonly unknown[]
      ): Promise<unknown> => {
        if (args[0] === 'commit') await beforeCommit();
        return query(...args);
      };
    });
    store = await ok(
      pgStore({ pool, schema: schema.name }).open({
        artifacts: filesystemArtifacts({ dir: folder.path }),
      }),
    );
  });
  afterEach(async () => {
    await store.close();
    await pool.end();
    await schema.drop();
    folder.remove();
  });

  it('gives the capacity to one of the runs that reserve it meanwhile, whichever commits first', async () => {
    const runs = [
      await quotaRun(store, 'one', 4),
      await quotaRun(store, 'two', 4),
      await quotaRun(store, 'three', 4),
    ];
    // The first to take the lock commits late, whatever the others do meanwhile.
    beforeCommit = () => sleep(100);
    const answers = await Promise.all(
      runs.map((run) => plan(run, 'b', { tokens: 0, requests: 0, stated: null, wants: [] })),
    );
    expect(answers.filter(isRight).length).toBe(1);
    expect(answers.filter((answer) => !isRight(answer))).toMatchObject([
      { left: { type: 'quota_taken' } },
      { left: { type: 'quota_taken' } },
    ]);
  });

  it('does not block runs that reserve nothing, or that use another queue', async () => {
    const taker = await quotaRun(store, 'taker', 4);
    const idle = await quotaRun(store, 'idle', 4);
    const elsewhere = await quotaRun(store, 'elsewhere', 4, { quotaScope: 'team' });
    const latch = createLatch();
    const committing = createLatch();
    beforeCommit = () => {
      committing.open();
      return latch.opened;
    };
    const taking = planOk(taker, 'a');
    await committing.opened;
    const locks = async (): Promise<number> =>
      (await pool.query("select from pg_locks where locktype = 'advisory'")).rowCount ?? 0;
    // Other specs hold locks on this server too: one that is held does not mean the taker's.
    expect(await locks()).toBeGreaterThan(0);
    beforeCommit = () => Promise.resolve();
    // A run that waited for the lock holder would wait for ever, since that commits last.
    await step(idle, { type: 'PauseRun', atMs: 3_000, reason: 'manual', message: null });
    await ok(() => plan(elsewhere, 'b', { tokens: 0, requests: 0, stated: null, wants: [] }));
    expect(await othersOf(idle)).toMatchObject({ tokens: 0 });
    latch.open();
    await taking;
    expect(await othersOf(idle)).toMatchObject({ tokens: 40 });
  });
});
