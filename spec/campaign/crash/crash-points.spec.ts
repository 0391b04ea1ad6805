import { describe, expect, inject, it } from 'vitest';
import { newSchema } from '../../support/postgres/schema.ts';
import { postgresWorld } from '../../support/postgres/simulated-storage.ts';
import { crashCampaign } from './crash-campaign.ts';
import { outcomes } from './outcomes.ts';

describe('a process that dies at a crash point, whatever the provider does', () => {
  it('loses no row, buys none again, and comes to its end: a sample of the points of every outcome', async () => {
    const figures = await crashCampaign({
      only: '',
      point: null,
      every: 331,
      tell: (line) => console.log(line),
    });
    console.log(JSON.stringify({ ...figures, failures: figures.failures.length }));
    expect(figures.failures).toEqual([]);
    expect(figures.outcomes).toBe(Object.keys(outcomes).length);
    expect(figures.outcomes).toBeGreaterThan(50);
    expect(figures.played).toBeGreaterThan(figures.outcomes * 1.1);
    expect(Object.keys(figures.pauses).length).toBeGreaterThanOrEqual(3);
  });

  it('does so too where the run is kept in Postgres: a sample of the points of creates', async () => {
    await using postgres = postgresWorld(inject('postgresUrl'), newSchema().name);
    const storageOf = (): ReturnType<typeof postgres.empty> => postgres.empty();
    const figures = await crashCampaign({
      only: 'fenced',
      point: null,
      every: 1_000,
      storageOf,
      tell: (line) => console.log(line),
    });
    console.log(`postgres: ${JSON.stringify({ ...figures, failures: figures.failures.length })}`);
    expect(figures.failures).toEqual([]);
    expect(figures.outcomes).toBeGreaterThanOrEqual(2);
    expect(figures.played).toBeGreaterThan(figures.outcomes * 1.5);
  });
});
