import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tunedCsvSource } from '../../adapters/csv/csv-source.ts';
import { jsonlSource } from '../../adapters/jsonl/index.ts';
import { tunedJsonlSource } from '../../adapters/jsonl/jsonl-source.ts';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { compositeSource } from '../../lib/index.ts';
import type { CheckpointedItemSource } from '../../lib/ports/source.ts';
import { changedSources } from '../../lib/run/sources/composite-source.ts';
import { describeSourceContract, idsOf, readAll, stored } from './source-contract.ts';
import { openHandlesOn, tempFile, tiny } from './source-files.ts';

describeSourceContract('a source of several', async () => {
  const first = await tempFile(
    'first.jsonl',
    Array.from({ length: 9 }, (_, i) => (i === 4 ? '{"id":' : `{"id":"${i}"}`)).join('\n'),
  );
  const empty = await tempFile('empty.jsonl', '\n\n');
  const secondText = `id,text\n${Array.from({ length: 11 }, (_, i) => `${i},"a\n${i}"`).join('\n')}`;
  const second = await tempFile('second.csv', secondText);
  const third = await tempFile('first.jsonl', '{"id":"0"}\n{"id":""}\n');
  let made = 0;
  const payload = (row: JsonObject): unknown => {
    made += 1;
    return row;
  };
  return {
    expected: [
      ...Array.from({ length: 9 }, (_, i) => (i === 4 ? null : `first:${i}`)),
      ...Array.from({ length: 11 }, (_, i) => `second:${i}`),
      'first-2:0',
      null,
    ],
    open: () =>
      compositeSource([
        tunedJsonlSource(first, { itemId: 'id', payload }, tiny(3)),
        tunedJsonlSource(empty, { itemId: 'id', payload }, tiny(3)),
        tunedCsvSource(second, { itemId: 'id', payload }, tiny(3)),
        tunedJsonlSource(third, { itemId: 'id', payload }, tiny(3)),
      ]),
    rowsMade: () => made,
    change: () => writeFile(second, secondText.replace('a\n7', 'b\n7')),
    openHandles: async () =>
      (await openHandlesOn(first)) + (await openHandlesOn(second)) + (await openHandlesOn(third)),
  };
});

/** A source of so many rows, each its own position. */
const rowsOf = (
  ref: string,
  ids: readonly string[],
): CheckpointedItemSource<string, { readonly from: string }, number> => ({
  kind: 'list',
  ref,
  fingerprint: () => Promise.resolve(ids.join()),
  async *read(from) {
    for (let i = from ?? 0; i < ids.length; i += 1)
      yield await Promise.resolve({
        item: { itemId: ids[i] ?? '', payload: ref, metadata: { from: ref } },
        position: i + 1,
      });
  },
});

