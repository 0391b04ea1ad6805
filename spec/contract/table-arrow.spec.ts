import { writeFile } from 'node:fs/promises';
import { tableFromIPC } from '@uwdata/flechette';
import { Type } from '@uwdata/flechette';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tunedArrowFormat } from '../../adapters/arrow/arrow-format.ts';
import { arrowFormat, arrowSource } from '../../adapters/arrow/index.ts';
import type {
  Cell,
  TableColumn,
  TableColumnType,
  TablePage,
  TableStream,
} from '../../lib/ports/table.ts';
import { readAll } from './source-contract.ts';
import { tempFolder } from './source-files.ts';

type Rows = readonly (readonly Cell[])[];

const pageOf = (columns: readonly TableColumn[], rows: Rows): TablePage => ({
  rowCount: rows.length,
  columns: columns.map((_, index) => rows.map((row) => row[index] ?? null)),
});

async function* eachOf<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  for (const value of values) yield await Promise.resolve(value);
}

const streamOf = (columns: readonly TableColumn[], pages: readonly Rows[]): TableStream => ({
  columns,
  pages: eachOf(pages.map((rows) => pageOf(columns, rows))),
});

const bytesOf = async (encoded: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of encoded) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
};

/** What an independent reader makes of the bytes. */
const readBack = (bytes: Uint8Array) => {
  const table = tableFromIPC(bytes, { useBigInt: true });
  const columns = table.names.map((_, index) => [...table.getChildAt(index)]);
  return {
    names: table.names,
    types: table.schema.fields.map(({ type }) => type.typeId),
    batchRows: table.numCols === 0 ? [] : table.getChildAt(0).data.map((batch) => batch.length),
    rows: Array.from({ length: table.numRows }, (_, row) =>
      columns.map((column) => column[row] as unknown),
    ),
  };
};

const TYPES: Readonly<Record<TableColumnType, number>> = {
  text: Type.Utf8,
  json: Type.Utf8,
  integer: Type.Int,
  number: Type.Float,
  boolean: Type.Bool,
};

/** Without lone surrogates, as UTF-8 has it. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

/** A cell as it should come back: integers as bigints, and no lone surrogates. */
const backOf = (cell: Cell, type: TableColumnType): unknown => {
  if (typeof cell === 'string') return wellFormed(cell);
  return type === 'integer' && typeof cell === 'number' ? BigInt(cell) : cell;
};

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '\uD800',
    'x\uDC00y',
    '\uDC00\uD800',
    '漢字'.repeat(20),
    'a'.repeat(33),
    '👩‍👩‍👧',
    '\0',
  ),
);
const edge = fc.constantFrom(
  0,
  -1,
  1,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  -(2 ** 32) - 1,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
);
const cellOf: Readonly<Record<TableColumnType, fc.Arbitrary<Cell>>> = {
  text,
  json: fc.json({ maxDepth: 2 }),
  integer: fc.oneof(edge, fc.maxSafeInteger()),
  number: fc.oneof(
    edge,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(-0, 5e-324, Number.MAX_VALUE),
  ),
  boolean: fc.boolean(),
};
const type = fc.constantFrom<TableColumnType[]>('text', 'json', 'integer', 'number', 'boolean');

const tableOf = fc
  .uniqueArray(
    fc.record({
      name: fc.oneof(text, fc.constant('__proto__')).filter((name) => name !== ''),
      type,
    }),
    {
      minLength: 1,
      maxLength: 5,
      selector: ({ name }) => wellFormed(name),
    },
  )
  .chain((columns) => {
    const row = fc.tuple(...columns.map((column) => fc.option(cellOf[column.type], { freq: 4 })));
    return fc.record({
      columns: fc.constant(columns),
      pages: fc.array(fc.array(row, { maxLength: 9 }), { maxLength: 5 }),
    });
  });

