import type { ColumnTable } from 'arquero';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toTable } from '../../adapters/arquero/index.ts';
import { collectTable } from '../../adapters/arquero/to-table.ts';
import type { Cell, TableColumn, TablePage, TableStream } from '../../lib/ports/table.ts';

const COLUMNS: readonly TableColumn[] = [
  { name: 'id', type: 'text' },
  { name: 'n', type: 'integer' },
  { name: 'x', type: 'number' },
  { name: 'ok', type: 'boolean' },
  { name: 'answer', type: 'json' },
];

type Row = readonly Cell[];

const streamOf = (
  columns: readonly TableColumn[],
  pages: readonly (readonly Row[])[],
): TableStream => ({
  columns,
  pages: (async function* (): AsyncGenerator<TablePage> {
    for (const rows of pages) {
      yield await Promise.resolve({
        rowCount: rows.length,
        columns: columns.map((_, index) => rows.map((row) => row[index] ?? null)),
      });
    }
  })(),
});

const rowOf: fc.Arbitrary<Row> = fc.tuple<Cell[]>(
  fc.option(fc.string({ unit: 'binary' })),
  fc.option(fc.maxSafeInteger(), { freq: 30 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.option(fc.boolean()),
  fc.option(fc.json({ maxDepth: 2 })),
);

describe('toTable', () => {
  it('holds every cell in its place, JSON as values', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(rowOf, { maxLength: 20 }), { maxLength: 5 }),
        async (pages) => {
          const rows = pages.flat();
          const table = await toTable<ColumnTable>(streamOf(COLUMNS, pages));
          expect(table.columnNames()).toEqual(COLUMNS.map(({ name }) => name));
          expect(table.numRows()).toBe(rows.length);
          for (const [row, cells] of rows.entries()) {
            const [id, n, x, ok, answer] = cells;
            const parsed: unknown = typeof answer === 'string' ? JSON.parse(answer) : null;
            expect(COLUMNS.map(({ name }) => table.get(name, row) as unknown)).toEqual([
              id,
              n,
              x,
              ok,
              parsed,
            ]);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps numbers without a null in typed arrays, however many, and those with one in an array', async () => {
    const rows = Array.from({ length: 5_000 }, (_, row): Row => [
      'a',
      row,
      row === 4_000 ? null : row / 2,
      true,
      '{}',
    ]);
    const table = await toTable<ColumnTable>(
      streamOf(COLUMNS, [rows.slice(0, 1_500), rows.slice(1_500)]),
    );
    const { n, x } = table.data();
    expect(n).toBeInstanceOf(Float64Array);
    expect(n?.length).toBe(5_000);
    expect(x).toBeInstanceOf(Array);
    expect([table.get('x', 3_999), table.get('x', 4_000), table.get('x', 4_001)]).toEqual([
      1_999.5,
      null,
      2_000.5,
    ]);
  });

  it('takes whatever has a table, and is of use to the verbs of arquero', async () => {
    const run = {
      table: () =>
        Promise.resolve(
          streamOf(COLUMNS, [
            [
              ['a', 1, 1, true, '{"label":"x"}'],
              ['b', 2, 2, true, '{"label":"y"}'],
            ],
          ]),
        ),
    };
    const table = await toTable<ColumnTable>(run);
    expect(table.filter((each: { n: number }) => each.n > 1).array('id')).toEqual(['b']);
    const least = await toTable(run);
    expect([least.numRows(), least.numCols(), least.get('answer', 1)]).toEqual([
      2,
      5,
      { label: 'y' },
    ]);
  });

  it('is a table without rows where there are none', async () => {
    const table = await toTable(streamOf(COLUMNS, []));
    expect([table.numRows(), table.columnNames()]).toEqual([0, COLUMNS.map(({ name }) => name)]);
  });

  it('rejects with what the pages reject with', async () => {
    const boom = new Error('boom');
    const pages = async function* (): AsyncGenerator<TablePage> {
      yield await Promise.reject(boom);
    };
    await expect(toTable({ columns: COLUMNS, pages: pages() })).rejects.toBe(boom);
  });

  it('says where JSON is none, and which name stands twice', async () => {
    const json = [{ name: 'answer', type: 'json' }] as const;
    await expect(toTable(streamOf(json, [[['1']], [['{']]]))).rejects.toThrow(
      'column "answer", row 2, is not JSON: ',
    );
    await expect(toTable(streamOf([...json, ...json], []))).rejects.toThrow(
      'two columns are called "answer"',
    );
  });

  it('says how to install arquero where it is missing, and hides no other error of loading it', async () => {
    const fault = (message: string) =>
      Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
    const missing = collectTable(streamOf(COLUMNS, []), () =>
      Promise.reject(fault("Cannot find package 'arquero' imported from x")),
    );
    await expect(missing).rejects.toThrow('npm install arquero');
    const other = fault("Cannot find package 'acorn'");
    await expect(collectTable(streamOf(COLUMNS, []), () => Promise.reject(other))).rejects.toBe(
      other,
    );
  });
});
