import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { createCliWorld, startArgs } from './in-process.ts';

const rows = [
  { id: 'a', text: 'What is a?', city: 'Oslo', stars: 1 },
  // No prompt, no id, and an id that is taken.
  { id: 'b', text: null, city: 'Bergen', stars: 2 },
  { id: null, text: 'What is c?', city: 'Tromsø', stars: 3 },
  { id: 'a', text: 'What is d?', city: 'Bodø', stars: 4 },
];
const columns = (['id', 'text', 'city'] as const).map((name) => ({
  name,
  data: rows.map((row) => row[name]),
  type: 'STRING' as const,
}));
const inputs: readonly (readonly [string, string | Uint8Array])[] = [
  [
    'rows.csv',
    `id,text,city,stars\n${rows.map(({ id, text, city, stars }) => [id, text, city, stars].join(',')).join('\n')}\n`,
  ],
  ['rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join('')],
  ['rows.json', JSON.stringify(rows, null, 2)],
  [
    'rows.parquet',
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [...columns, { name: 'stars', data: [1, 2, 3, 4], type: 'INT32' }],
      }),
    ),
  ],
  [
    'rows.arrow',
    tableToIPC(
      tableFromArrays({
        ...Object.fromEntries(columns.map(({ name, data }) => [name, data])),
        stars: Int32Array.from([1, 2, 3, 4]),
      }),
    ),
  ],
];

describe('a bad row whose columns can be read', () => {
  it.each(inputs)('of %s keeps those that the run keeps of each row', async (name, bytes) => {
    await using world = await createCliWorld();
    world.write(name, bytes);
    const record = ['--bad-rows', 'record', '--keep-columns', '--wait'];
    expect((await world.run(startArgs(name, 'r', ...record))).code).toBe(2);
    const { lines } = await world.run(['results', '--run-id', 'r', '--store', 'store']);
    expect(lines.map(({ status, metadata }) => [status, metadata])).toEqual(
      rows.map(({ city, stars }, at) => [
        at === 0 ? 'completed' : 'failed_permanent',
        expect.objectContaining({ city, stars: name === 'rows.csv' ? String(stars) : stars }),
      ]),
    );
  });

  it('keeps their numbers as the file writes them, and comes back in a table', async () => {
    await using world = await createCliWorld();
    world.write(
      'rows.jsonl',
      '{"id":"a","text":"x","price":1.5}\n{"id":"b","price":19.90,"big":9007199254740993}\n',
    );
    const record = ['--bad-rows', 'record', '--keep-columns', '--wait'];
    expect((await world.run(startArgs('rows.jsonl', 'r', ...record))).code).toBe(2);
    const table = ['--only', 'failed', '--columns', 'item_id,metadata', '--format', 'csv'];
    const { stdout } = await world.run(['results', '--run-id', 'r', '--store', 'store', ...table]);
    expect(stdout).toMatch(/^b,"\{""price"":19\.90,""big"":""9007199254740993""\}"$/mu);
  });
});
