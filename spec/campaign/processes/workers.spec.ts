import { expect, inject, it } from 'vitest';
import { workerCampaign } from './worker-campaign.ts';

/** A sample; `npx tsx spec/campaign/workers.ts --workers 4 --runs 40` is the campaign. */
it('workers on one database finish its runs, whichever of them is killed or put to sleep: nothing lost, nothing billed twice', async () => {
  const seed = Number(process.env['BATCHOR_SEED']) % 1_000_000;
  const figures = await workerCampaign({
    ...{
      seed,
      workers: 3,
      runs: 4,
      rows: 200,
      strikeMsMax: 2_000,
      strikesMax: 5,
      turnaround: '0.5-4',
      url: inject('postgresUrl'),
    },
    tell: (line) => console.log(line),
  });
  console.log(`workers: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
  expect(figures.failures).toEqual([]);
  expect(figures.results).toBe(4 * 200);
  expect(figures.kills + figures.sleeps).toBeGreaterThan(0);
  expect(figures.taken).toBeGreaterThanOrEqual(4);
  // Tens of processes, on whatever machine this is.
});
