import { readFileSync } from 'node:fs';
import path from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { fileSource } from '../../cli/compose-files.ts';
import { entriesOf } from '../../cli/job/row-file.ts';
import { createCliWorld, startArgs } from './in-process.ts';

/** The rows of any file, as a run would read them. */
const rowsOf = async (file: string) => {
  const source = await fileSource({ given: file, absolute: file }, file, {
    idField: 'id',
    keepsDigits: true,
  });
  const rows: { readonly payload: unknown }[] = [];
  for await (const pulled of source.read(null, { signal: new AbortController().signal }))
    for (const entry of entriesOf(pulled)) if ('item' in entry) rows.push(entry.item);
  return rows;
};

const ids = ['a', 'b', 'c'];
const parquet = new Uint8Array(
  parquetWriteBuffer({
    columnData: [
      { name: 'id', data: ids, type: 'STRING' },
      { name: 'text', data: ids.map((id) => `What is ${id}ü?`), type: 'STRING' },
      { name: 'stars', data: [1, 2, 3], type: 'INT32' },
    ],
  }),
);
const arrow = tableToIPC(
  tableFromArrays({
    id: ids,
    text: ids.map((id) => `What is ${id}ü?`),
    stars: Int32Array.from([1, 2, 3]),
  }),
  'file',
);
const json = `[\n${ids
  .map(
    (id, i) =>
      `  {"id": "${id}", "text": "What is ${id}ü?",\n   "stars": ${i + 1}, "price": 1.10, "big": 9007199254740993}`,
  )
  .join(',\n')}\n]\n`;

describe('a file whose rows are no lines', () => {
  it.each([
    ['rows.parquet', parquet],
    ['rows.arrow', arrow],
    ['rows.json', json],
  ])(
    '%s comes back as JSON lines, each with its result, by place and by id',
    async (name, bytes) => {
      await using world = await createCliWorld();
      world.write(name, bytes);
      expect((await world.run(startArgs(name, 'r', '--wait'))).code).toBe(0);
      const joinTo = (output: string, ...rest: readonly string[]) =>
        world.run([
          ...['results', '--run-id', 'r', '--store', 'store', '--join', name, '--output', output],
          ...['--columns', 'answer=output_text,status', ...rest],
        ]);
      for (const by of ['place', 'id']) {
        const ran = await joinTo(`${by}.jsonl`, '--join-by', by);
        expect([ran.stderr, ran.code]).toEqual(['', 0]);
        expect(ran.json).toMatchObject({ row_count: 3, matched_count: 3 });
        const lines = readFileSync(path.join(world.folder, `${by}.jsonl`), 'utf8')
          .trimEnd()
          .split('\n');
        expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
          ids.map((id, i) =>
            expect.objectContaining({
              id,
              text: `What is ${id}ü?`,
              stars: i + 1,
              answer: expect.stringMatching(/./u),
              status: 'completed',
            }),
          ),
        );
        if (name === 'rows.json')
          expect(lines[0]).toMatch(/^\{"id": "a", .*"price": 1\.10, "big": 9007199254740993,/u);
      }
    },
  );

  it.each([
    ['rows.parquet', parquet],
    ['rows.json', json],
    [
      'rows.csv',
      `id,text,stars\n${ids.map((id, i) => `${id},What is ${id}ü?,${i + 1}`).join('\n')}\n`,
    ],
  ])('%s comes back as a table by the name of the output, or by --format', async (name, bytes) => {
    await using world = await createCliWorld();
    world.write(name, bytes);
    expect((await world.run(startArgs(name, 'r', '--wait'))).code).toBe(0);
    const join = ['results', '--run-id', 'r', '--store', 'store', '--join', name];
    const to = (output: string, ...more: readonly string[]) =>
      world.run([...join, '--columns', 'status,stars=item_index', '--output', output, ...more]);
    const isOfCsv = name === 'rows.csv';
    for (const output of ['out.parquet', 'out.arrow', ...(isOfCsv ? ['out.jsonl'] : ['out.csv'])]) {
      const ran = await to(output);
      expect([ran.code, ran.json]).toMatchObject([0, { row_count: 3, matched_count: 3 }]);
      const rows = await rowsOf(path.join(world.folder, output));
      expect(rows.map(({ payload }) => payload)).toEqual(
        ids.map((id, i) =>
          expect.objectContaining({
            id,
            text: `What is ${id}ü?`,
            stars: isOfCsv || output === 'out.csv' ? String(i + 1) : i + 1,
            status: 'completed',
            // Its name is taken by a column of the file.
            batchor_stars: output === 'out.csv' ? String(i) : i,
          }),
        ),
      );
      if (name === 'rows.json' && output === 'out.csv')
        expect(readFileSync(path.join(world.folder, output), 'utf8')).toContain(
          ',1.10,9007199254740993,',
        );
    }
    const printed = await world.run([...join, '--format', isOfCsv ? 'jsonl' : 'csv']);
    expect([printed.code, printed.stdout.split('\n').length]).toEqual([0, isOfCsv ? 4 : 5]);
    const odd = await to('out.parquet', '--format', 'csv');
    expect([odd.code, odd.stderr]).toEqual([1, expect.stringContaining('promises parquet')]);
    expect((await to('out.xlsx')).stderr).toContain('Name a file that ends in ');
  });

  it('keeps the columns of a bad row, and its failed rows are rows again', async () => {
    await using world = await createCliWorld();
    world.write('rows.json', '[{"id":"a","text":"x"},{"text":"no id","price":1.10}]');
    const record = ['--bad-rows', 'record', '--wait'];
    expect((await world.run(startArgs('rows.json', 'r', ...record))).code).toBe(2);
    const results = ['results', '--run-id', 'r', '--store', 'store'];
    const { stdout } = await world.run([...results, '--join', 'rows.json', '--columns', 'status']);
    expect(stdout.split('\n').slice(1)).toEqual([
      '{"text":"no id","price":1.10,"status":"failed_permanent"}',
      '',
    ]);
    const written = await world.run([...results, '--failed-inputs', 'failed.jsonl']);
    expect([written.code, written.json]).toMatchObject([0, { row_count: 1 }]);
    expect(readFileSync(path.join(world.folder, 'failed.jsonl'), 'utf8')).toBe(
      '{"text":"no id","price":1.10}\n',
    );
    const asTable = await world.run([...results, '--failed-inputs', 'failed.csv']);
    expect(asTable.code).toBe(0);
    expect(readFileSync(path.join(world.folder, 'failed.csv'), 'utf8')).toBe(
      'id,text,price\n,no id,1.10\n',
    );
  });

  it('is refused where nothing of a row can be read, since its columns would be lost; the command of the message works', async () => {
    await using world = await createCliWorld();
    world.write('rows.json', '[{"id":"a","text":"x"},5,{"id":"c","text":"y"}]');
    const started = await world.run(startArgs('rows.json', 'r', '--bad-rows', 'record', '--wait'));
    expect(started.code).toBe(2);
    const store = ['--run-id', 'r', '--store', 'store'];
    const { code, stderr } = await world.run(['results', ...store, '--join', 'rows.json']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('rows.json, row 2: ')]);
    const [, command = ''] = /item_id: batchor (results .*)$/mu.exec(stderr) ?? [];
    expect((await world.run(command.split(' '))).code).toBe(0);
  });
});
