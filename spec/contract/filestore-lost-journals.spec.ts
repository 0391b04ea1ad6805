import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { RunStore } from '../../lib/ports/run-store.ts';
import type { RunId } from '../../lib/core/values/ids.ts';
import { journalFile, listRunFolder } from '../../adapters/filestore/disk/run-folder.ts';
import {
  accept,
  createdRun,
  endBatch,
  errorOf,
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

afterEach(removeStoreFolders);

/** A store with a run that has acknowledged work and a run that is whole, both without an owner. */
const storedRuns = async (): Promise<string> => {
  const dir = newStoreFolder();
  const store = await openStore(dir);
  await (await createdRun(store, 'whole' as RunId)).close();
  const run = await createdRun(store);
  await accept(run, sliceOf(0, 4));
  await submitBatch(run, 'one');
  await run.close();
  await store.close();
  return dir;
};
const removeJournals = (dir: string): void => {
  for (const id of listRunFolder(folderOf(dir)).journals)
    rmSync(join(folderOf(dir), journalFile(id)));
};
const emptyJournals = (dir: string): void => {
  for (const id of listRunFolder(folderOf(dir)).journals)
    truncateSync(join(folderOf(dir), journalFile(id)), 0);
};
const putObject = (dir: string, name: string): void => {
  mkdirSync(join(folderOf(dir), 'objects', name, '..'), { recursive: true });
  writeFileSync(join(folderOf(dir), 'objects', name), 'line\n');
};
const removeAll = (dir: string, ...names: readonly string[]): void => {
  for (const name of names) rmSync(join(dir, name), { recursive: true, force: true });
};

/**
 * Everything that would report the run, or pay for its rows again, is rejected. Returns the error
 * of `read`.
 */
const expectRefused = async (
  store: RunStore,
  isCreated = false,
): Promise<PortError & { readonly type: 'corrupt' }> => {
  for (const port of [store.own(runId), store.peek(runId)])
    expect(await errorOf(port)).toBe('corrupt');
  // A run with a whole `RunCreated` exists, and takes commands.
  expect(await errorOf(store.create(runId, null))).toBe(isCreated ? 'refused' : 'corrupt');
  if (!isCreated)
    expect(await errorOf(store.send(runId, { type: 'pause', options: {} }))).toBe('corrupt');
  const read = await store.read(runId)();
  if (read._tag === 'Right' || read.left.type !== 'corrupt') throw new Error('it is read');
  return read.left;
};

describe('a run whose journals are gone', () => {
  it.each([
    ['missing', removeJournals, 'has no journal'],
    ['empty', emptyJournals, 'journal.1.1 is empty'],
  ] as const)(
    'is refused, never created again, where they are %s; the message names what was acknowledged and what to do',
    async (_title, lose, says) => {
      const dir = await storedRuns();
      lose(dir);
      const store = await openStore(dir);
      const { message } = await expectRefused(store);
      for (const part of [
        folderOf(dir),
        says,
        'summary.json says version 6',
        'batchor doctor --repair',
        'batchor delete --run-id RUN --abandon',
      ])
        expect(message).toContain(part);
      const damaged: string[] = [];
      const listed = await ok(store.list((run) => damaged.push(run.runId)));
      expect([listed.map((run) => run.runId), damaged]).toEqual([['whole'], [runId]]);
      // After the runs with due work, so that a worker that tries it reports why.
      expect(await ok(store.adoptable(1e15, 9))).toEqual(['whole', runId]);
      const found = await ok(store.care?.examine(runId) ?? Promise.reject);
      expect([found.state, found.loss?.version, found.loss?.knownVersion]).toEqual([
        'damaged',
        null,
        6,
      ]);
      await ok(store.remove(runId));
      expect(await errorOf(store.read(runId))).toBe('not_found');
      await store.close();
    },
  );

  it.each([
    [
      'a summary that cannot be read',
      (dir: string) => writeFileSync(join(folderOf(dir), 'summary.json'), ''),
    ],
    ['an object', (dir: string) => putObject(dir, 'requests/000000000000-e1-1.jsonl')],
    [
      'a command',
      (dir: string) =>
        writeFileSync(
          join(folderOf(dir), 'inbox', `${'0'.repeat(15)}-${'a'.repeat(16)}.json`),
          '{}',
        ),
    ],
    [
      'half an image',
      (dir: string) => writeFileSync(join(folderOf(dir), 'checkpoint.1.2.00000000.sqlite.tmp'), ''),
    ],
    ['a second journal', (dir: string) => writeFileSync(join(folderOf(dir), 'journal.1.2'), '')],
    ['a repair', (dir: string) => mkdirSync(join(folderOf(dir), 'set-aside.2'))],
  ] as const)('is recognised by %s alone', async (_title, leave) => {
    const dir = await storedRuns();
    removeJournals(dir);
    removeAll(folderOf(dir), 'summary.json');
    removeAll(dir, 'quota');
    const store = await openStore(dir);
    expect(await errorOf(store.read(runId))).toBe('not_found');
    leave(dir);
    await expectRefused(store);
    await store.close();
  });

  it('is recognised by its file in the quota folder', async () => {
    const dir = await storedRuns();
    removeJournals(dir);
    removeAll(folderOf(dir), 'summary.json');
    const store = await openStore(dir);
    expect((await expectRefused(store)).message).toContain(join(dir, 'quota'));
    await store.close();
  });

  it('is recovered from an image, where there is one', async () => {
    const dir = await storedRuns();
    for (let i = 0; i < 9; i += 1) {
      const store = await openStore(dir);
      await (await ok(store.own(runId))).close();
      await store.close();
    }
    expect(listRunFolder(folderOf(dir)).checkpoints.length).toBe(1);
    removeJournals(dir);
    const store = await openStore(dir);
    await expectRefused(store, true);
    const { after } = await ok(store.care?.repair(runId) ?? Promise.reject);
    expect([after.state, after.version]).toEqual(['whole', 6]);
    expect((await ok(store.own(runId))).snapshot.live.map(({ batchKey }) => batchKey)).toEqual([
      'one',
    ]);
    await store.close();
  });
});

describe('a run whose journals come from a backup', () => {
  /** A copy of the run from before its batch was planned, with that batch's answers stored. */
  const outdated = async (): Promise<string> => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 4));
    const backup = copyOf(dir);
    await submitBatch(run, 'one');
    await endBatch(run, 'one');
    putObject(dir, 'raw/one/output-e1-1.jsonl');
    await run.close();
    await store.close();
    cpSync(newestJournal(backup), newestJournal(dir));
    return dir;
  };

  it('is refused where its summary names a later version, and a repair continues from what is proved', async () => {
    const dir = await outdated();
    const store = await openStore(dir);
    const damaged: string[] = [];
    expect(await ok(store.list((each) => damaged.push(each.runId)))).toEqual([]);
    expect(damaged).toEqual([runId]);
    const { where, message } = await expectRefused(store, true);
    expect([where, message.includes('the journals end at version 2')]).toEqual([
      join(folderOf(dir), 'summary.json'),
      true,
    ]);
    const { before, after } = await ok(store.care?.repair(runId) ?? Promise.reject);
    expect([before.loss?.version, before.loss?.knownVersion, after.state, after.version]).toEqual([
      2,
      8,
      'whole',
      2,
    ]);
    const run = await ok(store.own(runId));
    expect(run.snapshot.live).toEqual([]);
    await step(run, { type: 'OpenRun', atMs: 9_000 });
    await store.close();
  });

  it('is refused where it holds answers of an unknown batch, and no opening deletes those', async () => {
    const dir = await outdated();
    removeAll(folderOf(dir), 'summary.json');
    const store = await openStore(dir);
    const answers = join(folderOf(dir), 'objects', 'raw', 'one', 'output-e1-1.jsonl');
    expect((await expectRefused(store, true)).where).toBe(answers);
    expect(readFileSync(answers, 'utf8')).toBe('line\n');
    const { after, setAside } = await ok(store.care?.repair(runId) ?? Promise.reject);
    expect([after.state, setAside.some((path) => path.endsWith('output-e1-1.jsonl'))]).toEqual([
      'whole',
      true,
    ]);
    expect(await errorOf(store.own(runId))).toBe('none');
    await store.close();
  });
});

