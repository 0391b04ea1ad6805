import { writeFile } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import * as fl from '@uwdata/flechette';
import type { DataType } from '@uwdata/flechette';
import * as apache from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { arrowSource } from '../../adapters/arrow/index.ts';
import { tunedArrowSource } from '../../adapters/arrow/arrow-source.ts';
import { needCodec } from '../../adapters/arrow/codecs.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { LZ4_FILE } from './arrow-lz4.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder } from './source-files.ts';

const tiny = { sliceRowsMax: 4, sliceBytesMax: 1_000_000 };
type Format = 'file' | 'stream';

/** Tables written by flechette: batch borders where `maxBatchRows` says. */
const flechette = (
  columns: Readonly<Record<string, readonly unknown[]>>,
  types: NonNullable<Parameters<typeof fl.tableFromArrays>[1]>['types'],
  format: Format = 'file',
  maxBatchRows = 5,
): Uint8Array => {
  const table = fl.tableFromArrays(columns as Record<string, unknown[]>, {
    types: types ?? {},
    maxBatchRows,
  });
  return fl.tableToIPC(table, { format }) ?? new Uint8Array(0);
};

const TEXTS = ['plain', '', 'emoji 👩‍👩‍👧', 'U+FFFD \u{FFFD}', '漢字', 'nul \0', null];

for (const format of ['file', 'stream'] as const) {
  describeSourceContract(`an Arrow source over the ${format} format`, async () => {
    const ids = Array.from({ length: 26 }, (_, index) => (index % 6 === 4 ? null : `row-${index}`));
    const bytes = (id: string) => {
      const columns = {
        id: ids.map((each) => (each === 'row-9' ? id : each)),
        text: ids.map((_, index) => TEXTS[index % TEXTS.length]),
      };
      return flechette(columns, { id: fl.utf8(), text: fl.dictionary(fl.utf8()) }, format, 7);
    };
    const path = await tempFile('rows.arrow', bytes('row-9'));
    let made = 0;
    const payload = (row: JsonObject): unknown => {
      made += 1;
      return row['text'];
    };
    return {
      expected: ids,
      open: () => tunedArrowSource(path, { itemId: 'id', payload }, tiny),
      rowsMade: () => made,
      change: () => writeFile(path, bytes('row-X')),
      openHandles: () => openHandlesOn(path),
    };
  });
}

const read = async (source: CheckpointedItemSource): Promise<readonly SourceEntry[]> =>
  (await readAll(source)).entries;
const payloadsOf = (entries: readonly SourceEntry[]) =>
  entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload));
const byIndex = { itemId: (_: unknown, index: number) => `row-${index}` };
const rowsOf = async (bytes: Uint8Array) =>
  payloadsOf(await read(arrowSource(await tempFile('rows.arrow', bytes), byIndex)));

