import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { journalFile, listRunFolder } from '../../adapters/filestore/disk/run-folder.ts';
import { loadSql } from '../../adapters/filestore/checkpoint/sql.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import {
  accept,
  completeRows,
  createdRun,
  endBatch,
  ok,
  plain,
  runId,
  sliceOf,
  submitBatch,
} from './run-store-fixture.ts';
import { folderOf, newStoreFolder, openStore, removeStoreFolders } from './filestore-folder.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';
import { planWindow } from '../../lib/rows/read-slices.ts';

const sqljs = vi.hoisted(() => ({
  loads: 0,
  isMissing: false,
  wait: (): Promise<void> => Promise.resolve(),
}));
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
const newestImage = (dir: string): number => listRunFolder(folderOf(dir)).checkpoints[0]?.n ?? 0;
const imagesIn = (dir: string): number => listRunFolder(folderOf(dir)).checkpoints.length;

afterEach(removeStoreFolders);

// The order matters: once loaded, SQLite stays loaded.
describe('images of a run', () => {
  beforeEach(() =>
    Object.assign(sqljs, { loads: 0, isMissing: false, wait: () => Promise.resolve() }),
  );

  it('are not taken of a small run, however often it is opened', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await (await createdRun(store)).close();
    for (let i = 0; i < 3; i += 1) {
      const run = await ok(store.own(runId));
      await accept(run, sliceOf(3 * i, 3));
      await run.close();
      const reader = await ok(store.read(runId));
      expect((await ok(storedRows(reader, 0, 99))).length).toBe(3 * (i + 1));
      await reader.close();
    }
    await store.close();
    expect([sqljs.loads, imagesIn(dir)]).toEqual([0, 0]);
  });

  it('are skipped where SQLite cannot be loaded, tried once, and taken again by the next owner', async () => {
    sqljs.isMissing = true;
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 3 });
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 10));
    const turns = vi.spyOn(globalThis, 'setImmediate');
    await later(50);
    await accept(run, sliceOf(10, 10));
    await later(50);
    // A session that kept trying would never be idle between two commits.
    expect(turns.mock.calls.length).toBeLessThan(10);
    turns.mockRestore();
    expect(sqljs.loads).toBe(1);
    await run.close();
    sqljs.isMissing = false;
    const next = await ok(store.own(runId));
    expect(next.snapshot.ingest.itemCount).toBe(20);
    await accept(next, sliceOf(20, 3));
    await expect.poll(() => imagesIn(dir), { interval: 2 }).toBe(1);
    await store.close();
    await expect(loadSql()).resolves.toBeDefined();
  });

  it('hold rows and batches, for every process that opens the run from them', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 3 });
    const run = await createdRun(store);
    const tokens = Uint8Array.from([10, 20, 30, 40, 50, 60]);
    await accept(run, {
      ...sliceOf(0, 6),
      tokens,
      areTokensExact: true,
      inputs: Uint16Array.from([1, 1, 1, 1, 3, 2_048]),
    });
    const batchNo = await submitBatch(run, 'one');
    await endBatch(run, 'one');
    const before = newestImage(dir);
    await completeRows(run, 'one', batchNo, [0, 1, 2, 3]);
    await accept(run, sliceOf(6, 6));
    await expect.poll(() => newestImage(dir), { interval: 2 }).toBeGreaterThan(before);
    const batches = await ok(run.batches(1, 9));
    expect(batches).toMatchObject([
      { inputTokens: 100, usage: { inputTokens: 3, outputTokens: 2 } },
    ]);
    await run.close();
    // The journals alone would do, so they are removed: the image must supply the run.
    const { journals } = listRunFolder(folderOf(dir));
    for (const journal of journals)
      if (journal.n < newestImage(dir)) rmSync(join(folderOf(dir), journalFile(journal)));
    expect(journals.some(({ n }) => n < newestImage(dir))).toBe(true);
    const again = await ok(store.own(runId));
    const { inputs, tokens: counted } = await ok(planWindow(again, 4));
    expect([Array.from(inputs ?? []), Array.from(counted ?? [])]).toEqual([
      [3, 2_048, 1, 1],
      [50, 60, 0, 0],
    ]);
    expect(plain(await ok(again.batches(1, 9)))).toEqual(plain(batches));
    await store.close();
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

  it('reject a commit that arrives while the run is closing', async () => {
    const dir = newStoreFolder();
    const writeAside = async (path: string, bytes: Uint8Array): Promise<void> => {
      await later(200);
      await nodeDisk.writeAside(path, bytes);
    };
    const store = await ok(
      sqljsStoreOn({ dir, checkpointRows: 3 }, () =>
        localClient({ ...nodeDisk, writeAside }, 300),
      ).open(),
    );
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
