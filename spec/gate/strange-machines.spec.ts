import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';

const spec = fileURLToPath(new URL('..', import.meta.url));

/** What lets the machine decide a test, by the line that does so. */
const habits: Readonly<Record<string, RegExp>> = {
  'a time limit of its own: vitest.config.ts has the one for what hangs':
    /^\s*\}, \d[\d_]*\);$|\{ timeout: \w+ \}, (async )?\(|^\s*\{ timeout: [^}]*\},$/,
  'a poll that gives up early: leave out its timeout': /expect\.poll\(.*\btimeout: /,
  'a bound on seconds: count calls, or compare CPU within the run':
    /(performance|Date)\.now\(\) - \w+\)*\.toBeLess/,
  'a bound on the size of a process: use heldBytes(), and a ratio': /\.rss\b|maxRSS/,
};

const brokenIn = (text: string): readonly string[] =>
  text.split('\n').flatMap((line, at) =>
    Object.entries(habits)
      .filter(([, pattern]) => pattern.test(line))
      .map(([habit]) => `${at + 1}: ${habit}`),
  );

/** Benches measure; this file names what it looks for. */
const files = readdirSync(spec, { recursive: true, encoding: 'utf8' }).filter(
  (path) =>
    path.endsWith('.ts') &&
    !path.startsWith('bench/') &&
    !path.includes('fixtures/') &&
    path !== 'gate/strange-machines.spec.ts',
);

describe('specs', () => {
  it('leave no outcome to the speed or the size of a machine', () => {
    expect(files.length).toBeGreaterThan(300);
    expect(
      files.flatMap((path) =>
        brokenIn(readFileSync(join(spec, path), 'utf8')).map((each) => `spec/${path}:${each}`),
      ),
    ).toEqual([]);
  });

  it.each([
    ['a time limit of its own', '  }, 60_000);'],
    ['a time limit of its own', "  it('is done', { timeout: 60_000 }, async () => {"],
    ['a time limit of its own', '    { timeout: 120_000 },'],
    [
      'a poll that gives up early',
      'await expect.poll(() => seen, { interval: 2, timeout: 10_000 }).toBe(1);',
    ],
    ['a bound on seconds', 'expect(performance.now() - startedMs).toBeLessThan(2_000);'],
    [
      'a bound on the size of a process',
      'expect(process.memoryUsage().rss - before).toBeLessThan(1e8);',
    ],
  ])('are caught with %s', (habit, line) => {
    expect(brokenIn(line)).toEqual([expect.stringContaining(habit)]);
  });
});

describe('the seed of a run', () => {
  afterEach(() => vi.unstubAllEnvs());
  const seedOf = async (env: Readonly<Record<string, string | undefined>>): Promise<unknown> => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    vi.resetModules();
    const { default: config } = await import('../vitest.config.ts');
    return config.test?.env?.['BATCHOR_SEED'];
  };

  it('is the same here and in CI, and another only where one is named', async () => {
    const [here, inCi] = [
      await seedOf({ BATCHOR_SEED: undefined, CI: undefined }),
      await seedOf({ BATCHOR_SEED: undefined, CI: 'true' }),
    ];
    expect(here).toMatch(/^\d+$/);
    expect(inCi).toBe(here);
    expect(await seedOf({ BATCHOR_SEED: '4711' })).toBe('4711');
  });
});
