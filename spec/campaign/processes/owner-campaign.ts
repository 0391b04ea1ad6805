import { type RaceKind, raceKinds, raceRound, type RaceRound } from './race-rounds.ts';
import { takeoverRound, type TakeoverRound } from './takeover-rounds.ts';

export interface OwnerOptions {
  /** Races for one run. */
  readonly rounds: number;
  readonly seed: number;
  /** Owners that are suspended, at once. */
  readonly sleepers: number;
  /** Owners that are killed. */
  readonly kills: number;
  readonly tell: (line: string) => void;
}

export interface OwnerFigures {
  readonly campaign: 'owners';
  readonly seed: number;
  readonly races: {
    readonly rounds: number;
    readonly kinds: Readonly<Partial<Record<RaceKind, number>>>;
    /** How often a process ended with each code. */
    readonly codes: Readonly<Record<string, number>>;
    readonly namedOwner: number;
  };
  readonly sleepers: {
    readonly rounds: number;
    readonly codes: Readonly<Record<string, number>>;
    readonly takeoverMs: readonly number[];
    /** Creates that were begun before an owner fell asleep, and left it after it was woken. */
    readonly lateCreates: number;
  };
  readonly kills: { readonly rounds: number; readonly takeoverMs: readonly number[] };
  readonly seconds: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly what: string;
    readonly broken: readonly string[];
  }[];
}

/**
 * Suspended owners are waited for all at once, so many at a time: each takes the twenty seconds
 * after which an owner counts as dead.
 */
const sleepersAtOnce = 4;

/** Races, suspended owners and killed owners, each round in a world of its own. */
export const ownerCampaign = async ({
  rounds,
  seed,
  sleepers,
  kills,
  tell,
}: OwnerOptions): Promise<OwnerFigures> => {
  const beganMs = performance.now();
  const failures: { seed: number; what: string; broken: readonly string[] }[] = [];
  const held = (
    what: string,
    ownSeed: number,
    flags: string,
    { broken }: { readonly broken: readonly string[] },
  ): void => {
    if (broken.length === 0) return;
    failures.push({ seed: ownSeed, what, broken });
    tell(
      `seed ${ownSeed}, ${what}: ${broken.slice(0, 5).join('\n  ')}\n  repeat it: npx tsx spec/campaign/owners.ts ${flags} --seed ${ownSeed}`,
    );
  };
  const races: RaceRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const kind = raceKinds[(seed + round) % raceKinds.length] ?? 'start start';
    const race = await raceRound(seed + round, kind);
    races.push(race);
    held(`a race of ${kind}`, seed + round, '--rounds 1 --sleepers 0 --kills 0', race);
  }
  const slept: TakeoverRound[] = [];
  for (let from = 0; from < sleepers; from += sleepersAtOnce) {
    const seeds = Array.from(
      { length: Math.min(sleepersAtOnce, sleepers - from) },
      (_, i) => seed + from + i,
    );
    const played = await Promise.all(
      seeds.map((each) =>
        takeoverRound({
          seed: each,
          signal: 'SIGSTOP',
          wakes: each % 2 === 0 ? 'at once' : 'late',
        }),
      ),
    );
    seeds.forEach((each, i) =>
      held(
        'a suspended owner',
        each,
        '--rounds 0 --sleepers 1 --kills 0',
        played[i] as TakeoverRound,
      ),
    );
    slept.push(...played);
  }
  const killed: TakeoverRound[] = [];
  for (let round = 0; round < kills; round += 1) {
    const one = await takeoverRound({ seed: seed + round, signal: 'SIGKILL', wakes: 'late' });
    killed.push(one);
    held('a killed owner', seed + round, '--rounds 0 --sleepers 0 --kills 1', one);
  }
  return {
    campaign: 'owners',
    seed,
    races: {
      rounds: races.length,
      kinds: tallied(races.map(({ kind }) => kind)),
      codes: tallied(races.flatMap(({ codes }) => codes)),
      namedOwner: races.reduce((sum, { namedOwner }) => sum + namedOwner, 0),
    },
    sleepers: {
      rounds: slept.length,
      codes: tallied(slept.flatMap(({ sleeperCode }) => sleeperCode ?? [])),
      takeoverMs: slept.map(({ takeoverMs }) => takeoverMs),
      lateCreates: slept.reduce((sum, { sleeperCreates }) => sum + sleeperCreates, 0),
    },
    kills: {
      rounds: killed.length,
      takeoverMs: killed.map(({ takeoverMs }) => takeoverMs),
    },
    seconds: Math.round((performance.now() - beganMs) / 1000),
    failures,
  };
};

const tallied = <Key extends string | number>(all: readonly Key[]): Record<Key, number> => {
  const counts = {} as Record<Key, number>;
  for (const each of all) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
};
