import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import { csvFormat } from '../../adapters/csv/index.ts';
import type { CsvFormatOptions } from '../../adapters/csv/index.ts';
import type { Cell, TableColumn, TablePage } from '../../lib/ports/table.ts';

async function* pagesOf(
  rows: readonly (readonly Cell[])[],
  width: number,
  perPage: number,
): AsyncGenerator<TablePage> {
  await Promise.resolve();
  for (let from = 0; from < rows.length; from += perPage) {
    const page = rows.slice(from, from + perPage);
    yield {
      rowCount: page.length,
      columns: Array.from({ length: width }, (_, column) => page.map((row) => row[column] ?? null)),
    };
  }
}

const columnsOf = (names: readonly string[]): readonly TableColumn[] =>
  names.map((name) => ({ name, type: 'text' }));

const collect = async (bytes: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
};

const write = async (
  names: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: CsvFormatOptions = {},
  perPage = 3,
): Promise<string> =>
  (
    await collect(
      csvFormat(options).encode({
        columns: columnsOf(names),
        pages: pagesOf(rows, names.length, perPage),
      }),
    )
  ).toString('utf8');

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        ',',
        ';',
        '\t',
        '||',
        '|',
        '\r\n',
        '\n',
        '\r',
        ' ',
        'é',
        '👩‍👩‍👧',
        '\u2028',
        '\u{FEFF}',
        '\0',
        '=',
        '-1',
        'x',
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
);
const cell: fc.Arbitrary<Cell> = fc.oneof(
  text,
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
);
const table = fc.integer({ min: 1, max: 5 }).chain((width) =>
  fc.record({
    names: fc.array(text, { minLength: width, maxLength: width }),
    rows: fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }),
  }),
);
const options = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|', '||', '§', '^', ']', '-'),
  lineEnd: fc.constantFrom('\n' as const, '\r\n' as const),
});

/** A cell as a reader of texts finds it. */
const shown = (value: Cell): string =>
  value === null ? '' : typeof value === 'number' ? JSON.stringify(value) : String(value);

describe('any table as CSV', () => {
  it('is read back by two readers that know nothing of each other', async () => {
    await fc.assert(
      fc.asyncProperty(
        table,
        options,
        fc.boolean(),
        fc.integer({ min: 1, max: 4 }),
        async ({ names, rows }, form, byteOrderMark, perPage) => {
          const written = await write(names, rows, { ...form, byteOrderMark }, perPage);
          const expected = [names, ...rows.map((row) => row.map(shown))];
          expect(written.startsWith('\u{FEFF}')).toBe(byteOrderMark);
          const bare = byteOrderMark ? written.slice(1) : written;
          expect(bare.endsWith(form.lineEnd)).toBe(true);
          expect(
            parse(bare, { delimiter: form.delimiter, record_delimiter: form.lineEnd }),
          ).toEqual(expected);
          const papa = Papa.parse<string[]>(bare.slice(0, -form.lineEnd.length), {
            delimiter: form.delimiter,
            newline: form.lineEnd,
          });
          expect(papa.errors).toEqual([]);
          expect(papa.data).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('tells null from an empty text to a reader that heeds quotes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 }),
        async (rows) => {
          const written = await write(['a', 'b'], rows);
          const read: unknown[][] = parse(written, {
            from: 2,
            cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
          });
          expect(read.map((row) => row.map((value) => value === null))).toEqual(
            rows.map((row) => row.map((value) => value === null)),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('CSV', () => {
  it('is a text format by the name csv', () => {
    const { name, extensions, isText } = csvFormat();
    expect({ name, extensions, isText }).toEqual({
      name: 'csv',
      extensions: ['.csv'],
      isText: true,
    });
  });

  it('has a header, then a record per row, with booleans, numbers and JSON as they are', async () => {
    const rows = [
      [1, 1.5e300, -0.25, true, '{"a":[1]}', 'plain'],
      [null, 0, 7, false, null, ''],
      ['a,b', '"', 'x\ny', 'x\ry', ' x', 'x '],
    ];
    expect(await write(['a', 'b', 'c', 'd', 'e', 'f g'], rows)).toBe(
      'a,b,c,d,e,f g\n1,1.5e+300,-0.25,true,"{""a"":[1]}",plain\n,0,7,false,,""\n"a,b","""","x\ny","x\ry"," x","x "\n',
    );
  });

  it('of no rows is the header; of no columns, nothing', async () => {
    expect(await write(['a', 'b'], [])).toBe('a,b\n');
    expect(await write(['a', 'b'], [], { byteOrderMark: true, lineEnd: '\r\n' })).toBe(
      '\u{FEFF}a,b\r\n',
    );
    expect(await write([], [], { byteOrderMark: true })).toBe('');
  });

  it('writes a lone null as quotes, since a blank line is no record to most readers', async () => {
    expect(await write(['a'], [[null], ['x'], ['']])).toBe('a\n""\nx\n""\n');
  });

  it('writes lone surrogates as U+FFFD, and parts no pair, however large the field', async () => {
    expect(await write(['a', 'b'], [['x\uD800', '\uDC00y']])).toBe('a,b\nx\u{FFFD},\u{FFFD}y\n');
    const large = '👩"'.repeat(2_000_000);
    expect(
      parse(
        await write(
          ['a', 'b'],
          [
            [large, '1'],
            ['2', large],
          ],
        ),
        { from: 2 },
      ),
    ).toEqual([
      [large, '1'],
      ['2', large],
    ]);
  });

  it('escapes formulas where that is asked for, in texts and names, and nowhere else', async () => {
    const cells = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', 'x=1', "'=1", ''];
    const [header, row] = parse(await write(cells, [cells], { escapeFormulas: true }));
    const safe = ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\rx", 'x=1', "'=1", ''];
    expect([header, row]).toEqual([safe, safe]);
    expect(await write(['a', 'b'], [[-1, true]], { escapeFormulas: true })).toBe('a,b\n-1,true\n');
    expect(parse(await write(cells, [cells]))).toEqual([cells, cells]);
  });

  it('comes in chunks as pages come, and none is asked for before it is needed', async () => {
    let made = 0;
    const pages = async function* (): AsyncGenerator<TablePage> {
      for (; made < 100; made += 1)
        yield await Promise.resolve({ rowCount: 1, columns: [['x'.repeat(1_000)]] });
    };
    const pieces = csvFormat()
      .encode({ columns: columnsOf(['a']), pages: pages() })
      [Symbol.asyncIterator]();
    await pieces.next();
    expect(made).toBe(0);
    await pieces.next();
    await pieces.next();
    expect(made).toBeLessThan(3);
    await pieces.return?.();
  });

  it('rejects with what the pages reject with', async () => {
    const boom = new Error('boom');
    const pages = async function* (): AsyncGenerator<TablePage> {
      yield await Promise.resolve({ rowCount: 1, columns: [['x']] });
      throw boom;
    };
    await expect(
      collect(csvFormat().encode({ columns: columnsOf(['a']), pages: pages() })),
    ).rejects.toBe(boom);
  });

  it('refuses a delimiter that cannot part fields', () => {
    for (const delimiter of ['', '"', '\n', ',\r', '\uD800'])
      expect(() => csvFormat({ delimiter })).toThrow(RangeError);
  });
});
