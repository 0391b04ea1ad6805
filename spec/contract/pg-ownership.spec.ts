import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compactNameOf } from '../../lib/core/settle/raw-object.ts';
import type { RunId } from '../../lib/core/internal.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../adapters/filesystem/index.ts';
import { pgStore } from '../../adapters/pg/index.ts';
import { newSchema, type TestSchema } from '../support/postgres/schema.ts';
import { temporaryFolder } from '../support/postgres/folder.ts';
import { waitFor } from '../support/wait-for.ts';
import {
  accept,
  createdRun,
  errorOf,
  ok,
  plain,
  runId,
  sliceOf,
  step,
} from './run-store-fixture.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

const pause = { type: 'PauseRun', atMs: 5, reason: 'manual', message: null } as const;

describe('the owner of a run in Postgres', () => {
  let schema: TestSchema;
  let folder: ReturnType<typeof temporaryFolder>;
  const stores: RunStore[] = [];
  const open = async (owner: string, leaseTtlMs = 60_000): Promise<RunStore> => {
    const storage = pgStore({ connectionString: schema.url, schema: schema.name });
    const store = await ok(
      storage.open({ artifacts: filesystemArtifacts({ dir: folder.path }), owner, leaseTtlMs }),
    );
    stores.push(store);
    return store;
  };
  /** As if the owner had not renewed its lease in time. */
  const expire = (): Promise<unknown> =>
    schema.query(`update ${schema.name}.runs set lease_until = now() - interval '1 second'`);
  const stored = (): Promise<unknown> =>
    schema.query(`select version, epoch, snapshot::text from ${schema.name}.runs`);

  beforeEach(() => {
    schema = newSchema();
    folder = temporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await schema.drop();
    folder.remove();
  });

  it('is named to readers, and to other processes that want the run', async () => {
    const run = await createdRun(await open('the web process'));
    const other = await open('a worker');
    expect((await ok(other.peek(runId))).owner).toBe('the web process');
    expect(await other.own(runId)()).toMatchObject({
      left: { type: 'owned_elsewhere', owner: 'the web process' },
    });
    expect(await errorOf(other.remove(runId))).toBe('owned_elsewhere');
    await run.close();
    expect((await ok(other.peek(runId))).owner).toBeNull();
  });

  it('is another process once its lease expires: the old owner can neither commit nor create, and changes nothing', async () => {
    const sleeping = await createdRun(await open('sleeper'));
    const { version } = sleeping.snapshot;
    await expire();
    const taken = await ok((await open('taker')).own(runId));
    expect(taken.epoch).toBeGreaterThan(sleeping.epoch);
    await accept(taken, sliceOf(0, 3));
    const before = await stored();
    expect(await sleeping.refresh()()).toMatchObject({
      left: { type: 'lease_lost', owner: 'taker' },
    });
    expect(await sleeping.commit(version, [pausedEvent])()).toMatchObject({
      left: { type: 'lease_lost', owner: 'taker' },
    });
    expect(await stored()).toEqual(before);
    // Nor does its close release the run.
    await sleeping.close();
    expect(
      (await ok(stores[1]?.peek(runId) ?? (() => Promise.reject(new Error('no store'))))).owner,
    ).toBe('taker');
    await step(taken, pause);
  });

  it('is shown since when, by the database, unless a process of an earlier release took the run', async () => {
    const store = await open('first');
    const peek = async () => {
      const { owner, ownedSinceMs } = await ok(store.peek(runId));
      return { owner, sinceMs: ownedSinceMs };
    };
    const nowMs = async () =>
      Number(
        (await schema.query('select extract(epoch from clock_timestamp()) * 1000 as ms'))[0]?.[
          'ms'
        ],
      );
    const beforeMs = Math.floor(await nowMs());
    const created = await createdRun(store);
    const [first] = (await ok(store.list())).map(({ ownedSinceMs }) => ownedSinceMs ?? 0);
    expect(first).toBeGreaterThanOrEqual(beforeMs);
    await created.close();
    expect(await peek()).toEqual({ owner: null, sinceMs: null });
    const again = await ok((await open('second')).own(runId));
    const { owner, sinceMs } = await peek();
    expect([owner, (sinceMs ?? 0) >= (first ?? 0), (sinceMs ?? 0) <= (await nowMs())]).toEqual([
      'second',
      true,
      true,
    ]);
    await schema.query(
      `update ${schema.name}.runs set epoch = epoch + 1, owner = 'an earlier release'`,
    );
    expect(await peek()).toEqual({ owner: 'an earlier release', sinceMs: null });
    await again.close();
  });

  it('stays the same while no other process takes over, however late its renewal', async () => {
    const run = await createdRun(await open('late'));
    await expire();
    await ok(run.refresh());
    await expire();
    await step(run, pause);
    expect((await ok((await open('other')).peek(runId))).owner).toBe('late');
  });

  it('keeps the run by renewals alone', async () => {
    const run = await createdRun(await open('alive', 300));
    const isRenewed = async (): Promise<boolean> =>
      (
        await schema.query(
          `select lease_until > '2001-01-01' as is_renewed from ${schema.name}.runs`,
        )
      )[0]?.['is_renewed'] === true;
    for (let i = 1; i <= 3; i += 1) {
      await schema.query(`update ${schema.name}.runs set lease_until = '2000-01-01'`);
      await waitFor(`heartbeat ${i} renews the lease`, isRenewed);
    }
    await run.close();
    await ok((await open('other')).own(runId));
  });

  it('is one of many that try at once', async () => {
    await (await createdRun(await open('first'))).close();
    const many = await Promise.all(Array.from({ length: 8 }, (_, i) => open(`taker ${i}`)));
    const tries = await Promise.all(many.map((store) => store.own(runId)()));
    expect(tries.filter((each) => each._tag === 'Right')).toHaveLength(1);
    expect(
      tries.filter((each) => each._tag === 'Left' && each.left.type === 'owned_elsewhere'),
    ).toHaveLength(7);
  });

  it('waits for a commit in progress, and then owns the run', async () => {
    const first = await createdRun(await open('first'));
    const committing = Array.from({ length: 20 }, (_, i) => i);
    const writing = (async (run: OwnedRun): Promise<void> => {
      for (const i of committing) await accept(run, sliceOf(i * 50, 50)).catch(() => undefined);
    })(first);
    const second = await open('second');
    await waitFor('the first owner commits', () => first.snapshot.ingest.itemCount > 0);
    await expire();
    let taken = await second.own(runId)();
    while (taken._tag === 'Left') {
      await expire();
      taken = await second.own(runId)();
    }
    await writing;
    const rows = await ok(storedRows(taken.right, 0, 2_000));
    expect(rows.length).toBe(taken.right.snapshot.ingest.itemCount);
    const later = await ok(second.read(runId));
    expect(plain(later.snapshot)).toEqual(plain(taken.right.snapshot));
    await later.close();
  });

  it('deletes the objects of a dead owner that no commit names', async () => {
    const run = await createdRun(await open('dying'));
    const slice = sliceOf(0, 2);
    // An object's derived files belong to it.
    const compact = compactNameOf(slice.itemObject);
    for (const name of [
      slice.requestObject ?? '',
      slice.itemObject,
      compact,
      'requests/9.jsonl',
      compactNameOf('requests/9.jsonl'),
    ])
      await ok(run.artifacts.put(name, [new Uint8Array(3)]));
    await accept(run, slice);
    await expire();
    const taken = await ok((await open('taker')).own(runId));
    expect((await ok(taken.artifacts.list(''))).map(({ name }) => name)).toEqual([
      compact,
      slice.itemObject,
      slice.requestObject,
    ]);
  });

  it('needs the root of the store', async () => {
    await (await createdRun(await open('first'))).close();
    const elsewhere = temporaryFolder();
    const storage = pgStore({ connectionString: schema.url, schema: schema.name });
    const store = await ok(
      storage.open({ artifacts: filesystemArtifacts({ dir: elsewhere.path }) }),
    );
    stores.push(store);
    const refused = await store.own(runId)();
    expect(refused).toMatchObject({ left: { type: 'other_root' } });
    expect(JSON.stringify(refused)).toContain('is empty (is it mounted?)');
    expect(await errorOf(store.create('another' as RunId, null))).toBe('other_root');
    // Its state can be read from anywhere.
    expect((await ok(store.list())).map((listed) => listed.runId)).toEqual([runId]);
    elsewhere.remove();
  });
});

const pausedEvent = { type: 'RunPaused', atMs: 5, reason: 'manual', message: null } as const;
