import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliWorld, createCliWorld, linesOf, startArgs } from './in-process.ts';

/** Texts of two bytes a letter in Shift_JIS; the second byte of the last is a backslash. */
const japanese = Buffer.from('93fa967b815c', 'hex');
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
const bigEndian = (text: string): Buffer => Buffer.from(utf16(text)).swap16();
const latin = (text: string): Buffer => Buffer.from(text, 'latin1');
const ids = ['r1', 'r2', 'r3', 'r4'];

interface Case {
  readonly name: string;
  readonly flags: readonly string[];
  readonly encoding: string;
  /** What stands before the rows, and the rows, as bytes. */
  readonly head: Buffer;
  readonly rows: readonly Buffer[];
  readonly asked: string;
}
const csvRows = (of: (text: string) => Buffer, text: string): Pick<Case, 'head' | 'rows'> => ({
  head: of('id,text\r\n'),
  rows: ids.map((id) => of(`${id},"${text}\n${id}"\r\n`)),
});
const cases: readonly Case[] = [
  {
    name: 'w.csv',
    flags: ['--encoding', 'windows-1252'],
    encoding: 'windows-1252',
    asked: 'café',
    ...csvRows(latin, 'café'),
  },
  {
    name: 's.jsonl',
    flags: ['--encoding', 'shift_jis'],
    encoding: 'shift_jis',
    asked: '日本―',
    head: Buffer.alloc(0),
    rows: ids.map((id) =>
      Buffer.concat([latin(`{"id":"${id}","text":"`), japanese, latin('"}\n')]),
    ),
  },
  {
    name: 'u.jsonl',
    flags: [],
    encoding: 'utf-16le',
    asked: 'ĊഊĀ',
    head: utf16('\uFEFF'),
    rows: ids.map((id) => utf16(`{"id":"${id}","text":"ĊഊĀ"}\n`)),
  },
  {
    name: 'b.csv',
    flags: ['--encoding', 'utf-16be', '--quote', 'none', '--delimiter', 'tab'],
    encoding: 'utf-16be',
    asked: '"Ċ',
    head: bigEndian('id\ttext\n'),
    rows: ids.map((id) => bigEndian(`${id}\t"Ċ\n`)),
  },
];

describe('results with a file in another encoding', () => {
  let world: CliWorld;
  const results = (runId: string, ...rest: readonly string[]) =>
    world.run(['results', '--run-id', runId, '--store', 'store', ...rest]);
  const bytesOf = (name: string): Buffer => readFileSync(join(world.folder, name));
  beforeAll(async () => {
    // Of each file two rows are refused and the others sent again; the rows that failed are the
    // third batch.
    const faults = cases.map((_, i) => ({
      type: 'validation_fails' as const,
      batch: 3 * i + 1,
      code: 'invalid_json_line',
      lines: [2, 4],
    }));
    world = await createCliWorld({ faults });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(cases)(
    'copies failed rows byte for byte, so that the same flags ask the same again: $name',
    async (given) => {
      const { name, flags, encoding, head, rows, asked } = given;
      world.write(name, Buffer.concat([head, ...rows]));
      await world.run(startArgs(name, `run-${name}`, ...flags, '--wait'));
      const failed = linesOf((await results(`run-${name}`, '--only', 'failed')).stdout).map(
        (row) => row['item_id'],
      );
      expect(failed).toEqual(['r2', 'r4']);
      const ran = await results(`run-${name}`, '--failed-inputs', `failed-${name}`);
      expect(ran.json).toMatchObject({ encoding, row_count: failed.length });
      expect(ran.stderr).toContain(
        `failed-${name} is written in ${encoding}, as ${name} is: the same flags read it`,
      );
      expect(bytesOf(`failed-${name}`)).toEqual(
        Buffer.concat([head, ...rows.filter((_, i) => failed.includes(ids[i]))]),
      );
      await world.run(startArgs(`failed-${name}`, `again-${name}`, ...flags, '--wait'));
      const again = linesOf((await results(`again-${name}`)).stdout);
      expect(again.map((row) => row['item_id'])).toEqual(failed);
      expect(again.every((row) => String(row['output_text']).includes(asked))).toBe(true);
    },
  );

  it('joins as UTF-8, says so, and for Excel with a byte order mark and CRLF', async () => {
    const ran = await results(
      'run-w.csv',
      '--join',
      'w.csv',
      '--output',
      'joined.csv',
      '--columns',
      'n=item_index',
    );
    expect([ran.json['encoding'], ran.stderr]).toEqual([
      'utf-8',
      expect.stringContaining('w.csv is in windows-1252; the joined rows are written as UTF-8'),
    ]);
    expect(bytesOf('joined.csv').toString('utf8')).toBe(
      `id,text,n\r\n${ids.map((id, i) => `${id},"café\n${id}",${i}\r\n`).join('')}`,
    );
    await results(
      'run-w.csv',
      '--join',
      'w.csv',
      '--output',
      'excel.csv',
      '--columns',
      'n=item_index',
      '--excel',
    );
    expect(bytesOf('excel.csv').toString('utf8')).toBe(
      `\uFEFF${bytesOf('joined.csv').toString('utf8')}`,
    );
    const refused = await results('run-s.jsonl', '--join', 's.jsonl', '--excel');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('--excel goes with CSV'),
    ]);
  });

  it('reads another file as the run read its own, or by flags', async () => {
    world.write('copy.csv', bytesOf('w.csv'));
    world.write('tabs.csv', Buffer.from('id\ttext\nr2\tcafé\nnew\tx\n'));
    const copied = await results('run-w.csv', '--join', 'copy.csv', '--columns', 'n=item_index');
    expect(copied.stdout).toBe(bytesOf('joined.csv').toString('utf8'));
    const flags = ['--encoding', 'utf-8', '--delimiter', 'tab', '--join-by', 'id'];
    const other = await results(
      'run-w.csv',
      '--join',
      'tabs.csv',
      ...flags,
      '--columns',
      'n=item_index',
    );
    expect(other.stdout).toBe('id\ttext\tn\nr2\tcafé\t1\nnew\tx\t\n');
    expect(other.stderr).toContain('1 of 2 rows of tabs.csv have no result in the run');
  });
});

