// How fast `arrowFormat` writes a table beside apache-arrow's own builders, and how fast
// `arrowSource` reads it; with the peak of memory of each, so every measurement is a process of its
// own. Run: npx tsx spec/bench/arrow-table.ts --rows 1000000
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { Bool, Float64, Int64, Table, Utf8, tableToIPC, vectorFromArray } from 'apache-arrow';
import type { Vector } from 'apache-arrow';
import { arrowFormat, arrowSource } from '../../adapters/arrow/index.ts';
import type { Cell, TableColumn, TablePage } from '../../lib/ports/table.ts';
import { numberFlag, report, textFlag } from './figures.ts';

const PAGE_ROWS = 1_000;

const COLUMNS: readonly TableColumn[] = [
  { name: 'id', type: 'text' },
  { name: 'answer', type: 'text' },
  { name: 'tokens', type: 'integer' },
  { name: 'score', type: 'number' },
  { name: 'ok', type: 'boolean' },
];

const rowCount = numberFlag('rows', 1_000_000);

/**
 * Cells of about 120 bytes a row, one answer in ten with text beyond ASCII, one score in ten null.
 */
const cellAt = (column: number, row: number): Cell => {
  if (column === 0) return `row-${row}`;
  if (column === 1)
    return `The parcel came late and the box was torn, said customer ${row}. ${row % 10 === 0 ? 'Très déçu.' : 'Not again!'}`;
  if (column === 2) return 100 + (row % 900);
  if (column === 3) return row % 10 === 0 ? null : row / 7;
  return row % 3 === 0;
};

async function* pages(): AsyncGenerator<TablePage> {
  for (let begin = 0; begin < rowCount; begin += PAGE_ROWS) {
    const rows = Math.min(PAGE_ROWS, rowCount - begin);
    yield await Promise.resolve({
      rowCount: rows,
      columns: COLUMNS.map((_, column) =>
        Array.from({ length: rows }, (_each, row) => cellAt(column, begin + row)),
      ),
    });
  }
}

const writeFormat = (path: string): Promise<void> =>
  pipeline(arrowFormat().encode({ columns: COLUMNS, pages: pages() }), createWriteStream(path));

/** As its documentation has it: whole columns, one call each. */
const writeBare = async (path: string): Promise<void> => {
  const types = [new Utf8(), new Utf8(), new Int64(), new Float64(), new Bool()] as const;
  const cells: Cell[][] = COLUMNS.map(() => []);
  for await (const page of pages())
    for (const [index, column] of page.columns.entries())
      for (const cell of column) cells[index]?.push(cell);
  const vectors: Record<string, Vector> = {};
  for (const [index, type] of types.entries()) {
    const column = cells[index] ?? [];
    vectors[COLUMNS[index]?.name ?? ''] = vectorFromArray(
      index === 2 ? column.map((cell) => BigInt(Number(cell))) : column,
      type,
    );
  }
  await writeFile(path, tableToIPC(new Table(vectors), 'file'));
};

const readSource = async (path: string): Promise<void> => {
  let count = 0;
  for await (const pulled of arrowSource(path, { itemId: 'id' }).read(null, {
    signal: new AbortController().signal,
  })) {
    count += Array.isArray(pulled) ? pulled.length : 1;
  }
  // A reading that loses rows has no speed.
  if (count !== rowCount) throw new Error(`read ${count} rows of ${rowCount}`);
};

/** What the pages alone cost, since every writer pays it. */
const makePages = async (): Promise<void> => {
  for await (const page of pages()) if (page.rowCount === 0) throw new Error('an empty page');
};

const work: Readonly<Record<string, (path: string) => Promise<void>>> = {
  makePages,
  writeBare,
  writeFormat,
  readSource,
};

const measure = (
  name: string,
  path: string,
): { readonly rowsPerSecond: number; readonly peakMegabytes: number } => {
  const script = fileURLToPath(import.meta.url);
  const flags = [
    '--import',
    'tsx',
    script,
    '--rows',
    String(rowCount),
    '--do',
    name,
    '--path',
    path,
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
  return JSON.parse(stdout) as { readonly rowsPerSecond: number; readonly peakMegabytes: number };
};

const name = textFlag('do');
if (name === null) {
  const folder = await mkdtemp(join(tmpdir(), 'batchor-bench-'));
  try {
    const path = join(folder, 'rows.arrow');
    const figures = {
      makePages: measure('makePages', path),
      vectorFromArray: measure('writeBare', `${path}.bare`),
      arrowFormat: measure('writeFormat', path),
      arrowSource: measure('readSource', path),
    };
    report({ rows: rowCount, megabytes: (await stat(path)).size / 1e6, ...figures });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
} else {
  const startedMs = performance.now();
  await work[name]?.(textFlag('path') ?? '');
  const rowsPerSecond = Math.round(rowCount / ((performance.now() - startedMs) / 1_000));
  console.log(
    JSON.stringify({
      rowsPerSecond,
      peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}
