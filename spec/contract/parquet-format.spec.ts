import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parquetFormat, parquetSource } from '../../adapters/parquet/index.ts';
import { tunedParquetFormat } from '../../adapters/parquet/parquet-format.ts';
import type { Cell, TableColumn, TablePage, TableStream } from '../../lib/ports/table.ts';
import { readIndependently } from './parquet-files.ts';
import { readAll } from './source-contract.ts';
import { tempFolder } from './source-files.ts';

const COLUMNS: readonly TableColumn[] = [
  { name: 'text', type: 'text' },
  { name: 'whole', type: 'integer' },
  { name: 'number', type: 'number' },
  { name: 'flag', type: 'boolean' },
  { name: 'json', type: 'json' },
];

type Row = readonly Cell[];

const pageOf = (columns: readonly TableColumn[], rows: readonly Row[]): TablePage => ({
  rowCount: rows.length,
  columns: columns.map((_, at) => rows.map((row) => row[at] ?? null)),
});

const tableOf = (pages: readonly (readonly Row[])[], columns = COLUMNS): TableStream => ({
  columns,
  pages: (async function* () {
    for (const rows of pages) yield await Promise.resolve(pageOf(columns, rows));
  })(),
});

const collected = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
};

/** As UTF-8 has it: half of a surrogate pair is lost. */
const wellFormed = (cell: Cell): Cell =>
  typeof cell === 'string' ? Buffer.from(cell).toString() : cell;

/** The independent reader takes a mark at the front of a text for none of it. */
const unmarked = (cell: Cell): Cell =>
  typeof cell === 'string' ? cell.replace(/^\u{FEFF}/u, '') : cell;

const awkward = fc.constantFrom(
  '',
  ' ',
  '\0',
  '\u{FEFF}x',
  '漢字',
  '👩‍👩‍👧',
  '\uD800',
  'a\uDC00b',
  'line\r\nend',
  '"',
  'x'.repeat(3_000),
);
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 10 }), awkward);
const whole = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
);
const number = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 0.1),
  )
  .map((value) => (value === 0 ? 0 : value));
/** A JavaScript number would lose some of its digits: the source gives them as text. */
const long = '{"n":12345678901234567890}';
const valueOf = (text: string): unknown =>
  text === long ? { n: '12345678901234567890' } : (JSON.parse(text) as unknown);
const isLong = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(isLong)
    : Number.isInteger(value) && !Number.isSafeInteger(value);
const json = fc.oneof(
  fc.json().filter((written) => !isLong(JSON.parse(written))),
  fc.constantFrom(long, '"\\ud800"', '{ "spaced" : 1.0 }'),
);
const row = fc.tuple(
  fc.option(text),
  fc.option(whole),
  fc.option(number),
  fc.option(fc.boolean()),
  fc.option(json),
);
const pages = fc.array(fc.array(row, { maxLength: 9 }), { maxLength: 6 });

const found = (bytes: Uint8Array): readonly unknown[][] =>
  readIndependently(bytes).rows.map((record) =>
    COLUMNS.map(({ name }) => {
      const cell = record[name];
      return typeof cell === 'bigint' ? Number(cell) : cell;
    }),
  );

