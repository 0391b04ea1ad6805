import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonSource, type JsonOptions } from '../../adapters/jsonl/index.ts';
import { tunedJsonSource } from '../../adapters/jsonl/json-source.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tiny } from './source-files.ts';

const texts = ['plain', '"quotes" \\ and {braces] ]', 'two\nlines', '漢字 👩‍👩‍👧', '\\\\"'];

for (const form of ['a list', 'objects one behind the other', 'a list in an object'] as const)
  describeSourceContract(`a JSON source over ${form}`, async () => {
    const rows = Array.from({ length: 24 }, (_, index) =>
      index % 6 === 4 ? null : `row-${index}`,
    );
    const bad = ['7', '{"id": }', '{"no":"id"}', '[{"id":"x"}]'];
    const values = rows.map((id, index) =>
      id === null
        ? bad[Math.floor(index / 6)]
        : JSON.stringify({ id, text: texts[index % texts.length], in: [{ a: [1] }] }, null, 2),
    );
    const list = `[\n${values.join(',\r\n')}\n]`;
    const text = {
      'a list': list,
      'objects one behind the other': values.join('\n'),
      'a list in an object': `{"n":[1],"data":{"items":${list}}}`,
    }[form];
    const path = await tempFile('rows.json', `\u{FEFF}\n${text}\n`);
    let made = 0;
    const payload = (row: JsonObject): unknown => {
      made += 1;
      return row['text'];
    };
    return {
      expected: rows,
      open: () =>
        tunedJsonSource(
          path,
          {
            itemId: 'id',
            payload,
            ...(form === 'a list in an object' ? { path: 'data.items' } : {}),
          },
          tiny(7),
        ),
      rowsMade: () => made,
      change: () => writeFile(path, text.replace('row-9', 'row-X')),
      openHandles: () => openHandlesOn(path),
    };
  });

type Options = Partial<JsonOptions<never, unknown, {}>>;

/** Ids or reasons with their lines, and how reading ended. */
const readText = async (
  contents: string | Buffer,
  options: Options = {},
  chunkBytes = 5,
): Promise<readonly (readonly [number | null, string] | string)[]> => {
  const path = await tempFile('rows.json', contents);
  const read: (readonly [number | null, string] | string)[] = [];
  const source = tunedJsonSource(
    path,
    { itemId: 'id', ...options } as JsonOptions<never, unknown, {}>,
    tiny(chunkBytes),
  );
  try {
    for await (const pulled of source.read(null, { signal: new AbortController().signal }))
      for (const entry of (Array.isArray(pulled) ? pulled : [pulled]) as readonly SourceEntry[])
        read.push(
          'bad' in entry
            ? [entry.bad.location.line, entry.bad.reason]
            : [entry.location?.line ?? null, entry.item.itemId],
        );
  } catch (error) {
    read.push(String(error).replace(/^.*rows\.json/, ''));
  }
  return read;
};

