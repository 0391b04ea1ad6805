import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Disk, nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import type { OwnedRun } from '../../../lib/ports/run-store.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import {
  copyOf,
  folderOf,
  letGo,
  newStoreFolder,
  openStore,
} from '../../contract/filestore-folder.ts';
import type { Step } from '../../support/core/commit.ts';
import { pause, stepsOf } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { holdAgainst } from './held-against.ts';

interface ForgetfulDisk {
  readonly disk: Disk;
  /** While `areBroken`, syncs fail and make nothing durable. */
  readonly syncs: { areBroken: boolean };
  /**
   * The store's folder after a power loss: only synced bytes of each file, and only names whose
   * folder was synced.
   */
  afterPowerLoss(dir: string): string;
}

/** Knows which bytes of each file were synced, and are durable. */
const forgetfulDisk = (): ForgetfulDisk => {
  const paths = new Map<number, string>();
  const written = new Map<string, number>();
  const durable = new Map<string, number>();
  const newNames = new Set<string>();
  const syncs = { areBroken: false };
  const sync = (path: string, act: () => void): void => {
    if (syncs.areBroken) throw Object.assign(new Error('EIO: sync'), { code: 'EIO' });
    act();
    durable.set(path, written.get(path) ?? 0);
  };
  return {
    syncs,
    disk: {
      ...nodeDisk,
      create(path) {
        const fd = nodeDisk.create(path);
        paths.set(fd, path);
        written.set(path, 0);
        durable.set(path, 0);
        newNames.add(path);
        return fd;
      },
      write(fd, parts) {
        nodeDisk.write(fd, parts);
        const path = paths.get(fd) ?? '';
        written.set(
          path,
          (written.get(path) ?? 0) + parts.reduce((sum, part) => sum + part.length, 0),
        );
      },
      sync: (fd) => sync(paths.get(fd) ?? '', () => nodeDisk.sync(fd)),
      syncFile: (path) => sync(path, () => nodeDisk.syncFile(path)),
      syncFolder(path) {
        nodeDisk.syncFolder(path);
        for (const name of newNames) if (dirname(name) === path) newNames.delete(name);
      },
      async rename(from, to) {
        await nodeDisk.rename(from, to);
        newNames.add(to);
      },
    },
    afterPowerLoss(dir) {
      const copy = copyOf(dir);
      const there = (path: string): string => join(folderOf(copy), basename(path));
      for (const [path, bytes] of durable)
        if (existsSync(there(path)) && bytes < (written.get(path) ?? 0)) cut(there(path), bytes);
      for (const path of newNames) rmSync(there(path), { force: true });
      return copy;
    },
  };
};

const cut = (path: string, bytes: number): void =>
  writeFileSync(path, readFileSync(path).subarray(0, bytes));

const stepsOfOwner = 12;

/**
 * The power fails after each acknowledgement. The first owner dies on a failed sync. A second one
 * finds its last record whole, and must make it durable before it continues.
 */
export const powerLosses = (seed: number): readonly Case[] => {
  const steps = stepsOf(seed).slice(0, 2 * stepsOfOwner);
  return steps.map((_, at) => ({
    kind: 'power loss',
    name: `after ${at + 1} steps`,
    play: () => playPowerLoss(steps, at + 1),
  }));
};

const commitTo = async (run: OwnedRun, steps: readonly Step[]): Promise<void> => {
  for (const [at, step] of steps.entries()) {
    await ok(run.commit(step.before.snapshot.version, step.events));
    // Images are taken between steps.
    if (at % 4 === 3) await pause(12);
  }
};

const playPowerLoss = async (steps: readonly Step[], stepCount: number): Promise<Outcome> => {
  const dir = newStoreFolder();
  const { disk, syncs, afterPowerLoss } = forgetfulDisk();
  const first = await openStore(dir, { checkpointRows: 1, disk });
  const run = await ok(first.create(runId, null));
  const ofFirst = Math.min(stepCount, stepsOfOwner);
  await commitTo(run, steps.slice(0, ofFirst));
  const [torn, ...others] = steps.slice(ofFirst, stepCount);
  if (torn !== undefined) {
    syncs.areBroken = true;
    assert(
      isLeft(await run.commit(torn.before.snapshot.version, torn.events)()),
      'a record that is not durable was acknowledged',
    );
    syncs.areBroken = false;
    letGo(dir);
    const second = await openStore(dir, { checkpointRows: 1, disk });
    const taker = await ok(second.own(runId));
    await holdAgainst(taker, steps.slice(0, ofFirst + 1));
    await commitTo(taker, others);
    await expectSteps(afterPowerLoss(dir), steps, stepCount);
    await second.close();
  } else await expectSteps(afterPowerLoss(dir), steps, stepCount);
  await first.close();
  return 'opened';
};

/** Every step is there, and the run continues. */
const expectSteps = async (
  copy: string,
  steps: readonly Step[],
  stepCount: number,
): Promise<void> => {
  letGo(copy);
  const store = await openStore(copy);
  const owned = await ok(store.own(runId));
  await holdAgainst(owned, steps.slice(0, stepCount));
  await commitTo(owned, steps.slice(stepCount));
  await store.close();
};
