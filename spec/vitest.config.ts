import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { cleanEnv } from './gate/env.mjs';

const path = (relative: string): string => fileURLToPath(new URL(`../${relative}`, import.meta.url));

cleanEnv(process.env);

/** In CI the seed is the commit's: every commit draws its own cases, and is judged by the same ones wherever that is done again. */
const commitSeed = (): string | null => {
  if (process.env['CI'] !== 'true') return null;
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: path('.'), encoding: 'utf8' });
  return /^[0-9a-f]{40}/.test(stdout) ? String(parseInt(stdout.slice(0, 8), 16) & 0x7fff_ffff) : null;
};

/** Seeds every property of this run; BATCHOR_SEED repeats one. */
const seed = process.env['BATCHOR_SEED'] ?? commitSeed() ?? String(Math.floor(Math.random() * 0x7fff_ffff));

/** Specs of values, and of files of their own: they leave nothing behind, so that many of them share a process and what it has loaded. */
const valueFolders = ['core', 'schema', 'openai', 'streams', 'sim', 'model', 'run'].map((folder) => `spec/${folder}/**/*.spec.ts`);
const fileSpecs = ['source-', 'table-', '*-format', 'expand-glob', 'zstd-', 'artifacts', 'memory-'].map(
  (name) => `spec/contract/${name}*.spec.ts`,
);
const together = [...valueFolders, ...fileSpecs];

// This file is read once for each project: all of them draw from the first seed.
process.env['BATCHOR_SEED'] = seed;

export default defineConfig({
  root: path('.'),
  resolve: {
    alias: [
      { find: /^batchor$/, replacement: path('lib/index.ts') },
      { find: /^batchor\/(core|ports|streams|sim)$/, replacement: `${path('lib')}/$1/index.ts` },
      { find: /^batchor\/adapters\/([\w-]+)$/, replacement: `${path('adapters')}/$1/index.ts` },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: 'together', include: together, isolate: false, globalSetup: ['spec/support/seed-global.ts'] } },
      {
        extends: true,
        test: {
          name: 'apart',
          include: ['spec/**/*.spec.ts'],
          exclude: together,
          globalSetup: ['spec/support/seed-global.ts', 'spec/support/postgres/global.ts'],
        },
      },
    ],
    pool: 'forks',
    // Vitest leaves a core to itself: of two, one would stand idle, since half of these specs wait for processes of their own.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    env: { BATCHOR_SEED: seed },
    setupFiles: ['spec/support/seed.ts'],
    coverage: {
      provider: 'v8',
      include: ['lib/**/*.ts', 'adapters/**/*.ts', 'cli/**/*.ts'],
      reportsDirectory: 'coverage',
      reporter: ['text-summary', 'json-summary', 'html'],
      thresholds: { lines: 85 },
    },
  },
});
