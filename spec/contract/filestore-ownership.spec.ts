import {
  appendFileSync,
  existsSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { frameOf, seal } from '../../adapters/filestore/journal/frame.ts';
import { type Lock, readLock, thisProcess } from '../../adapters/filestore/ownership/lock-file.ts';
import { createOwnershipTracker } from '../../adapters/filestore/ownership/ownership.ts';
import { listRunFolder, lockFile } from '../../adapters/filestore/disk/run-folder.ts';
import { encodeEvents } from '../../lib/core/codec/event-record.ts';
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
import {
  copyOf,
  folderOf,
  letGo,
  newestJournal,
  newStoreFolder,
  openStore,
  removeStoreFolders,
} from './filestore-folder.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';
import { planWindow } from '../../lib/rows/read-slices.ts';

afterEach(removeStoreFolders);

const alive: Lock = {
  ...thisProcess(),
  heartbeat: 1,
  released: false,
  sinceMs: null,
  nonce: 'one',
};
const elsewhere: Lock = { ...alive, host: 'another-machine' };
/** A process id that no process has: Linux gives none above 2²². */
const unusedPid = 2 ** 22 + 1;

describe('ownership of a run', () => {
  it('is shown: by whom, since when, and where the payloads are; after its release by none', async () => {
    const store = await openStore(newStoreFolder());
    const run = await createdRun(store);
    const shown = await ok(store.peek(runId));
    expect(shown.owner).toContain(`process ${process.pid}`);
    expect(shown.ownedSinceMs).toEqual(expect.any(Number));
    expect(await ok(shown.artifacts?.list('') ?? run.artifacts.list('none'))).toEqual([]);
    await run.close();
    expect(await ok(store.peek(runId))).toMatchObject({ owner: null, ownedSinceMs: null });
    await store.close();
  });

  const folderWith = (lock: Lock | string): string => {
    const folder = newStoreFolder();
    writeFileSync(
      join(folder, lockFile(7)),
      typeof lock === 'string' ? lock : JSON.stringify(lock),
    );
    return folder;
  };

  it.each([
    ['it says that it is released', { ...elsewhere, released: true }],
    ['its process is over', { ...alive, pid: unusedPid }],
    ['its process id belongs to a process that began later', { ...alive, startTime: '1' }],
    ['the machine has been started again since', { ...alive, bootId: 'another-start' }],
  ] as const)('is free at once when %s', (_title, lock) => {
    const folder = folderWith(lock);
    const tracker = createOwnershipTracker();
    expect(tracker.ownerOf(folder)).toBeNull();
    const taken = tracker.take(folder);
    expect(taken._tag === 'Right' && taken.right.epoch).toBe(8);
    if (taken._tag === 'Right') taken.right.release();
  });

  it.each([
    ['this machine', alive],
    ['another machine', elsewhere],
    ['another process namespace', { ...alive, pid: unusedPid, pidNamespace: 'pid:[1]' }],
    ['a process that is just writing its lock', ''],
  ] as const)(
    'stays with an owner on %s while its heart beats, and is free 20 seconds after that',
    (_title, lock) => {
      let nowMs = 1_000_000;
      const folder = folderWith(lock);
      const tracker = createOwnershipTracker(() => nowMs);
      const take = (): string => {
        const taken = tracker.take(folder);
        if (taken._tag === 'Right') taken.right.release();
        return taken._tag === 'Right' ? `epoch ${taken.right.epoch}` : taken.left.type;
      };
      expect(take()).toBe('owned_elsewhere');
      nowMs += 19_999;
      expect(take()).toBe('owned_elsewhere');
      if (typeof lock !== 'string') {
        writeFileSync(join(folder, lockFile(7)), JSON.stringify({ ...lock, heartbeat: 2 }));
        nowMs += 19_999;
        // The time of the reader's own observation counts, not that of the write.
        expect(take()).toBe('owned_elsewhere');
      }
      nowMs += 20_000;
      expect(take()).toBe('epoch 8');
    },
  );

  it('goes to one of two that find the same owner silent: the second does not overtake the first', () => {
    const folder = folderWith(elsewhere);
    let nowMs = 0;
    let between = (): void => undefined;
    const tracker = createOwnershipTracker(() => {
      between();
      return nowMs;
    });
    expect(tracker.ownerOf(folder)).toContain('another-machine');
    nowMs += 20_000;
    // Another process takes the run between this one's check and its lock.
    between = () =>
      writeFileSync(join(folder, lockFile(8)), JSON.stringify({ ...alive, nonce: 'two' }));
    expect(tracker.take(folder)).toMatchObject({ _tag: 'Left', left: { type: 'owned_elsewhere' } });
    expect(listRunFolder(folder).lockEpochs).toEqual([8, 7]);
  });

  it('ends with the run: in a new run of the same name and epoch, the old owner cannot commit, publish or release', async () => {
    const dir = newStoreFolder();
    const [first, second] = [await openStore(dir), await openStore(dir)];
    const old = await createdRun(first);
    await accept(old, sliceOf(0, 3));
    // As if it had been silent for 20 seconds.
    letGo(dir);
    await ok(second.remove(runId));
    const anew = await createdRun(second);
    expect(anew.epoch).toBe(old.epoch);
    expect(await errorOf(old.refresh())).toBe('lease_lost');
    await expect(accept(old, sliceOf(3, 3))).rejects.toThrow('lease_lost');
    await old.close();
    expect((await ok(second.peek(runId))).snapshot.ingest.itemCount).toBe(0);
    const third = await openStore(dir);
    expect(await errorOf(third.own(runId))).toBe('owned_elsewhere');
    await accept(anew, sliceOf(0, 5));
    await Promise.all([first.close(), second.close(), third.close()]);
  });

  it('shows the commits of an owner whose death cannot be seen from here, not its last summary', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    const run = await createdRun(store);
    await expect
      .poll(() => existsSync(join(folderOf(dir), 'summary.json')), { interval: 5 })
      .toBe(true);
    await accept(run, sliceOf(0, 20));
    const copy = copyOf(dir);
    await store.close();
    const lock = join(folderOf(copy), lockFile(1));
    writeFileSync(
      lock,
      JSON.stringify({
        ...(JSON.parse(readFileSync(lock, 'utf8')) as Lock),
        host: 'another-machine',
      }),
    );
    const now = Date.now() / 1_000;
    utimesSync(join(folderOf(copy), 'summary.json'), now - 60.4, now - 60.4);
    utimesSync(newestJournal(copy), now - 60, now - 60);
    const reader = await openStore(copy);
    const shown = await ok(reader.peek(runId));
    expect([shown.owner, shown.snapshot.ingest.itemCount]).toEqual([
      `process ${process.pid} on another-machine`,
      20,
    ]);
    await reader.close();
  });

  it('names the owner', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await createdRun(store);
    const other = await openStore(dir);
    expect((await ok(other.peek(runId))).owner).toBe(`process ${process.pid} on ${alive.host}`);
    const answer = await other.own(runId)();
    expect(answer).toEqual({
      _tag: 'Left',
      left: { type: 'owned_elsewhere', owner: `process ${process.pid} on ${alive.host}` },
    });
    expect((await ok(other.list()))[0]?.owner).toBe(`process ${process.pid} on ${alive.host}`);
    await store.close();
    await other.close();
  });

  it('is released by a clean close, and its epoch is never used again', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await (await createdRun(store)).close();
    const first = readLock(folderOf(dir), 1);
    expect(first !== null && first !== 'unreadable' && first.released).toBe(true);
    // Even if a power loss removes every lock file.
    rmSync(join(folderOf(dir), lockFile(1)));
    const again = await ok(store.own(runId));
    expect(again.epoch).toBe(2);
    await store.close();
  });

  it('is lost when another process takes the run, and nothing is acknowledged after that', async () => {
    const dir = newStoreFolder();
    const [first, second] = [await openStore(dir), await openStore(dir)];
    const old = await createdRun(first);
    await accept(old, sliceOf(0, 3));
    letGo(dir);
    const taker = await ok(second.own(runId));
    const late = await old.commit(2, [
      { type: 'RunPaused', atMs: 9, reason: 'manual', message: null },
    ])();
    expect(late).toEqual({
      _tag: 'Left',
      left: { type: 'lease_lost', owner: `process ${process.pid} on ${alive.host}` },
    });
    for (const port of [old.refresh(), storedRows(old, 0, 1), planWindow(old, 1)])
      expect(await errorOf(port)).toBe('lease_lost');
    await accept(taker, sliceOf(3, 2));
    await old.close();
    const reader = await ok(second.read(runId));
    expect([
      reader.snapshot.control.state,
      reader.snapshot.version,
      (await ok(storedRows(reader, 0, 9))).length,
    ]).toEqual(['running', 3, 5]);
    await first.close();
    await second.close();
  });

  it('makes late writes of a replaced owner invisible, to owners and readers', async () => {
    const dir = newStoreFolder();
    const [first, second] = [await openStore(dir), await openStore(dir)];
    const old = await createdRun(first);
    const reader = await ok(second.read(runId));
    const journal = newestJournal(dir);
    const before = readFileSync(journal);
    letGo(dir);
    // The old owner's record reaches the disk after the run was taken, and a reader sees it.
    const taker = await ok(second.own(runId));
    const { header, columns } = encodeEvents([
      { type: 'RunPaused', atMs: 9, reason: 'manual', message: 'too late' },
    ]);
    const frame = frameOf({ ...header, version: 1 }, columns);
    seal(frame);
    appendFileSync(journal, frame);
    expect((await ok(reader.refresh())).version).toBe(1);
    await step(taker, { type: 'OpenRun', atMs: 10 });
    expect((await ok(reader.refresh())).control.state).toBe('running');
    expect(plain(reader.snapshot)).toEqual(plain(taker.snapshot));
    expect(readFileSync(journal).length).toBeGreaterThan(before.length);
    await old.close();
    await first.close();
    await second.close();
    const again = await openStore(dir);
    expect((await ok(again.own(runId))).snapshot.control.state).toBe('running');
    await again.close();
  });

  it('keeps one lock file, the highest, once the checkpoints are later than the others', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    for (const run of [await createdRun(store)]) await run.close();
    let most = 0;
    for (let i = 0; i < 30; i += 1) {
      const run = await ok(store.own(runId));
      await accept(run, sliceOf(3 * i, 3));
      await run.close();
      most = Math.max(most, listRunFolder(folderOf(dir)).lockEpochs.length);
    }
    const { lockEpochs, journals } = listRunFolder(folderOf(dir));
    expect(lockEpochs[0]).toBe(31);
    expect(most).toBeLessThanOrEqual(18);
    expect(journals.length).toBeLessThanOrEqual(18);
    await store.close();
  });
});
