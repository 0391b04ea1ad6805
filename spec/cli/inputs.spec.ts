import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tunedCsvSource } from '../../adapters/csv/csv-source.ts';
import { tunedJsonlSource } from '../../adapters/jsonl/jsonl-source.ts';
import { kindOfInput } from '../../cli/job/input-kinds.ts';
import { inputsSource } from '../../cli/job/inputs.ts';
import type { JobDescription } from '../../cli/job/job-description.ts';
import { rowMapper } from '../../cli/job/rows.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { describeSourceContract, idsOf, readAll, stored } from '../contract/source-contract.ts';
import { openHandlesOn, tempFile, tiny } from '../contract/source-files.ts';

type Entry = Parameters<Parameters<typeof inputsSource<unknown>>[1]['map']>[0];
const asItIs = (entry: Entry): Entry => entry;
describeSourceContract('several inputs as one source', async () => {
  const rows = Array.from({ length: 30 }, (_, index) => (index % 7 === 5 ? null : `row-${index}`));
  const csv = `id,text\n${rows
    .slice(0, 12)
    .map((id) => (id === null ? 'short' : `${id},t`))
    .join('\n')}\n`;
  const jsonl = rows
    .slice(12)
    .map((id) => (id === null ? '[]' : JSON.stringify({ id, text: 't' })))
    .join('\n');
  const csvPath = await tempFile('rows.csv', csv);
  const jsonlPath = await tempFile('rows.jsonl', jsonl);
  let made = 0;
  const payload = (row: JsonObject): unknown => {
    made += 1;
    return row;
  };
  return {
    expected: rows,
    open: () =>
      inputsSource(
        [
          tunedCsvSource(csvPath, { itemId: 'id', payload }, tiny(7)),
          tunedJsonlSource(jsonlPath, { itemId: 'id', payload }, tiny(7)),
        ],
        {
          map: asItIs,
          rowsMax: null,
          ref: 'both',
          namespacesIds: false,
        },
      ),
    rowsMade: () => made,
    change: () => writeFile(jsonlPath, jsonl.replace('row-20', 'row-X')),
    openHandles: async () => (await openHandlesOn(csvPath)) + (await openHandlesOn(jsonlPath)),
  };
});

it('a row without a line is named by its index, in one of several files too', () => {
  const description = {
    prompt: { type: 'field', field: 'text' },
    idField: 'id',
    refusesObjects: true,
    refusesMessageTexts: true,
    metadataFields: [],
  };
  const map = rowMapper(description as unknown as JobDescription);
  const entry = {
    item: { itemId: 'a', payload: { id: 'a', text: null } },
    location: { ref: 'rows.parquet', line: null },
  };
  const reason = 'the prompt field "text" is null (row index 2)';
  for (const position of [{ index: 3 }, { position: { index: 3 }, rows: 9 }])
    expect(map({ ...entry, position })).toMatchObject({ bad: { field: 'text', reason } });
});

describe('several inputs', () => {
  const open = async (
    texts: readonly string[],
    rowsMax: number | null,
  ): Promise<ReturnType<typeof inputsSource<unknown>>> => {
    const files = await Promise.all(
      texts.map(async (text) =>
        tunedJsonlSource(await tempFile('rows.jsonl', text), { itemId: 'id' }, tiny(3)),
      ),
    );
    return inputsSource(files, { map: asItIs, rowsMax, ref: 'rows', namespacesIds: false });
  };

  it('read no more than the first rows, from whichever of them reading continues', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 20 }),
        async (counts, rowsMax) => {
          let next = 0;
          const texts = counts.map(
            (count) =>
              Array.from({ length: count }, () => `{"id":${(next += 1)}}\n`).join('') || '\n',
          );
          const source = await open(texts, rowsMax);
          const { entries } = await readAll(source);
          expect(idsOf(entries)).toEqual(
            Array.from({ length: Math.min(next, rowsMax) }, (_, i) => `${i + 1}`),
          );
          for (const [i, entry] of entries.entries()) {
            const rest = await readAll(source, stored(entry.position));
            expect(idsOf(rest.entries)).toEqual(idsOf(entries).slice(i + 1));
          }
        },
      ),
      { numRuns: 8 },
    );
  });

  it('have another fingerprint in another order, or with another limit', async () => {
    const [a, b] = ['{"id":1}\n', '{"id":2}\n'];
    const of = async (texts: readonly string[], rowsMax: number | null): Promise<string> =>
      (await open(texts, rowsMax)).fingerprint({ signal: new AbortController().signal });
    const prints = await Promise.all([
      of([a, b], null),
      of([b, a], null),
      of([a, b], 1),
      of([a, b], 2),
      of([a], null),
    ]);
    expect(new Set(prints).size).toBe(5);
    expect(await of([a, b], null)).toBe(prints[0]);
  });

  it('refuse a position that is none of theirs', async () => {
    const source = await open(['{"id":1}\n'], null);
    const read = (position: unknown): Promise<unknown> => readAll(source, position as never);
    await expect(read({ input: 3, position: null, rows: 1 })).rejects.toThrow(
      'cannot continue from',
    );
    await expect(read({ offset: 3 })).rejects.toThrow('cannot continue from');
  });

  it('are distinguished by the ends of their names, or by what is said', () => {
    const kinds = (names: readonly string[]) =>
      names.map((given) => kindOfInput({ given, absolute: given }));
    expect(kinds(['a.csv', 'B.CSV', 'c.jsonl', 'd.ndjson', 'e.tsv', 'f.tab.gz'])).toEqual([
      'csv',
      'csv',
      'jsonl',
      'jsonl',
      'csv',
      'csv',
    ]);
    expect(
      kinds(['a.csv.gz', 'b.JSONL.zst', 'c.parquet', 'd.arrow', 'e.feather', 'f.arrows']),
    ).toEqual(['csv', 'jsonl', 'parquet', 'arrow', 'arrow', 'arrow']);
    expect(kindOfInput({ given: 'rows.txt', absolute: '/rows.txt', kind: 'csv' })).toBe('csv');
    for (const odd of ['a.txt', 'a.parquet.gz', 'csv', 'a.toString'])
      expect(() => kinds([odd])).toThrow('must end in .csv, .tsv, .jsonl, .ndjson or .json');
  });

  it('get the names of their files in front of their ids, where that is asked for, one file too', async () => {
    const path = await tempFile('mail.jsonl', '{"id":1}\n');
    const source = inputsSource([tunedJsonlSource(path, { itemId: 'id' }, tiny(3))], {
      map: asItIs,
      rowsMax: null,
      ref: 'x',
      namespacesIds: true,
    });
    expect(idsOf((await readAll(source)).entries)).toEqual(['mail:1']);
  });
});
