// `npm run explore -- --seeds 5 --only simulate`: properties, simulations and campaigns with seeds
// drawn at random. What it finds becomes a case.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { specEnv } from './gate/env.mjs';
import { explore, PARTS } from './gate/explore.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const first = values.seed === undefined ? null : Number(values.seed);
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) =>
  first === null ? randomInt(1, 2 ** 31) : first + at,
);
const parts = PARTS.filter(({ name }) => name.includes(values.only));

const { played, failures } = await explore({
  seeds,
  parts,
  tell: (line) => console.log(line),
  execute: ({ env, command, args }) =>
    new Promise((resolve) => {
      const child = spawn(command, args, {
        cwd: root,
        env: { ...specEnv(process.env), ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      /** @type {Buffer[]} */
      const output = [];
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
      child.once('error', (error) => output.push(Buffer.from(`${error.message}\n`)));
      child.once('close', (code) => {
        if (code !== 0) process.stdout.write(Buffer.concat(output));
        resolve(code === 0);
      });
    }),
});
const names = PARTS.map(({ name }) => name).join(', ');
if (played === 0)
  console.error(
    `nothing was played: --seeds must be at least 1, and --only part of one of ${names}`,
  );
console.log(`${played - failures.length} passed, ${failures.length} failed`);
process.exitCode = played > 0 && failures.length === 0 ? 0 : 1;
