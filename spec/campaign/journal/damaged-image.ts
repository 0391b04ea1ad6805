import { isLeft } from 'fp-ts/lib/Either.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listRunFolder } from '../../../adapters/filestore/disk/run-folder.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { openStore } from '../../contract/filestore-folder.ts';
import type { BuiltRun } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { expectOpens, flipped } from './damaged-journal.ts';

const cutsMax = 48;
const cutsOf = (length: number): readonly number[] => [
  ...new Set([
    0,
    1,
    15,
    16,
    99,
    100,
    length - 1,
    ...Array.from({ length: cutsMax }, (_, i) => Math.floor((length * i) / cutsMax)),
  ]),
];

/** Every image half-written, under its temporary name and its own; and with flipped bits. */
export const images = (run: BuiltRun): readonly Case[] => [
  ...run.images.flatMap((file) =>
    cutsOf(run.read(file).length).flatMap((at) => [
      {
        kind: 'image cut aside',
        name: `${file}.tmp to ${at} bytes`,
        play: () => playAside(run, file, at),
      },
      {
        kind: 'image cut',
        name: `${file} to ${at} bytes`,
        play: () => playDamaged(run, file, run.read(file).subarray(0, at)),
      },
    ]),
  ),
  ...run.images.flatMap((file) =>
    cutsOf(run.read(file).length * 8 - 1).map((bit) => ({
      kind: 'image flip',
      name: `${file} bit ${bit}`,
      play: () => playDamaged(run, file, flipped(run.read(file), bit)),
    })),
  ),
  ...cutsOf(run.read(run.images[0] ?? '').length).map((at) => ({
    kind: 'all images cut',
    name: `all images to ${at} bytes`,
    play: () => playWithout(run, at),
  })),
];

/** An unfinished image as a crash leaves it. It is not read, and the next owner deletes it. */
const playAside = async (run: BuiltRun, file: string, at: number): Promise<Outcome> => {
  const { dir, folder } = run.lay({
    [file]: null,
    [`${file}.tmp`]: run.read(file).subarray(0, at),
  });
  await expectOpens(run, dir, run.steps.length);
  assert(listRunFolder(folder).unfinished.length === 0, 'the half of an image is still there');
  return 'opened';
};

/**
 * The other image and the journals hold everything; `doctor` finds the damage and sets it aside.
 */
const playDamaged = async (run: BuiltRun, file: string, bytes: Buffer): Promise<Outcome> => {
  await expectOpens(run, run.lay({ [file]: bytes }).dir, run.steps.length);
  const { dir, folder } = run.lay({ [file]: bytes });
  const store = await openStore(dir);
  const { care } = store;
  const found = await ok(care?.examine(runId) ?? Promise.reject);
  assert(
    found.damage.some(({ where }) => where === join(folder, file)) && found.loss === null,
    `doctor does not name ${file}`,
  );
  const repaired = await ok(care?.repair(runId) ?? Promise.reject);
  await store.close();
  assert(
    repaired.after.state === 'whole' && repaired.setAside.length === 1,
    `after the repair it is ${repaired.after.state}`,
  );
  assert(existsSync(join(folder, repaired.setAside[0] ?? '')), `${file} is not set aside`);
  return expectOpens(run, dir, run.steps.length);
};

/**
 * Without any image, the journals that were replaced by them are missing: opening and `doctor`
 * refuse, and nothing is changed.
 */
const playWithout = async (run: BuiltRun, at: number): Promise<Outcome> => {
  const { dir, folder } = run.lay(
    Object.fromEntries(
      run.images.map((file) => [
        file,
        run.read(file).subarray(0, Math.min(at, run.read(file).length - 1)),
      ]),
    ),
  );
  const before = JSON.stringify(listRunFolder(folder).checkpoints);
  const store = await openStore(dir);
  for (const port of [
    store.read(runId),
    store.own(runId),
    store.care?.repair(runId) ?? Promise.reject,
  ]) {
    const answer = await port();
    assert(isLeft(answer) && answer.left.type === 'corrupt', 'it is not refused as corrupt');
    assert(
      answer.left.message.includes(folder),
      `the refusal names no file: ${answer.left.message}`,
    );
  }
  assert(
    (await ok(store.care?.examine(runId) ?? Promise.reject)).loss?.version === null,
    'doctor reports a proved version',
  );
  assert(JSON.stringify(listRunFolder(folder).checkpoints) === before, 'images were changed');
  await store.close();
  return 'refused';
};
