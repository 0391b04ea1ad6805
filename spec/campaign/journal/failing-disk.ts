import { writeFileSync } from 'node:fs';
import { isLeft } from 'fp-ts/lib/Either.js';
import { type Disk, nodeDisk } from '../../../adapters/filestore/disk/disk.ts';
import type { OwnedRun, RunStore } from '../../../lib/ports/run-store.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { letGo, folderOf, newStoreFolder, openStore } from '../../contract/filestore-folder.ts';
import type { Step } from '../../support/core/commit.ts';
import { pause, stepsOf } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { holdAgainst } from './held-against.ts';

const errors = ['ENOSPC', 'EIO'] as const;
type Errno = (typeof errors)[number];
/** How a call fails: completely, or, for a write, half-way. */
interface Failure {
  readonly at: number;
  readonly code: Errno;
  /** True: later calls fail too. */
  readonly staysBroken: boolean;
}

interface CountedDisk {
  readonly disk: Disk;
  callCount(): number;
  /** The failing call. */
  failed(): string | null;
}

/** A disk whose n-th call fails: opening, writing, syncing or renaming a file. */
const failingDisk = (failure: Failure | null): CountedDisk => {
  let calls = 0;
  let failed: string | null = null;
  const isFailing = (name: string): boolean => {
    calls += 1;
    if (failure === null || calls < failure.at || (calls > failure.at && !failure.staysBroken))
      return false;
    failed ??= name;
    return true;
  };
  const error = (name: string): Error =>
    Object.assign(new Error(`${failure?.code ?? ''}: ${name}`), { code: failure?.code });
  const or = (name: string, act: () => void, half: () => void = () => undefined): void => {
    if (!isFailing(name)) return act();
    half();
    throw error(name);
  };
  return {
    callCount: () => calls,
    failed: () => failed,
    disk: {
      ...nodeDisk,
      create: (path) => {
        if (isFailing('create')) throw error('create');
        return nodeDisk.create(path);
      },
      write: (fd, parts) =>
        or(
          'write',
          () => nodeDisk.write(fd, parts),
          () => nodeDisk.write(fd, [(parts[0] as Uint8Array).subarray(0, 40)]),
        ),
      sync: (fd) => or('sync', () => nodeDisk.sync(fd)),
      syncFile: (path) => or('syncFile', () => nodeDisk.syncFile(path)),
      syncFolder: (path) => or('syncFolder', () => nodeDisk.syncFolder(path)),
      writeAside: async (path, bytes) => {
        if (!isFailing('writeAside')) return nodeDisk.writeAside(path, bytes);
        writeFileSync(path, bytes.subarray(0, bytes.length >>> 1));
        throw error('writeAside');
      },
      rename: async (from, to) => {
        if (isFailing('rename')) throw error('rename');
        return nodeDisk.rename(from, to);
      },
    },
  };
};

/** Steps of one owner; images are taken between them. */
const stepsOfOwner = 12;
const owners = 3;

/**
 * Commits until the disk fails; returns how many steps were acknowledged. Three owners, one after
 * the other.
 */
const playUntilFailure = async (
  dir: string,
  disk: Disk,
  steps: readonly Step[],
): Promise<number> => {
  let acknowledged = 0;
  const store = await openStore(dir, { checkpointRows: 1, disk });
  try {
    for (let owner = 0; owner < owners; owner += 1) {
      const opened = await (owner === 0 ? store.create(runId, null) : store.own(runId))();
      if (isLeft(opened)) return acknowledged;
      for (const step of steps.slice(acknowledged, (owner + 1) * stepsOfOwner)) {
        const answer = await opened.right.commit(step.before.snapshot.version, step.events)();
        if (isLeft(answer)) return acknowledged;
        acknowledged += 1;
        if (acknowledged % 4 === 0) await pause(12);
      }
      await opened.right.close();
    }
    return acknowledged;
  } finally {
    await store.close();
  }
};

/** Opens the run, or creates it when its first commit is not whole. */
const openedAgain = async (store: RunStore): Promise<OwnedRun> => {
  const opened = await store.own(runId)();
  if (!isLeft(opened)) return opened.right;
  assert(
    opened.left.type === 'not_found',
    `it does not open again: ${JSON.stringify(opened.left)}`,
  );
  return ok(store.create(runId, null));
};

/**
 * Every write, sync and rename fails, once or permanently: everything acknowledged is there, and
 * the run continues to its end.
 */
export const failures = async (seed: number): Promise<readonly Case[]> => {
  const steps = stepsOf(seed).slice(0, stepsOfOwner * owners);
  const counted = failingDisk(null);
  await playUntilFailure(newStoreFolder(), counted.disk, steps);
  // When images are taken depends on time, so the number of calls varies a little.
  return Array.from({ length: counted.callCount() }, (_, i) => i + 1).flatMap((at) =>
    errors.flatMap((code) =>
      [false, true].map((staysBroken) => ({
        kind: 'failing disk',
        name: `call ${at} ${code}${staysBroken ? ' for good' : ''}`,
        play: () => playFailure(steps, { at, code, staysBroken }),
      })),
    ),
  );
};

const playFailure = async (steps: readonly Step[], failure: Failure): Promise<Outcome> => {
  const dir = newStoreFolder();
  const acknowledged = await playUntilFailure(dir, failingDisk(failure).disk, steps);
  letGo(dir);
  const store = await openStore(dir);
  const owned = await openedAgain(store);
  const found = steps.filter(
    (step) => step.after.snapshot.version <= owned.snapshot.version,
  ).length;
  // A record may be whole although the disk reported an error.
  assert(
    found === acknowledged || found === acknowledged + 1,
    `${acknowledged} steps were acknowledged, and ${found} are there`,
  );
  if (found > 0) await holdAgainst(owned, steps.slice(0, found));
  for (const step of steps.slice(found))
    await ok(owned.commit(step.before.snapshot.version, step.events));
  await owned.close();
  const reader = await ok(store.read(runId));
  await holdAgainst(reader, steps);
  assert(
    (await ok(store.care?.examine(runId) ?? Promise.reject)).state === 'whole',
    `${folderOf(dir)} is not whole afterwards`,
  );
  await store.close();
  return 'opened';
};
