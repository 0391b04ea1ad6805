import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { localClient } from '../../../adapters/filestore/worker/worker-client.ts';
import { nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import { sqljsStoreOn } from '../../../adapters/filestore/store/run-store.ts';
import type { Run } from '../../../lib/index.ts';
import { createWorld, type World } from '../../../lib/sim/index.ts';
import { codeOf, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

describe('pruning raw files of which one is damaged', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'batchor-prune-damage-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const objects = (): string => join(folder, 'store', 'runs', 'whole', 'objects');
  const filesUnder = (part: string): readonly string[] =>
    readdirSync(join(objects(), part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted();
  const exportedRun = async (world: World): Promise<Run> => {
    const run = await world.runner.start(
      jobOf(world.connection, itemsOf(30), { maxRequests: 10 }),
      { runId: 'whole' },
    );
    await world.settle(run);
    await run.exportArtifacts(join(folder, 'copy'));
    return run as unknown as Run;
  };
  const worldOf = (): Promise<World> =>
    createWorld({
      ...quick,
      storage: sqljsStoreOn({ dir: join(folder, 'store') }, () => localClient(nodeDisk, 0)),
    });
  const textOf = async (run: Run): Promise<string> => {
    const texts: string[] = [];
    for await (const { text } of run.resultText()) texts.push(text);
    return texts.join('');
  };

  const damages: Readonly<Record<string, (path: string, bytes: Buffer) => void>> = {
    'is cut off': (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length / 2)),
    'is lost': (path) => rmSync(path),
    'has a line that cannot be read': (path, bytes) => {
      const damaged = Buffer.from(bytes);
      damaged[damaged.indexOf(0x0a) + 1] = 0;
      writeFileSync(path, damaged);
    },
  };
  it.each(Object.entries(damages))(
    'removes nothing where it %s; repaired, it is pruned, and no result is lost',
    async (_, damage) => {
      await using world = await worldOf();
      const run = await exportedRun(world);
      const before = await textOf(run);
      const raw = filesUnder('raw');
      const requests = filesUnder('requests');
      const path = raw[1] ?? '';
      const bytes = readFileSync(path);
      damage(path, bytes);
      const left = filesUnder('raw');
      expect(await codeOf(run.pruneArtifacts({ raw: true }))).toBe('store_corrupt');
      expect(filesUnder('raw')).toEqual(left);
      expect(filesUnder('requests')).toEqual(requests);
      expect(run.snapshot().artifacts).toMatchObject({
        areRequestsPruned: false,
        isRawPruned: false,
      });
      writeFileSync(path, bytes);
      expect((await run.pruneArtifacts({ raw: true })).removedCount).toBe(
        raw.length + requests.length,
      );
      expect(await textOf(run)).toBe(before);
      expect(await run.verify()).toMatchObject({ isSound: true });
    },
  );

  it('that is lost is what results say they miss, not the run', async () => {
    await using world = await worldOf();
    const run = await exportedRun(world);
    const lost = filesUnder('raw')[1] ?? '';
    rmSync(lost);
    await expect(run.results().toArray()).rejects.toMatchObject({
      code: 'store_corrupt',
      message: expect.stringContaining(lost.slice(objects().length)) as string,
    });
  });
});