describe('a JSON file', () => {
  it('returns its rows, from the start and from every position, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ a: fc.jsonValue({ maxDepth: 3 }), b: fc.string({ unit: 'grapheme' }) }),
          { minLength: 1, maxLength: 6 },
        ),
        fc.constantFrom(undefined, 1, 3),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (values, indent, isList, chunkBytes, isPacked) => {
          const parts = values.map((value) => JSON.stringify(value, null, indent));
          const text = isList ? `[${parts.join(' ,\n')}]` : parts.join(isPacked ? '' : '\n');
          const path = await tempFile(
            isPacked ? 'rows.json.gz' : 'rows.json',
            isPacked ? gzipSync(text) : text,
          );
          const source = tunedJsonSource(
            path,
            { itemId: (_, index) => `${index}`, numbers: 'rounded' },
            tiny(chunkBytes),
          );
          const { entries } = await readAll(source);
          expect(
            entries.map((entry) => ('bad' in entry ? entry.bad.reason : entry.item.payload)),
          ).toEqual(values.map((value) => JSON.parse(JSON.stringify(value)) as unknown));
          for (const [i, { position }] of entries.entries())
            expect((await readAll(source, stored(position))).entries).toEqual(entries.slice(i + 1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    [
      '[{"id":1},\n\n{"id":\n2}]',
      [
        [1, '1'],
        [3, '2'],
      ],
    ],
    ['[]', []],
    [' [ ] \n', []],
    ['{"id":1}', [[1, '1']]],
    [
      '{"id":1}{"id":2}\n3 "x" {"id":4}',
      [
        [1, '1'],
        [1, '2'],
        [2, 'the value is a number, not a JSON object'],
        [2, 'the value is a string, not a JSON object'],
        [2, '4'],
      ],
    ],
    [
      '[1, null, "a]", [{"id":1}], {"id":5}]',
      [
        [1, 'the value is a number, not a JSON object'],
        [1, 'the value is null, not a JSON object'],
        [1, 'the value is a string, not a JSON object'],
        [1, 'the value is an array, not a JSON object'],
        [1, '5'],
      ],
    ],
    [
      '[{"id":9007199254740993},{"id":1.0},{"id":NaN}]',
      [
        [1, '9007199254740993'],
        [1, '1.0'],
        [1, expect.stringContaining('the value is not JSON')],
      ],
    ],
    ['[{"id":1,"id":2}]', [[1, '2']]],
    ['{"id":1,"data":[{"id":2}]}', [[1, '1']]],
    [
      '{"data":[{"id":2}]}{"id":3}',
      [
        [1, 'the id field "id" is missing'],
        [1, '3'],
      ],
    ],
  ])('%s is read', async (contents, expected) => {
    for (const chunkBytes of [1, 4, 4_096])
      expect(await readText(contents, {}, chunkBytes)).toEqual(expected);
  });

  it.each([
    [
      '[{"id":1},{"id":',
      [
        [1, '1'],
        ': is cut off: the value that begins at byte 10 (line 1) does not end. Get the whole file',
      ],
    ],
    [
      '[{"id":1},\n{"id":2}',
      [[1, '1'], [2, '2'], ': is cut off at byte 19: its list does not end. Get the whole file'],
    ],
    [
      '[{"id":1},',
      [[1, '1'], ': is cut off at byte 10: its list does not end. Get the whole file'],
    ],
    [
      '{"id":1}\n{"id":"x',
      [
        [1, '1'],
        ': is cut off: the value that begins at byte 9 (line 2) does not end. Get the whole file',
      ],
    ],
    ['[{"id":1} {"id":2}]', [[1, '1'], ': has no comma behind a value, at byte 10. Mend it there']],
    ['[{"id":1},]', [[1, '1'], ': has "]" where a value should be, at byte 10. Mend it there']],
    ['[{"id":1}] x', [[1, '1'], ': goes on behind the end of its list, at byte 11. Cut that off']],
    ['{"id":1}}', [[1, '1'], ': has "}" where a value should be, at byte 8. Mend it there']],
    ['', [': is empty. Give it rows, or take it out of the job']],
    [
      '{"ok":true,"data":[{"id":1},{"id":2}],"n":2}',
      [`: holds one object, whose "data" is a list of objects. Read that list (path: 'data')`],
    ],
  ])('%s is read up to the place that is wrong, which is named', async (contents, expected) => {
    for (const chunkBytes of [1, 4, 4_096]) {
      const read = await readText(contents, {}, chunkBytes);
      expect(
        read.map((each) => (typeof each === 'string' ? each.replace(/^:\d+/, '') : each)),
      ).toEqual(expected);
    }
  });

  it('has its list where the path leads, or is refused', async () => {
    const nested = '{"list":[{"id":0}],"a":{"b":{"x":"]}","list":[{"id":1},{"id":2}]}},"rest":[';
    expect(await readText(nested, { path: 'a.b.list' })).toEqual([
      [1, '1'],
      [1, '2'],
    ]);
    expect(await readText(nested, { path: 'list' })).toEqual([[1, '0']]);
    for (const [path, message] of [
      [
        'a.c.list',
        'has no "a.c.list": name the list as it is nested, with points between the names',
      ],
      ['a.b', 'holds no list at "a.b"'],
      ['a.b.x', 'holds no list at "a.b.x"'],
    ] as const)
      expect(await readText(nested, { path })).toEqual([expect.stringContaining(message)]);
    expect(() => jsonSource('x', { itemId: 'id', path: 'a..b' })).toThrow(RangeError);
  });

  it('passes over rows that are too long, however they are nested, and holds none of them', async () => {
    const long = JSON.stringify({
      id: 'long',
      text: `${'x"\\'.repeat(200)}`,
      deep: [[[['y'.repeat(300)]]]],
    });
    const reason = 'the value is longer than 100 bytes, the most that a row may have (rowBytesMax)';
    for (const chunkBytes of [1, 7, 64, 4_096]) {
      expect(
        await readText(`[{"id":1},\n${long},{"id":2}]`, { rowBytesMax: 100 }, chunkBytes),
      ).toEqual([
        [1, '1'],
        [2, reason],
        [2, '2'],
      ]);
      expect(
        await readText(`{"id":1}\n${'7'.repeat(300)} {"id":2}`, { rowBytesMax: 100 }, chunkBytes),
      ).toEqual([
        [1, '1'],
        [2, reason],
        [2, '2'],
      ]);
    }
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(await readText(`[{"id":1,"deep":${deep}},{"id":2}]`, {}, 65_536)).toEqual([
      [1, '1'],
      [1, '2'],
    ]);
  });

  it('may be in another encoding', async () => {
    const bytes = Buffer.from('\u{FEFF}[{"id":"é"}]', 'utf16le');
    expect(
      idsOf(
        (await readAll(jsonSource(await tempFile('rows.json', bytes), { itemId: 'id' }))).entries,
      ),
    ).toEqual(['é']);
  });
});