describe('a source of several', () => {
  it('continues behind any row of any source, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string(), { maxLength: 5 }), { minLength: 1, maxLength: 5 }),
        async (lists) => {
          const open = () =>
            compositeSource(lists.map((ids, place) => rowsOf(`list ${place}`, ids)));
          const { entries } = await readAll(open());
          const all = lists.flatMap((ids, place) => ids.map((id, index) => ({ id, place, index })));
          expect(entries.map(({ origin }) => origin)).toEqual(
            all.map(({ place, index }) => ({
              ref: `list ${place}`,
              index,
              namespace: `list_${place}`,
            })),
          );
          for (const [i, entry] of entries.entries())
            expect((await readAll(open(), stored(entry.position))).entries).toEqual(
              entries.slice(i + 1),
            );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('puts names in front of ids, its own or those that are given, or none', async () => {
    const lists = [
      rowsOf('in/a.csv', ['1']),
      rowsOf('b/a.jsonl.gz', ['1']),
      rowsOf('/', [' ']),
    ] as const;
    const idsWith = async (namespaces?: readonly string[] | null) =>
      idsOf(
        (await readAll(compositeSource(lists, namespaces === undefined ? {} : { namespaces })))
          .entries,
      );
    expect(await idsWith()).toEqual(['a:1', 'a-2:1', ' ']);
    expect(await idsWith(['crm', 'mail', 'x'])).toEqual(['crm:1', 'mail:1', ' ']);
    expect(await idsWith(null)).toEqual(['1', '1', ' ']);
  });

  it.each<[readonly string[], string]>([
    [['a'], '1 namespaces for 2 sources'],
    [['a', 'a'], '"a" is used for two'],
    [['a', 'b:c'], '"b:c" is empty, or contains white space or a colon'],
    [['a', ''], '"" is empty'],
  ])('refuses the namespaces %j', (namespaces, message) => {
    expect(() => compositeSource([rowsOf('x', []), rowsOf('y', [])], { namespaces })).toThrow(
      message,
    );
  });

  it('says which of its sources has changed, and refuses places that are none', async () => {
    const of = (...lists: readonly (readonly [string, string])[]) =>
      compositeSource(lists.map(([ref, id]) => rowsOf(ref, [id])));
    const signal = new AbortController().signal;
    const before = await of(['a', '1'], ['b', '2'], ['c', '3']).fingerprint({ signal });
    const now = await of(['a', '1'], ['b', 'x'], ['c', '4']).fingerprint({ signal });
    expect(changedSources(before, now)).toEqual(['b', 'c']);
    expect(changedSources(before, before)).toEqual([]);
    expect(changedSources('one', 'another')).toEqual([]);
    const many = (id: string) =>
      compositeSource(Array.from({ length: 300 }, (_, i) => rowsOf(`f${i}`, [id])));
    expect((await many('1').fingerprint({ signal })).length).toBe(64);
    expect(await many('1').fingerprint({ signal })).not.toBe(
      await many('2').fingerprint({ signal }),
    );
    expect(many('1').ref).toContain('+ 280 more');
    const odd: readonly JsonValue[] = [
      { source: 3, position: 1, rows: 1 },
      { source: 0, rows: 1 },
      7,
      { source: -1, position: 0, rows: 0 },
    ];
    for (const position of odd)
      await expect(
        readAll(of(['a', '1'], ['b', '2'], ['c', '3']) as CheckpointedItemSource, position),
      ).rejects.toThrow('not a checkpoint of these 3');
    expect(() => compositeSource([])).toThrow('at least one source');
  });

  it('may be one of the sources of another one, whose name comes in front, in lineage too', async () => {
    const inner = (id: string) => compositeSource([rowsOf('in/a', ['1']), rowsOf('in/b', [id])]);
    const outer = (id: string) =>
      compositeSource([inner(id), rowsOf('c', ['1'])], { namespaces: ['x', 'y'] });
    const { entries } = await readAll(outer('1'));
    expect(idsOf(entries)).toEqual(['x:a:1', 'x:b:1', 'y:1']);
    expect(entries.map(({ origin }) => origin)).toEqual([
      { ref: 'in/a', index: 0, namespace: 'x:a' },
      { ref: 'in/b', index: 0, namespace: 'x:b' },
      { ref: 'c', index: 0, namespace: 'y' },
    ]);
    for (const [index, { position }] of entries.entries())
      expect((await readAll(outer('1'), stored(position))).entries).toEqual(
        entries.slice(index + 1),
      );
    const { signal } = new AbortController();
    const [before, now] = [
      await outer('1').fingerprint({ signal }),
      await outer('2').fingerprint({ signal }),
    ];
    expect(changedSources(before, now)).toEqual(['b']);
  });

  it('says nothing of fingerprints of several lines that are not its own', () => {
    expect(changedSources('rows: 7\nas of: May', 'rows: 8\nas of: June')).toEqual([]);
    expect(changedSources('[1]\n"x"', '[2]\nnull')).toEqual([]);
  });

  it('types payloads and metadata by all of its sources', () => {
    const source = compositeSource([
      rowsOf('x', []),
      jsonlSource('y.jsonl', {
        itemId: 'id',
        payload: () => 7,
        metadata: () => ({ market: 'dk' }),
      }),
    ]);
    const typed: CheckpointedItemSource<
      string | number,
      { readonly from: string } | { market: string }
    > = source;
    expect(typed.kind).toBe('list+jsonl');
  });
});
