import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { createCliWorld, startArgs } from './in-process.ts';

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
        const lines = readFileSync(join(world.folder, `${by}.jsonl`), 'utf8')
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
      const asTable = await joinTo('answered.parquet');
      expect([asTable.code, asTable.stderr]).toEqual([
        1,
        expect.stringContaining('are written as JSON lines, not as .parquet'),
      ]);
    },
  );

  it('is refused where a row cannot be read, since its columns would be lost; the command of the message works', async () => {
    await using world = await createCliWorld();
    world.write('rows.json', '[{"id":"a","text":"x"},{"text":"no id"},{"id":"c","text":"y"}]');
    const started = await world.run(startArgs('rows.json', 'r', '--bad-rows', 'record', '--wait'));
    expect(started.code).toBe(2);
    const store = ['--run-id', 'r', '--store', 'store'];
    const { code, stderr } = await world.run(['results', ...store, '--join', 'rows.json']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('rows.json, row 2: ')]);
    const [, command = ''] = /item_id: batchor (results .*)$/mu.exec(stderr) ?? [];
    expect((await world.run(command.split(' '))).code).toBe(0);
  });
});
