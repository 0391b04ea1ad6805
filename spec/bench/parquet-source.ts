/**
 * How fast `parquetSource` and `parquetFormat` are beside plain hyparquet, each in a process of its
 * own, so that each has its own peak of memory. Run: npx tsx spec/bench/parquet-source.ts --rows
 * 1000000
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import * as arrow from 'apache-arrow';
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetFormat, parquetSource } from '../../adapters/parquet/index.ts';
import type { TablePage } from '../../lib/ports/table.ts';
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm';
import { numberFlag, report, textFlag } from './figures.ts';

const rowCount = numberFlag('rows', 1_000_000);
const PAGE_ROWS = 5_000;
const COLUMNS = ['id', 'text'] as const;

/** About 150 bytes, one in ten with text beyond ASCII. */
const textOf = (row: number): string =>
  `${'The parcel came late and the box was torn. '.repeat(3)}${row} ${row % 10 === 0 ? 'Très déçu.' : 'Not again!'}`;

const pageAt = (start: number): readonly number[] =>
  Array.from({ length: Math.min(PAGE_ROWS, rowCount - start) }, (_, at) => start + at);

function* pageStarts(): Generator<number> {
  for (let start = 0; start < rowCount; start += PAGE_ROWS) yield start;
}

const writeInput = async (path: string, codec: 'SNAPPY' | 'ZSTD'): Promise<void> => {
  const tables = [...pageStarts()].map((start) => {
    const rows = pageAt(start);
    return new arrow.Table({
      id: arrow.vectorFromArray(
        rows.map((row) => `row-${row}`),
        new arrow.Utf8(),
      ),
      text: arrow.vectorFromArray(rows.map(textOf), new arrow.Utf8()),
      lang: arrow.vectorFromArray(
        rows.map((row) => (row % 3 === 0 ? 'de' : 'en')),
        new arrow.Utf8(),
      ),
      score: arrow.vectorFromArray(rows.map((row) => row / 7)),
    });
  });
  const [first] = tables;
  if (first === undefined) throw new Error('no rows');
  const batches = tables.flatMap((table) =>
    table.batches.map(({ data }) => new arrow.RecordBatch(first.schema, data)),
  );
  const ipc = arrow.tableToIPC(new arrow.Table(first.schema, batches), 'stream');
  const properties = new WriterPropertiesBuilder().setCompression(Compression[codec]).build();
  await writeFile(path, writeParquet(Table.fromIPCStream(ipc), properties));
};

const readBare = async (path: string): Promise<number> => {
  const handle = await open(path);
  const { size } = await handle.stat();
  const file = {
    byteLength: size,
    slice: async (start: number, end = size) => {
      const bytes = new Uint8Array(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
  let count = 0;
  const metadata = await parquetMetadataAsync(file);
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = count + Number(num_rows);
    count += (
      await parquetReadObjects({
        file,
        metadata,
        compressors,
        columns: [...COLUMNS],
        rowStart: count,
        rowEnd,
      })
    ).length;
  }
  await handle.close();
  return count;
};

const readSource = async (
  path: string,
  from: number | null,
  pullsMax = Infinity,
): Promise<number> => {
  let count = 0;
  let pulls = 0;
  const source = parquetSource(path, { columns: COLUMNS, itemId: 'id' });
  for await (const pulled of source.read(from === null ? null : { index: from }, {
    signal: new AbortController().signal,
  })) {
    count += Array.isArray(pulled) ? pulled.length : 1;
    pulls += 1;
    if (pulls >= pullsMax) break;
  }
  return count;
};

async function* pages(): AsyncGenerator<TablePage> {
  for (const start of pageStarts()) {
    const rows = pageAt(start);
    yield await Promise.resolve({
      rowCount: rows.length,
      columns: [
        rows.map((row) => `row-${row}`),
        rows.map(textOf),
        rows.map((row) => row % 5),
        rows.map((row) => row / 7),
        rows.map((row) => `{"row":${row}}`),
      ],
    });
  }
}

const writeTable = async (path: string): Promise<number> => {
  const columns = [
    { name: 'id', type: 'text' },
    { name: 'text', type: 'text' },
    { name: 'stars', type: 'integer' },
    { name: 'score', type: 'number' },
    { name: 'json', type: 'json' },
  ] as const;
  await pipeline(
    Readable.from(parquetFormat().encode({ columns, pages: pages() })),
    createWriteStream(path),
  );
  return rowCount;
};

/** The pages alone: what making them costs. */
const makePages = async (): Promise<number> => {
  let count = 0;
  for await (const page of pages()) count += page.rowCount;
  return count;
};

const TASKS: Readonly<Record<string, (path: string) => Promise<number>>> = {
  idle: () => Promise.resolve(1),
  bare: readBare,
  source: (path) => readSource(path, null),
  resume: (path) => readSource(path, Math.floor(rowCount / 2), 1),
  write: writeTable,
  pages: makePages,
  snappy: async (path) => writeInput(path, 'SNAPPY').then(() => rowCount),
  zstd: async (path) => writeInput(path, 'ZSTD').then(() => rowCount),
};

const here = fileURLToPath(import.meta.url);

const measured = (task: string, path: string): Readonly<Record<string, number>> => {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', here, '--task', task, '--path', path, '--rows', String(rowCount)],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (status !== 0) throw new Error(`${task} failed`);
  return JSON.parse(stdout) as Readonly<Record<string, number>>;
};

const task = textFlag('task');
if (task !== null) {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  const count = await TASKS[task]?.(textFlag('path') ?? '');
  const { user, system } = process.cpuUsage(before);
  const elapsedMs = performance.now() - startedMs;
  const rowsPerSecond = Math.round((count ?? 0) / (elapsedMs / 1_000));
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1_024);
  console.log(
    JSON.stringify({
      rows: count,
      rowsPerSecond,
      elapsedMs: Math.round(elapsedMs),
      cpuMs: Math.round((user + system) / 1_000),
      peakMb,
    }),
  );
} else {
  const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));
  try {
    const idle = measured('idle', '');
    for (const codec of ['zstd', 'snappy']) {
      const path = join(folder, `${codec}.parquet`);
      measured(codec, path);
      const fileBytes = (await stat(path)).size;
      const [bare, source, resume] = ['bare', 'source', 'resume'].map((name) =>
        measured(name, path),
      );
      if (bare?.['rows'] !== rowCount || source?.['rows'] !== rowCount)
        throw new Error('rows were lost');
      report({ codec, fileBytes, idlePeakMb: idle['peakMb'], bare, source, resume });
    }
    report({
      format: {
        pages: measured('pages', ''),
        write: measured('write', join(folder, 'written.parquet')),
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
