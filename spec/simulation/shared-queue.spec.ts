import { describe, expect, it } from 'vitest';
import { playSharedQueue, type SharedPlay } from './shared-queue.ts';

describe('runs that share a queue', () => {
  it('plan nothing beyond it together, whenever their process dies, and all of them end', async () => {
    const plays: SharedPlay[] = [];
    for (let seed = 1; seed <= 10; seed += 1) plays.push(await playSharedQueue(seed));
    expect(plays.filter(({ breaches }) => breaches.length > 0)).toEqual([]);
    // What nobody planned beyond, nobody was refused for.
    expect(plays.filter(({ refusals }) => refusals > 0)).toEqual([]);
    expect(plays.filter(({ doublePaid }) => doublePaid > 0)).toEqual([]);
    expect(plays.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(5);
    expect(plays.some(({ givenWay }) => givenWay > 0)).toBe(true);
    expect(Math.max(...plays.map(({ fullest }) => fullest))).toBeGreaterThan(0.95);
  }, 120_000);

  it('would, if a plan were committed whatever the others hold by then', async () => {
    const breaches: string[] = [];
    for (let seed = 1; seed <= 40 && breaches.length === 0; seed += 1)
      breaches.push(...(await playSharedQueue(seed, { isBlind: true })).breaches);
    expect(breaches).not.toEqual([]);
  }, 120_000);
});
