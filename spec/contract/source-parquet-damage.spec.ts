import { writeFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parquetSource } from '../../adapters/parquet/index.ts';
import { readPageHeader } from '../../adapters/parquet/page-header.ts';
import { checkDeltas, checkRuns } from '../../adapters/parquet/page-runs.ts';
import { boundedFrame } from '../../adapters/parquet/zstd-page.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import { parquetBytes, texts } from './parquet-files.ts';
import type { WrittenParquet } from './parquet-files.ts';
import { readAll } from './source-contract.ts';
import { openHandlesOn, tempFile, tempFolder } from './source-files.ts';

const byIndex = { itemId: (_: unknown, index: number) => `row-${index}` };

const failureOf = async (path: string): Promise<unknown> =>
  readAll(parquetSource(path, byIndex)).then(
    () => null,
    (error: unknown) => error,
  );

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/**
 * Run lengths of about 2^31 and 2^30, as repeated and as packed runs, and one that turns negative.
 */
const LONG_RUNS = ['feffffff0f', 'feffffff07', 'ffffffff0f', 'ffffffff07'];

describe('a damaged page of a Parquet file is refused before it fills the memory or is never done:', () => {
  const damaged = async (
    written: WrittenParquet,
    damage: (bytes: Buffer) => void,
  ): Promise<unknown> => {
    const bytes = Buffer.from(
      parquetBytes({ id: texts(['row-0', 'row-1', null, 'row-3']) }, written),
    );
    damage(bytes);
    return failureOf(await tempFile('rows.parquet', bytes));
  };

  it.each(LONG_RUNS)('levels whose run length is %s', async (run) => {
    for (const version of [1, 2] as const) {
      const error = await damaged(
        { codec: 'UNCOMPRESSED', dictionary: false, version },
        (bytes) => {
          // A packed run of the levels 1, 1, 0, 1.
          const at = bytes.indexOf(hex('03 0b'));
          expect(at).toBeGreaterThan(0);
          hex(run).copy(bytes, at);
        },
      );
      expect(error).toBeInstanceOf(SourceError);
      expect(String(error)).toMatch(
        /rows\.parquet: row group 0 \(row indexes 0 to 3\) cannot be decoded: .+\. The file is damaged there: /,
      );
    }
  });

  it.each(LONG_RUNS)(
    'indexes of a dictionary, of no bits each, whose run length is %s',
    async (run) => {
      for (const version of [1, 2] as const) {
        const bytes = Buffer.from(
          parquetBytes({ id: texts(Array(200).fill('same')) }, { codec: 'UNCOMPRESSED', version }),
        );
        const dictionary = readPageHeader(bytes, 4);
        const { bodyAt, definitionBytes } = readPageHeader(
          bytes,
          dictionary.bodyAt + dictionary.packedBytes,
        );
        const at = bodyAt + (version === 1 ? 4 + bytes.readUInt32LE(bodyAt) : definitionBytes);
        // The number of their bits, then a run of 200 of them.
        expect(bytes.subarray(at + 1, at + 3)).toEqual(hex('90 03'));
        bytes[at] = 0;
        hex(run).copy(bytes, at + 1);
        expect(await failureOf(await tempFile('rows.parquet', bytes))).toBeInstanceOf(SourceError);
      }
    },
  );

  it('blocks of lz4 whose lengths lead back', async () => {
    const bytes = Buffer.from(
      parquetBytes(
        { id: texts(Array.from({ length: 100 }, (_, id) => `row-${id}`)) },
        { codec: 'LZ4', dictionary: false },
      ),
    );
    const { bodyAt } = readPageHeader(bytes, 4);
    hex('00000000 fffffff8').copy(bytes, bodyAt);
    expect(await failureOf(await tempFile('rows.parquet', bytes))).toBeInstanceOf(SourceError);
  });

  it('more values than the row group has rows, and than its chunk has values', async () => {
    const bytes = parquetBytes(
      { id: texts(['a', 'b']) },
      { codec: 'UNCOMPRESSED', dictionary: false },
    );
    const header = readPageHeader(bytes, 4);
    expect(header).toMatchObject({ type: 0, valueCount: 2, bodyAt: expect.any(Number) });
    const more = Buffer.from(bytes);
    // The number of values is the first field of the struct of its type: 2, in zigzag.
    const at = more.indexOf(hex('2c 15 04'), 4);
    expect(at).toBeGreaterThan(4);
    more[at + 2] = 0x7e;
    expect(String(await failureOf(await tempFile('rows.parquet', more)))).toContain(
      'a page of column "id" is said to hold 63 values, more than are left of 2',
    );
  });

  it('a page that is said to unpack to gigabytes, in every compression', async () => {
    for (const codec of ['SNAPPY', 'GZIP', 'BROTLI', 'ZSTD', 'LZ4', 'LZ4_RAW'] as const) {
      const bytes = Buffer.from(
        parquetBytes({ id: texts(Array(400).fill('some text')) }, { codec, dictionary: false }),
      );
      const { unpackedBytes } = readPageHeader(bytes, 4);
      expect(unpackedBytes).toBeGreaterThan(64);
      const [, second] = [bytes[4], bytes.indexOf(0x15, 5)];
      // A longer number than there was: it takes the bytes of the next fields with it, which the
      // footer does not know of.
      hex('feffffff0f').copy(bytes, second + 1);
      expect(await failureOf(await tempFile('rows.parquet', bytes))).toBeInstanceOf(SourceError);
    }
  });
});

