import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import { playSeed } from './play.ts';
import { scenarioOf } from './scenario.ts';

/**
 * BATCHOR_SIMULATION_SEEDS=10000 plays more; `npm run simulate -- --seeds 1 --seed N` repeats one.
 */
const seeds = Number(process.env['BATCHOR_SIMULATION_SEEDS'] ?? 40);

describe('a run in a bad world', () => {
  it(`keeps its laws at every commit, and comes to an end once the world is healed: ${seeds} seeds`, async () => {
    const figures = await campaign({ from: 1, count: seeds, tell: (line) => console.log(line) });
    console.log(`simulation: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
    expect(figures.failures.map(({ seed, message }) => `seed ${seed}: ${message}`)).toEqual([]);
    expect(figures.seeds).toBe(seeds);
    // The campaign is worth nothing if nothing happened in it.
    expect(figures.rows).toBeGreaterThan(seeds * 20);
    expect(figures.commits).toBeGreaterThan(seeds * 20);
    expect(figures.crashes).toBeGreaterThan(seeds / 4);
    if (seeds >= 40) {
      expect(Object.keys(figures.ends).toSorted()).toEqual([
        'completed',
        'completed_with_failures',
      ]);
      expect(Object.keys(figures.pauses).length).toBeGreaterThanOrEqual(5);
    }
  });

  it('has the same history for the same seed, byte for byte', async () => {
    for (const seed of [3, 14]) {
      const first = await playSeed(seed);
      expect(first.history.length).toBeGreaterThan(100);
      expect(await playSeed(seed)).toEqual(first);
    }
  });

  it('keeps its laws where a search of seeds found one broken', async () => {
    // The twin of a doubled create, while the one that ended first was adopted.
    expect((await playSeed(195_087, undefined, 'anthropic')).end).toBe('completed_with_failures');
  });

  it('meets every fault there is within so many seeds', () => {
    const met = new Set(
      Array.from({ length: 1_000 }, (_, i) => scenarioOf(i + 1)).flatMap(({ faults }) =>
        faults.map(({ type }) => type),
      ),
    );
    expect(met.size).toBe(66);
  });
});