describe('an Arrow source', () => {
  it('gives an item with its row as payload and its id column as primary key', async () => {
    const path = await tempFile(
      'rows.arrow',
      flechette({ id: [7n, 8n], text: ['x', 'y'] }, { id: fl.int64(), text: fl.utf8() }, 'file', 1),
    );
    const source = arrowSource(path, {
      itemId: 'id',
      metadata: (row, index) => ({ text: row['text'], index }),
    });
    expect((await read(source))[1]).toEqual({
      item: { itemId: '8', payload: { id: 8, text: 'y' }, metadata: { text: 'y', index: 1 } },
      primaryKey: '8',
      idField: 'id',
      position: { batch: 1, row: 1, index: 2 },
      location: { ref: path, line: null },
    });
    expect([source.kind, source.ref]).toEqual(['arrow', path]);
  });

  it('yields about a thousand entries per pull, fewer where rows are large', async () => {
    const ids = Array.from({ length: 2_500 }, (_, id) => id);
    const small = arrowSource(
      await tempFile('a.arrow', flechette({ id: ids }, { id: fl.int32() }, 'file', 10_000)),
      { itemId: 'id' },
    );
    expect((await readAll(small)).pulls).toBe(3);
    const texts = { id: ids.slice(0, 8), text: ids.slice(0, 8).map(() => 'x'.repeat(900_000)) };
    const large = arrowSource(
      await tempFile('b.arrow', flechette(texts, { id: fl.int32(), text: fl.utf8() }, 'file', 10)),
      {
        itemId: 'id',
      },
    );
    expect((await readAll(large)).pulls).toBe(4);
  });

  it('reads the columns that it is asked for, in that order, and types them', async () => {
    const path = await tempFile(
      'rows.arrow',
      flechette({ a: [1], b: ['x'], id: ['i'] }, { a: fl.int32(), b: fl.utf8(), id: fl.utf8() }),
    );
    const source = arrowSource(path, {
      columns: ['id', 'a'],
      itemId: 'id',
      metadata: (row) => ({ twice: [row.a, row.a] }),
    });
    const typed: CheckpointedItemSource<
      Readonly<Record<'id' | 'a', JsonValue>>,
      { twice: JsonValue[] }
    > = source;
    expect(JSON.stringify(payloadsOf(await read(typed)))).toBe('[{"id":"i","a":1}]');
    // @ts-expect-error no such column
    arrowSource(path, { columns: ['id', 'a'], itemId: 'id', payload: (row) => row.b });
    // @ts-expect-error no such column
    expect(() => arrowSource(path, { columns: ['a'], itemId: 'id' })).toThrow(
      'itemId is "id", which is not among columns',
    );
  });

  it('checks and types rows by a schema, synchronous or not', async () => {
    const path = await tempFile(
      'rows.arrow',
      flechette({ id: ['a', 'b'], n: [1, -1] }, { id: fl.utf8(), n: fl.int32() }),
    );
    const Row = z.object({ id: z.string(), n: z.number().positive() });
    const sync: CheckpointedItemSource<{ id: string; n: number }> = arrowSource(path, {
      rowSchema: Row,
      itemId: 'id',
    });
    const later = arrowSource(path, {
      rowSchema: Row.refine((row) => Promise.resolve(row.n > 0)),
      itemId: 'id',
    });
    for (const source of [sync, later]) {
      const [good, bad] = await read(source);
      expect(good).toMatchObject({ item: { itemId: 'a', payload: { id: 'a', n: 1 } } });
      expect(bad).toMatchObject({
        bad: {
          field: 'n',
          itemId: 'b',
          reason: expect.stringMatching(/^does not fit rowSchema: n: ./),
        },
      });
    }
  });

  it('keeps "__proto__" a column like any other', async () => {
    const made = flechette(
      Object.fromEntries([['__proto__', ['a']]]),
      Object.fromEntries([['__proto__', fl.utf8()]]),
    );
    const source = arrowSource(await tempFile('rows.arrow', made), { itemId: '__proto__' });
    expect(idsOf(await read(source))).toEqual(['a']);
  });
});

