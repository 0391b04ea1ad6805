import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeDisk } from '../../adapters/sqljs/disk.ts';
import { localClient } from '../../adapters/sqljs/keeper-client.ts';
import { listRunFolder } from '../../adapters/sqljs/run-folder.ts';
import { loadSql } from '../../adapters/sqljs/sql.ts';
import { sqljsStoreOn } from '../../adapters/sqljs/sqljs-store.ts';
import { accept, createdRun, ok, runId, sliceOf } from './run-store-fixture.ts';
import { folderOf, newStoreFolder, openStore, removeStoreFolders } from './sqljs-folder.ts';

const sqljs = vi.hoisted(() => ({ loads: 0, isMissing: false, wait: (): Promise<void> => Promise.resolve() }));
vi.mock('sql.js', async (original) => {
  const real = await original<typeof import('sql.js')>();
  return {
    default: async () => {
      sqljs.loads += 1;
      await sqljs.wait();
      if (sqljs.isMissing) throw new Error('no WebAssembly here');
      return real.default();
    },
  };
});
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const imagesIn = (dir: string): number => listRunFolder(folderOf(dir)).checkpoints.length;

afterEach(removeStoreFolders);

// In this order: once it is loaded, SQLite is there for good.
describe('images of a run', () => {
  beforeEach(() => Object.assign(sqljs, { loads: 0, isMissing: false, wait: () => Promise.resolve() }));

  it('are not asked for by a run that is small, however often it is opened', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await (await createdRun(store)).close();
    for (let i = 0; i < 3; i += 1) {
      const run = await ok(store.own(runId));
      await accept(run, sliceOf(3 * i, 3));
      await run.close();
      const reader = await ok(store.read(runId));
      expect((await ok(reader.rows(0, 99))).length).toBe(3 * (i + 1));
      await reader.close();
    }
    await store.close();
    expect([sqljs.loads, imagesIn(dir)]).toEqual([0, 0]);
  });

  it('are done without where SQLite cannot be loaded, asked for once, and had again by the next owner', async () => {
    sqljs.isMissing = true;
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 3 });
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 10));
    const turns = vi.spyOn(globalThis, 'setImmediate');
    await later(50);
    await accept(run, sliceOf(10, 10));
    await later(50);
    // A keeper that asked again and again would not stand still between two commits.
    expect(turns.mock.calls.length).toBeLessThan(10);
    turns.mockRestore();
    expect(sqljs.loads).toBe(1);
    await run.close();
    sqljs.isMissing = false;
    const next = await ok(store.own(runId));
    expect(next.snapshot.ingest.itemCount).toBe(20);
    await accept(next, sliceOf(20, 3));
    await expect.poll(() => imagesIn(dir), { interval: 2, timeout: 10_000 }).toBe(1);
    await store.close();
    await expect(loadSql()).resolves.toBeDefined();
  });

  it('are taken one at a time, and never after the run is closed', async () => {
    const dir = newStoreFolder();
    const [before, counts] = [await openStore(dir), { now: 0, most: 0, written: 0 }];
    await (await createdRun(before)).close();
    for (let i = 0; i < 9; i += 1) await (await ok(before.own(runId))).close();
    await before.close();
    const writeAside = async (path: string, bytes: Uint8Array): Promise<void> => {
      counts.now += 1;
      counts.most = Math.max(counts.most, counts.now);
      await later(100);
      await nodeDisk.writeAside(path, bytes);
      counts.now -= 1;
      counts.written += 1;
    };
    const store = await openStore(dir, { checkpointRows: 3, disk: { ...nodeDisk, writeAside } });
    const run = await ok(store.own(runId));
    await accept(run, sliceOf(0, 20));
    await run.close();
    const { written } = counts;
    await later(250);
    expect([counts.now, counts.most, counts.written]).toEqual([0, 1, written]);
    await store.close();
  });

  it('do not let a commit in that comes while the run is being closed', async () => {
    const dir = newStoreFolder();
    const writeAside = async (path: string, bytes: Uint8Array): Promise<void> => {
      await later(200);
      await nodeDisk.writeAside(path, bytes);
    };
    const store = await ok(sqljsStoreOn({ dir, checkpointRows: 3 }, () => localClient({ ...nodeDisk, writeAside }, 300)).open());
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 20));
    await later(50);
    const closing = run.close();
    await later(10);
    await expect(accept(run, sliceOf(20, 5))).rejects.toThrow('closed');
    await closing;
    const reader = await ok((await openStore(dir)).read(runId));
    expect(reader.snapshot.ingest.itemCount).toBe(20);
    await store.close();
  });
});
