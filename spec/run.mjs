// `npm test`: every gate, then every spec. Arguments go to vitest: `npm test -- spec/core` runs
// part of the specs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { specEnv } from './gate/env.mjs';
import { readReport, tally } from './gate/tally.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = specEnv(process.env);
const startedMs = performance.now();
/** @param {number} sinceMs */
const secondsSince = (sinceMs) => `${((performance.now() - sinceMs) / 1000).toFixed(1)} s`;

/**
 * Runs a command to its end. Its output is streamed, or with `quiet` shown only if it fails.
 *
 * @param {string} command
 * @param {ReadonlyArray<string>} args
 * @param {boolean} quiet
 * @returns {Promise<number | null>} the exit code; null when a signal ended it, or it never began
 */
const execute = (command, args, quiet) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    /** @type {Buffer[]} */
    const output = [];
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
    child.stderr?.on('data', (/** @type {Buffer} */ chunk) => output.push(chunk));
    child.once('error', (error) => {
      console.error(error.message);
      resolve(null);
    });
    child.once('close', (code) => {
      if (code !== 0) process.stdout.write(Buffer.concat(output));
      resolve(code);
    });
  });

/**
 * Runs the npm script of that name as a gate.
 *
 * @param {string} name
 * @returns {Promise<import('./gate/tally.mjs').Gate>}
 */
const gate = async (name) => {
  const beganMs = performance.now();
  const ok = (await execute('npm', ['run', '--silent', name], true)) === 0;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${secondsSince(beganMs)})`);
  return { name, ok };
};

/**
 * @param {ReadonlyArray<string>} names
 * @returns {Promise<ReadonlyArray<import('./gate/tally.mjs').Gate>>}
 */
const inTurn = async (names) => {
  const done = [];
  for (const name of names) done.push(await gate(name));
  return done;
};

// Specs read the build. The other gates run beside them: half of the specs wait for processes of
// their own, and leave a core idle.
const built = await gate('build');
const beside = inTurn(['typecheck', 'format:check', 'lint']);

const scratch = mkdtempSync(join(tmpdir(), 'batchor-report-'));
const reportPath = join(scratch, 'vitest.json');
const vitest = [
  'run',
  '--config',
  'spec/vitest.config.ts',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${reportPath}`,
];
const exitCode = await execute(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', ...vitest, ...process.argv.slice(2)],
  false,
);
const gates = [built, ...(await beside)];
const report = readReport(reportPath);
rmSync(scratch, { recursive: true, force: true });

const { passed, failed, problems } = tally(report, exitCode, gates);
for (const problem of problems) console.log(problem);
if (report !== null && report.numPendingTests > 0) console.log(`${report.numPendingTests} skipped`);
console.log(`all of it took ${secondsSince(startedMs)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
