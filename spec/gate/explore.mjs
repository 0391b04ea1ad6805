// What `npm run explore` plays, with seeds that the gate does not draw.

/** Specs whose cases are drawn by the seed. */
export const PROPERTY_FOLDERS = [
  'core',
  'engine',
  'effects',
  'schema',
  'run',
  'adapters',
  'contract',
];

/**
 * A program with the arguments that play one seed. What it prints is shown where it fails.
 *
 * @typedef {object} Part
 * @property {string} name
 * @property {(seed: number) => {
 *   readonly env: Readonly<Record<string, string>>,
 *   readonly command: string,
 *   readonly args: ReadonlyArray<string>,
 * }} play
 */

/** @type {ReadonlyArray<Part>} */
export const PARTS = [
  {
    name: 'properties',
    play: (seed) => ({
      env: { BATCHOR_SEED: String(seed) },
      command: 'npx',
      args: [
        'vitest',
        'run',
        '--config',
        'spec/vitest.config.ts',
        ...PROPERTY_FOLDERS.map((folder) => `spec/${folder}`),
      ],
    }),
  },
  ...[
    { name: 'simulate', args: ['spec/campaign/simulate.ts', '--seeds', '60'] },
    { name: 'journal', args: ['spec/campaign/journal.ts', '--sample', '20'] },
    { name: 'answers', args: ['spec/campaign/answers.ts', '--lines', '10000'] },
    { name: 'shared-queue', args: ['spec/campaign/shared-queue.ts', '--seeds', '10'] },
    { name: 'kills', args: ['spec/campaign/kills.ts', '--kills', '20', '--rows', '2000'] },
  ].map(({ name, args }) => ({
    name,
    play: (/** @type {number} */ seed) => ({
      env: {},
      command: 'npx',
      args: ['tsx', ...args, '--seed', String(seed)],
    }),
  })),
];

/**
 * Plays each part with each seed and says how to repeat what fails.
 *
 * @param {object} options
 * @param {ReadonlyArray<number>} options.seeds
 * @param {ReadonlyArray<Part>} options.parts
 * @param {(play: ReturnType<Part['play']>) => Promise<boolean>} options.execute true: it passed
 * @param {(line: string) => void} options.tell
 * @returns {Promise<{ readonly played: number, readonly failures: ReadonlyArray<string> }>}
 *   failures as the commands that repeat them
 */
export const explore = async ({ seeds, parts, execute, tell }) => {
  const failures = [];
  let played = 0;
  for (const seed of seeds)
    for (const part of parts) {
      const play = part.play(seed);
      const ok = await execute(play);
      played += 1;
      tell(`${ok ? 'ok  ' : 'FAIL'} ${part.name}, seed ${seed}`);
      if (ok) continue;
      const env = Object.entries(play.env).map(([name, value]) => `${name}=${value} `);
      const repeat = `${env.join('')}${[play.command, ...play.args].join(' ')}`;
      tell(`  repeat it: ${repeat}`);
      failures.push(repeat);
    }
  return { played, failures };
};
