import { truncate, writeFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parquetSource } from '../../adapters/parquet/index.ts';
import { tunedParquetSource } from '../../adapters/parquet/parquet-source.ts';
import type { ParquetTuning } from '../../adapters/parquet/parquet-source.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { parquetBytes, texts } from './parquet-files.ts';
import type { ArrowColumns, WrittenParquet } from './parquet-files.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder } from './source-files.ts';

const AWKWARD = [
  'plain',
  'U+2028 \u2028',
  'emoji 👩‍👩‍👧',
  '"quotes" and \\',
  'line\r\nend',
  '漢字',
  '\u{FEFF}mark',
  '',
  '\0',
  '\u{FFFD}',
];

/** Windows and slices so small that a row group takes many of them. */
const tiny = (windowRowsMax: number, sliceRowsMax = 3): ParquetTuning => ({
  windowBytesMax: 1_000_000,
  windowRowsMax,
  sliceRowsMax,
});

describeSourceContract('a Parquet source', async () => {
  const rows = Array.from({ length: 29 }, (_, index) => (index % 6 === 4 ? null : `row-${index}`));
  const bytes = (ids: readonly (string | null)[]): Uint8Array =>
    parquetBytes(
      {
        more: arrow.vectorFromArray(rows.map((_, index) => index / 3)),
        id: texts(ids),
        text: texts(rows.map((_, index) => AWKWARD[index % AWKWARD.length] ?? null)),
      },
      { rowGroupRows: 8, pageRows: 3 },
    );
  const path = await tempFile('rows.parquet', bytes(rows));
  let made = 0;
  const payload = (row: JsonObject): unknown => {
    made += 1;
    return row['text'];
  };
  return {
    expected: rows,
    open: () =>
      tunedParquetSource(path, { columns: ['id', 'text'], itemId: 'id', payload }, tiny(5)),
    rowsMade: () => made,
    change: () => writeFile(path, bytes(rows.map((id) => (id === 'row-9' ? 'row-X' : id)))),
    openHandles: () => openHandlesOn(path),
  };
});

const read = async (source: CheckpointedItemSource): Promise<readonly SourceEntry[]> =>
  (await readAll(source)).entries;

const payloadsOf = (entries: readonly SourceEntry[]) =>
  entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload));

const written = (columns: ArrowColumns, options: WrittenParquet = {}): Promise<string> =>
  tempFile('rows.parquet', parquetBytes(columns, options));

const byIndex = { itemId: (_: unknown, index: number) => `row-${index}` };

const failureOf = async (
  source: CheckpointedItemSource,
  from: JsonValue | null = null,
): Promise<unknown> =>
  readAll(source, from).then(
    () => null,
    (error: unknown) => error,
  );

