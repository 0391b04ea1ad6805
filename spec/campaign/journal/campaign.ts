import { accessSync, constants, statfsSync } from 'node:fs';
import { removeStoreFolders } from '../../contract/filestore-folder.ts';
import { createPrng } from '../../../lib/sim/index.ts';
import { buildRun } from './built-run.ts';
import type { Case, Outcome } from './case.ts';
import { changedObjects, lostJournals } from './changed-object.ts';
import { images } from './damaged-image.ts';
import { cuts, earlyFlips, flips, olderFlips } from './damaged-journal.ts';
import { failures } from './failing-disk.ts';
import { fullLocks } from './full-lock.ts';
import { lockRaces } from './lock-race.ts';
import { objectPowerLosses } from './power-loss-object.ts';
import { powerLosses } from './power-loss.ts';
import { readers } from './readers.ts';
import { staleOwners } from './stale-owner.ts';

/** The counts of a campaign. */
export interface Figures {
  readonly seed: number;
  cases: number;
  opened: number;
  refused: number;
  repaired: number;
  wrong: number;
  /** Cases of each kind. */
  readonly kinds: Record<string, number>;
}

export interface CampaignOptions {
  readonly seed: number;
  /** How many cases of each kind to draw by the seed; null: all. */
  readonly sample: number | null;
  /** The only case to run; null: all. */
  readonly only: string | null;
  readonly tell: (line: string) => void;
}

const nameOf = ({ kind, name }: Case): string => `${kind}: ${name}`;

/** Damages a run as disks and processes do, one change at a time, and counts the outcomes. */
export const campaign = async (options: CampaignOptions): Promise<Figures> => {
  const before = process.env['TMPDIR'];
  // No case here tests real durability, so a disk in memory does as well, and is faster.
  if (hasSpace('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';
  try {
    return await playAll(options);
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
};

const freeBytesMin = 512 * 2 ** 20;

const hasSpace = (folder: string): boolean => {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= freeBytesMin;
  } catch {
    return false;
  }
};

const playAll = async ({ seed, sample, only, tell }: CampaignOptions): Promise<Figures> => {
  const figures: Figures = {
    seed,
    cases: 0,
    opened: 0,
    refused: 0,
    repaired: 0,
    wrong: 0,
    kinds: {},
  };
  const run = await buildRun(seed);
  const cases: readonly Case[] = [
    ...cuts(run),
    ...flips(run),
    ...earlyFlips(run),
    ...olderFlips(run),
    ...images(run),
    ...lostJournals(run),
    ...changedObjects(),
    ...fullLocks(run),
    ...(await failures(seed)),
    ...lockRaces(),
    ...powerLosses(seed),
    ...objectPowerLosses(),
    ...staleOwners(seed),
    ...readers(seed, sample === null ? 3 : 2),
  ];
  const kinds = [...new Set(cases.map(({ kind }) => kind))].map((kind) =>
    cases.filter((each) => each.kind === kind),
  );
  const prng = createPrng(seed);
  for (const all of kinds) {
    const wanted =
      only === null
        ? drawn(all, sample, () => prng.next())
        : all.filter((each) => nameOf(each) === only);
    for (const each of wanted) {
      figures.cases += 1;
      figures.kinds[each.kind] = (figures.kinds[each.kind] ?? 0) + 1;
      try {
        const outcome: Outcome = await each.play();
        figures[outcome] += 1;
      } catch (error) {
        figures.wrong += 1;
        tell(`${nameOf(each)}: ${error instanceof Error ? error.message : String(error)}`);
        tell(`  npx tsx spec/campaign/journal.ts --seed ${seed} --case '${nameOf(each)}'`);
      }
    }
  }
  removeStoreFolders();
  return figures;
};

/** A sample in the original order, including the first and the last case. */
const drawn = (all: readonly Case[], count: number | null, next: () => number): readonly Case[] => {
  if (count === null || all.length <= count) return all;
  const drawnIndexes = new Set([0, all.length - 1]);
  while (drawnIndexes.size < count) drawnIndexes.add(Math.floor(next() * all.length));
  return [...drawnIndexes].toSorted((a, b) => a - b).flatMap((at) => all[at] ?? []);
};