describe('values of an Arrow file become JSON:', () => {
  const column = async (values: readonly unknown[], type: DataType, format: Format = 'file') =>
    (await rowsOf(flechette({ v: values }, { v: type }, format, 2))).map((row) =>
      typeof row === 'string' ? row : (row as JsonObject)['v'],
    );
  const NANO = 1_000_000_000n;

  it.each<readonly [string, DataType, readonly unknown[], readonly unknown[]]>([
    ['small whole numbers', fl.int8(), [-128, 127, null], [-128, 127, null]],
    ['whole numbers of 32 bits', fl.uint32(), [0, 4_294_967_295, null], [0, 4_294_967_295, null]],
    [
      'whole numbers of 64 bits, digits where a number would round',
      fl.int64(),
      [
        9_007_199_254_740_991n,
        -9_007_199_254_740_991n,
        9_007_199_254_740_992n,
        -(2n ** 63n),
        -1n,
        null,
      ],
      [
        9_007_199_254_740_991,
        -9_007_199_254_740_991,
        '9007199254740992',
        '-9223372036854775808',
        -1,
        null,
      ],
    ],
    ['and without a sign', fl.uint64(), [2n ** 64n - 1n, 7n], ['18446744073709551615', 7]],
    [
      'numbers; what JSON lacks is null',
      fl.float64(),
      [0.1, Number.NaN, Infinity, -Infinity, null],
      [0.1, null, null, null, null],
    ],
    ['numbers of 32 bits', fl.float32(), [0.5, null, Number.NaN], [0.5, null, null]],
    ['numbers of 16 bits', fl.float16(), [1.5, -2, null], [1.5, -2, null]],
    ['truth', fl.bool(), [true, false, null, true], [true, false, null, true]],
    ['texts', fl.utf8(), TEXTS, TEXTS],
    ['texts with large offsets', fl.largeUtf8(), TEXTS, TEXTS],
    ['bytes', fl.binary(), [new Uint8Array([0, 255]), new Uint8Array(0), null], ['AP8=', '', null]],
    [
      'bytes with large offsets',
      fl.largeBinary(),
      [new Uint8Array([0, 255]), null],
      ['AP8=', null],
    ],
    [
      'bytes of one length',
      fl.fixedSizeBinary(2),
      [new Uint8Array([97, 98]), null],
      ['YWI=', null],
    ],
    [
      'days',
      fl.dateDay(),
      [new Date('2026-04-03'), new Date('1969-12-31'), null],
      ['2026-04-03', '1969-12-31', null],
    ],
    [
      'days in milliseconds',
      fl.dateMillisecond(),
      [new Date('2026-04-03'), null],
      ['2026-04-03', null],
    ],
    [
      'moments',
      fl.timestamp(1, 'UTC'),
      [0, -1, null],
      ['1970-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', null],
    ],
    ['moments without a zone', fl.timestamp(0), [1_000], ['1970-01-01T00:00:01.000']],
    ['times of a day', fl.timeSecond(), [86_399, 0, null], ['23:59:59.000', '00:00:00.000', null]],
    ['finer times of a day', fl.timeNanosecond(), [86_399n * NANO + 5n], ['23:59:59.000000005']],
    ['decimals', fl.decimal(20, 2, 128), [1.5, -0.05, 0, null], ['1.50', '-0.05', '0.00', null]],
    ['decimals without places', fl.decimal(20, 0, 128), [12, -7], ['12', '-7']],
    ['durations', fl.duration(1), [1_500n, -1n], [1_500, -1]],
    [
      'dictionaries',
      fl.dictionary(fl.utf8()),
      ['x', 'y', null, 'x', 'z'],
      ['x', 'y', null, 'x', 'z'],
    ],
    ['lists', fl.list(fl.int32()), [[1, null], [], null, [3]], [[1, null], [], null, [3]]],
    [
      'lists of one length',
      fl.fixedSizeList(fl.int32(), 2),
      [[1, 2], null, [3, 4]],
      [[1, 2], null, [3, 4]],
    ],
    ['lists of lists', fl.list(fl.list(fl.utf8())), [[['a'], []], [null]], [[['a'], []], [null]]],
    [
      'structs',
      fl.struct({ a: fl.int64(), b: fl.utf8() }),
      [{ a: 1n, b: 'x' }, null],
      [{ a: 1, b: 'x' }, null],
    ],
    ['maps', fl.map(fl.utf8(), fl.int32()), [new Map([['k', 1]]), null], [{ k: 1 }, null]],
  ])('%s', async (_, type, values, expected) => {
    for (const format of ['file', 'stream'] as const)
      expect(await column(values, type, format)).toEqual(expected);
  });

  it('decimal digits and finer moments are never rounded', async () => {
    const { Decimal, Field, RecordBatch, Schema, Struct, TimestampNanosecond, makeData } = apache;
    const at = new TimestampNanosecond('Europe/Berlin');
    const digits = new Decimal(2, 38, 128);
    const schema = new Schema([new Field('at', at, true), new Field('digits', digits, true)]);
    const children = [
      makeData({ type: at, length: 2, data: new BigInt64Array([1_500_000_001n, -1_000n]) }),
      makeData({
        type: digits,
        length: 2,
        data: new Uint32Array([
          0xffff_ffff, 0xffff_ffff, 0, 0, 0xffff_fffb, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff,
        ]),
      }),
    ];
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: 2, nullCount: 0, children }),
    );
    expect(await rowsOf(apache.RecordBatchFileWriter.writeAll([batch]).toUint8Array(true))).toEqual(
      [
        { at: '1970-01-01T00:00:01.500000001Z', digits: '184467440737095516.15' },
        { at: '1969-12-31T23:59:59.999999Z', digits: '-0.05' },
      ],
    );
  });
});