describe('a Parquet source', () => {
  const abc = {
    id: texts(['a', 'b', 'c']),
    n: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()),
  };

  it('gives an item with its row as payload, its index as position, and its id column as primary key', async () => {
    const path = await written(abc);
    const source = parquetSource(path, {
      itemId: 'id',
      metadata: (row, index) => ({ n: row['n'], index }),
    });
    expect((await read(source))[1]).toEqual({
      item: { itemId: 'b', payload: { id: 'b', n: 2 }, metadata: { n: 2, index: 1 } },
      primaryKey: 'b',
      idField: 'id',
      position: { index: 2 },
      location: { ref: path, line: null },
    });
    expect([source.kind, source.ref]).toEqual(['parquet', path]);
  });

  it('yields a thousand entries per pull at most', async () => {
    const path = await written({
      id: arrow.vectorFromArray(Array.from({ length: 2_500 }, (_, id) => id)),
    });
    const sizes: number[] = [];
    for await (const pulled of parquetSource(path, { itemId: 'id' }).read(null, {
      signal: new AbortController().signal,
    }))
      sizes.push(Array.isArray(pulled) ? pulled.length : 1);
    expect(sizes).toEqual([1_000, 1_000, 500]);
  });

  it('yields nothing for a file without rows, which still has to have the columns', async () => {
    const path = await written({ id: texts([]), text: texts([]) });
    expect(await read(parquetSource(path, { itemId: 'id' }))).toEqual([]);
    expect(await failureOf(parquetSource(path, { itemId: 'uuid' }))).toBeInstanceOf(SourceError);
  });

  it('reads only the columns asked for, in any order, and types rows by them', async () => {
    const path = await written({ ...abc, text: texts(['x', 'y', 'z']) });
    const source = parquetSource(path, {
      columns: ['text', 'id'],
      itemId: 'id',
      metadata: ({ text }) => ({ text }),
    });
    const exact: CheckpointedItemSource<
      Readonly<Record<'text' | 'id', JsonValue>>,
      { text: JsonValue }
    > = source;
    expect(payloadsOf(await read(exact))[2]).toEqual({ text: 'z', id: 'c' });
    // @ts-expect-error no such column
    expect(() => parquetSource(path, { columns: ['text'], itemId: 'id' })).toThrow(
      'itemId is "id", which is not among columns',
    );
  });

  it('types and checks rows by a schema, synchronous or not, which may make the id', async () => {
    const path = await written(abc);
    const Row = z
      .object({ id: z.string(), n: z.number().max(2) })
      .transform(({ id, n }) => ({ key: `${id}${n}` }));
    const source = parquetSource(path, { columns: ['id', 'n'], rowSchema: Row, itemId: 'key' });
    const exact: CheckpointedItemSource<{ key: string }> = source;
    const later = parquetSource(path, {
      rowSchema: Row.refine(() => Promise.resolve(true)),
      itemId: 'key',
    });
    for (const entries of [await read(exact), await read(later)]) {
      expect(idsOf(entries)).toEqual(['a1', 'b2', null]);
      expect(entries[2]).toMatchObject({
        bad: {
          field: 'n',
          reason: expect.stringMatching(/^does not fit rowSchema: n: .*\(row index 2\)$/),
        },
      });
    }
  });

  it('makes a bad row of one without a usable id, or on which the mapping throws, and says which', async () => {
    const path = await written({
      id: arrow.vectorFromArray([1n, null, 3n], new arrow.Int64()),
      text: texts(['x', 'y', '']),
    });
    const source = parquetSource(path, {
      itemId: 'id',
      payload: ({ text }) => {
        if (text === '') throw new Error('boom');
        return text;
      },
    });
    expect(payloadsOf(await read(source))).toEqual([
      'x',
      'the id field "id" is null, not a string or a number (row index 1)',
      'payload threw: boom (row index 2)',
    ]);
  });

  it('keeps "__proto__" a column like any other', async () => {
    const path = await written({ ['__proto__']: texts(['a']), id: texts(['b']) } as ArrowColumns);
    expect(idsOf(await read(parquetSource(path, { itemId: 'id' })))).toEqual(['b']);
  });
});

