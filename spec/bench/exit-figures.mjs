// Loaded into a measured process by `node --import`: writes what the whole process used, start-up and worker threads included.
import { writeFileSync } from 'node:fs';

const target = process.env['BENCH_FIGURES'];
if (target !== undefined) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const { maxRSS } = process.resourceUsage();
    writeFileSync(target, JSON.stringify({ cpu_ms: (user + system) / 1000, peak_mb: maxRSS / 1024, wall_ms: performance.now() }));
  });
}