describe('a bad row of an Arrow file is', () => {
  const bytesColumn = (values: readonly Uint8Array[]): Uint8Array => {
    const { Field, RecordBatch, Schema, Struct, Utf8, makeData } = apache;
    const offsets = new Int32Array(values.length + 1);
    for (const [index, value] of values.entries())
      offsets[index + 1] = (offsets[index] ?? 0) + value.length;
    const schema = new Schema([
      new Field('id', new Utf8(), true),
      new Field('text', new Utf8(), true),
    ]);
    const ids = Buffer.from(values.map((_, index) => String(index)).join(''));
    const children = [
      makeData({
        type: new Utf8(),
        length: values.length,
        valueOffsets: Int32Array.from(offsets, (_, index) => index),
        data: ids,
      }),
      makeData({
        type: new Utf8(),
        length: values.length,
        valueOffsets: offsets,
        data: Buffer.concat(values),
      }),
    ];
    const struct = makeData({
      type: new Struct(schema.fields),
      length: values.length,
      nullCount: 0,
      children,
    });
    return apache.RecordBatchFileWriter.writeAll([new RecordBatch(schema, struct)]).toUint8Array(
      true,
    );
  };

  it('one whose text is not UTF-8; it loses no other', async () => {
    const path = await tempFile(
      'rows.arrow',
      bytesColumn([
        Buffer.from('a'),
        Buffer.from([0xff]),
        Buffer.from('\u{FFFD}'),
        Buffer.from([0xed, 0xa0, 0x80]),
      ]),
    );
    const entries = await read(arrowSource(path, { itemId: 'id' }));
    expect(payloadsOf(entries)).toEqual([
      { id: '0', text: 'a' },
      'column "text" is not valid UTF-8 (row index 1)',
      { id: '2', text: '\u{FFFD}' },
      'column "text" is not valid UTF-8 (row index 3)',
    ]);
    expect(entries[1]).toMatchObject({
      bad: { field: 'text', itemId: '1', location: { ref: path, line: null } },
    });
    expect(idsOf(await read(arrowSource(path, { columns: ['id'], itemId: 'id' })))).toEqual([
      '0',
      '1',
      '2',
      '3',
    ]);
  });

  it('one whose date has no year', async () => {
    const { Field, RecordBatch, Schema, Struct, TimestampSecond, makeData } = apache;
    const type = new TimestampSecond();
    const schema = new Schema([new Field('v', type, true)]);
    const children = [makeData({ type, length: 2, data: new BigInt64Array([2n ** 62n, 0n]) })];
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: 2, nullCount: 0, children }),
    );
    expect(await rowsOf(apache.RecordBatchFileWriter.writeAll([batch]).toUint8Array(true))).toEqual(
      [
        'column "v" is a date beyond the years of ISO 8601 (row index 0)',
        { v: '1970-01-01T00:00:00.000' },
      ],
    );
  });

  it('one without an id, or on which the mapping throws', async () => {
    const path = await tempFile(
      'rows.arrow',
      flechette({ id: ['a', null, ''], n: [1, 2, 3] }, { id: fl.utf8(), n: fl.int32() }),
    );
    const reasons = payloadsOf(await read(arrowSource(path, { itemId: 'id' })));
    expect(reasons.slice(1)).toEqual([
      'the id field "id" is null, not a string or a number (row index 1)',
      'the id field "id" is empty (row index 2)',
    ]);
    const boom = (): never => {
      throw new Error('boom');
    };
    expect(payloadsOf(await read(arrowSource(path, { itemId: 'id', payload: boom })))[0]).toBe(
      'payload threw: boom (row index 0)',
    );
  });
});

describe('an Arrow file that is compressed', () => {
  const expected = Array.from({ length: 60 }, (_, id) => ({
    id,
    text: `the parcel came late, row ${Math.floor(id / 7)}`,
    kind: ['x'.repeat(20), 'y'.repeat(20), null][id % 3],
  }));

  it('with lz4 is read as any other', async () => {
    expect(await rowsOf(LZ4_FILE)).toEqual(expected);
  });

  it('with zstd is read where Node can, and refused with advice where not', () => {
    const ref = 'rows.arrow';
    const can = 'zstdDecompressSync' in zlib;
    if (can) needCodec(apache, ref, 'zstd');
    else
      expect(() => needCodec(apache, ref, 'zstd')).toThrow(
        'rows.arrow: is compressed with zstd, which Node can read from version 22.15 on',
      );
    expect(apache.compressionRegistry.get(apache.CompressionType.ZSTD) === null).toBe(!can);
  });
});