describe('the cells of a Parquet file', () => {
  const cellsOf = async (
    vector: arrow.Vector,
    options: WrittenParquet = {},
  ): Promise<readonly unknown[]> => {
    const path = await written({ cell: vector }, options);
    return payloadsOf(
      await read(parquetSource(path, { ...byIndex, payload: (row) => row['cell'] })),
    );
  };

  it('are exact where they are whole numbers, beyond 2^53 as texts, also as ids', async () => {
    const ids = [0n, -1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n];
    const path = await written({ id: arrow.vectorFromArray(ids, new arrow.Int64()) });
    expect(idsOf(await read(parquetSource(path, { itemId: 'id' })))).toEqual(ids.map(String));
    expect(await cellsOf(arrow.vectorFromArray([2n ** 64n - 1n, 7n], new arrow.Uint64()))).toEqual([
      '18446744073709551615',
      7,
    ]);
  });

  it('are null where they are missing, NaN or infinite', async () => {
    expect(
      await cellsOf(
        arrow.vectorFromArray([1.5, Number.NaN, Infinity, null, -0.25], new arrow.Float64()),
      ),
    ).toEqual([1.5, null, null, null, -0.25]);
    expect(await cellsOf(arrow.vectorFromArray([true, null, false], new arrow.Bool()))).toEqual([
      true,
      null,
      false,
    ]);
    expect(await cellsOf(arrow.vectorFromArray([null, null], new arrow.Utf8()))).toEqual([
      null,
      null,
    ]);
  });

  it('are ISO 8601 texts where they are dates and times, to the last digit', async () => {
    const day = Date.UTC(2026, 1, 28);
    expect(
      await cellsOf(arrow.vectorFromArray([new Date(day), null], new arrow.DateDay())),
    ).toEqual(['2026-02-28', null]);
    const stamps = (type: arrow.Timestamp, values: readonly bigint[]) =>
      cellsOf(arrow.makeVector({ type, data: BigInt64Array.from(values) }) as arrow.Vector);
    expect(await stamps(new arrow.TimestampMillisecond('UTC'), [BigInt(day) + 7n])).toEqual([
      '2026-02-28T00:00:00.007Z',
    ]);
    expect(
      await stamps(new arrow.TimestampMicrosecond(), [
        BigInt(day) * 1_000n,
        BigInt(day) * 1_000n + 42n,
        -1n,
      ]),
    ).toEqual([
      '2026-02-28T00:00:00.000Z',
      '2026-02-28T00:00:00.000042Z',
      '1969-12-31T23:59:59.999999Z',
    ]);
    expect(
      await stamps(new arrow.TimestampNanosecond('UTC'), [BigInt(day) * 1_000_000n + 123_456_789n]),
    ).toEqual(['2026-02-28T00:00:00.123456789Z']);
    expect(await stamps(new arrow.TimestampMillisecond('UTC'), [2n ** 60n])).toEqual([
      'column "cell" is a date beyond the years that can be written (row index 0)',
    ]);
  });

  it('are base64 where the column is binary, whatever the bytes', async () => {
    const bytes = [Uint8Array.of(0xff, 0x00), Uint8Array.of(0x41), null];
    expect(await cellsOf(arrow.vectorFromArray(bytes, new arrow.Binary()))).toEqual([
      '/wA=',
      'QQ==',
      null,
    ]);
    expect(
      await cellsOf(arrow.vectorFromArray([Uint8Array.of(1, 2)], new arrow.FixedSizeBinary(2))),
    ).toEqual(['AQI=']);
  });

  it('are arrays and objects where they are nested', async () => {
    const list = new arrow.List(new arrow.Field('item', new arrow.Int64(), true));
    expect(await cellsOf(arrow.vectorFromArray([[1n, null, 2n ** 60n], [], null], list))).toEqual([
      [1, null, String(2n ** 60n)],
      [],
      null,
    ]);
    const struct = new arrow.Struct([
      new arrow.Field('a', new arrow.Utf8(), true),
      new arrow.Field('when', new arrow.TimestampMillisecond('UTC'), true),
    ]) as arrow.Struct;
    expect(
      await cellsOf(
        arrow.vectorFromArray([{ a: 'x', when: 0 }, { a: null, when: null }, null], struct),
      ),
    ).toEqual([{ a: 'x', when: '1970-01-01T00:00:00.000Z' }, { a: null, when: null }, null]);
    const entry: arrow.Struct<{ key: arrow.Utf8; value: arrow.Int32 }> = new arrow.Struct([
      new arrow.Field<arrow.Utf8 | arrow.Int32>('key', new arrow.Utf8(), false) as never,
      new arrow.Field<arrow.Utf8 | arrow.Int32>('value', new arrow.Int32(), true) as never,
    ]);
    const map = new arrow.Map_(new arrow.Field('entries', entry, false));
    expect(
      await cellsOf(
        arrow.vectorFromArray([new Map([['k', 1]]), null], map as unknown as arrow.DataType),
      ),
    ).toEqual([{ k: 1 }, null]);
  });

  it('cost a row, and no other, where a text is not UTF-8', async () => {
    const bytes = parquetBytes(
      { id: texts(['a', 'b', 'c']), text: texts(['good', 'XX!', 'also good']) },
      { codec: 'UNCOMPRESSED', dictionary: false },
    );
    const at = Buffer.from(bytes).indexOf('XX!');
    const damaged = Buffer.from(bytes);
    damaged[at] = 0xff;
    const path = await tempFile('rows.parquet', damaged);
    const entries = await read(parquetSource(path, { itemId: 'id' }));
    expect(idsOf(entries)).toEqual(['a', null, 'c']);
    expect(entries[1]).toMatchObject({
      bad: {
        reason: 'column "text" is not valid UTF-8 (row index 1)',
        field: 'text',
        itemId: 'b',
        location: { ref: path, line: null },
      },
    });
  });
});

