import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { accept, createdRun, ok, runId, sliceOf } from './run-store-fixture.ts';

/**
 * A pool whose connection breaks at some commits: before the server receives them, or after it has
 * done them.
 */
const breakingPool = (
  url: string,
): { readonly pool: Pool; readonly breaks: ('before' | 'after')[] } => {
  const breaks: ('before' | 'after')[] = [];
  const pool = new Pool({ connectionString: url, max: 4 });
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
    (client as { query: unknown }).query = async (
      ...args: readonly unknown[]
    ): Promise<unknown> => {
      const when = args[0] === 'commit' ? breaks.shift() : undefined;
      const answer = when === 'before' ? null : await query(...args);
      if (when !== undefined)
        throw Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' });
      return answer;
    };
  });
  return { pool, breaks };
};

describe('a commit to Postgres whose answer is lost', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  let store: RunStore;
  let breaking: ReturnType<typeof breakingPool>;
  beforeEach(async () => {
    schema = newSchema();
    folder = temporaryFolder();
    breaking = breakingPool(schema.url);
    store = await ok(
      pgStore({ pool: breaking.pool, schema: schema.name }).open({
        artifacts: filesystemArtifacts({ dir: folder.path }),
      }),
    );
  });
  afterEach(async () => {
    await store.close();
    await breaking.pool.end();
    await schema.drop();
    folder.remove();
  });

  it('counts once, whether or not it had counted before, and however often', async () => {
    const run = await createdRun(store);
    for (const breaks of [['before'], ['after'], ['before', 'before', 'after'], []] as const) {
      breaking.breaks.push(...breaks);
      const { itemCount } = run.snapshot.ingest;
      await accept(run, sliceOf(itemCount, 3));
      expect([run.snapshot.ingest.itemCount, breaking.breaks]).toEqual([itemCount + 3, []]);
    }
    const rows = await schema.query(
      `select item_index from ${schema.name}.items order by item_index`,
    );
    expect(rows).toHaveLength(12);
    const events = await schema.query(
      `select count(*)::int as count from ${schema.name}.events where event_type = 'items_ingested'`,
    );
    expect(events).toEqual([{ count: 4 }]);
    await run.close();
    const reader = await ok(store.read(runId));
    expect(reader.snapshot.ingest.itemCount).toBe(12);
    await reader.close();
  });

  it('is not mistaken for its own when another owner has changed the run meanwhile', async () => {
    const run = await createdRun(store);
    const other = await ok(
      pgStore({ connectionString: schema.url, schema: schema.name }).open({
        artifacts: filesystemArtifacts({ dir: folder.path }),
      }),
    );
    await schema.query(`update ${schema.name}.runs set lease_until = now() - interval '1 second'`);
    const taken = await ok(other.own(runId));
    await accept(taken, sliceOf(0, 3));
    breaking.breaks.push('before');
    await expect(accept(run, sliceOf(0, 3))).rejects.toThrow();
    expect(await schema.query(`select count(*)::int as count from ${schema.name}.items`)).toEqual([
      { count: 3 },
    ]);
    await taken.close();
    await other.close();
  });
});
