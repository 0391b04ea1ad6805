import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explore, type Part, PARTS, PROPERTY_FOLDERS } from './explore.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const planted: Part = {
  name: 'planted',
  play: (seed) => ({
    env: { BATCHOR_SEED: String(seed) },
    command: 'npx',
    args: ['tsx', 'planted.ts', '--seed', String(seed)],
  }),
};

describe('exploration', () => {
  it('plays every part with every seed, and says how to repeat what fails', async () => {
    const said: string[] = [];
    const fails = new Set(['2', '3']);
    const outcome = await explore({
      seeds: [1, 2, 3],
      parts: [planted, { ...planted, name: 'other' }],
      execute: ({ env, args }) =>
        Promise.resolve(!fails.delete(env['BATCHOR_SEED'] ?? '') && args.includes('planted.ts')),
      tell: (line) => said.push(line),
    });
    expect(outcome.played).toBe(6);
    expect(outcome.failures).toEqual(
      [2, 3].map((seed) => `BATCHOR_SEED=${seed} npx tsx planted.ts --seed ${seed}`),
    );
    expect(said).toContain('  repeat it: BATCHOR_SEED=2 npx tsx planted.ts --seed 2');
    expect(said.filter((line) => line.startsWith('FAIL'))).toHaveLength(2);
  });

  it('plays programs and specs that are there, each with its seed', () => {
    const plays = PARTS.map(({ play }) => play(4711));
    const files = plays.flatMap(({ args }) => args.filter((arg) => arg.startsWith('spec/')));
    expect(files.length).toBeGreaterThanOrEqual(PROPERTY_FOLDERS.length + PARTS.length - 1);
    expect(files.filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
    for (const { env, args } of plays)
      expect(env['BATCHOR_SEED'] === '4711' || args.at(-1) === '4711').toBe(true);
  });
});