describe('a Parquet source cannot be read, and says what to do, where', () => {
  const eight = (): Uint8Array =>
    parquetBytes(
      { id: texts(Array.from({ length: 8 }, (_, row) => `row-${row}`)) },
      { rowGroupRows: 4, dictionary: false, codec: 'UNCOMPRESSED' },
    );

  it.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
    ['it is empty', () => new Uint8Array(), /: is empty\. Add rows/],
    [
      'it is something else',
      () => Buffer.from('id,text\n1,x\n'),
      /: is not a Parquet file: it does not begin with "PAR1"$/,
    ],
    ['it is shorter than a magic number', () => Buffer.from('PA'), /: is not a Parquet file/],
    ['it is a magic number', () => Buffer.from('PAR1'), /: is cut off/],
    [
      'it is cut off',
      (bytes) => bytes.subarray(0, bytes.length - 7),
      /: is cut off: it does not end with "PAR1"/,
    ],
    [
      'its footer is encrypted',
      (bytes) => Buffer.concat([bytes.subarray(0, -4), Buffer.from('PARE')]),
      /: is encrypted\. Decrypt it first/,
    ],
    [
      'its footer is too long',
      (bytes) => Buffer.concat([bytes.subarray(0, -8), Buffer.from('ffffff7f50415231', 'hex')]),
      /: its footer cannot be read: /,
    ],
    [
      'its footer is rubbish',
      (bytes) =>
        Buffer.concat([bytes.subarray(0, -40), Buffer.alloc(32, 0xff), bytes.subarray(-8)]),
      /: its footer cannot be read: /,
    ],
  ])('%s', async (_, damage, message) => {
    const path = await tempFile('rows.parquet', damage(eight()));
    const error = await failureOf(parquetSource(path, { itemId: 'id' }));
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ ref: path, line: null, message: expect.stringMatching(message) });
    expect(await openHandlesOn(path)).toBe(0);
  });

  it('a column is missing, and those that there are', async () => {
    const path = await tempFile('rows.parquet', eight());
    const message = `${path}: column "uuid" is not in the file. Name it as the file does: "id"`;
    expect(await failureOf(parquetSource(path, { itemId: 'uuid' }))).toMatchObject({
      message,
      field: 'uuid',
    });
    expect(
      await failureOf(parquetSource(path, { columns: ['id', 'uuid'], itemId: 'id' })),
    ).toMatchObject({ message });
  });

  it('a row group is damaged, after the rows of those before it', async () => {
    const bytes = Buffer.from(eight());
    // The length of a text in the second row group.
    bytes.fill(0xff, bytes.indexOf('row-4') - 4, bytes.indexOf('row-4'));
    const path = await tempFile('rows.parquet', bytes);
    const source = parquetSource(path, { itemId: 'id' });
    const entries: SourceEntry[] = [];
    const error = await (async () => {
      for await (const pulled of source.read(null, { signal: new AbortController().signal }))
        entries.push(...(pulled as SourceEntry[]));
    })().catch((thrown: unknown) => thrown);
    expect(idsOf(entries)).toEqual(['row-0', 'row-1', 'row-2', 'row-3']);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /rows\.parquet: row group 1 \(row indexes 4 to 7\) cannot be decoded: .+\. The file is damaged there: /,
      ),
    });
  });

  it('skips a damaged row group without reading it where reading continues behind it', async () => {
    const bytes = Buffer.from(eight());
    bytes.fill(0xff, bytes.indexOf('row-0') - 4, bytes.indexOf('row-3') + 5);
    const path = await tempFile('rows.parquet', bytes);
    const { entries } = await readAll(parquetSource(path, { itemId: 'id' }), { index: 4 });
    expect(idsOf(entries)).toEqual(['row-4', 'row-5', 'row-6', 'row-7']);
  });

  it('there is no such file, or a folder', async () => {
    const folder = await tempFolder();
    expect(await failureOf(parquetSource(`${folder}/none.parquet`, byIndex))).toMatchObject({
      message: expect.stringMatching(/no such file/),
    });
    expect(await failureOf(parquetSource(folder, byIndex))).toMatchObject({
      message: `${folder}: is a folder. Name a file in it`,
    });
  });

  it('the position is none of its own, or lies behind the end', async () => {
    const path = await tempFile('rows.parquet', eight());
    const from = (position: JsonValue) =>
      failureOf(parquetSource(path, { itemId: 'id' }), position);
    expect(await from({ offset: 1, line: 1 })).toMatchObject({
      message: expect.stringContaining('cannot continue from {"offset":1,"line":1}'),
    });
    expect(await from({ index: -1 })).toBeInstanceOf(SourceError);
    expect(await from({ index: 9 })).toMatchObject({
      message: expect.stringContaining('has fewer rows (8) than needed'),
    });
    expect(await from({ index: 8 })).toBeNull();
  });

  it('it shrinks while it is read', async () => {
    const path = await tempFile('rows.parquet', eight());
    const reading = tunedParquetSource(path, { itemId: 'id' }, tiny(2, 2))
      .read(null, { signal: new AbortController().signal })
      [Symbol.asyncIterator]();
    await reading.next();
    await truncate(path, 8);
    await expect(reading.next()).rejects.toThrow('became shorter while it was read');
    expect(await openHandlesOn(path)).toBe(0);
  });
});

