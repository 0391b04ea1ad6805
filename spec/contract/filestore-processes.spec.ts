import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sqljsStore } from '../../adapters/filestore/index.ts';
import { reservationOf } from '../../lib/core/internal.ts';
import { waitFor } from '../support/wait-for.ts';
import { idOf, othersOf, plan, quotaRun } from '../../lib/testing/stores/quota-runs.ts';
import { accept, createdRun, errorOf, ok, runId, sliceOf } from './run-store-fixture.ts';
import { newStoreFolder, openStore, removeStoreFolders } from './filestore-folder.ts';
import { storedRows } from '../../lib/rows/read-rows.ts';
import { knownIds } from '../../lib/rows/read-slices.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** A folder from which the child finds its packages, and which no tool searches for sources. */
const cache = join(root, 'node_modules', '.cache', 'batchor');
let scripts: string;

/**
 * Built as a user's process runs it: plain JavaScript under bare Node, with the worker beside it.
 */
beforeAll(async () => {
  mkdirSync(cache, { recursive: true });
  scripts = mkdtempSync(join(cache, 'sqljs-child-'));
  const entryPoints = [
    'spec/contract/filestore-child.ts',
    'adapters/filestore/worker/worker.ts',
  ].map((path) => join(root, path));
  await build({
    entryPoints,
    entryNames: '[name]',
    outdir: scripts,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  });
});
afterAll(() => rmSync(scripts, { recursive: true, force: true }));
afterEach(removeStoreFolders);

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly ended: Promise<number | null>;
}
const start = (...args: readonly string[]): Child => {
  const child = spawn(process.execPath, [join(scripts, 'filestore-child.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = `${rest}${chunk.toString()}`.split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.on('data', (chunk: Buffer) => lines.push(`error ${chunk.toString()}`));
  return { process: child, lines, ended: new Promise((resolve) => child.once('close', resolve)) };
};
const until = (what: string, isSo: () => boolean, child: Child): Promise<void> => {
  const said = (): string => `the child said: ${child.lines.slice(-5).join(' | ')}`;
  const check = (): boolean => {
    if (!isSo() && child.process.exitCode !== null)
      throw new Error(`the child ended before this: ${what}; ${said()}`);
    return isSo();
  };
  return waitFor(what, check, { state: said });
};
const numbers = (child: Child, mode: string): readonly (readonly number[])[] =>
  child.lines
    .filter((line) => line.startsWith(`${mode} `))
    .map((line) => line.split(' ').slice(1).map(Number));

describe('a file store between processes', () => {
  it('loses no acknowledged commit when processes are killed, time after time', async () => {
    const dir = newStoreFolder();
    const reader = await openStore(dir);
    let acknowledged = 0;
    for (let round = 0; round < 6; round += 1) {
      const child = start('commit', dir);
      // At any moment: during the first commits, between checkpoints, in the middle of one.
      await until(
        'the child has acknowledged some commits',
        () => numbers(child, 'acknowledged').length > (round * 7) % 23,
        child,
      );
      child.process.kill('SIGKILL');
      await child.ended;
      const [version, items] = numbers(child, 'acknowledged').at(-1) ?? [];
      if (version === undefined || items === undefined) throw new Error('nothing was acknowledged');
      const run = await ok(reader.read(runId));
      expect(run.snapshot.version).toBeGreaterThanOrEqual(version);
      expect(run.snapshot.version).toBeLessThanOrEqual(version + 1);
      const rows = await ok(storedRows(run, 0, 1e6));
      expect(rows.map((row) => row.itemId)).toEqual(
        Array.from({ length: run.snapshot.ingest.itemCount }, (_, i) => `item-${i}`),
      );
      expect(rows.length).toBeGreaterThanOrEqual(items);
      expect((await ok(reader.peek(runId))).owner).toBeNull();
      acknowledged += numbers(child, 'acknowledged').length;
      await run.close();
    }
    expect(acknowledged).toBeGreaterThan(50);
    await reader.close();
  });

  it('never gives a run to two of them', async () => {
    const dir = newStoreFolder();
    const store = await openStore(dir);
    await (await createdRun(store)).close();
    const children = [start('race', dir, '8'), start('race', dir, '8')];
    for (const child of children)
      expect([await child.ended, child.lines.filter((line) => line.startsWith('error'))]).toEqual([
        0,
        [],
      ]);
    const took = children
      .flatMap((child) => numbers(child, 'took'))
      .sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    expect(took.length).toBe(16);
    expect(new Set(took.map(([epoch]) => epoch)).size).toBe(16);
    // Each owner saw every commit before its own.
    expect(took.map(([, version]) => version)).toEqual(Array.from({ length: 16 }, (_, i) => i + 2));
    expect((await ok(store.read(runId))).snapshot.version).toBe(17);
    await store.close();
  });
});

describe('a run whose process is killed between its claim and the end of its commit', () => {
  for (const [moment, held] of [
    ['before', 40],
    ['after', 80],
  ] as const) {
    it(`holds what is in its journal, killed ${moment} the commit`, async () => {
      const dir = newStoreFolder();
      const store = await openStore(dir);
      const watcher = await quotaRun(store, 'watcher', 4);
      const child = start('claim', dir, moment);
      await until('the child halts', () => child.lines.includes('halted'), child);
      // The claim counts while the commit may still happen.
      expect(await othersOf(watcher)).toMatchObject({ tokens: 80, requests: 8 });
      expect(
        await plan(watcher, 'w', { tokens: 79, requests: 8, stated: null, wants: [] }),
      ).toMatchObject({
        left: { type: 'quota_taken' },
      });
      child.process.kill('SIGKILL');
      await child.ended;
      expect(await othersOf(watcher)).toMatchObject({ tokens: held, requests: held / 10 });
      await ok(() =>
        plan(watcher, 'w', { tokens: held, requests: held / 10, stated: null, wants: [] }),
      );
      // The next owner publishes the same.
      const again = await ok(store.own(idOf('child')));
      expect(reservationOf(again.snapshot)).toMatchObject({ tokens: held });
      expect(await othersOf(watcher)).toMatchObject({ tokens: held, requests: held / 10 });
      await store.close();
    });
  }
});

describe('a file store in a thread of its own, from the sources', () => {
  it('does the same as in this thread, and many commits share a sync', async () => {
    const dir = newStoreFolder();
    const store = await ok(sqljsStore({ dir, groupCommitMs: 1 }).open());
    const run = await createdRun(store);
    await accept(run, sliceOf(0, 2_000));
    const versions = Array.from({ length: 50 }, (_, i) => 2 + i);
    const answers = await Promise.all(
      versions.map((version) => run.commit(version, [{ type: 'RunOpened', atMs: version }])()),
    );
    expect(answers.every((answer) => answer._tag === 'Right')).toBe(true);
    expect(run.snapshot.version).toBe(52);
    expect((await ok(knownIds(run, ['item-5', 'unknown']))).join()).toBe('1,0');
    expect(await errorOf(run.commit(3, [{ type: 'RunOpened', atMs: 1 }]))).toBe('stale_version');
    await store.close();
    expect(await errorOf(store.read(runId))).toBe('unavailable');
    const again = await openStore(dir);
    expect(
      (await ok(storedRows(await ok(again.read(runId)), 1_999, 9))).map((row) => row.itemId),
    ).toEqual(['item-1999']);
    await again.close();
  });
});
