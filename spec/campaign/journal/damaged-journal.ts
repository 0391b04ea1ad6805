import { isLeft } from 'fp-ts/lib/Either.js';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setAsideFolder } from '../../../adapters/filestore/disk/run-folder.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import type { RunStore } from '../../../lib/ports/run-store.ts';
import { ok, runId } from '../../contract/run-store-fixture.ts';
import { openStore } from '../../contract/filestore-folder.ts';
import { type BuiltRun, objectsOf } from './built-run.ts';
import { assert, type Case, type Outcome } from './case.ts';
import { folderListing } from './folder-listing.ts';
import { holdAgainst } from './held-against.ts';

/**
 * It opens with exactly the first `stepCount` steps, for a reader and for an owner, who continues
 * to the end.
 */
export const expectOpens = async (
  { steps }: BuiltRun,
  dir: string,
  stepCount: number,
): Promise<Outcome> => {
  const store = await openStore(dir);
  try {
    const before = folderListing(dir);
    const reader = await ok(store.read(runId));
    await holdAgainst(reader, steps.slice(0, stepCount));
    await ok(reader.refresh());
    assert(folderListing(dir) === before, 'a reader changed the folder');
    const owned = await ok(store.own(runId));
    await holdAgainst(owned, steps.slice(0, stepCount));
    for (const step of steps.slice(stepCount))
      await ok(owned.commit(step.before.snapshot.version, step.events));
    await owned.close();
    await ok(reader.refresh());
    await holdAgainst(reader, steps);
    return 'opened';
  } finally {
    await store.close();
  }
};

interface ExpectedRepair {
  /** The file and byte that the error names. */
  readonly where: string;
  /** How many steps can be proved. */
  readonly stepCount: number;
  /** The file that is set aside unchanged. */
  readonly keeps: string;
  /**
   * Also checks an owner and `doctor`, and continues to the end of the run; otherwise only a
   * reader.
   */
  readonly isThorough: boolean;
}

/**
 * It is refused with file and byte. A repair reports the loss; then the run opens with exactly what
 * was proved, and continues.
 */
export const expectRepair = async (
  run: BuiltRun,
  { dir, folder }: { readonly dir: string; readonly folder: string },
  { where, stepCount, keeps, isThorough }: ExpectedRepair,
): Promise<Outcome> => {
  const store = await openStore(dir);
  try {
    await expectRefusal(store.read(runId), join(folder, where));
    if (isThorough) await expectRefusal(store.own(runId), join(folder, where));
    const bytes = readFileSync(join(folder, keeps));
    const [found, after] = await repaired(store, isThorough);
    assert(
      found.state === 'damaged' && found.damage.some((each) => each.where === join(folder, where)),
      `doctor does not name ${where}`,
    );
    const version = run.steps[stepCount - 1]?.after.snapshot.version ?? 0;
    assert(
      found.loss?.version === version,
      `doctor says version ${String(found.loss?.version)}, and ${version} can be proved`,
    );
    assert(
      after.state === 'whole' && after.version === version,
      `after the repair it is ${after.state} at ${String(after.version)}`,
    );
    const epoch = Number(after.parts['epoch']);
    const aside = join(folder, setAsideFolder(epoch));
    assert(readFileSync(join(aside, keeps)).equals(bytes), `${keeps} is not set aside as it was`);
    for (const name of objectsOf(run.steps))
      assert(
        existsSync(join(folder, 'objects', name)) || existsSync(join(aside, 'objects', name)),
        `${name} is gone`,
      );
    if (!isThorough) await holdAgainst(await ok(store.read(runId)), run.steps.slice(0, stepCount));
  } finally {
    await store.close();
  }
  if (isThorough) await expectOpens(run, dir, stepCount);
  return 'repaired';
};

const repaired = async (store: RunStore, isExaminedFirst: boolean) => {
  const { care } = store;
  if (care === undefined) throw new Error('the file store has a doctor');
  const examined = isExaminedFirst ? await ok(care.examine(runId)) : null;
  const { before, after } = await ok(care.repair(runId));
  const isSame = examined === null || JSON.stringify(before.loss) === JSON.stringify(examined.loss);
  assert(isSame, 'the repair lost something else than doctor reported');
  return [before, after] as const;
};