const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW'] as const;

const layout = fc.record({
  codec: fc.constantFrom(...CODECS),
  rowGroupRows: fc.integer({ min: 1, max: 12 }),
  pageRows: fc.integer({ min: 1, max: 5 }),
  dictionary: fc.boolean(),
  version: fc.constantFrom(1, 2),
}) satisfies fc.Arbitrary<WrittenParquet>;

const cellText = fc.option(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text).toString()),
    fc.constantFrom(...AWKWARD),
  ),
);

const tableOf = fc
  .array(
    fc.tuple(
      cellText,
      fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      fc.option(fc.array(cellText, { maxLength: 3 })),
    ),
    {
      minLength: 1,
      maxLength: 24,
    },
  )
  .map((rows) => ({
    columns: {
      text: texts(rows.map(([text]) => text)),
      whole: arrow.vectorFromArray(
        rows.map(([, whole]) => whole),
        new arrow.Int64(),
      ),
      list: arrow.vectorFromArray(
        rows.map(([, , list]) => list),
        new arrow.List(new arrow.Field('item', new arrow.Utf8(), true)),
      ),
    },
    rows: rows.map(([text, whole, list]) => ({
      text,
      whole:
        whole !== null && Number.isSafeInteger(Number(whole))
          ? Number(whole)
          : (whole?.toString() ?? null),
      list,
    })),
  }));

describe('any Parquet file', () => {
  it.each(CODECS)('compressed with %s returns its rows', async (codec) => {
    const values = Array.from(
      { length: 3_000 },
      (_, row) => `${AWKWARD[row % AWKWARD.length] ?? ''} ${row % 7}`,
    );
    const path = await written(
      { text: texts(values) },
      { codec, rowGroupRows: 1_100, pageRows: 100 },
    );
    expect(payloadsOf(await read(tunedParquetSource(path, byIndex, tiny(170, 1_000))))).toEqual(
      values.map((text) => ({ text })),
    );
  });

  it.each(CODECS)('compressed with %s returns columns of nothing', async (codec) => {
    for (const dictionary of [true, false]) {
      for (const version of [1, 2] as const) {
        const path = await written(
          { text: texts([null, null]), empty: texts(['', '']) },
          { codec, dictionary, version },
        );
        expect(payloadsOf(await read(parquetSource(path, byIndex)))).toEqual(
          Array(2).fill({ text: null, empty: '' }),
        );
      }
    }
  });

  it('returns its rows, from the start and from every position, however it is laid out and read', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(
        tableOf,
        layout,
        fc.integer({ min: 1, max: 9 }),
        async ({ columns, rows }, how, windowRows) => {
          const path = `${folder}/rows.parquet`;
          await writeFile(path, parquetBytes(columns, how));
          const source = tunedParquetSource(path, byIndex, tiny(windowRows));
          const { entries } = await readAll(source);
          expect(payloadsOf(entries)).toEqual(rows);
          for (const [index, { position }] of entries.entries()) {
            expect((await readAll(source, stored(position))).entries).toEqual(
              entries.slice(index + 1),
            );
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('cut off anywhere is refused', async () => {
    const folder = await tempFolder();
    await fc.assert(
      fc.asyncProperty(tableOf, layout, fc.nat(), async ({ columns }, how, at) => {
        const bytes = parquetBytes(columns, how);
        const path = `${folder}/cut.parquet`;
        await writeFile(path, bytes.subarray(0, at % bytes.length));
        expect(await failureOf(parquetSource(path, byIndex))).toBeInstanceOf(SourceError);
        expect(await openHandlesOn(path)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