describe('a creation that was interrupted', () => {
  it('leaves no run, whatever byte its first records end at, and its id may be used', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    const run = await ok(store.create(runId, null));
    const copy = copyOf(dir);
    await run.close();
    await store.close();
    letGo(copy);
    const journal = newestJournal(copy);
    const bytes = readFileSync(journal);
    expect(recordBounds(journal).length).toBe(2);
    for (let cut = bytes.length; cut >= 0; cut -= 7) {
      truncateSync(journal, cut);
      const again = await openStore(copy);
      expect([cut, await errorOf(again.read(runId)), await ok(again.list())]).toEqual([
        cut,
        'not_found',
        [],
      ]);
      await again.close();
    }
    rmSync(journal);
    const again = await openStore(copy);
    await (await ok(again.create(runId, null))).close();
    expect(await errorOf(again.own(runId))).toBe('not_found');
    await accept(await createdRun(again), sliceOf(0, 2));
    expect((await ok(again.list())).length).toBe(1);
    await again.close();
  });
});

describe('a file in the folder of runs', () => {
  it('is no run, and does not stop other runs from being listed, owned or examined', async () => {
    const dir = await storedRuns();
    writeFileSync(join(dir, 'runs', 'notes.txt'), 'mine');
    writeFileSync(join(dir, 'quota', 'notes.txt'), 'mine');
    mkdirSync(join(dir, 'runs', 'empty'));
    const store = await openStore(dir);
    const notes = 'notes.txt' as RunId;
    expect((await ok(store.list())).map((run) => run.runId).sort()).toEqual([runId, 'whole']);
    expect([...(await ok(store.adoptable(1e15, 9)))].sort()).toEqual([runId, 'whole']);
    expect([...(await ok(store.care?.runIds() ?? Promise.reject))].sort()).toEqual([
      'empty',
      runId,
      'whole',
    ]);
    for (const port of [
      store.read(notes),
      store.own(notes),
      store.peek(notes),
      store.remove(notes),
      store.care?.examine(notes),
    ])
      expect(await errorOf(port ?? Promise.reject)).toBe('not_found');
    const created = await store.create(notes, null)();
    expect(
      created._tag === 'Left' && created.left.type === 'unavailable' && created.left.message,
    ).toContain('is not a folder');
    expect(readdirSync(join(dir, 'runs')).sort()).toEqual(['empty', 'notes.txt', runId, 'whole']);
    await (await createdRun(store, 'empty' as RunId)).close();
    await store.close();
  });

  it('may be a link to the folder of a run on another disk', async () => {
    const dir = await storedRuns();
    const elsewhere = newStoreFolder();
    renameSync(folderOf(dir), join(elsewhere, 'moved'));
    symlinkSync(join(elsewhere, 'moved'), folderOf(dir));
    const store = await openStore(dir);
    expect((await ok(store.list())).length).toBe(2);
    expect(await errorOf(store.own(runId))).toBe('none');
    await store.close();
  });
});
