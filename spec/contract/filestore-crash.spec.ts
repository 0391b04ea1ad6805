import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { journalFile, listRunFolder } from '../../adapters/filestore/disk/run-folder.ts';
import { playHistory } from '../support/core/play.ts';
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
import { expectReads } from './run-store-rows.ts';
import {
  copyOf,
  folderOf,
  letGo,
  newestJournal,
  newStoreFolder,
  openStore,
  recordBounds,
  removeStoreFolders,
} from './filestore-folder.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';

afterEach(removeStoreFolders);

describe('a file store after a crash', () => {
  it('has everything that was acknowledged, wherever the last record was cut, and continues from there', async () => {
    let cuts = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.noBias(fc.integer()),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (seed, share, cut, hasTornRotation) => {
          const steps = playHistory(seed, { turnsMax: 80 })
            .steps.filter((each) => each.events.length > 0)
            .slice(0, 120);
          // The first is RunCreated: without it there is no run.
          const last = 1 + Math.floor(share * (steps.length - 1));
          const store = await openStore(newStoreFolder(), { checkpointRows: 12 });
          const dir = store.describe.replace('file store ', '');
          const run = await ok(store.create(runId, null));
          for (const each of steps.slice(0, last + 1))
            await ok(run.commit(each.before.snapshot.version, each.events));
          const copy = copyOf(dir);
          await store.close();
          letGo(copy);

          const journal = newestJournal(copy);
          const bounds = recordBounds(journal);
          const [start, end] = [bounds[bounds.length - 2] ?? 0, bounds[bounds.length - 1] ?? 0];
          const at = start + Math.round(cut * (end - start));
          const isWhole = at === end;
          expect(start).toBeGreaterThan(0);
          truncateSync(journal, at);
          // A crash during a rotation leaves half a first record, in a journal without commits.
          if (hasTornRotation) {
            const [newest] = listRunFolder(folderOf(copy)).journals;
            if (newest !== undefined)
              writeFileSync(
                join(folderOf(copy), journalFile({ ...newest, n: newest.n + 1 })),
                readFileSync(journal).subarray(0, Math.round(cut * 60)),
              );
          }
          cuts += 1;

          const acknowledged = steps.slice(0, isWhole ? last + 1 : last);
          const again = await openStore(copy, { checkpointRows: 12 });
          const reader = await ok(again.read(runId));
          await expectReads(reader, acknowledged);
          const owned = await ok(again.own(runId));
          for (const each of steps.slice(acknowledged.length))
            await ok(owned.commit(each.before.snapshot.version, each.events));
          await expectReads(owned, steps);
          await ok(reader.refresh());
          await expectReads(reader, steps);
          await again.close();
        },
      ),
      { numRuns: 10 },
    );
    expect(cuts).toBeGreaterThanOrEqual(10);
  });

  it('does not hold the run when its first commit was cut, and its id may be used again', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await createdRun(store);
    const copy = copyOf(dir);
    await store.close();
    letGo(copy);
    const journal = newestJournal(copy);
    truncateSync(journal, (recordBounds(journal)[1] ?? 0) + 30);
    // An owner publishes its first summary after its first commit.
    rmSync(join(folderOf(copy), 'summary.json'), { force: true });
    const again = await openStore(copy);
    expect(await ok(again.list())).toEqual([]);
    expect(await errorOf(again.own(runId))).toBe('not_found');
    const run = await createdRun(again);
    await accept(run, sliceOf(0, 2));
    await run.close();
    expect((await ok(again.list())).map((listed) => listed.snapshot.ingest.itemCount)).toEqual([2]);
    await again.close();
  });
});

const diskFull = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('an owner whose disk fails', () => {
  it.each([
    ['a write breaks off half-way', 'write', 'the disk is full'],
    ['a sync fails', 'sync', 'input/output error'],
  ] as const)(
    'acknowledges nothing more once %s, and what it had acknowledged is there',
    async (_title, call, says) => {
      const dir = newStoreFolder();
      let isBroken = false;
      const disk = {
        ...nodeDisk,
        write: (fd: number, parts: readonly Uint8Array[]) => {
          if (!isBroken || call !== 'write') return nodeDisk.write(fd, parts);
          nodeDisk.write(fd, [(parts[0] as Uint8Array).subarray(0, 40)]);
          throw diskFull();
        },
        sync: (fd: number) => {
          if (isBroken && call === 'sync')
            throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
          nodeDisk.sync(fd);
        },
      };
      const store = await openStore(dir, { disk });
      const run = await createdRun(store);
      await accept(run, sliceOf(0, 3));
      const acknowledged = plain(run.snapshot);
      isBroken = true;
      const failed = await run.commit(2, [
        { type: 'RunPaused', atMs: 9, reason: 'manual', message: null },
      ])();
      expect(
        failed._tag === 'Left' && failed.left.type === 'unavailable' && failed.left.message,
      ).toContain(says);
      isBroken = false;
      // The disk works again. The owner still refuses, since it cannot know what the disk has.
      for (const port of [
        run.commit(2, [{ type: 'RunOpened', atMs: 9 }]),
        storedRows(run, 0, 1),
        run.refresh(),
      ])
        expect(await port()).toEqual(failed);
      expect(plain(run.snapshot)).toEqual(acknowledged);
      await run.close();
      const again = await ok(store.own(runId));
      expect(again.snapshot.version).toBeGreaterThanOrEqual(2);
      expect((await ok(storedRows(again, 0, 9))).length).toBe(3);
      await step(again, { type: 'OpenRun', atMs: 10 });
      await store.close();
    },
  );

  it('continues without checkpoints that cannot be written, and writes them again when it can', async () => {
    const dir = newStoreFolder();
    let failures = 0;
    let isFull = true;
    const writeAside = (path: string, bytes: Uint8Array): Promise<void> => {
      if (!isFull) return nodeDisk.writeAside(path, bytes);
      failures += 1;
      writeFileSync(path, bytes.subarray(0, 100));
      return Promise.reject(diskFull());
    };
    const store = await openStore(dir, { checkpointRows: 2, disk: { ...nodeDisk, writeAside } });
    const run = await createdRun(store);
    for (let round = 0; round < 4; round += 1) {
      const { itemCount } = run.snapshot.ingest;
      await accept(run, sliceOf(itemCount, Math.max(3, itemCount)));
      await expect.poll(() => failures, { interval: 2 }).toBeGreaterThan(round);
    }
    expect(failures).toBeGreaterThan(1);
    await expect.poll(() => listRunFolder(folderOf(dir)).unfinished, { interval: 2 }).toEqual([]);
    expect(listRunFolder(folderOf(dir)).checkpoints).toEqual([]);
    const copy = copyOf(dir);
    isFull = false;
    await accept(run, sliceOf(24, 24));
    await expect
      .poll(() => listRunFolder(folderOf(dir)).checkpoints.length, { interval: 2 })
      .toBeGreaterThan(0);
    await store.close();
    for (const [at, rows] of [
      [copy, 24],
      [dir, 48],
    ] as const) {
      const again = await openStore(at);
      expect((await ok(storedRows(await ok(again.read(runId)), 0, 99))).length).toBe(rows);
      await again.close();
    }
  });
});
