import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeDisk } from '../../adapters/filestore/disk/disk.ts';
import { type KeeperClient, localClient } from '../../adapters/filestore/worker/keeper-client.ts';
import { quotaFile, scopeFolder } from '../../adapters/filestore/quota/quota-record.ts';
import { journalFile, listRunFolder, lockFile, runFolder } from '../../adapters/filestore/disk/run-folder.ts';
import { sqljsStoreOn } from '../../adapters/filestore/store/sqljs-store.ts';
import type { OwnedRun, RunStore } from '../../lib/ports/run-store.ts';
import { idOf, othersOf, plan, planOk, quotaRun, scope, settle } from './quota-runs.ts';
import { errorOf, ok, sendBatch, step } from './run-store-fixture.ts';
import { newStoreFolder, openStore, removeStoreFolders } from './filestore-folder.ts';

const forty = { tokens: 40, requests: 4, stated: null, wants: [] };
const nothing = { tokens: 0, requests: 0, stated: null, wants: [] };

describe('what runs in folders tell each other', () => {
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
  /** A run that holds one batch, and that nobody drives. */
  const left = async (name: string): Promise<OwnedRun> => {
    const run = await quotaRun(store, name, 8);
    await planOk(run, 'a');
    await run.close();
    return run;
  };

  it('is seen before the commit is on its way, and is a file that nobody else reads', async () => {
    const seen: unknown[] = [];
    const watching = (): KeeperClient => {
      const client = localClient(nodeDisk, 0);
      const call: KeeperClient['call'] = (run, name, input, transfer) => async () => {
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

  it('is refused to an owner whose run was taken while it wrote, as any of its commits is', async () => {
    const run = await quotaRun(store, 'run', 8);
    // Another process takes the run, as one does that saw no heartbeat for long enough, and removes what its old owner was writing.
    writeFileSync(
      join(runFolder(dir, run.runId), lockFile(run.epoch + 1)),
      readFileSync(join(runFolder(dir, run.runId), lockFile(run.epoch))),
    );
    rmSync(join(dir, 'quota'), { recursive: true, force: true });
    writeFileSync(join(dir, 'quota'), '');
    expect(await errorOf(() => plan(run, 'a', nothing))).toBe('lease_lost');
    rmSync(join(dir, 'quota'));
  });

  it('costs commits nothing that have nothing to tell', async () => {
    const run = await quotaRun(store, 'run', 8);
    expect(existsSync(fileOf(run))).toBe(false);
    await planOk(run, 'a');
    const { ino } = statSync(fileOf(run));
    await sendBatch(run, 'a');
    await step(run, { type: 'PauseRun', atMs: 3_500, reason: 'manual', message: null });
    // A word is a new file under the same name.
    expect(statSync(fileOf(run)).ino).toBe(ino);
    await step(run, { type: 'ResumeRun', atMs: 3_501 });
    await settle(await quotaRun(store, 'other', 4).then(async (other) => (await planOk(other, 'b'), other)), 'b');
    expect(statSync(fileOf(run)).ino).toBe(ino);
  });

  it('leaves no file of a run that holds nothing and has heard nothing', async () => {
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
    // Its next owner writes it anew.
    await (await ok(store.own(run.runId))).close();
    expect(readdirSync(folder())).toEqual([quotaFile(run.runId, run.epoch + 1)]);
    expect(await othersOf(watcher)).toEqual(forty);
  });

  it('is written anew by whoever opens the run, where it was lost', async () => {
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
    expect(await watcher.othersInScope(scope, 3_000)()).toMatchObject({ left: { type: 'corrupt', where: fileOf(run) } });
    expect(await errorOf(() => plan(watcher, 'b', nothing))).toBe('corrupt');
    expect(watcher.snapshot.live).toEqual([]);
    await ok(store.remove(run.runId));
    expect(await othersOf(watcher)).toEqual(nothing);
    await planOk(watcher, 'b');
  });

  it('is not confused by what else lies there, nor by words of runs that the store does not hold', async () => {
    const run = await left('run');
    const record = readFileSync(fileOf(run), 'utf8');
    const strange = ['notes.txt', 'run.json', '.hidden.1.json', 'run.0.json', 'run.1.json.tmp', 'a b.1.json'];
    for (const name of strange) writeFileSync(join(folder(), name), 'nothing of yours');
    for (const name of ['folder', 'run.7.json', 'nobody.8.json']) mkdirSync(join(folder(), name));
    writeFileSync(join(folder(), 'nobody.3.json'), record.replace('"run"', '"nobody"'));
    writeFileSync(join(folder(), 'gone.3.json'), '{');
    expect(await othersOf(watcher)).toEqual(forty);
    await planOk(watcher, 'b');
    // Whoever opens a run removes what speaks for nobody, and leaves the rest alone.
    await (await ok(store.own(run.runId))).close();
    const names = readdirSync(folder());
    expect(['nobody.3.json', 'gone.3.json'].filter((name) => names.includes(name))).toEqual([]);
    expect(strange.filter((name) => !names.includes(name))).toEqual(['run.1.json.tmp']);
  });

  it('is the word of the newest owner, whatever one says who was replaced', async () => {
    const run = await left('run');
    const early = readFileSync(fileOf(run), 'utf8').replace('"tokens":40', '"tokens":1');
    const again = await ok(store.own(run.runId));
    await planOk(again, 'b');
    writeFileSync(fileOf(run), early);
    expect(await othersOf(watcher)).toMatchObject({ tokens: 80 });
  });

  it('holds back what would take room while nothing can be told, and nothing else', async () => {
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

  it('is too much, and never a failed commit, where less cannot be told; it is told with the next one', async () => {
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

  it('is asked of the run where a released owner left a claim: the journal knows what became of it', async () => {
    const run = await left('run');
    const record = JSON.parse(readFileSync(fileOf(run), 'utf8')) as object;
    writeFileSync(fileOf(run), JSON.stringify({ ...record, claim: { tokens: 800, requests: 80 } }));
    expect(await othersOf(watcher)).toEqual(forty);
    // Of a run that cannot be read it counts: too much is safe.
    const [journal] = listRunFolder(runFolder(dir, run.runId)).journals;
    writeFileSync(
      join(runFolder(dir, run.runId), journalFile(journal ?? { epoch: 0, n: 0 })),
      'damaged, all of it, from its first byte on',
    );
    writeFileSync(fileOf(run), JSON.stringify({ ...record, claim: { tokens: 900, requests: 80 } }));
    expect(await othersOf(watcher)).toEqual({ tokens: 900, requests: 80, stated: null, wants: [] });
    expect(await ok(store.ownerOf(idOf('watcher')))).not.toBeNull();
  });
});
