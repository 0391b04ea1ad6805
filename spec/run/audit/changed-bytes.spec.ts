import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as TE from 'fp-ts/lib/TaskEither.js';
import * as t from 'io-ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../../adapters/filestore/store/run-store.ts';
import type { OwnedRun, Storage } from '../../../lib/ports/run-store.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { createWorld, type World } from '../../../lib/sim/index.ts';
import { ok } from '../../contract/run-store-fixture.ts';
import { quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

describe('a byte that changes on the disk', () => {
  let folder: string;
  /** Is asked of each object once it is put. */
  let onPut: (name: string) => void = () => undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-changed-'));
    onPut = () => undefined;
    before = new Map();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const objects = (): string => join(folder, 'store', 'runs', 'changed', 'objects');
  let before = new Map<string, Buffer>();
  /** Flips a bit in the middle of the file. */
  const damage = (path: string): void => {
    const bytes = readFileSync(path);
    before.set(path, Buffer.from(bytes));
    bytes.writeUInt8(bytes.readUInt8(bytes.length >>> 1) ^ 1, bytes.length >>> 1);
    writeFileSync(path, bytes);
  };
  const restore = (): void => before.forEach((bytes, path) => writeFileSync(path, bytes));
  const watched = (run: OwnedRun): OwnedRun => {
    const put: OwnedRun['artifacts']['put'] = (name, chunks) =>
      TE.Monad.map(run.artifacts.put(name, chunks), (done) => {
        onPut(name);
        return done;
      });
    const artifacts = { ...run.artifacts, put };
    return new Proxy(run, {
      get: (target, key) =>
        key === 'artifacts' ? artifacts : (Reflect.get(target, key, target) as unknown),
    });
  };
  const files = (): Storage<'local'> =>
    sqljsStoreOn({ dir: join(folder, 'store') }, () => localClient(nodeDisk, 0));
  const worldOf = (): Promise<World> => {
    const storage = files();
    const open: Storage<'local'>['open'] = () =>
      TE.Monad.map(storage.open(), (store) => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), watched),
        create: (runId, description) => TE.Monad.map(store.create(runId, description), watched),
      }));
    return createWorld({ ...quick, answer: () => '"yes"', storage: { ...storage, open } });
  };
  const start = (world: World) =>
    world.runner.start(jobOf(world.connection, itemsOf(30), { maxRequests: 10 }), {
      runId: 'changed',
    });
  // Answers that a schema judges are read where they are stored; what others say is known from
  // their download.
  const startJudged = (world: World) =>
    world.runner.start(
      { ...jobOf(world.connection, itemsOf(30), { maxRequests: 10 }), structuredOutput: t.string },
      { runId: 'changed' },
    );

  it.each([
    ['request lines before they are uploaded', 'requests/', 'provider_refused'],
    ['answers before they are settled', 'raw/', 'results_unavailable'],
  ])(
    'in %s pauses the run with the file named; restored and resumed, it completes, and every row was sent once',
    async (_, prefix, reason) => {
      await using world = await worldOf();
      const damaged: string[] = [];
      onPut = (name) => {
        if (damaged.length > 0 || !name.startsWith(prefix)) return;
        damaged.push(join(objects(), name));
        damage(join(objects(), name));
      };
      const run = await startJudged(world);
      await world.settle(run).catch(() => undefined);
      const { controlReason, controlMessage } = run.summary();
      expect([controlReason, controlMessage]).toEqual([
        reason,
        expect.stringContaining(
          `${damaged[0] ?? ''} has changed since it was stored: bytes 0+`,
        ) as string,
      ]);
      expect(run.summary().itemCounts.completed).toBe(prefix === 'raw/' ? 20 : 0);
      restore();
      await run.resume();
      await world.settle(run);
      expect(run.summary().itemCounts.completed).toBe(30);
      expect(await run.verify()).toMatchObject({ isSound: true, objects: { uncheckedCount: 0 } });
      expect([world.ledger.requestsBilled, world.ledger.doublePaidItemIds]).toEqual([30, []]);
    },
  );

  it('in answers that were settled is never handed out; verify and doctor name the object and the bytes', async () => {
    await using world = await worldOf();
    const run = await start(world);
    await world.settle(run);
    const raw = readdirSync(join(objects(), 'raw'), {
      recursive: true,
      withFileTypes: true,
    }).filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    const path = join(raw[1]?.parentPath ?? '', raw[1]?.name ?? '');
    damage(path);
    await expect(run.results().toArray()).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining(path) as string,
    });
    const verified = await run.verify();
    expect(verified).toMatchObject({ isSound: false, broken: { law: 'answers' } });
    expect(verified.laws.find(({ law }) => law === 'objects')).toMatchObject({
      checkedCount: 5,
      brokenCount: 1,
    });
    await world.runner.close();
    const store = await ok(files().open());
    const found = await ok(store.care?.examine('changed' as RunId) ?? Promise.reject);
    expect([found.state, found.payload.changed]).toEqual([
      'damaged',
      [
        {
          where: `${path}:0`,
          what: expect.stringMatching(/^bytes 0\+\d+ have changed/u) as string,
        },
      ],
    ]);
    // The only copy is left where it is.
    const { after, setAside } = await ok(store.care?.repair('changed' as RunId) ?? Promise.reject);
    expect([
      after.state,
      setAside,
      readFileSync(path).equals(before.get(path) ?? Buffer.alloc(0)),
    ]).toEqual(['damaged', [], false]);
    restore();
    expect((await ok(store.care?.examine('changed' as RunId) ?? Promise.reject)).state).toBe(
      'whole',
    );
    await store.close();
  });

  it('in checksums, or their loss, is named by doctor, and a repair writes them anew', async () => {
    await using world = await worldOf();
    const run = await start(world);
    await world.settle(run);
    const sums = readdirSync(objects(), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.name.startsWith('.sums-'),
    );
    const paths = sums.map((entry) => join(entry.parentPath, entry.name));
    expect(paths.length).toBe(5);
    damage(paths[0] ?? '');
    rmSync(paths[1] ?? '');
    expect((await run.verify()).laws.find(({ law }) => law === 'objects')).toMatchObject({
      brokenCount: 2,
    });
    await world.runner.close();
    const store = await ok(files().open());
    const {
      before: found,
      after,
      setAside,
    } = await ok(store.care?.repair('changed' as RunId) ?? Promise.reject);
    expect([
      found.payload.lostSums.length,
      after.state,
      after.payload.uncheckedCount,
      setAside.length,
    ]).toEqual([2, 'whole', 0, 1]);
    // Where the release before wrote every object, none is missed.
    for (const path of paths) rmSync(path);
    const old = await ok(store.care?.examine('changed' as RunId) ?? Promise.reject);
    expect([old.state, old.payload.uncheckedCount]).toEqual(['whole', 5]);
    await store.close();
  });
});
