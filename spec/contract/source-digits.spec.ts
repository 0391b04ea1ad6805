import * as arrow from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseExact } from '../../adapters/files/exact-json.ts';
import { isExactly } from '../../adapters/files/exact-number.ts';
import { mayRespell } from '../../lib/core/json/json-numbers.ts';
import { jsonlSource, type JsonlOptions } from '../../adapters/jsonl/index.ts';
import { parquetSource } from '../../adapters/parquet/index.ts';
import type { CheckpointedItemSource, SourceEntry } from '../../lib/ports/source.ts';
import { parquetBytes, texts } from './parquet-files.ts';
import { idsOf, readAll } from './source-contract.ts';
import { tempFile } from './source-files.ts';

const payloadsOf = async (source: CheckpointedItemSource): Promise<readonly unknown[]> =>
  (await readAll(source)).entries.map((entry) =>
    'bad' in entry ? entry.bad.reason : entry.item.payload,
  );

/** Numbers in every spelling that JSON allows. */
const spelled = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,24}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,20}$/)),
    fc.oneof(fc.constant(''), fc.constant(''), fc.stringMatching(/^[eE][-+]?\d{1,3}$/)),
  )
  .map((parts) => parts.join(''));

/** The same value by exact arithmetic: a whole number times a power of ten. */
const fractionOf = (number: string): readonly [bigint, number] => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i.exec(number) ?? [];
  let [digits, power] = [BigInt(`${sign}${whole}${fraction}`), Number(exponent) - fraction.length];
  while (digits !== 0n && digits % 10n === 0n) [digits, power] = [digits / 10n, power + 1];
  return [digits, digits === 0n ? 0 : power];
};

