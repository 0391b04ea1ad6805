// Loaded into a measured process by `node --import`: writes what the whole process used, start-up
// and worker threads included.
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Where the system says it, of this program alone: what a process counts as its most begins, on
 * Linux, with what its parent had when it made it.
 */
const peakKb = () => {
  try {
    return Number(
      /^VmHWM:\s*(\d+) kB$/mu.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? Number.NaN,
    );
  } catch {
    return process.resourceUsage().maxRSS;
  }
};

const target = process.env['BENCH_FIGURES'];
if (target !== undefined) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    writeFileSync(
      target,
      JSON.stringify({
        cpu_ms: (user + system) / 1000,
        peak_mb: peakKb() / 1024,
        wall_ms: performance.now(),
      }),
    );
  });
}
