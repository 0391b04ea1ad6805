import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { afterAll, expect } from 'vitest';

const target = process.env['BATCHOR_SPEC_CPU'];
const seen = globalThis as { batchorCpuSeconds?: number };

/**
 * Seconds of CPU of this process and of the children that it has waited for, user and system; Linux
 * only.
 */
const cpuSeconds = (): number => {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) / 100, 0);
};

if (target !== undefined) {
  const beganMs = Date.now();
  afterAll(() => {
    const now = cpuSeconds();
    const spent = now - (seen.batchorCpuSeconds ?? 0);
    seen.batchorCpuSeconds = now;
    const file = relative(process.cwd(), expect.getState().testPath ?? '');
    appendFileSync(
      target,
      `${JSON.stringify({ file, cpuSeconds: Number(spent.toFixed(2)), wallSeconds: (Date.now() - beganMs) / 1000, pid: process.pid })}\n`,
    );
  });
}
