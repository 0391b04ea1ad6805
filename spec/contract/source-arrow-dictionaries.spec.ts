import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { afterAll, describe, expect, it } from 'vitest';
import { arrowSource } from '../../adapters/arrow/index.ts';
import type { JsonValue } from '../../lib/core/json/json.ts';
import type { SourceEntry } from '../../lib/ports/source.ts';

const folder = mkdtempSync(join(tmpdir(), 'batchor-dictionaries-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Texts = arrow.Vector<arrow.Utf8>;
const texts = (values: readonly string[]): Texts => arrow.vectorFromArray(values, new arrow.Utf8());

/** A record batch of one text column, by keys into a dictionary. */
const batchOf = (dictionary: Texts, keys: readonly number[]): arrow.RecordBatch => {
  const type = new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 7);
  const text = arrow.makeData({
    type,
    length: keys.length,
    nullCount: 0,
    data: Int32Array.from(keys),
    dictionary,
  });
  const fields = [new arrow.Field('text', type, true)];
  const rows = arrow.makeData({
    type: new arrow.Struct(fields),
    length: keys.length,
    nullCount: 0,
    children: [text],
  });
  return new arrow.RecordBatch(new arrow.Schema(fields), rows);
};

const first = texts(['a', 'b']);
const grown = first.concat(texts(['c', 'd']));
const other = texts(['X', 'Y', 'Z']);
const batches: readonly (readonly [Texts, readonly number[]])[] = [
  [first, [0, 1]],
  [first, [1]],
  [grown, [3, 2, 0]],
  [other, [0, 1, 2]],
  [first, [1, 0]],
  [other.concat(texts(['ö', 'W'])), [4, 3, 0]],
];
const said = batches.flatMap(([dictionary, keys]) => keys.map((key) => dictionary.get(key)));

const readFrom = async (path: string, from: JsonValue): Promise<readonly SourceEntry[]> => {
  const entries: SourceEntry[] = [];
  const source = arrowSource(path, { itemId: (_, i) => `r${i}` });
  for await (const pulled of source.read(from, { signal: new AbortController().signal }))
    entries.push(...[pulled].flat());
  return entries;
};
const textsOf = (entries: readonly SourceEntry[]): readonly unknown[] =>
  entries.map((entry) =>
    'bad' in entry ? entry.bad.reason : (entry.item.payload as { readonly text: unknown }).text,
  );

describe('an Arrow stream whose dictionary grows, and is replaced', () => {
  it('is read by the dictionary of each batch, from wherever reading continues', async () => {
    const path = join(folder, 'rows.arrows');
    const writer = new arrow.RecordBatchStreamWriter();
    for (const [dictionary, keys] of batches) writer.write(batchOf(dictionary, keys));
    writer.finish();
    writeFileSync(path, writer.toUint8Array(true));
    const entries = await readFrom(path, null);
    expect(textsOf(entries)).toEqual(said);
    for (const [i, { position }] of entries.entries())
      expect(textsOf(await readFrom(path, position))).toEqual(said.slice(i + 1));
  });
});