const expectRefusal = async (port: Port<unknown>, where: string): Promise<void> => {
  const answer = await port();
  assert(isLeft(answer) && answer.left.type === 'corrupt', 'it is not refused as corrupt');
  assert(answer.left.where === where, `it is refused at ${answer.left.where}, not at ${where}`);
  assert(
    answer.left.message.includes(where.slice(0, where.lastIndexOf(':'))),
    `the refusal does not name the file: ${answer.left.message}`,
  );
};

/**
 * The journal cut at every byte of its last three records: everything acknowledged before is there.
 */
export const cuts = (run: BuiltRun): readonly Case[] => {
  const { bounds, journal } = run;
  const [from, to] = [bounds[bounds.length - 4] ?? 0, bounds[bounds.length - 1] ?? 0];
  return Array.from({ length: to - from }, (_, i) => from + i).map((at) => ({
    kind: 'cut',
    name: `${journal} to ${at} bytes`,
    play: () => {
      const commits = bounds.filter((bound) => bound <= at).length - 2;
      return expectOpens(
        run,
        run.lay({ [journal]: run.read(journal).subarray(0, at) }).dir,
        run.stepsBefore + commits,
      );
    },
  }));
};

/** Every bit of the last three records flipped: refused, and repaired to the commit before. */
export const flips = (run: BuiltRun): readonly Case[] => {
  const { bounds } = run;
  const [from, to] = [bounds[bounds.length - 4] ?? 0, bounds[bounds.length - 1] ?? 0];
  return flipsOf(
    run,
    'flip',
    Array.from({ length: (to - from) * 8 }, (_, i) => from * 8 + i),
  );
};

/**
 * Every bit of a journal's first record and first commits flipped, with whole records after the
 * damage.
 */
export const earlyFlips = (run: BuiltRun): readonly Case[] => {
  const to = run.bounds[2] ?? 0;
  return flipsOf(
    run,
    'early flip',
    Array.from({ length: Math.floor((to * 8) / 7) }, (_, i) => i * 7),
  );
};

const flipsOf = (run: BuiltRun, kind: string, bits: readonly number[]): readonly Case[] =>
  bits.map((bit) => ({
    kind,
    name: `${run.journal} bit ${bit}`,
    play: () => {
      const { bounds, journal, stepsBefore } = run;
      const record = bounds.filter((bound) => bound <= bit / 8).length - 1;
      const laid = run.lay({ [journal]: flipped(run.read(journal), bit) });
      const stepCount = stepsBefore + Math.max(0, record - 1);
      // One bit of every byte, each in turn.
      const isThorough = ((bit >>> 3) + bit) % 8 === 0;
      return expectRepair(run, laid, {
        where: `${journal}:${bounds[record] ?? 0}`,
        stepCount,
        keeps: journal,
        isThorough,
      });
    },
  }));

export const flipped = (bytes: Buffer, bit: number): Buffer => {
  const at = bit >>> 3;
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
  return bytes;
};

/**
 * Older journals with flipped bits: what an image holds is not needed, anything else is refused.
 */
export const olderFlips = (run: BuiltRun): readonly Case[] =>
  run.journals.slice(0, -1).flatMap((file) => {
    const bits = run.read(file).length * 8;
    return Array.from({ length: 40 }, (_, i) => Math.floor((bits * (i + 0.5)) / 40)).map((bit) => ({
      kind: 'older flip',
      name: `${file} bit ${bit}`,
      play: async (): Promise<Outcome> => {
        const { dir, folder } = run.lay({ [file]: flipped(run.read(file), bit) });
        const store = await openStore(dir);
        const opened = await store.read(runId)();
        const [found, after] = await repaired(store, true);
        assert(
          found.damage.some(({ where }) => where.startsWith(`${join(folder, file)}:`)),
          `doctor does not name ${file}`,
        );
        assert(after.state === 'whole', `after the repair it is ${after.state}`);
        await store.close();
        if (!isLeft(opened)) return expectOpens(run, dir, run.steps.length);
        const stepCount =
          run.steps.findIndex((step) => step.after.snapshot.version === after.version) + 1;
        assert(
          stepCount > 0 && stepCount < run.stepsBefore,
          `it opens at version ${String(after.version)}`,
        );
        await expectOpens(run, dir, stepCount);
        return 'repaired';
      },
    }));
  });