describe('results with a file that has changed', () => {
  let world: CliWorld;
  const results = (runId: string, ...rest: readonly string[]) =>
    world.run(['results', '--run-id', runId, '--store', 'store', ...rest]);
  const before = 'id,text\nr1,one\nr2,two\n';
  beforeAll(async () => {
    world = await createCliWorld();
    world.write('rows.csv', before);
    world.write('more.csv', 'id,text\nm1,one\n');
    await world.run(startArgs('rows.csv', 'run', '--wait'));
    await world.run(startArgs('rows.csv', 'short', '--limit', '1', '--wait'));
    await world.run(startArgs(['rows.csv', 'more.csv'], 'both', '--wait'));
    world.write('rows.csv', 'id,text\nr1,edited\nr2,two\nr3,appended\n');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(['run', 'short', 'both'])(
    'refuses it by place, with the command that matches by ids: %s',
    async (runId) => {
      for (const flags of [
        ['--join', 'rows.csv', '--output', 'out.csv'],
        ['--join', 'rows.csv', '--failed-inputs', 'out.csv'],
      ]) {
        const refused = await results(runId, ...flags);
        expect([refused.code, refused.stderr]).toEqual([
          1,
          expect.stringContaining(
            `rows.csv has changed since run ${runId} read it: its rows may not be those that were asked`,
          ),
        ]);
        const [, hint = ''] =
          /Match its rows by their ids: batchor (.*)/u.exec(refused.stderr) ?? [];
        const ran = await world.run(hint.split(' '));
        expect([ran.code, ran.stderr]).toEqual([
          0,
          expect.stringContaining('warning: rows.csv has changed since'),
        ]);
      }
      expect(
        (await results('both', '--join', 'more.csv', '--columns', 'n=item_index')).stdout,
      ).toBe('id,text,n\nm1,one,2\n');
    },
  );

  it('says that rows were appended, and refuses a file none of whose rows the run knows', async () => {
    const appended = await results(
      'run',
      '--join',
      'rows.csv',
      '--join-by',
      'id',
      '--columns',
      'n=item_index',
    );
    expect(appended.stderr).toContain('1 of 3 rows of rows.csv have no result in the run');
    world.write('other.csv', 'id,text\nx1,one\nx2,two\n');
    const none = await results(
      'run',
      '--join',
      'other.csv',
      '--join-by',
      'id',
      '--output',
      'none.csv',
    );
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringContaining('none of the 2 rows of other.csv has an id that run run knows'),
    ]);
    expect(() => readFileSync(join(world.folder, 'none.csv'))).toThrow('ENOENT');
  });

  it('refuses a name that promises another format, with what to type', async () => {
    world.write('rows.csv', before);
    const refused = await results('run', '--output', 'answers.json');
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('results are not written as .json'),
    ]);
    const table = await results('run', '--join', 'rows.csv', '--output', 'x.parquet');
    expect([table.code, table.json]).toMatchObject([0, { row_count: 2 }]);
    expect(readFileSync(join(world.folder, 'x.parquet'), 'latin1')).toMatch(/^PAR1/u);
  });
});
