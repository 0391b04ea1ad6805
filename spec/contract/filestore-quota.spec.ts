import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { type SessionClient, localClient } from '../../adapters/filestore/worker/worker-client.ts';
import { quotaFile, scopeFolder } from '../../adapters/filestore/quota/reservation-file.ts';
import {
  journalFile,
  listRunFolder,
  lockFile,
  runFolder,
} from '../../adapters/filestore/disk/run-folder.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/run-store.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import {
  idOf,
  othersOf,
  plan,
  planOk,
  quotaRun,
  scope,
  settle,
} from '../../lib/testing/stores/quota-runs.ts';
import { errorOf, ok, sendBatch, step } from './run-store-fixture.ts';
import { newStoreFolder, openStore, removeStoreFolders } from './filestore-folder.ts';
import { othersInScope } from '../../lib/effects/plan/plan.ts';

const forty = { tokens: 40, requests: 4, stated: null, wants: [] };
const nothing = { tokens: 0, requests: 0, stated: null, wants: [] };

describe('the reservations of runs in folders', () => {
  let dir: string;
  let store: RunStore;
  let watcher: OwnedRun;
  const folder = (): string => scopeFolder(dir, scope);
  const fileOf = (run: OwnedRun): string => join(folder(), quotaFile(run.runId, run.epoch));
  beforeEach(async () => {
    dir = newStoreFolder();
    store = await openStore(dir);
    watcher = await quotaRun(store, 'watcher', 4);
  });
  afterEach(async () => {
    await store.close();
    removeStoreFolders();
  });
  /** A run that holds one batch and has no driver. */
  const left = async (name: string): Promise<OwnedRun> => {
    const run = await quotaRun(store, name, 8);
    await planOk(run, 'a');
    await run.close();
    return run;
  };

  it('is visible before its commit is sent, in a file that other users cannot read', async () => {
    const seen: unknown[] = [];
    const watching = (): SessionClient => {
      const client = localClient(nodeDisk, 0);
      const call: SessionClient['call'] = (run, name, input, transfer) => async () => {
        if (name === 'commit') seen.push(await othersOf(watcher));
        return client.call(run, name, input, transfer)();
      };
      return { ...client, call };
    };
    const other = await ok(sqljsStoreOn({ dir }, watching).open());
    const run = await quotaRun(other, 'run', 8);
    seen.length = 0;
    await planOk(run, 'a');
    expect(seen).toEqual([forty]);
    expect(statSync(fileOf(run)).mode & 0o777).toBe(0o600);
    expect(statSync(folder()).mode & 0o777).toBe(0o700);
    await other.close();
  });

  it('is refused to an owner whose run was taken while it wrote, as its commits are', async () => {
    const run = await quotaRun(store, 'run', 8);
    // Another process saw no heartbeat, takes the run, and deletes the files that its old owner was
    // writing.
    writeFileSync(
      join(runFolder(dir, run.runId), lockFile(run.epoch + 1)),
      readFileSync(join(runFolder(dir, run.runId), lockFile(run.epoch))),
    );
    rmSync(join(dir, 'quota'), { recursive: true, force: true });
    writeFileSync(join(dir, 'quota'), '');
    expect(await errorOf(() => plan(run, 'a', nothing))).toBe('lease_lost');
    rmSync(join(dir, 'quota'));
  });

  it('costs nothing for commits that do not change it', async () => {
    const run = await quotaRun(store, 'run', 8);
    expect(existsSync(fileOf(run))).toBe(false);
    await planOk(run, 'a');
    const { ino } = statSync(fileOf(run));
    await sendBatch(run, 'a');
    await step(run, { type: 'PauseRun', atMs: 3_500, reason: 'manual', message: null });
    // Publishing replaces the file, so its inode would change.
    expect(statSync(fileOf(run)).ino).toBe(ino);
    await step(run, { type: 'ResumeRun', atMs: 3_501 });
    await settle(
      await quotaRun(store, 'other', 4).then(async (other) => (await planOk(other, 'b'), other)),
      'b',
    );
    expect(statSync(fileOf(run)).ino).toBe(ino);
  });

  it('leaves no file of a run that holds nothing and has learned nothing', async () => {
    const run = await quotaRun(store, 'run', 4);
    await planOk(run, 'a');
    await settle(run, 'a');
    await run.close();
    expect(readdirSync(folder())).toEqual([]);
  });

  it('is read from the run itself where its file was damaged', async () => {
    const run = await left('run');
    for (const text of [
      '',
      '{',
      '[]',
      '{"runId":"run"}',
      JSON.stringify({ ...JSON.parse(readFileSync(fileOf(run), 'utf8')), tokens: -1 }),
    ]) {
      writeFileSync(fileOf(run), text);
      expect(await othersOf(watcher)).toEqual(forty);
    }
    // The next owner writes it again.
    await (await ok(store.own(run.runId))).close();
    expect(readdirSync(folder())).toEqual([quotaFile(run.runId, run.epoch + 1)]);
    expect(await othersOf(watcher)).toEqual(forty);
  });

  it('is written again by the next owner, where it was lost', async () => {
    const run = await left('run');
    rmSync(join(dir, 'quota'), { recursive: true, force: true });
    expect(await othersOf(watcher)).toEqual(nothing);
    const again = await ok(store.own(run.runId));
    expect(await othersOf(watcher)).toEqual(forty);
    await again.close();
  });

  it('is an error that names the file where neither it nor the run can be read, until the run is removed', async () => {
    const run = await left('run');
    const [journal] = listRunFolder(runFolder(dir, run.runId)).journals;
    writeFileSync(
      join(runFolder(dir, run.runId), journalFile(journal ?? { epoch: 0, n: 0 })),
      'damaged, all of it, from its first byte on',
    );
    writeFileSync(fileOf(run), '{');
    expect(await othersInScope(watcher, scope, 3_000)()).toMatchObject({
      left: { type: 'corrupt', where: fileOf(run) },
    });
    expect(await errorOf(() => plan(watcher, 'b', nothing))).toBe('corrupt');
    expect(watcher.snapshot.live).toEqual([]);
    await ok(store.remove(run.runId));
    expect(await othersOf(watcher)).toEqual(nothing);
    await planOk(watcher, 'b');
  });

  it('ignores other files there, and those of runs that the store does not hold', async () => {
    const run = await left('run');
    const record = readFileSync(fileOf(run), 'utf8');
    const strange = [
      'notes.txt',
      'run.json',
      '.hidden.1.json',
      'run.0.json',
      'run.1.json.tmp',
      'a b.1.json',
    ];
    for (const name of strange) writeFileSync(join(folder(), name), 'nothing of yours');
    for (const name of ['folder', 'run.7.json', 'missing.8.json']) mkdirSync(join(folder(), name));
    writeFileSync(join(folder(), 'missing.3.json'), record.replace('"run"', '"missing"'));
    writeFileSync(join(folder(), 'gone.3.json'), '{');
    expect(await othersOf(watcher)).toEqual(forty);
    await planOk(watcher, 'b');
    // Opening a run deletes reservation files without a run, and leaves other files alone.
    await (await ok(store.own(run.runId))).close();
    const names = readdirSync(folder());
    expect(['missing.3.json', 'gone.3.json'].filter((name) => names.includes(name))).toEqual([]);
    expect(strange.filter((name) => !names.includes(name))).toEqual(['run.1.json.tmp']);
  });

  it('is that of the newest owner, whatever a replaced one writes', async () => {
    const run = await left('run');
    const early = readFileSync(fileOf(run), 'utf8').replace('"tokens":40', '"tokens":1');
    const again = await ok(store.own(run.runId));
    await planOk(again, 'b');
    writeFileSync(fileOf(run), early);
    expect(await othersOf(watcher)).toMatchObject({ tokens: 80 });
  });

  it('blocks what would grow it while it cannot be published, and nothing else', async () => {
    const run = await quotaRun(store, 'run', 8);
    writeFileSync(join(dir, 'quota'), 'a file where a folder is needed');
    const { version } = run.snapshot;
    expect(await errorOf(() => plan(run, 'a', nothing))).toBe('unavailable');
    expect(await errorOf(() => plan(run, 'a', nothing))).toBe('unavailable');
    expect(run.snapshot.version).toBe(version);
    await step(run, { type: 'PauseRun', atMs: 3_500, reason: 'manual', message: null });
    await step(run, { type: 'ResumeRun', atMs: 3_501 });
    rmSync(join(dir, 'quota'));
    await planOk(run, 'a');
    expect(await othersOf(watcher)).toEqual(forty);
  });

  it('is too large, and never a failed commit, where a smaller one cannot be published; the next commit publishes it', async () => {
    const run = await quotaRun(store, 'run', 8);
    await planOk(run, 'a');
    const quota = join(dir, 'quota');
    renameSync(quota, join(dir, 'aside'));
    writeFileSync(quota, 'a file where a folder is needed');
    await settle(run, 'a');
    rmSync(quota);
    renameSync(join(dir, 'aside'), quota);
    expect(await othersOf(watcher)).toEqual(forty);
    await step(run, { type: 'PauseRun', atMs: 6_000, reason: 'manual', message: null });
    expect(await othersOf(watcher)).toEqual(nothing);
  });

  it('is read from the run where a released owner left a claim, since the journal shows whether it committed', async () => {
    const run = await left('run');
    const record = JSON.parse(readFileSync(fileOf(run), 'utf8')) as object;
    writeFileSync(fileOf(run), JSON.stringify({ ...record, claim: { tokens: 800, requests: 80 } }));
    expect(await othersOf(watcher)).toEqual(forty);
    // If the run cannot be read, the claim counts: too much is safe.
    const [journal] = listRunFolder(runFolder(dir, run.runId)).journals;
    writeFileSync(
      join(runFolder(dir, run.runId), journalFile(journal ?? { epoch: 0, n: 0 })),
      'damaged, all of it, from its first byte on',
    );
    writeFileSync(fileOf(run), JSON.stringify({ ...record, claim: { tokens: 900, requests: 80 } }));
    expect(await othersOf(watcher)).toEqual({ tokens: 900, requests: 80, stated: null, wants: [] });
    expect((await ok(store.peek(idOf('watcher')))).owner).not.toBeNull();
  });
});
