import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { imageFormat } from '../../adapters/filestore/checkpoint/image-reader.ts';
import {
  checkpointFile,
  journalFile,
  listRunFolder,
} from '../../adapters/filestore/disk/run-folder.ts';
import { loadSql } from '../../adapters/filestore/checkpoint/sql.ts';
import type { OwnedRun } from '../../lib/ports/run-store.ts';
import {
  accept,
  completeRows,
  createdRun,
  endBatch,
  ok,
  runId,
  sliceOf,
  step,
  submitBatch,
} from './run-store-fixture.ts';
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

/** Commits that each cause a checkpoint, and wait for it. */
const grow = async (run: OwnedRun, dir: string, slices: number): Promise<void> => {
  for (let i = 0; i < slices; i += 1) {
    const before = listRunFolder(folderOf(dir)).checkpoints[0]?.n ?? 0;
    // As many rows as there are: an image is due when so many rows have changed.
    const { itemCount } = run.snapshot.ingest;
    await accept(run, sliceOf(itemCount, Math.max(3, itemCount)));
    await expect
      .poll(() => listRunFolder(folderOf(dir)).checkpoints[0]?.n ?? 0, { interval: 2 })
      .toBeGreaterThan(before);
  }
};

describe('a damaged run', () => {
  it('is refused with the file and the byte where a whole record does not match its checksums', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    const run = await createdRun(store);
    for (let i = 0; i < 3; i += 1) await accept(run, sliceOf(3 * i, 3));
    const copy = copyOf(dir);
    await store.close();
    letGo(copy);
    const journal = newestJournal(copy);
    const whole = readFileSync(journal);
    const bounds = recordBounds(journal);
    let flips = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(7), async (at, bit) => {
        const damaged = Buffer.from(whole);
        damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << bit), at);
        writeFileSync(journal, damaged);
        const again = await openStore(copy);
        for (const port of [again.read(runId), again.own(runId)]) {
          const answer = await port();
          const record = bounds.filter((bound) => bound <= at).pop() ?? 0;
          expect(
            answer._tag === 'Left' &&
              answer.left.type === 'corrupt' && [
                answer.left.where,
                answer.left.message.includes(journal),
              ],
          ).toEqual([`${journal}:${record}`, true]);
        }
        await again.close();
        letGo(copy);
        for (const { epoch, n } of listRunFolder(folderOf(copy)).journals.slice(0, -1))
          rmSync(join(folderOf(copy), journalFile({ epoch, n })));
        flips += 1;
      }),
      { numRuns: 25 },
    );
    expect(flips).toBeGreaterThanOrEqual(25);
    writeFileSync(journal, whole);
    const again = await openStore(copy);
    expect((await ok(storedRows(await ok(again.own(runId)), 0, 99))).length).toBe(9);
    await again.close();
  });

  it('is read from the checkpoint before, when the newest does not match its checksum', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 2 });
    await grow(await createdRun(store), dir, 5);
    await store.close();
    const [newest, before, older] = listRunFolder(folderOf(dir)).checkpoints;
    expect([newest, before, older].map((file) => file !== undefined)).toEqual([true, true, false]);
    const path = join(folderOf(dir), newest?.file ?? '');
    const bytes = readFileSync(path);
    bytes.writeUInt8(bytes.readUInt8(5_000) ^ 1, 5_000);
    writeFileSync(path, bytes);
    const again = await openStore(dir);
    const run = await ok(again.own(runId));
    expect([run.snapshot.version, (await ok(storedRows(run, 0, 99))).length]).toEqual([6, 48]);
    await again.close();
  });

  it('says which file is missing when a journal is gone that no checkpoint replaces', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await (await createdRun(store)).close();
    const run = await ok(store.own(runId));
    await accept(run, sliceOf(0, 3));
    const copy = copyOf(dir);
    await store.close();
    const { journals, checkpoints } = listRunFolder(folderOf(copy));
    const gone = journals[journals.length - 1] ?? { epoch: 0, n: 0 };
    for (const { file } of checkpoints) rmSync(join(folderOf(copy), file));
    for (const journal of journals.slice(1)) rmSync(join(folderOf(copy), journalFile(journal)));
    const again = await openStore(copy);
    const answer = await again.read(runId)();
    expect(journals.length).toBeGreaterThan(1);
    expect(answer._tag === 'Left' && answer.left.type === 'corrupt' && answer.left.where).toContain(
      `journal.${gone.epoch}.`,
    );
    await again.close();
  });
});

