import * as fc from 'fast-check';
import { type History, playHistory, type PlayOptions } from './play.ts';
import type { Step } from './commit.ts';

/** Those that were played in this process: files of laws ask for the same ones. */
const played = new Map<string, History>();

/**
 * Histories drawn from the run's seed (printed at its start): the same seed, the same histories.
 */
export const recordHistories = (count: number, options: PlayOptions = {}): readonly History[] =>
  fc.sample(fc.noBias(fc.integer()), count).map((seed) => {
    // Copies of the world are large, and two files ask for them.
    if (options.hasScenes === true) return playHistory(seed, options);
    const key = `${seed} ${JSON.stringify(options)}`;
    const history = played.get(key) ?? playHistory(seed, options);
    played.set(key, history);
    return history;
  });

/**
 * The first breaches of a law over all steps, each with the seed that repeats it; and how many
 * steps were checked.
 */
export const breaches = (
  histories: readonly History[],
  law: (step: Step, history: History) => string | null,
): readonly string[] => {
  const found: string[] = [];
  let seen = 0;
  for (const history of histories) {
    history.steps.forEach((step, i) => {
      seen += 1;
      const breach = law(step, history);
      if (breach !== null)
        found.push(`playHistory(${history.seed}) step ${i} ${step.command.type}: ${breach}`);
    });
  }
  if (seen === 0) found.push('no step was checked');
  return found.slice(0, 5);
};