describe('a page in zstd', () => {
  const frame = (blocks: string, header = '00 38'): Buffer => hex(`28b52ffd ${header} ${blocks}`);

  it.each([
    ['a run of two million equal bytes', frame('fbffff 41')],
    ['runs that come to more together', frame('420000 41 420000 41 430000 41')],
    ['more blocks than any encoder makes', frame(`${'040000'.repeat(80)}050000`)],
    ['a window of gigabytes', frame('430000 41', '00 b8')],
    ['another length than it is said to have', frame('430000 41', '20 09')],
    ['a second frame', Buffer.concat([frame('430000 41'), frame('430000 41')])],
    ['no end', frame('420000 41')],
    ['something else', hex('00112233 00 38 430000 41')],
  ])('with %s is refused', (_, page) => {
    expect(() => boundedFrame(page, 8)).toThrow(RangeError);
  });

  it('of the length that it is said to have is taken', () => {
    for (const page of [frame('430000 41'), frame('430000 41', '20 08')])
      expect(boundedFrame(page, 8)).toBe(page);
  });
});

describe('runs and blocks', () => {
  it('may end exactly where their values do, and count those that are wanted', () => {
    const bytes = hex('08 01 03 0b');
    expect(checkRuns({ bytes, at: 0, width: 1, count: 8 }, 1)).toBe(4 + 3);
    expect(checkRuns({ bytes, at: 0, width: 1, count: 4 }, 1)).toBe(4);
    expect(() => checkRuns({ bytes, at: 0, width: 1, count: 3 }, 1)).toThrow(
      'a run of 4 values where 3 are missing',
    );
    expect(() => checkRuns({ bytes: hex('05 0b'), at: 0, width: 1, count: 8 }, 1)).toThrow(
      'a run of 16 values is cut off',
    );
  });

  it.each([
    ['no parts', '8001 00 05 00'],
    ['no values', '00 04 05 00'],
    ['parts that are not whole', '8101 04 05 00'],
    ['parts without end', '8001 ffffffff0f 05 00'],
    ['a difference without end', '8001 04 05 ffffffffffffffffffffffff'],
  ])('with %s are refused', (_, block) => {
    expect(() => checkDeltas({ bytes: hex(block), at: 0, count: 5 })).toThrow(RangeError);
  });
});

const CODECS = [
  'UNCOMPRESSED',
  'UNCOMPRESSED',
  'SNAPPY',
  'GZIP',
  'BROTLI',
  'ZSTD',
  'LZ4',
  'LZ4_RAW',
] as const;

const layout = fc.record({
  codec: fc.constantFrom(...CODECS),
  rowGroupRows: fc.integer({ min: 1, max: 90 }),
  pageRows: fc.integer({ min: 1, max: 30 }),
  dictionary: fc.boolean(),
  version: fc.constantFrom(1, 2),
}) satisfies fc.Arbitrary<WrittenParquet>;

const places = fc.array(
  fc.tuple(
    fc.nat(),
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...LONG_RUNS.map(hex)),
    ),
  ),
  { minLength: 1, maxLength: 4 },
);

const rows = 90;
const some = <A>(value: (row: number) => A): (A | null)[] =>
  Array.from({ length: rows }, (_, row) => (row % 7 === 5 ? null : value(row)));
const table = {
  text: texts(some((row) => `prefix ${row % 11}`)),
  whole: arrow.vectorFromArray(
    some((row) => (row * 7_919) % 1_000),
    new arrow.Int32(),
  ),
  long: arrow.vectorFromArray(
    some((row) => BigInt(row) ** 9n),
    new arrow.Int64(),
  ),
  is: arrow.vectorFromArray(
    some((row) => row % 3 === 0),
    new arrow.Bool(),
  ),
  list: arrow.vectorFromArray(
    some((row) => Array.from({ length: row % 4 }, (_, place) => `entry ${place}`)),
    new arrow.List(new arrow.Field('item', new arrow.Utf8(), true)),
  ),
};

describe('any Parquet file with damaged bytes', () => {
  it('is read to its end or refused, at a cost like that of a whole one, and with all handles closed', async () => {
    const path = `${await tempFolder()}/damaged.parquet`;
    const outcomes = { read: 0, refused: 0 };
    // What a file costs that is whole, in this process and at this speed.
    await writeFile(path, Buffer.from(parquetBytes(table, fc.sample(layout, 1)[0] ?? {})));
    expect(await failureOf(path)).toBeNull();
    const beforeIntact = process.cpuUsage();
    await failureOf(path);
    const intact = process.cpuUsage(beforeIntact);
    const intactMicros = intact.user + intact.system;
    await fc.assert(
      fc.asyncProperty(layout, places, fc.boolean(), async (how, damages, isFooter) => {
        const bytes = Buffer.from(parquetBytes(table, how));
        const footer = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
        const [from, to] = isFooter ? [footer, bytes.length - 8] : [4, footer];
        for (const [at, damage] of damages)
          damage.copy(bytes, from + (at % (to - from)), 0, Math.min(damage.length, to - from));
        await writeFile(path, bytes);
        const began = process.cpuUsage();
        const error = await failureOf(path);
        if (error !== null) expect(error).toBeInstanceOf(SourceError);
        outcomes[error === null ? 'read' : 'refused'] += 1;
        const { user, system } = process.cpuUsage(began);
        expect((user + system) / intactMicros).toBeLessThan(1_000);
        expect(await openHandlesOn(path)).toBe(0);
      }),
      { numRuns: 100 },
    );
    expect(outcomes.refused).toBeGreaterThan(10);
    expect(outcomes.read).toBeGreaterThan(5);
  });
});