describe('an image of another format', () => {
  it('is rejected, and the message names both formats', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 2 });
    await grow(await createdRun(store), dir, 1);
    await store.close();
    const [newest] = listRunFolder(folderOf(dir)).checkpoints;
    if (newest === undefined) throw new Error('no checkpoint');
    const path = join(folderOf(dir), newest.file);
    const sql = await loadSql();
    const database = new sql.Database(new Uint8Array(readFileSync(path)));
    database.run("update meta set value = '1' where key = 'format'");
    const bytes = database.export();
    database.close();
    rmSync(path);
    writeFileSync(join(folderOf(dir), checkpointFile(newest, crc32(bytes))), bytes);
    const again = await openStore(dir);
    const answer = await again.read(runId)();
    expect(
      answer._tag === 'Left' && answer.left.type === 'corrupt' && answer.left.message,
    ).toContain(`its format is 1, but this version reads format ${imageFormat}`);
    await again.close();
  });
});

describe('the folder of a run', () => {
  it('keeps two checkpoints and the journals that they need, however long the run', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir, { checkpointRows: 2 });
    const run = await createdRun(store);
    await grow(run, dir, 9);
    await store.close();
    const { checkpoints, journals } = listRunFolder(folderOf(dir));
    expect([checkpoints.length, journals.length <= 3]).toEqual([2, true]);
    expect(readdirSync(dir).sort()).toEqual(['.gitignore', 'runs']);
    expect(readFileSync(join(dir, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('holds a checkpoint that any SQLite client reads', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 6, [5]));
    const batchNo = await submitBatch(run, 'one');
    await endBatch(run, 'one');
    await completeRows(run, 'one', batchNo, [2, 0]);
    await step(run, { type: 'PauseRun', atMs: 9_000, reason: 'manual', message: null });
    await run.close();
    // Every opening begins a journal; an image is taken before there are many.
    for (let i = 0; i < 8; i += 1) await (await ok(store.own(runId))).close();
    await store.close();
    const [newest] = listRunFolder(folderOf(dir)).checkpoints;
    const sql = await loadSql();
    const database = new sql.Database(
      new Uint8Array(readFileSync(join(folderOf(dir), newest?.file ?? ''))),
    );
    expect(database.exec('pragma integrity_check')[0]?.values).toEqual([['ok']]);
    expect(
      database.exec('select * from items where item_index in (0, 1, 4) order by 1')[0]?.values,
    ).toEqual([
      [0, 'item-0', 3, 1, 0, 1, 0],
      [1, 'item-1', 2, 0, 0, 1, 0],
      [4, 'item-4', 0, 0, 0, 0, 0],
    ]);
    expect(
      database.exec('select status, count(*) from item_states group by status order by 1')[0]
        ?.values,
    ).toEqual([
      ['completed', 2],
      ['failed_permanent', 1],
      ['pending', 1],
      ['submitted', 2],
    ]);
    expect(
      database.exec(
        'select batch_no, batch_key, state, requests, completed_count, hex(indexes) from batches',
      )[0]?.values,
    ).toEqual([[1, 'one', 'live', 4, 2, '0004']]);
    expect(
      database.exec("select count(*) from events where event_type = 'run_paused'")[0]?.values,
    ).toEqual([[1]]);
    database.close();
  });
});
