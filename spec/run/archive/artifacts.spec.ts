import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject, Run } from '../../../lib/index.ts';
import type { RunStore } from '../../../lib/ports/index.ts';
import { createWorld, memoryStore, type World, type WorldOptions } from '../../../lib/sim/index.ts';
import { nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import { localClient } from '../../../adapters/filestore/worker/worker-client.ts';
import { sqljsStoreOn } from '../../../adapters/filestore/store/run-store.ts';
import { codeOf, quick } from '../../support/sim/handles.ts';
import { itemsOf, type Job, jobOf } from '../../support/sim/jobs.ts';

const faults: WorldOptions['faults'] = [
  { type: 'rows_fail', ratio: 0.3, statusCode: 500 },
  { type: 'rows_fail', ratio: 0.1, statusCode: 400 },
];

describe('artifacts', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-artifacts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const out = (name = 'out'): string => join(folder, name);

  const job = (world: World, count = 45, isKept = true): Job => ({
    ...jobOf(world.connection, itemsOf(count), { maxRequests: 10 }),
    ...(isKept ? {} : { artifactPolicy: { persistRawOutputArtifacts: false } }),
  });
  const played = async (world: World, isKept = true): Promise<Run> => {
    const run = await world.runner.start(job(world, 45, isKept), { runId: 'whole' });
    await world.settle(run);
    return run as unknown as Run;
  };
  const storages = {
    'memory store': () => memoryStore(),
    // A store's thread takes a second to begin from TypeScript: here its keeper works in this one.
    'file store': () =>
      sqljsStoreOn({ dir: join(folder, 'store') }, () => localClient(nodeDisk, 0)),
  } as const;

  /** Everything that can be read of its results, every way. */
  const readings = async (run: Run): Promise<Readonly<Record<string, unknown>>> => {
    const texts: string[] = [];
    for await (const { text } of run.resultText()) texts.push(text);
    const page = await run.readTerminalResultText({ afterSequence: 7, limit: 13 });
    const table = await run.table({ order: 'input' });
    const cells: unknown[] = [];
    for await (const rows of table.pages)
      cells.push(rows.columns.map((column) => Array.from(column as ArrayLike<unknown>)));
    return {
      sequence: await run.results().toArray(),
      input: await run.results({ order: 'input' }).toArray(),
      text: texts.join(''),
      page,
      table: [table.columns.map(({ name }) => name), cells],
    };
  };
  const manifestOf = (path: string): JsonObject =>
    JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as JsonObject;
  const filesIn = (path: string): readonly string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
      .toSorted();
  const storeOf = async (world: World): Promise<RunStore> => {
    const opened = await world.storage.open()();
    if (opened._tag === 'Left') throw new Error(opened.left.type);
    return opened.right;
  };
  /** Names of its objects, by the first part of each. */
  const objectsOf = async (world: World): Promise<Readonly<Record<string, number>>> => {
    const reader = await (await storeOf(world)).read('whole' as never)();
    if (reader._tag === 'Left') throw new Error('no run');
    const listed = await reader.right.artifacts.list('')();
    if (listed._tag === 'Left') throw new Error('no list');
    const counts: Record<string, number> = {};
    for (const { name } of listed.right)
      counts[name.split('/')[0] as string] = (counts[name.split('/')[0] as string] ?? 0) + 1;
    await reader.right.close();
    return counts;
  };

  for (const [name, storageOf] of Object.entries(storages)) {
    const worldOf = (more: WorldOptions = {}): Promise<World> =>
      createWorld({ ...quick, faults, storage: storageOf(), ...more });

    describe(`in a ${name}`, () => {
      it('are exported whole: what the provider gave, the results, and a manifest that every file is held to', async () => {
        await using world = await worldOf();
        const run = await played(world);
        const exported = await run.exportArtifacts(out());
        const manifest = manifestOf(out());
        const listed = manifest['files'] as readonly JsonObject[];
        expect(filesIn(out())).toEqual(
          [...listed.map((file) => String(file['path'])), 'manifest.json'].toSorted(),
        );
        for (const { path, bytes, sha256, line_count: lineCount } of listed) {
          const content = readFileSync(join(out(), String(path)));
          const lines = content.toString('utf8').split('\n').length - 1;
          expect([
            path,
            content.length,
            createHash('sha256').update(content).digest('hex'),
            lines,
          ]).toEqual([path, bytes, sha256, lineCount]);
        }
        const results = readFileSync(join(out(), 'results.jsonl'), 'utf8');
        expect(results).toBe((await readings(run))['text']);
        expect(manifest).toMatchObject({
          format_version: 1,
          run_id: 'whole',
          item_count: 45,
          result_count: 45,
          raw_files_not_kept: [],
        });
        expect(Date.parse(String(manifest['finished_at']))).toBeLessThanOrEqual(
          Date.parse(String(manifest['exported_at'])),
        );
        expect(exported).toEqual({
          destinationDir: out(),
          manifestPath: join(out(), 'manifest.json'),
          fileCount: listed.length,
          bytes: listed.reduce((sum, file) => sum + Number(file['bytes']), 0),
          resultCount: 45,
        });
        // Every batch is there that was sent, and the answers of each row of the run.
        const raw = listed.filter((file) => file['kind'] !== 'results');
        expect(new Set(raw.map((file) => file['batch_no'])).size).toBe(run.summary().batchCount);
        for (const path of [out(), ...readdirSync(out()).map((entry) => join(out(), entry))])
          expect((statSync(path).mode & 0o077).toString(8)).toBe('0');
        const { exported: noted } = run.snapshot().artifacts;
        const manifestSha256 = createHash('sha256')
          .update(readFileSync(exported.manifestPath))
          .digest('hex');
        expect(noted).toMatchObject({
          destination: out(),
          fileCount: listed.length,
          bytes: exported.bytes,
          resultCount: 45,
          manifestSha256,
        });
        const events: string[] = [];
        for await (const event of run.events()) events.push(event.eventType);
        expect(events.at(-1)).toBe('artifacts_exported');
      });

      it('are pruned, and results, table, proof and history stay as they are', async () => {
        await using world = await worldOf();
        const run = await played(world);
        const before = await readings(run);
        const inspected = await run.inspect('id-3');
        const counted = await objectsOf(world);
        expect(counted['compact']).toBeUndefined();
        const first = await run.pruneArtifacts();
        expect(first.removedCount).toBe(counted['requests']);
        expect(await objectsOf(world)).toEqual({ items: counted['items'], raw: counted['raw'] });
        expect(await run.verify()).toMatchObject({
          isSound: true,
          pruned: { areRequestsPruned: true, rawFileCount: 0 },
        });
        expect(await codeOf(run.pruneArtifacts({ raw: true }))).toBe('artifacts_not_exported');
        expect(await objectsOf(world)).toEqual({ items: counted['items'], raw: counted['raw'] });
        await run.exportArtifacts(out());
        const second = await run.pruneArtifacts({ raw: true });
        expect(second.removedCount).toBe(counted['raw']);
        expect(second.removedBytes).toBeGreaterThan(0);
        expect(second.keptBytes).toBeLessThan(first.keptBytes);
        expect(await objectsOf(world)).toEqual({
          items: counted['items'],
          compact: counted['raw'],
        });
        expect(await run.pruneArtifacts({ raw: true })).toEqual({
          removedCount: 0,
          removedBytes: 0,
          keptBytes: second.keptBytes,
        });
        expect(await readings(run)).toEqual(before);
        const verified = await run.verify();
        expect(verified).toMatchObject({
          isSound: true,
          broken: null,
          pruned: { areRequestsPruned: true, rawFileCount: counted['raw'] },
        });
        const again = await run.inspect('id-3');
        const { attempts } = inspected;
        expect(again).toEqual({
          ...inspected,
          isRequestLineKept: false,
          request: null,
          attempts: attempts.map((each) => ({ ...each, areRawFilesKept: false })),
        });
        // And so they are for whoever comes later, from another process.
        const later = await world.runner.getRun('whole');
        expect(await readings(later)).toEqual(before);
        const next = await later.exportArtifacts(out('next'));
        expect(readFileSync(join(out('next'), 'results.jsonl'), 'utf8')).toBe(before['text']);
        expect([
          next.fileCount,
          (manifestOf(out('next'))['raw_files_not_kept'] as readonly unknown[]).length,
        ]).toEqual([1, counted['raw']]);
      });

      it('keep no raw file where the job says so, while the run still continues', async () => {
        await using keeping = await createWorld({ ...quick, faults });
        const wanted = await readings(await played(keeping));
        await using world = await worldOf();
        const run = await played(world, false);
        const counted = await objectsOf(world);
        expect([counted['raw'], (counted['compact'] ?? 0) > 4]).toEqual([undefined, true]);
        expect(await readings(run)).toEqual(wanted);
        expect(await run.verify()).toMatchObject({
          isSound: true,
          pruned: { areRequestsPruned: false, rawFileCount: counted['compact'] },
        });
        expect(await run.exportArtifacts(out())).toMatchObject({ fileCount: 1, resultCount: 45 });
        const notKept = manifestOf(out())['raw_files_not_kept'] as readonly JsonObject[];
        expect(notKept).toHaveLength(counted['compact'] ?? 0);
        expect(notKept[0]).toMatchObject({ kind: 'output', batch_no: 1 });
        expect((await run.pruneArtifacts({ raw: true })).removedCount).toBe(counted['requests']);
      });
    });
  }

  it('are refused of a run that is not finished', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(job(world));
    for (const asked of [
      () => run.exportArtifacts(out()),
      () => run.pruneArtifacts(),
      () => run.pruneArtifacts({ raw: true }),
    ])
      expect(await codeOf(asked())).toBe('run_not_finished');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('are not written into what is not theirs, which is left alone', async () => {
    await using world = await createWorld(quick);
    const run = await played(world);
    mkdirSync(out('full'));
    writeFileSync(join(out('full'), 'mine'), 'mine');
    writeFileSync(out('file'), 'mine');
    for (const name of ['full', 'file'])
      expect(await codeOf(run.exportArtifacts(out(name)))).toBe('invalid_config');
    expect(filesIn(folder)).toEqual(['file', 'full/mine']);
    expect(run.snapshot().artifacts.exported).toBeNull();
    // An empty one is as good as none; and a link leads to it.
    mkdirSync(out('empty'));
    symlinkSync('empty', out('link'));
    expect((await run.exportArtifacts(out('link'))).destinationDir).toBe(out('empty'));
    expect(filesIn(out('empty'))).toContain('manifest.json');
    expect(await codeOf(run.exportArtifacts(out('empty')))).toBe('invalid_config');
    expect((await run.exportArtifacts(join(folder, 'deep', 'er'))).resultCount).toBe(45);
  });

  it('that a dead process left half written are removed, and those of a living one are not', async () => {
    await using world = await createWorld(quick);
    const run = await played(world);
    for (const pid of [2 ** 30, process.ppid, process.pid]) {
      mkdirSync(out(`out.incomplete-${pid}`));
      writeFileSync(join(out(`out.incomplete-${pid}`), 'results.jsonl'), '');
    }
    mkdirSync(out('out.incomplete-mine'));
    await run.exportArtifacts(out());
    expect(readdirSync(folder).toSorted()).toEqual(
      ['out', `out.incomplete-${process.ppid}`, 'out.incomplete-mine'].toSorted(),
    );
  });

  it('never look whole where they were aborted, after any chunk', async () => {
    await using world = await createWorld({ ...quick, faults });
    const run = await played(world);
    let isOver = false;
    let tries = 0;
    for (; !isOver; tries += 1) {
      let left = tries;
      const signal = {
        throwIfAborted: () => {
          if (left-- === 0) throw new Error('aborted');
        },
      } as AbortSignal;
      isOver = await run.exportArtifacts(out(), { signal }).then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toContain('aborted');
          return false;
        },
      );
      expect(readdirSync(folder)).toEqual(isOver ? ['out'] : []);
      expect(run.snapshot().artifacts.exported === null).toBe(!isOver);
    }
    expect(tries).toBeGreaterThan(10);
    expect(filesIn(out())).toContain('manifest.json');
  });
});