describe('numbers of JSON', () => {
  it('are written as they were, wherever JavaScript would write them otherwise', () => {
    fc.assert(
      fc.property(spelled, fc.string(), fc.string(), (number, key, text) => {
        const field = `f${key}`;
        const line = `{${JSON.stringify(field)}: ${number} ,"t":${JSON.stringify(text)},"in":[{"x":${number}}]}`;
        const { value, written } = parseExact(line, 'exact');
        const asJavaScript = JSON.stringify(Number(number));
        const read = (value as Readonly<Record<string, unknown>>)[field];
        if (asJavaScript === number && Math.abs(Number(number)) < 2 ** 53)
          expect(written).toBeNull();
        else
          expect([written?.get(field), written?.get('in'), written?.has('t')]).toEqual([
            number,
            `[{"x":${number}}]`,
            false,
          ]);
        // And the value is the number, or all of its digits.
        if (typeof read === 'string') expect(read).toBe(number);
        else if (Math.abs(read as number) >= 2 ** 53)
          expect(fractionOf(String(read))).toEqual(fractionOf(number));
        else expect(read).toBe(Number(number));
        expect((value as { readonly t: string }).t).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('cost nothing where there is none that is odd', () => {
    for (const line of [
      '{"a":1,"b":[2.5,-3],"c":true,"d":null,"e":false}',
      '{"a":"1.0, 1e3, 12345678901234567890","b\\"":"x\\\\"}',
      '5',
      '[]',
    ])
      expect(mayRespell(line)).toBe(false);
    for (const line of [
      '{"a":"x\\\\","b":1.0}',
      '{"a\\"":"","b":1e3}',
      '[-0]',
      '[12345678901234567]',
      '[0.0000001]',
      '[0.12345678901234567]',
    ])
      expect(mayRespell(line)).toBe(true);
  });

  it.each([
    ['9007199254740991', true],
    ['9007199254740993', false],
    ['9007199254740992', false],
    ['9007199254740993.0', false],
    ['1e21', true],
    ['1e23', true],
    ['123456789012345678901234567890', false],
    ['1e400', false],
    ['1e-400', false],
    ['-0', true],
    ['0.0e9', true],
    ['19.90', true],
    ['9007199254740991.5', false],
  ])('%s is held by a JavaScript number: %s', (digits, is) => {
    expect(isExactly(Number(digits), digits)).toBe(is);
  });

  it('may be nested as deep as they like, under any name', () => {
    const deep = `${'['.repeat(50_000)}1.0${']'.repeat(50_000)}`;
    expect(parseExact(`{"deep":${deep},"n":1.0}`, 'exact').written).toEqual(
      new Map([['n', '1.0']]),
    );
    const odd = parseExact('{"__proto__":9007199254740993,"a":1,"a":2.0}', 'exact');
    expect(Object.entries(odd.value as object)).toEqual([
      ['__proto__', '9007199254740993'],
      ['a', 2],
    ]);
    expect(odd.written).toEqual(
      new Map([
        ['__proto__', '9007199254740993'],
        ['a', '2.0'],
      ]),
    );
  });
});

describe('rows of JSON lines', () => {
  const read = async (
    lines: readonly string[],
    options: Partial<JsonlOptions<z.ZodType, unknown, {}>> = {},
  ): Promise<readonly SourceEntry[]> =>
    (
      await readAll(
        jsonlSource(await tempFile('rows.jsonl', lines.join('\n')), {
          itemId: 'id',
          ...options,
        } as { readonly itemId: 'id' }),
      )
    ).entries;

  it('have ids as they are written: two that differ never become one', async () => {
    const ids = ['9007199254740993', '9007199254740992', '1.0', '1', '1e0', '-0', '0', '1e400'];
    expect(idsOf(await read(ids.map((id) => `{"id":${id}}`)))).toEqual(ids);
    expect(
      idsOf(
        await read(
          ids.map((id) => `{"id":${id}}`),
          { numbers: 'text' },
        ),
      ),
    ).toEqual(ids);
    // As it was before, for runs that were begun so.
    expect(
      idsOf(await read(['{"id":9007199254740993}', '{"id":1.0}'], { numbers: 'rounded' })),
    ).toEqual([null, '1']);
  });

  it('hold the number, or its digits', async () => {
    const path = await tempFile(
      'rows.jsonl',
      '{"id":1,"n":9007199254740993,"list":[1.50,9007199254740993]}',
    );
    expect(await payloadsOf(jsonlSource(path, { itemId: 'id' }))).toEqual([
      { id: 1, n: '9007199254740993', list: [1.5, '9007199254740993'] },
    ]);
    expect(await payloadsOf(jsonlSource(path, { itemId: 'id', numbers: 'text' }))).toEqual([
      { id: '1', n: '9007199254740993', list: ['1.50', '9007199254740993'] },
    ]);
    expect(await payloadsOf(jsonlSource(path, { itemId: 'id', numbers: 'rounded' }))).toEqual([
      { id: 1, n: 9007199254740992, list: [1.5, 9007199254740992] },
    ]);
    // A schema that asks for a number refuses what none holds.
    const rowSchema = z.object({ id: z.number(), n: z.number() });
    expect(await payloadsOf(jsonlSource(path, { itemId: 'id', rowSchema }))).toEqual([
      expect.stringContaining('does not fit rowSchema: n'),
    ]);
  });
});

describe('decimals of Parquet', () => {
  const decimal = (
    scale: number,
    precision: number,
    values: readonly (bigint | null)[],
  ): arrow.Vector =>
    arrow.vectorFromArray(
      values.map((value) =>
        value === null
          ? null
          : new Uint32Array(
              new BigUint64Array([BigInt.asUintN(64, value), BigInt.asUintN(64, value >> 64n)])
                .buffer,
            ),
      ),
      new arrow.Decimal(scale, precision, 128),
    );
  const file = async (dictionary: boolean): Promise<string> =>
    tempFile(
      'rows.parquet',
      parquetBytes(
        {
          id: texts(['a', 'b', 'c', 'd']),
          small: decimal(2, 9, [1990n, -5n, null, 0n]),
          wide: decimal(2, 18, [1234567890123456789n, -1n, 100n, null]),
          huge: decimal(10, 38, [12345678901234567890123456789012345678n, -1n, null, 5n]),
          whole: decimal(0, 20, [9007199254740993n, -7n, 0n, null]),
        },
        { dictionary },
      ),
    );

  it('are all of their digits, in every way in which they are stored', async () => {
    for (const dictionary of [true, false])
      expect(await payloadsOf(parquetSource(await file(dictionary), { itemId: 'id' }))).toEqual([
        {
          id: 'a',
          small: '19.90',
          wide: '12345678901234567.89',
          huge: '1234567890123456789012345678.9012345678',
          whole: '9007199254740993',
        },
        { id: 'b', small: '-0.05', wide: '-0.01', huge: '-0.0000000001', whole: '-7' },
        { id: 'c', small: null, wide: '1.00', huge: null, whole: '0' },
        { id: 'd', small: '0.00', wide: null, huge: '0.0000000005', whole: null },
      ]);
    expect(
      await payloadsOf(
        parquetSource(await file(true), {
          itemId: 'id',
          columns: ['id', 'small'],
          decimals: 'number',
        }),
      ),
    ).toMatchObject([{ small: 19.9 }, { small: -0.05 }, { small: null }, { small: 0 }]);
  });

  it('are so in lists and structs, too', async () => {
    const type = new arrow.Decimal(2, 9, 128);
    const cents = (value: number): Uint32Array => new Uint32Array([value, 0, 0, 0]);
    const lines = arrow.vectorFromArray(
      [[{ price: cents(1990), n: 1 }, null], [], null],
      new arrow.List(
        new arrow.Field(
          'item',
          new arrow.Struct([
            new arrow.Field('price', type, true),
            new arrow.Field('n', new arrow.Int32(), true),
          ]),
          true,
        ),
      ),
    );
    const prices = arrow.vectorFromArray(
      [[cents(5), null], null, [cents(100)]],
      new arrow.List(new arrow.Field('element', type, true)),
    );
    const path = await tempFile(
      'rows.parquet',
      parquetBytes({ id: texts(['a', 'b', 'c']), lines, prices }),
    );
    expect(await payloadsOf(parquetSource(path, { itemId: 'id' }))).toEqual([
      { id: 'a', lines: [{ price: '19.90', n: 1 }, null], prices: ['0.05', null] },
      { id: 'b', lines: [], prices: null },
      { id: 'c', lines: null, prices: ['1.00'] },
    ]);
  });
});
