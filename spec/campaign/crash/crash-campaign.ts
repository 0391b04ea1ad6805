import type { Storage } from '../../../lib/ports/index.ts';
import { outcomes } from './outcomes.ts';
import { playCrash } from './crash-case.ts';

export interface CrashFigures {
  readonly campaign: 'crash-points';
  readonly outcomes: number;
  /** Points at which a process may die, over all outcomes. */
  readonly points: number;
  readonly played: number;
  readonly pauses: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly failures: readonly {
    readonly outcome: string;
    readonly ordinal: number | null;
    readonly broken: readonly string[];
  }[];
}

export interface CrashOptions {
  /** Only outcomes whose name holds this. */
  readonly only: string;
  /** Only this point of them; null: every one. */
  readonly point: number | null;
  /** Plays every n-th point, beginning somewhere else in each outcome. */
  readonly every: number;
  /** An empty storage for each case. Default memory. */
  readonly storageOf?: () => Promise<Storage<'local'>>;
  readonly tell: (line: string) => void;
}

/**
 * Every provider outcome, with a process that dies at every crash point of it: before and after
 * each effect and each commit.
 */
export const crashCampaign = async ({
  only,
  point,
  every,
  storageOf,
  tell,
}: CrashOptions): Promise<CrashFigures> => {
  const beganMs = performance.now();
  const sums = { outcomes: 0, points: 0, played: 0 };
  const pauses: Record<string, number> = {};
  const failures: { outcome: string; ordinal: number | null; broken: readonly string[] }[] = [];
  const play = async (outcome: string, ordinal: number | null): Promise<number> => {
    const {
      broken,
      points,
      pauses: seen,
    } = await playCrash({
      outcome,
      faults: outcomes[outcome] ?? [],
      ordinal,
      ...(storageOf === undefined ? {} : { storage: await storageOf() }),
    });
    sums.played += 1;
    for (const pause of seen) pauses[pause] = (pauses[pause] ?? 0) + 1;
    if (broken.length > 0) {
      failures.push({ outcome, ordinal, broken });
      const repeat = `npx tsx spec/campaign/crash-points.ts --only ${JSON.stringify(outcome)}${ordinal === null ? '' : ` --point ${ordinal}`}${storageOf === undefined ? '' : ' --store postgres'}`;
      tell(
        `${outcome}, point ${ordinal ?? 'none'}: ${broken.slice(0, 3).join('\n  ')}\n  repeat it: ${repeat}`,
      );
    }
    return points.length;
  };
  for (const [i, outcome] of Object.keys(outcomes).entries()) {
    if (!outcome.includes(only)) continue;
    sums.outcomes += 1;
    const points = await play(outcome, null);
    sums.points += points;
    const first = point ?? 1 + (i % every);
    for (let ordinal = first; ordinal <= (point ?? points); ordinal += every)
      await play(outcome, ordinal);
  }
  return {
    campaign: 'crash-points',
    ...sums,
    pauses,
    seconds: Math.round((performance.now() - beganMs) / 1000),
    failures,
  };
};
