import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Event } from '../../lib/core/internal.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { newestMigration } from '../../adapters/pg/migrations.ts';
import { pgStore, type PgStoreOptions } from '../../adapters/pg/index.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { newSchema } from '../support/postgres/schema.ts';
import { startTestServer, type TestServer } from '../support/postgres/server.ts';
import { severingProxy } from '../support/postgres/severing-proxy.ts';
import { waitFor } from '../support/wait-for.ts';
import { accept, createdRun, ok, plain, runId, sliceOf, step } from './run-store-fixture.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

/** A server of its own, which these specs stop, kill and fill. */
let server: TestServer;
const folder = temporaryFolder();
beforeAll(async () => {
  server = await startTestServer(inject('preparedPostgres'));
});
afterAll(async () => {
  await server.dispose();
  folder.remove();
});

const artifacts = filesystemArtifacts({ dir: folder.path });
const open = (options: PgStoreOptions): Promise<RunStore> =>
  ok(pgStore(options).open({ artifacts }));
const errorOf = async (options: PgStoreOptions): Promise<string> => {
  const opened = await pgStore({ patienceMs: 300, ...options }).open({ artifacts })();
  if (opened._tag === 'Right') {
    await opened.right.close();
    throw new Error('it opens');
  }
  return `${opened.left.type}: ${'message' in opened.left ? opened.left.message : ''}`;
};
const pausedAt = (atMs: number): readonly Event[] => [
  atMs % 2 === 0
    ? { type: 'RunPaused', atMs, reason: 'manual', message: null }
    : { type: 'RunResumed', atMs },
];

describe('a database with transient failures', () => {
  it('that restarts, or is killed, during commits loses no acknowledged commit and doubles none', async () => {
    const schema = newSchema(server.url);
    const store = await open({ connectionString: server.url, schema: schema.name });
    const run = await createdRun(store);
    let isOver = false;
    let commits = 0;
    const committing = (async () => {
      for (let at = 0; !isOver; at += 1) {
        await accept(run, sliceOf(at * 3, 3));
        await ok(run.commit(run.snapshot.version, pausedAt(2 * at)));
        await ok(run.commit(run.snapshot.version, pausedAt(2 * at + 1)));
        commits += 3;
      }
    })();
    for (const how of ['fast', 'kill', 'kill', 'fast'] as const) {
      const before = commits;
      await waitFor('commits are under way', () => commits > before + 2);
      await server.restart(how);
    }
    const before = commits;
    await waitFor('commits continue', () => commits > before + 2);
    isOver = true;
    await committing;
    expect(commits).toBeGreaterThan(10);
    // Every commit adds one event to the run, and each of them is there once.
    expect(run.snapshot.version).toBe(1 + commits);
    const reader = await ok(store.read(runId));
    expect(plain(reader.snapshot)).toEqual(plain(run.snapshot));
    expect((await ok(storedRows(reader, 0, 1e6))).map(({ itemId }) => itemId)).toEqual(
      Array.from({ length: commits }, (_, i) => `item-${i}`),
    );
    await reader.close();
    await run.close();
    await store.close();
    await schema.drop();
  });

  it('whose answer to a commit is lost is asked whether it counted', async () => {
    const schema = newSchema(server.url);
    await using proxy = await severingProxy(server.url);
    const store = await open({ connectionString: proxy.url, schema: schema.name, max: 3 });
    const run = await createdRun(store);
    // The commit arrives, and the connection breaks before its answer.
    for (let at = 0; at < 10; at += 1) {
      proxy.severAfter('commit\0');
      await step(run, {
        type: at % 2 === 0 ? 'PauseRun' : 'ResumeRun',
        atMs: at + 2,
        reason: 'manual',
        message: null,
      } as never);
    }
    expect(proxy.severed).toBe(10);
    expect(run.snapshot.version).toBe(11);
    // Then it breaks before the server receives the commit, which is made again.
    proxy.severBefore('commit\0');
    await accept(run, sliceOf(0, 4));
    expect(proxy.severed).toBe(11);
    expect(plain((await ok(store.peek(runId))).snapshot)).toEqual(plain(run.snapshot));
    await run.close();
    await store.close();
    await schema.drop();
  });

  it('that stays away is an error, and the run is as before when it comes back', async () => {
    const schema = newSchema(server.url);
    const store = await open({
      connectionString: server.url,
      schema: schema.name,
      patienceMs: 500,
    });
    const run = await createdRun(store);
    await server.stop('kill');
    const refused = await run.commit(1, pausedAt(2))();
    expect(refused).toMatchObject({ left: { type: 'unavailable' } });
    expect(JSON.stringify(refused)).toMatch(/ECONNREFUSED|Connection terminated/);
    expect(await errorOf({ connectionString: server.url, schema: schema.name })).toMatch(
      /^unavailable: Postgres batchor@127\.0\.0\.1:\d+/,
    );
    await server.start();
    expect(run.snapshot.version).toBe(1);
    await ok(run.commit(1, pausedAt(2)));
    await run.close();
    await store.close();
    await schema.drop();
  });

  it('that has no connection left says so', async () => {
    const hungry = new Pool({ connectionString: server.url, max: 60 });
    hungry.on('error', () => undefined);
    const clients = await Promise.allSettled(Array.from({ length: 60 }, () => hungry.connect()));
    expect(await errorOf({ connectionString: server.url })).toContain('no connection left');
    for (const client of clients) if (client.status === 'fulfilled') client.value.release();
    await hungry.end();
  });

  it('whose pool is in use says so, and continues when it is free', async () => {
    const schema = newSchema(server.url);
    const pool = new Pool({ connectionString: server.url, max: 2, connectionTimeoutMillis: 200 });
    const store = await open({ pool, schema: schema.name, patienceMs: 600 });
    const run = await createdRun(store);
    const taken = [await pool.connect(), await pool.connect()];
    const refused = await run.commit(1, pausedAt(2))();
    expect(JSON.stringify(refused)).toContain('all of the pool are in use');
    const waiting = run.commit(1, pausedAt(2))();
    taken.forEach((client) => client.release());
    expect(await waiting).toMatchObject({ right: { version: 2 } });
    await run.close();
    await store.close();
    await pool.end();
    await schema.drop();
  });

  it('with a row locked for long cancels the statement, says so, and continues when the row is free', async () => {
    const schema = newSchema(server.url);
    const patient = await open({ connectionString: server.url, schema: schema.name });
    await (await createdRun(patient)).close();
    await patient.close();
    const store = await open({
      connectionString: server.url,
      schema: schema.name,
      statementTimeoutMs: 1_000,
      patienceMs: 1_000,
    });
    const run = await ok(store.own(runId));
    const other = new Pool({ connectionString: server.url, max: 1 });
    const holder = await other.connect();
    await holder.query(`begin; select from ${schema.name}.runs for update`);
    const refused = await run.commit(1, pausedAt(2))();
    expect(JSON.stringify(refused)).toContain('canceling statement due to');
    await holder.query('rollback');
    holder.release();
    expect(await ok(run.commit(1, pausedAt(2)))).toMatchObject({ version: 2 });
    await other.end();
    await run.close();
    await store.close();
    await schema.drop();
  });

  it('reports what is wrong with the connection, and repeats no password', async () => {
    const wrong = server.url.replace('batchor:batchor@', 'batchor:not-this-one@');
    const said = [
      await errorOf({ connectionString: wrong }),
      await errorOf({ connectionString: server.url.replace('/postgres', '/nowhere') }),
      await errorOf({ connectionString: server.url.replace('127.0.0.1', 'no-such-host.invalid') }),
    ];
    expect(said[0]).toContain('the server refuses this user');
    expect(said[1]).toContain('create it first');
    expect(said[2]).toMatch(/ENOTFOUND|EAI_AGAIN/);
    for (const each of said) expect(each).not.toMatch(/not-this-one|batchor:batchor/);
    expect(() => pgStore({ connectionString: server.url, schema: 'a"b' })).toThrow(
      'is not a valid schema name',
    );
  });
});