describe('the Arrow format', () => {
  it('has its name, its endings and its own way to be wrong', () => {
    expect(arrowFormat()).toMatchObject({
      name: 'arrow',
      extensions: ['.arrow', '.feather'],
      isText: false,
    });
    for (const batchRowsMax of [0, -1, 1.5, Number.NaN, 2_000_000])
      expect(() => arrowFormat({ batchRowsMax })).toThrow(RangeError);
  });

  it('gives any table back to an independent reader, in batches of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        tableOf,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 200 }),
        async ({ columns, pages }, rowsMax, bytesMax) => {
          const bytes = await bytesOf(
            tunedArrowFormat(rowsMax, bytesMax).encode(streamOf(columns, pages)),
          );
          const found = readBack(bytes);
          // Behind the magic a file is a stream too.
          expect(readBack(bytes.slice(8))).toEqual(found);
          expect(found.names).toEqual(columns.map(({ name }) => wellFormed(name)));
          expect(found.types).toEqual(columns.map((column) => TYPES[column.type]));
          expect(found.rows).toEqual(
            pages
              .flat()
              .map((row) => row.map((cell, index) => backOf(cell, columns[index]?.type ?? 'text'))),
          );
          expect(Math.max(0, ...found.batchRows)).toBeLessThanOrEqual(rowsMax);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives any table back to its own source', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(
        tableOf,
        fc.integer({ min: 1, max: 20 }),
        async ({ columns, pages }, batchRowsMax) => {
          const path = `${folder}/rows.arrow`;
          await writeFile(
            path,
            await bytesOf(arrowFormat({ batchRowsMax }).encode(streamOf(columns, pages))),
          );
          const { entries } = await readAll(
            arrowSource(path, { itemId: (_, index) => `row-${index}` }),
          );
          const payloads = entries.map((entry) =>
            'bad' in entry ? entry.bad.reason : entry.item.payload,
          );
          const asRow = (row: readonly Cell[]) =>
            Object.fromEntries(
              columns.map(({ name }, index) => [
                wellFormed(name),
                typeof row[index] === 'string' ? wellFormed(row[index]) : row[index],
              ]),
            );
          expect(payloads).toEqual(pages.flat().map(asRow));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['no page', []],
    ['one empty page', [[]]],
    ['empty pages', [[], [], []]],
  ])('makes a whole file of %s', async (_, pages) => {
    const columns = [
      { name: 'a', type: 'text' },
      { name: 'b', type: 'integer' },
    ] as const;
    expect(readBack(await bytesOf(arrowFormat().encode(streamOf(columns, pages))))).toMatchObject({
      names: ['a', 'b'],
      rows: [],
    });
  });

  it('puts many pages into one batch, and cuts it by rows or by the bytes of its texts', async () => {
    const columns = [{ name: 'a', type: 'text' }] as const;
    const pages = Array.from({ length: 10 }, () =>
      Array.from({ length: 10 }, () => ['x'.repeat(10)]),
    );
    const batches = async (rowsMax: number, bytesMax: number) =>
      readBack(await bytesOf(tunedArrowFormat(rowsMax, bytesMax).encode(streamOf(columns, pages))))
        .batchRows;
    expect(await batches(1_000, 1_000_000)).toEqual([100]);
    expect(await batches(40, 1_000_000)).toEqual([40, 40, 20]);
    expect(await batches(1_000, 1_500)).toEqual([50, 50]);
    expect(await batches(1_000, 1)).toEqual(Array.from({ length: 100 }, () => 1));
  });

  it('writes as the pages come, a batch behind at most', async () => {
    const columns = [{ name: 'a', type: 'integer' }] as const;
    let pulled = 0;
    const pages = async function* (): AsyncGenerator<TablePage> {
      for (; pulled < 50;) {
        pulled += 1;
        yield await Promise.resolve(pageOf(columns, [[pulled], [pulled]]));
      }
    };
    const encoded = tunedArrowFormat(10, 1_000)
      .encode({ columns, pages: pages() })
      [Symbol.asyncIterator]();
    await encoded.next();
    expect(pulled).toBeLessThanOrEqual(6);
    await encoded.return?.();
  });

  it('rejects with what the pages reject with', async () => {
    const boom = new Error('boom');
    const pages = async function* (): AsyncGenerator<TablePage> {
      yield await Promise.resolve({ rowCount: 0, columns: [[]] });
      throw boom;
    };
    await expect(
      bytesOf(arrowFormat().encode({ columns: [{ name: 'a', type: 'text' }], pages: pages() })),
    ).rejects.toBe(boom);
  });

  it.each([
    ['text', 1, 'column "a", row 2 of its page: 1 is not a text'],
    ['json', false, 'column "a", row 2 of its page: false is not a text'],
    ['integer', 1.5, 'column "a", row 2 of its page: 1.5 is not a whole number that is exact'],
    [
      'integer',
      2 ** 53,
      'column "a", row 2 of its page: 9007199254740992 is not a whole number that is exact',
    ],
    ['number', '1', 'column "a", row 2 of its page: 1 is not a number'],
    ['boolean', 'true', 'column "a", row 2 of its page: true is not a boolean'],
  ] as const)('refuses a cell that is no %s', async (each, cell, message) => {
    await expect(
      bytesOf(arrowFormat().encode(streamOf([{ name: 'a', type: each }], [[[null], [cell]]]))),
    ).rejects.toThrow(message);
  });
});
