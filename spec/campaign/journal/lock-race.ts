import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import {
  createOwnershipTracker,
  type Ownership,
} from '../../../adapters/filestore/ownership/ownership.ts';
import { thisProcess } from '../../../adapters/filestore/ownership/lock-file.ts';
import { lockFile } from '../../../adapters/filestore/disk/run-folder.ts';
import { newStoreFolder } from '../../contract/filestore-folder.ts';
import { assert, type Case, type Outcome } from './case.ts';

const calls = [
  'existsSync',
  'readdirSync',
  'readFileSync',
  'mkdirSync',
  'openSync',
  'writeSync',
  'fsyncSync',
  'closeSync',
  'rmSync',
] as const;

/** Runs `work`, and `other` before its n-th file system call; returns how many calls it made. */
const interleaved = (at: number | null, work: () => void, other: () => void): number => {
  const real = Object.fromEntries(calls.map((call) => [call, fs[call]]));
  let count = 0;
  let isCounting = true;
  const counted = (call: string) =>
    function (...given: unknown[]): unknown {
      if (isCounting && (count += 1) === at) {
        isCounting = false;
        other();
        isCounting = true;
      }
      return Reflect.apply(real[call] as (...args: unknown[]) => unknown, fs, given);
    };
  Object.assign(fs, Object.fromEntries(calls.map((call) => [call, counted(call)])));
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    Object.assign(fs, real);
    syncBuiltinESMExports();
  }
  return count;
};

const found = ['a released lock', 'a silent owner', 'no lock'] as const;

/** One process takes the run between any two calls of another: exactly one of them owns it. */
export const lockRaces = (): readonly Case[] =>
  found.flatMap((lock) => {
    const [count] = race(lock, null);
    return Array.from({ length: count }, (_, i) => ({
      kind: 'lock race',
      name: `${lock}, before call ${i + 1}`,
      play: () => Promise.resolve(playRace(lock, i + 1)),
    }));
  });

const race = (
  lock: (typeof found)[number],
  at: number | null,
): readonly [number, readonly Ownership[]] => {
  const folder = newStoreFolder();
  let nowMs = 0;
  const trackers = [
    createOwnershipTracker(() => nowMs),
    createOwnershipTracker(() => nowMs),
  ] as const;
  const old = {
    ...thisProcess(),
    host: 'another-machine',
    heartbeat: 1,
    released: lock === 'a released lock',
    nonce: 'old',
  };
  if (lock !== 'no lock') writeFileSync(join(folder, lockFile(7)), JSON.stringify(old));
  for (const tracker of trackers) tracker.ownerOf(folder);
  // Both have seen no heartbeat for 20 seconds.
  nowMs += 20_000;
  const owners: Ownership[] = [];
  const takenBy = (tracker: (typeof trackers)[number]) => (): void => {
    const taken = tracker.take(folder);
    if (isRight(taken)) owners.push(taken.right);
  };
  const count = interleaved(at, takenBy(trackers[0]), takenBy(trackers[1]));
  for (const owner of owners) owner.release();
  return [count, owners];
};

const playRace = (lock: (typeof found)[number], at: number): Outcome => {
  const [, owners] = race(lock, at);
  assert(
    owners.length === 1,
    `${owners.length} of two have the run, of epochs ${owners.map(({ epoch }) => epoch).join(' and ')}`,
  );
  return 'opened';
};
