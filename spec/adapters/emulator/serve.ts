// A process that runs only an emulator, to measure its memory. Prints its address; on any input,
// its peak memory so far.
import { startEmulator } from '../../../adapters/emulator/index.ts';
import { startHeldWatch } from '../../support/held-bytes.ts';

const watch = startHeldWatch();
const emulator = await startEmulator({ speed: 1_000, turnaroundMs: { min: 10_000, max: 10_000 } });
console.log(JSON.stringify({ baseURL: emulator.baseURL }));
process.stdin.on('data', () => {
  console.log(JSON.stringify({ grownBytes: watch.grownBytes() }));
});
process.stdin.on('end', () => void emulator.close().then(() => process.exit(0)));
