/**
 * Peak memory of `batchor start` where one create carries all request lines: a large one beside a
 * small one, against the emulator of Anthropic in a process of its own.
 *
 *   npm run build && npx tsx spec/bench/inline-create.ts --mb 200
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { numberFlag, report } from './figures.ts';
import { type Figures, main, measured, startEmulator } from './measured.ts';

const largeMb = numberFlag('mb', 200);
const smallMb = numberFlag('small', 5);
/** Bytes of a prompt. */
const promptBytes = numberFlag('prompt', 20_000);
const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));

const writeInput = async (name: string, bytes: number): Promise<string> => {
  const path = join(folder, name);
  const out = createWriteStream(path);
  const words = 'the batch left at noon and came back with every answer but one '.repeat(400);
  for (let i = 0; i * promptBytes < bytes; i += 1) {
    const line = JSON.stringify({ id: `row-${i}`, text: `${i}: ${words.slice(0, promptBytes)}` });
    if (!out.write(`${line}\n`)) await once(out, 'drain');
  }
  out.end();
  await finished(out);
  return path;
};

/** Reads the input, creates its one batch, and ends. */
const startOf = async (name: string, mb: number): Promise<Figures> => {
  const input = await writeInput(`${name}.jsonl`, mb * 1_000_000);
  const emulator = await startEmulator('600', 'anthropic');
  const flags = ['--id-field', 'id', '--prompt-field', 'text', '--run-id', name];
  const service = ['--provider', 'anthropic', '--model', 'claude-haiku-4-5'];
  const store = ['--store', join(folder, `store-${name}`), '--max-bytes-per-batch', '250000000'];
  try {
    const args = [main, 'start', '--input', input, ...flags, ...service, ...store];
    const figures = await measured(folder, name, args, emulator.url);
    const ledger = (await (await fetch(emulator.ledgerUrl)).json()) as {
      readonly batchesCreated: number;
    };
    if (ledger.batchesCreated !== 1)
      throw new Error(
        `${ledger.batchesCreated} batches were created: the input is to fit into one`,
      );
    return figures;
  } finally {
    emulator.stop();
  }
};

try {
  const small = await startOf('small', smallMb);
  const large = await startOf('large', largeMb);
  report({
    bench: 'inline-create',
    small_mb: smallMb,
    large_mb: largeMb,
    small_peak_mb: small.peak_mb,
    large_peak_mb: large.peak_mb,
    ratio_of_peaks: large.peak_mb / small.peak_mb,
    large_cpu_ms: large.cpu_ms,
    large_wall_ms: large.wall_ms,
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