const failure = async (
  contents: Uint8Array | string,
  options: { readonly columns?: readonly string[]; readonly from?: JsonValue } = {},
) => {
  const { from = null, ...rest } = options;
  const path = await tempFile('rows.arrow', contents);
  return readAll(arrowSource(path, { ...byIndex, ...rest }), from).then(
    () => null,
    (error: unknown) =>
      error instanceof SourceError ? error.message.replace(/^.*rows\.arrow/, 'rows.arrow') : error,
  );
};

describe('an Arrow source cannot be read, and says what to do, where', () => {
  const good = (format: Format): Uint8Array =>
    flechette(
      { id: [1, 2, 3], text: ['a', 'b', 'c'] },
      { id: fl.int32(), text: fl.dictionary(fl.utf8()) },
      format,
      2,
    );

  it('a column is missing, or two have its name', async () => {
    const there = 'Use one of these: "id", "text"';
    expect(await failure(good('file'), { columns: ['id', 'word'] })).toBe(
      `rows.arrow: there is no column "word". ${there}`,
    );
    const path = await tempFile('rows.arrow', good('stream'));
    await expect(readAll(arrowSource(path, { itemId: 'uuid' }))).rejects.toMatchObject({
      name: 'SourceError',
      field: 'uuid',
    });
    const { Field, RecordBatchStreamWriter, Schema, Utf8 } = apache;
    const writer = new RecordBatchStreamWriter();
    writer.reset(
      undefined,
      new Schema([
        new Field('a', new Utf8()),
        new Field('a', new Utf8()),
        new Field('b', new Utf8()),
      ]),
    );
    const twice = writer.finish().toUint8Array(true);
    expect(await failure(twice)).toBe(
      'rows.arrow: two columns are called "a". Rename one, or select other columns: "a", "a", "b"',
    );
    expect(await failure(twice, { columns: ['b'] })).toBeNull();
  });

  it.each([
    ['is empty', '', 'is empty. Add rows to it, or remove it from the job'],
    [
      'is text',
      'id,text\n1,a\n',
      'is not an Arrow file: neither the file format (.arrow, .feather) nor the stream format (.arrows)',
    ],
    [
      'is short',
      'id',
      'is not an Arrow file: neither the file format (.arrow, .feather) nor the stream format (.arrows)',
    ],
    [
      'is Parquet',
      'PAR1xxxxxxxx',
      'holds a Parquet file, not an Arrow file. Read it as Parquet: name it .parquet, or say so',
    ],
    [
      'is Feather 1',
      'FEA1xxxxxxxx',
      'is Feather version 1, which is not supported. Write it as version 2, which is Arrow',
    ],
    [
      'has a head alone',
      'ARROW1\0\0',
      'is cut off: it begins as an Arrow file, but has no footer at its end. Write or copy it again, and check that its writer was closed',
    ],
  ])('the file %s', async (_, contents, message) => {
    expect(await failure(contents)).toBe(`rows.arrow: ${message}`);
  });

  it('the position is none of its own, or lies behind the end', async () => {
    for (const format of ['file', 'stream'] as const) {
      const bytes = good(format);
      expect(await failure(bytes, { from: { batch: -1, row: 0, index: 0 } })).toContain(
        'cannot continue from {"batch":-1',
      );
      expect(await failure(bytes, { from: { batch: 5, row: 0, index: 0 } })).toContain(
        'has 2 record batches, fewer than needed',
      );
      expect(await failure(bytes, { from: { batch: 1, row: 2, index: 4 } })).toContain(
        'record batch 1 has 1 rows, fewer than',
      );
      expect(await failure(bytes, { from: { batch: 1, row: 1, index: 3 } })).toBeNull();
    }
  });

  it('it is cut off anywhere: what comes before is read, and no row twice or wrongly', async () => {
    const folder = await tempFolder();
    for (const format of ['file', 'stream'] as const) {
      const whole = good(format);
      const rows = await rowsOf(whole);
      for (let length = 1; length < whole.length; length += 3) {
        const path = `${folder}/cut.arrow`;
        await writeFile(path, whole.subarray(0, length));
        const entries: SourceEntry[] = [];
        let thrown: unknown = null;
        try {
          for await (const pulled of arrowSource(path, byIndex).read(null, {
            signal: new AbortController().signal,
          }))
            entries.push(...([pulled].flat() as SourceEntry[]));
        } catch (error) {
          thrown = error;
        }
        expect(payloadsOf(entries)).toEqual(rows.slice(0, entries.length));
        // A stream need not end with its mark: cut between two messages it is a shorter stream.
        if (format === 'file') expect(thrown).toBeInstanceOf(SourceError);
        else expect(thrown === null || thrown instanceof SourceError).toBe(true);
      }
    }
  });

  it('bytes of it are wrong: never another error, never without end', async () => {
    const folder = await tempFolder();
    const nested = { l: [[1], null, [2, 3]], s: ['a', null, 'c'], d: ['x', 'y', 'x'] };
    const types = { l: fl.list(fl.int64()), s: fl.utf8(), d: fl.dictionary(fl.utf8()) };
    const wholes = [
      flechette(nested, types, 'file', 2),
      flechette(nested, types, 'stream', 2),
      LZ4_FILE,
    ];
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...wholes),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        async (whole, changes) => {
          const bytes = whole.slice();
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const path = `${folder}/wrong.arrow`;
          await writeFile(path, bytes);
          const found = await readAll(arrowSource(path, byIndex)).then(
            ({ entries }) => entries.length,
            (error: unknown) => error,
          );
          if (typeof found === 'number') expect(found).toBeLessThanOrEqual(10_000);
          else expect(found).toBeInstanceOf(SourceError);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('an Arrow file', () => {
  it.each(['file', 'stream'] as const)(
    'without a batch, or with empty ones, has no rows (%s format)',
    async (format) => {
      const Writer =
        format === 'file' ? apache.RecordBatchFileWriter : apache.RecordBatchStreamWriter;
      const schema = new apache.Schema([new apache.Field('a', new apache.Utf8(), true)]);
      const none = new Writer();
      none.reset(undefined, schema);
      expect(await rowsOf(none.finish().toUint8Array(true))).toEqual([]);
      const some = new Writer();
      some.reset(undefined, schema);
      const child = (length: number) =>
        apache.makeData({
          type: new apache.Utf8(),
          length,
          valueOffsets: new Int32Array(length + 1),
          data: new Uint8Array(0),
        });
      for (const length of [0, 1, 0]) {
        const struct = apache.makeData({
          type: new apache.Struct(schema.fields),
          length,
          nullCount: 0,
          children: [child(length)],
        });
        some.write(new apache.RecordBatch(schema, struct));
      }
      expect(await rowsOf(some.finish().toUint8Array(true))).toEqual([{ a: '' }]);
    },
  );

  it('returns any rows, from the start and from every position, by two writers, in both formats', async () => {
    const folder = await tempFolder();
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(...TEXTS),
    );
    const row = fc.record({
      t: fc.option(text),
      n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      d: fc.option(text),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 12 }),
        fc.constantFrom<Format[]>('file', 'stream'),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        async (rows, format, batchRows, again) => {
          const columns = {
            t: rows.map(({ t }) => t),
            n: rows.map(({ n }) => n),
            d: rows.map(({ d }) => d),
          };
          const first = flechette(
            columns,
            { t: fl.utf8(), n: fl.int64(), d: fl.dictionary(fl.utf8()) },
            format,
            batchRows,
          );
          const path = `${folder}/rows.arrow`;
          await writeFile(
            path,
            again ? apache.tableToIPC(apache.tableFromIPC(first), format) : first,
          );
          const source = tunedArrowSource(path, byIndex, {
            sliceRowsMax: 3,
            sliceBytesMax: 1_000_000,
          });
          const { entries } = await readAll(source);
          const whole = (n: bigint): number | string =>
            Number.isSafeInteger(Number(n)) ? Number(n) : String(n);
          expect(payloadsOf(entries)).toEqual(
            rows.map(({ t, n, d }) => ({ t, n: n === null ? null : whole(n), d })),
          );
          for (const [index, { position }] of entries.entries()) {
            expect((await readAll(source, stored(position))).entries).toEqual(
              entries.slice(index + 1),
            );
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