describe('the Parquet format', () => {
  it('keeps the digits of JSON columns, so that reading tells how each number is written', async () => {
    const cells = ['19.90', '1E5', '{"k":12345678901234567890,"p":[19.90]}', '{"k":1.5}', null];
    const columns: readonly TableColumn[] = [
      { name: 'id', type: 'text' },
      { name: 'doc', type: 'json' },
    ];
    const rows = cells.map((cell, at): Row => [String(at), cell]);
    const path = join(await tempFolder(), 'digits.parquet');
    await writeFile(path, parquetFormat().encode(tableOf([rows], columns)));
    const { entries } = await readAll(parquetSource(path, { itemId: 'id' }));
    expect(entries.map(({ written }) => written?.get('doc') ?? null)).toEqual([
      ...cells.slice(0, 3),
      null,
      null,
    ]);
  });

  it('writes what an independent reader reads back, whatever the pages and row groups', async () => {
    await fc.assert(
      fc.asyncProperty(
        pages,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('snappy', 'uncompressed'),
        async (given, rowsMax, compression) => {
          const bytes = await collected(
            tunedParquetFormat({ rowsMax, charsMax: 5_000 }, compression).encode(tableOf(given)),
          );
          expect(found(bytes)).toEqual(
            given.flat().map((cells) => cells.map((cell) => unmarked(wellFormed(cell)))),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes what the Parquet source reads back, JSON as values', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(pages, async (given) => {
        const path = `${folder}/table.parquet`;
        await writeFile(path, await collected(parquetFormat().encode(tableOf(given))));
        const { entries } = await readAll(
          parquetSource(path, { itemId: (_, index) => `row-${index}` }),
        );
        const payloads = entries.map((entry) => ('bad' in entry ? entry.bad : entry.item.payload));
        const expected = given.flat().map((cells) => {
          const values = cells.map(wellFormed);
          return Object.fromEntries(
            COLUMNS.map(({ name, type }, at) => [
              name,
              type === 'json' ? valueOf(String(values[at])) : values[at],
            ]),
          );
        });
        expect(payloads).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  it('writes a table without rows as a whole file, with its columns', async () => {
    const { rows, types } = readIndependently(await collected(parquetFormat().encode(tableOf([]))));
    expect(rows).toEqual([]);
    expect(types).toEqual(['Utf8', 'Int64', 'Float64', 'Bool', 'Utf8']);
  });

  it('writes a chunk as soon as a row group is full of rows or text, and holds no more', async () => {
    let pulled = 0;
    const counted: TableStream = {
      columns: [{ name: 'text', type: 'text' }],
      pages: (async function* () {
        for (; pulled < 40; pulled += 1)
          yield await Promise.resolve({ rowCount: 1, columns: [[`${pulled}`.padEnd(100)]] });
      })(),
    };
    const seen: number[] = [];
    for await (const _ of tunedParquetFormat({ rowsMax: 10, charsMax: 500 }, 'snappy').encode(
      counted,
    ))
      seen.push(pulled);
    expect(seen.slice(0, 3)).toEqual([4, 9, 14]);
    expect(seen.length).toBe(9);
  });

  it('holds ten thousand rows, or four million characters, unless an option says otherwise', async () => {
    const texts = (rowCount: number, chars: number): TableStream => ({
      columns: [{ name: 'text', type: 'text' }],
      pages: (async function* () {
        for (let page = 0; page < rowCount / 1_000; page += 1)
          yield await Promise.resolve({
            rowCount: 1_000,
            columns: [Array.from({ length: 1_000 }, () => 'x'.repeat(chars))],
          });
      })(),
    });
    const groupsOf = async (table: TableStream): Promise<number> => {
      let pieces = 0;
      for await (const _ of parquetFormat().encode(table)) pieces += 1;
      // The last one is the footer.
      return pieces - 1;
    };
    expect(await groupsOf(texts(30_000, 1))).toBe(3);
    expect(await groupsOf(texts(2_000, 5_000))).toBe(3);
  });

  it('rejects with what the pages reject with', async () => {
    const boom = new Error('boom');
    const failing: TableStream = {
      columns: COLUMNS,
      pages: (async function* () {
        yield await Promise.resolve(pageOf(COLUMNS, [['x', 1, 1, true, '1']]));
        throw boom;
      })(),
    };
    await expect(collected(parquetFormat().encode(failing))).rejects.toBe(boom);
  });

  it.each<[TableColumn['type'], Cell]>([
    ['text', 1],
    ['integer', 1.5],
    ['integer', 2 ** 53],
    ['integer', '1'],
    ['number', '1'],
    ['boolean', 0],
    ['json', 7],
  ])('refuses in a column of type %s the cell %j, and says where', async (type, cell) => {
    const encoded = parquetFormat().encode(
      tableOf([[[null]], [[null], [cell]]], [{ name: 'c', type }]),
    );
    await expect(collected(encoded)).rejects.toThrow(
      `column "c" is of type ${type}, but holds ${JSON.stringify(cell)} at row index 2`,
    );
  });

  it('refuses senseless options', () => {
    for (const rowGroupRowsMax of [0, -1, 1.5])
      expect(() => parquetFormat({ rowGroupRowsMax })).toThrow(RangeError);
  });
});
