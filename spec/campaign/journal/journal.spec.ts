import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';

/** `npx tsx spec/campaign/journal.ts` runs all cases. */
const sample = 4;
const seed = Number(process.env['BATCHOR_SEED']) % 10_000;

describe('a run on a bad disk', () => {
  it(`opens with everything acknowledged, or is refused with an error and repaired to what can be proved: ${sample} cases a kind`, async () => {
    const wrong: string[] = [];
    const figures = await campaign({ seed, sample, only: null, tell: (line) => wrong.push(line) });
    console.log(`campaign: ${JSON.stringify(figures)}`);
    expect(wrong).toEqual([]);
    expect(figures.opened + figures.refused + figures.repaired).toBe(figures.cases);
    // Guards against a campaign without cases.
    expect(Object.keys(figures.kinds)).toHaveLength(18);
    expect(figures.cases).toBeGreaterThanOrEqual(35);
    expect(Math.min(figures.opened, figures.refused, figures.repaired)).toBeGreaterThan(0);
  });
});
