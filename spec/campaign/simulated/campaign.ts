import type { ServiceShape } from '../../../lib/sim/index.ts';
import { playSeed } from './play.ts';

/** What a campaign saw. */
export interface Figures {
  readonly seeds: number;
  readonly rows: number;
  readonly batches: number;
  readonly commits: number;
  readonly crashes: number;
  /** Seeds by the shape of their service. */
  readonly shapes: Readonly<Record<string, number>>;
  readonly ends: Readonly<Record<string, number>>;
  readonly pauses: Readonly<Record<string, number>>;
  readonly virtualDays: number;
  readonly realMs: number;
  readonly failures: readonly { readonly seed: number; readonly message: string }[];
}

/**
 * Plays seeds one after the other and continues after those that fail; each failure names the
 * command that repeats it.
 */
export const campaign = async (options: {
  readonly from: number;
  readonly count: number;
  /** Every seed in this shape; absent: each draws its own. */
  readonly shape?: ServiceShape | null;
  readonly tell: (line: string) => void;
}): Promise<Figures> => {
  const { shape = null } = options;
  const beganMs = performance.now();
  const sums = { rows: 0, batches: 0, commits: 0, crashes: 0, virtualMs: 0 };
  const shapes: Record<string, number> = {};
  const ends: Record<string, number> = {};
  const pauses: Record<string, number> = {};
  const failures: { seed: number; message: string }[] = [];
  for (let seed = options.from; seed < options.from + options.count; seed += 1) {
    try {
      const played = await playSeed(seed, undefined, shape);
      sums.rows += played.rows;
      sums.batches += played.batches;
      sums.commits += played.commits;
      sums.crashes += played.crashes;
      sums.virtualMs += played.virtualMs;
      shapes[played.shape] = (shapes[played.shape] ?? 0) + 1;
      ends[played.end] = (ends[played.end] ?? 0) + 1;
      for (const pause of played.pauses) pauses[pause] = (pauses[pause] ?? 0) + 1;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      failures.push({ seed, message });
      options.tell(
        `seed ${seed}: ${message}\n  repeat it: npm run simulate -- --seeds 1 --seed ${seed}${shape === null ? '' : ` --shape ${shape}`}`,
      );
    }
  }
  const { virtualMs, ...counted } = sums;
  return {
    seeds: options.count,
    ...counted,
    shapes,
    ends,
    pauses,
    virtualDays: Math.round(virtualMs / 86_400_000),
    realMs: Math.round(performance.now() - beganMs),
    failures,
  };
};
