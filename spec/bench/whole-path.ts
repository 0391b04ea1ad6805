/**
 * The whole path against the emulator in a process of its own: `batchor start --wait` and `batchor
 * results`, beside a bare script without any state, in the same run. Process figures: start-up,
 * worker threads and exit included.
 *
 *   npm run build && npx tsx spec/bench/whole-path.ts --rows 100000 --rounds 3
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { medianOf, numberFlag, report, textFlag } from './figures.ts';
import { type Figures, main, measured, startEmulator } from './measured.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rows = numberFlag('rows', 10_000);
const rounds = numberFlag('rounds', 1);
/** Seconds from the creation of a batch to its end, as the emulator takes them. */
const turnaround = textFlag('turnaround') ?? '0.5-0.8';
const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));

const words =
  'the batch left at noon and came back with every answer but one which was found again in the error file '.repeat(
    6,
  );
const input = join(folder, 'input.jsonl');
const lineOf = (i: number): string =>
  JSON.stringify({ id: `row-${i}`, text: `${i}: ${words.slice(0, 560 + (i % 40))}` });
await writeFile(input, `${Array.from({ length: rows }, (_, i) => lineOf(i)).join('\n')}\n`);

const countLines = async (path: string): Promise<number> => {
  let lines = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>)
    for (const byte of chunk) if (byte === 10) lines += 1;
  return lines;
};

const round = async (): Promise<{
  readonly bare: Figures;
  readonly start: Figures;
  readonly results: Figures;
  readonly storeBytesPerRow: number;
}> => {
  const emulator = await startEmulator(turnaround);
  try {
    const bareOut = join(folder, 'bare.jsonl');
    const bare = await measured(
      folder,
      'bare',
      [join(root, 'spec/bench/bare-script.mjs'), input, bareOut, '200'],
      emulator.url,
    );
    const store = await mkdtemp(join(folder, 'store-'));
    const flags = [
      '--id-field',
      'id',
      '--prompt-field',
      'text',
      '--model',
      'gpt-4.1-mini',
      '--run-id',
      'bench',
      '--poll-interval',
      '0.2',
    ];
    const start = await measured(
      folder,
      'start',
      [
        main,
        'start',
        '--input',
        input,
        ...flags,
        '--base-url',
        emulator.url,
        '--store',
        store,
        '--wait',
      ],
      emulator.url,
    );
    const out = join(folder, 'results.jsonl');
    const results = await measured(
      folder,
      'results',
      [main, 'results', '--run-id', 'bench', '--store', store, '--output', out],
      emulator.url,
    );
    const counts = [await countLines(bareOut), await countLines(out)];
    if (counts.some((count) => count !== rows))
      throw new Error(`results are missing: ${counts.join(', ')} of ${rows}`);
    const { size } = await stat(out);
    return { bare, start, results, storeBytesPerRow: size / rows };
  } finally {
    emulator.stop();
  }
};

try {
  const all = [];
  for (let i = 0; i < rounds; i += 1) all.push(await round());
  const bareCpu = medianOf(all.map(({ bare }) => bare.cpu_ms));
  const startCpu = medianOf(all.map(({ start }) => start.cpu_ms));
  const resultsCpu = medianOf(all.map(({ results }) => results.cpu_ms));
  report({
    bench: 'whole-path',
    rows,
    rounds,
    turnaround_s: turnaround,
    bare_cpu_ms: bareCpu,
    batchor_start_cpu_ms: startCpu,
    batchor_results_cpu_ms: resultsCpu,
    ratio_of_cpu: medianOf(
      all.map(({ bare, start, results }) => (start.cpu_ms + results.cpu_ms) / bare.cpu_ms),
    ),
    bare_peak_mb: medianOf(all.map(({ bare }) => bare.peak_mb)),
    batchor_start_peak_mb: medianOf(all.map(({ start }) => start.peak_mb)),
    batchor_results_peak_mb: medianOf(all.map(({ results }) => results.peak_mb)),
    bare_wall_ms: medianOf(all.map(({ bare }) => bare.wall_ms)),
    batchor_wall_ms: medianOf(all.map(({ start, results }) => start.wall_ms + results.wall_ms)),
  });
} finally {
  await rm(folder, { recursive: true, force: true });
}