describe('the tables', () => {
  it('are created once by many processes at once, and are an error where a newer version created them', async () => {
    const schema = newSchema(server.url);
    const stores = await Promise.all(
      Array.from({ length: 6 }, () =>
        open({ connectionString: server.url, schema: schema.name, max: 1 }),
      ),
    );
    const made = await schema.query(`select number from ${schema.name}.migrations order by number`);
    expect(made).toEqual(Array.from({ length: newestMigration }, (_, i) => ({ number: i + 1 })));
    await schema.query(
      `insert into ${schema.name}.migrations (number, name) values (${newestMigration + 1}, 'of tomorrow')`,
    );
    expect(await errorOf({ connectionString: server.url, schema: schema.name })).toMatch(
      /^too_new: .* at step \d+, but this version of batchor only knows step/,
    );
    for (const store of stores) await store.close();
    await schema.drop();
  });

  it('are not created where that is not allowed, and are used where they exist', async () => {
    const schema = newSchema(server.url);
    const without = { connectionString: server.url, schema: schema.name, migrate: false };
    expect(await errorOf(without)).toMatch(/^not_found: .*there is no store/);
    await (await open({ ...without, migrate: true })).close();
    const store = await open(without);
    expect(await ok(store.list())).toEqual([]);
    // Using existing tables needs no right to create.
    await store.close();
    await schema.drop();
  });

  it('need an encoding that holds every text', async () => {
    const schema = newSchema(server.url);
    await schema.query(`create database narrow encoding 'SQL_ASCII' template template0`);
    expect(
      await errorOf({ connectionString: server.url.replace('/postgres', '/narrow') }),
    ).toContain('batchor needs UTF8');
  });
});
