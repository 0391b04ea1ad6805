import { expect, it } from 'vitest';
import { killCampaign } from './kill-campaign.ts';

/** A sample; `npx tsx spec/campaign/kills.ts --kills 200` is the campaign. */
const kills = 5;

it('a run whose processes are killed at random moments ends whole: every row once, nothing paid for twice, no batch left behind', async () => {
  const seed = Number(process.env['BATCHOR_SEED']);
  const figures = await killCampaign({
    kills,
    seed,
    rows: 2_000,
    turnaround: '0.3-3',
    lifeMs: 1_500,
    tell: (line) => console.log(line),
  });
  console.log(`kills: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
  expect(
    figures.failures.flatMap(({ seed: own, broken }) => broken.map((law) => `seed ${own}: ${law}`)),
  ).toEqual([]);
  expect(figures.kills).toBe(kills);
  expect(figures.killsBeforeAnyRow).toBeLessThan(kills);
  expect(figures.batchesCreated).toBeGreaterThanOrEqual(10);
  expect(figures.results).toBe(figures.rows);
  // Tens of starts of a process, on whatever machine this is.
});

it('so does one at a service whose creates carry their lines, where a late batch is named', async () => {
  const figures = await killCampaign({
    provider: 'anthropic',
    kills: 2,
    seed: 12,
    rows: 60,
    batches: 3,
    turnaround: '0.2-1',
    lifeMs: 800,
    tell: (line) => console.log(line),
  });
  console.log(`kills: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
  expect(figures.failures).toEqual([]);
  expect(figures).toMatchObject({ kills: 2, results: figures.rows });
});
