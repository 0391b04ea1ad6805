// A process of its own that runs an emulator: its memory is the emulator's alone. Prints its address; on any input, its peak RSS.
import { startEmulator } from '../../adapters/emulator/index.ts';

const emulator = await startEmulator({ speed: 1_000, turnaroundMs: { min: 10_000, max: 10_000 } });
console.log(JSON.stringify({ baseURL: emulator.baseURL }));
process.stdin.on('data', () => {
  console.log(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024, cpuMs: Math.round(process.cpuUsage().user / 1000) }));
});
process.stdin.on('end', () => void emulator.close().then(() => process.exit(0)));
