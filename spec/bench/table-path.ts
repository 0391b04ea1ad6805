/**
 * From a Parquet file to tables: a file of another writer through `batchor start --wait` and
 * `verify`, and its results in every format, each read back by another reader and held to the
 * input. Process figures: start-up, worker threads and exit included.
 *
 *   npm run build && npx tsx spec/bench/table-path.ts --rows 1000000
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { tableFromIPC } from '@uwdata/flechette';
import * as arrow from 'apache-arrow';
import Papa from 'papaparse';
import { readParquet } from 'parquet-wasm';
import { parquetBytes, texts } from '../contract/parquet-files.ts';
import { numberFlag, report } from './figures.ts';
import { type Figures, main, measured, startEmulator } from './measured.ts';

const rows = numberFlag('rows', 20_000);
const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));
const at = (name: string): string => join(folder, name);
const idOf = (i: number): string => `row-${i}`;

const readers: Readonly<Record<string, (path: string) => Promise<readonly string[]>>> = {
  async jsonl(path) {
    const ids: string[] = [];
    for await (const line of createInterface({ input: createReadStream(path) }))
      ids.push((JSON.parse(line) as { item_id: string }).item_id);
    return ids;
  },
  csv: (path) =>
    new Promise((resolve, reject) => {
      const ids: string[] = [];
      Papa.parse<{ readonly item_id: string }>(createReadStream(path), {
        header: true,
        skipEmptyLines: true,
        step: ({ data }) => void ids.push(data.item_id),
        complete: () => resolve(ids),
        error: reject,
      });
    }),
  arrow: async (path) =>
    Array.from(
      tableFromIPC(new Uint8Array(await readFile(path)))
        .getChild('item_id')
        .toArray() as ArrayLike<string>,
    ),
  parquet: async (path) => {
    const ids = arrow
      .tableFromIPC(readParquet(new Uint8Array(await readFile(path))).intoIPCStream())
      .getChild('item_id');
    return Array.from(ids ?? [], String);
  },
};

const emulator = await startEmulator('0.5-0.8');
try {
  const rowsPerGroup = 100_000;
  const numbers = Array.from({ length: rows }, (_, i) => i);
  await writeFile(
    at('input.parquet'),
    parquetBytes(
      { id: texts(numbers.map(idOf)), text: texts(numbers.map((i) => `${i}: how is it?`)) },
      { codec: 'ZSTD', rowGroupRows: rowsPerGroup },
    ),
  );
  const ran = (name: string, ...args: readonly string[]): Promise<Figures> =>
    measured(
      folder,
      name,
      [main, ...args, '--run-id', 'bench', '--store', at('store')],
      emulator.url,
    );
  const flags = [
    '--id-field',
    'id',
    '--prompt-field',
    'text',
    '--model',
    'gpt-4.1-mini',
    '--poll-interval',
    '0.2',
  ];
  const figures: Record<string, Figures> = {
    start: await ran(
      'start',
      'start',
      '--input',
      at('input.parquet'),
      ...flags,
      '--base-url',
      emulator.url,
      '--wait',
    ),
    verify: await ran('verify', 'verify'),
    summary: await ran('summary', 'results', '--summary'),
  };
  for (const [format, read] of Object.entries(readers)) {
    figures[format] = await ran(format, 'results', '--output', at(`out.${format}`));
    const ids = await read(at(`out.${format}`));
    const wrong = numbers.find((i) => ids[i] !== idOf(i));
    if (ids.length !== rows || wrong !== undefined)
      throw new Error(`${format}: ${ids.length} of ${rows} rows, the first wrong one is ${wrong}`);
  }
  report({ bench: 'table-path', rows, ...figures });
} finally {
  emulator.stop();
  await rm(folder, { recursive: true, force: true });
}
