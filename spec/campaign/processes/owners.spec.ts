import { expect, it } from 'vitest';
import { ownerCampaign } from './owner-campaign.ts';

/**
 * A sample; `npx tsx spec/campaign/owners.ts --rounds 60` is the campaign. A suspended owner takes
 * twenty seconds, and is left to it.
 */
it('a run that several processes want has one owner at a time, and one that dies is replaced at once', async () => {
  const seed = Number(process.env['BATCHOR_SEED']);
  const figures = await ownerCampaign({
    rounds: 2,
    seed,
    sleepers: 0,
    kills: 1,
    tell: (line) => console.log(line),
  });
  console.log(`owners: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
  expect(
    figures.failures.flatMap(({ seed: own, what, broken }) =>
      broken.map((law) => `seed ${own}, ${what}: ${law}`),
    ),
  ).toEqual([]);
  expect(figures.races.rounds + figures.kills.rounds).toBe(3);
  // Tens of starts of a process, on whatever machine this is.
});
