import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { waitFor } from '../support/wait-for.ts';
import { createdRun, errorOf, ok, runId } from './run-store-fixture.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

describe('connections of a Postgres store', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let pool: Pool;
  let store: RunStore;
  /** The next query that matches fails, as if the connection had broken. */
  let breaks: RegExp | null = null;
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    pool = new Pool({ connectionString: schema.url, max: 1, connectionTimeoutMillis: 60_000 });
    pool.on('connect', (client) => {
      const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
      (client as { query: unknown }).query = (...args: readonly unknown[]): unknown => {
        if (breaks === null || typeof args[0] !== 'string' || !breaks.test(args[0]))
          return query(...args);
        breaks = null;
        return Promise.reject(new Error('Query read timeout'));
      };
    });
    const artifacts = filesystemArtifacts({ dir: folder.path });
    store = await ok(
      pgStore({ pool, schema: schema.name, patienceMs: 60_000 }).open({ artifacts }),
    );
  });
  afterEach(async () => {
    await store.close();
    await pool.end();
    await schema.drop();
    folder.remove();
  });

  it("of listeners leave the pool's to queries: one is enough for both", async () => {
    const heard: string[] = [];
    store.onNews?.(({ type }) => heard.push(type));
    const run = await createdRun(store);
    await waitFor('a listener hears of a command', async () => {
      await ok(store.send(runId, { type: 'pause', options: {} }));
      return heard.length > 0;
    });
    expect(heard).toContain('command');
    await run.close();
  });

  it('are returned when a consistent view cannot be opened', async () => {
    await (await createdRun(store)).close();
    const reader = await ok(store.read(runId, { isStill: true }));
    breaks = /repeatable read/;
    expect(await errorOf(storedRows(reader, 0, 1))).toBe('unavailable');
    await reader.close();
    await ok(store.list());
  });

  it('are as before after many consistent views', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    await (await createdRun(store)).close();
    for (let round = 0; round < 12; round += 1) {
      const reader = await ok(store.read(runId, { isStill: true }));
      await ok(storedRows(reader, 0, 1));
      await reader.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('return to the pool outside of any transaction, when one could not be begun', async () => {
    const odd = await pgStore({
      pool,
      schema: schema.name,
      patienceMs: 0,
      statementTimeoutMs: -1,
    }).open({})();
    if (odd._tag === 'Left') throw new Error('it only begins a transaction later');
    expect(await errorOf(odd.right.send(runId, { type: 'pause', options: {} }))).toBe('corrupt');
    await odd.right.close();
    await ok(store.list());
  });
});
