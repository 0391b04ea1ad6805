import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Papa from 'papaparse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { besideTaken, chosenColumnsOf } from '../../cli/shell/chosen-columns.ts';
import {
  joinByPlace,
  type JoinCounts,
  joinedBytes,
  keyColumns,
} from '../../cli/actions/join-rows.ts';
import { openRowFile } from '../../cli/job/row-file.ts';
import type { Cell, TableColumn, TablePage, TableStream } from '../../lib/ports/table.ts';
import { createCliWorld, linesOf, startArgs, type CliWorld } from './in-process.ts';

const scratch = mkdtempSync(join(tmpdir(), 'batchor join ü '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/**
 * Results of rows `row-0`, `row-1`, …, those that have one, as a table in input order, in pages of
 * so many.
 */
const tableOf = (
  results: ReadonlyMap<number, readonly Cell[]>,
  columns: readonly TableColumn[],
  pageRows: number,
): TableStream => {
  const rows = [...results].map(([index, cells]): readonly Cell[] => [
    'rows',
    index,
    `row-${index}`,
    ...cells,
  ]);
  async function* pages(): AsyncGenerator<TablePage> {
    for (let at = 0; at < rows.length; at += pageRows) {
      const page = rows.slice(at, at + pageRows);
      yield {
        rowCount: page.length,
        columns: [...keyColumns, ...columns].map((_, column) =>
          page.map((row) => row[column] ?? null),
        ),
      };
    }
  }
  return {
    columns: [...keyColumns.map((name) => ({ name, type: 'text' as const })), ...columns],
    pages: pages(),
  };
};

/** The file with the results beside its rows. */
const joined = async (
  name: string,
  content: string | Uint8Array,
  {
    delimiter = ',',
    ...asked
  }: {
    delimiter?: string;
    results: ReadonlyMap<number, readonly Cell[]>;
    columns: readonly TableColumn[];
    pageRows?: number;
    drops?: boolean;
  },
): Promise<{ readonly bytes: Buffer; readonly counts: JoinCounts }> => {
  const path = join(scratch, name);
  writeFileSync(path, content);
  const file = await openRowFile({ given: name, absolute: path, delimiter }, path, {
    idField: 'id',
    keepsDigits: true,
  });
  const counts: JoinCounts = {
    rows: 0,
    matched: 0,
    known: 0,
    read: 0,
    repeated: 0,
    unextended: 0,
    undecodable: 0,
  };
  const { results, columns, pageRows = 3, drops = false } = asked;
  const rows = joinByPlace(file, tableOf(results, columns, pageRows), null, {
    given: name,
    byIdHint: '',
  });
  const pieces: Uint8Array[] = [];
  for await (const piece of joinedBytes(file, rows, columns, { counts, drops })) pieces.push(piece);
  await file.close();
  return { bytes: Buffer.concat(pieces), counts };
};

const text = fc
  .oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[a,;\t|"' \n\r=é]{0,8}$/u))
  .filter((value) => !/\p{Surrogate}/u.test(value));
const cell = fc.option(text, { nil: null });
const delimiters = fc.constantFrom(',', ';', '\t', '|');

interface Written {
  readonly delimiter: string;
  readonly content: string;
  readonly columnCount: number;
  readonly rows: readonly (readonly string[])[];
}
/**
 * A CSV file as any program may write it: its delimiter, quotes where they must be or more, line
 * ends, mark and last line.
 */
const csv: fc.Arbitrary<Written> = fc
  .record({
    delimiter: delimiters,
    eol: fc.constantFrom('\n', '\r\n'),
    hasMark: fc.boolean(),
    hasEnd: fc.boolean(),
    isSparse: fc.boolean(),
    quotesAll: fc.boolean(),
    columnCount: fc.integer({ min: 0, max: 3 }),
    rows: fc.array(fc.array(text, { minLength: 3, maxLength: 3 }), { maxLength: 12 }),
  })
  .map(({ delimiter, eol, hasMark, hasEnd, isSparse, quotesAll, columnCount, rows }) => {
    const quoted = (value: string): string =>
      quotesAll || /["\r\n]|^\s|\s$|^\uFEFF/u.test(value) || value.includes(delimiter)
        ? `"${value.replaceAll('"', '""')}"`
        : value;
    const names = ['id', ...['a', 'b', 'c'].slice(0, columnCount)];
    const records = rows.map((row, i) => [`row-${i}`, ...row.slice(0, columnCount)]);
    const lines = [names, ...records].map((record) => record.map(quoted).join(delimiter));
    const content = `${hasMark ? '\uFEFF' : ''}${lines.join(isSparse ? eol + eol : eol)}${hasEnd ? eol : ''}`;
    return { delimiter, content, columnCount, rows: records };
  });

const parsed = (content: string, delimiter: string): readonly (readonly string[])[] =>
  Papa.parse<string[]>(content.replace(/^\uFEFF/u, ''), { delimiter, skipEmptyLines: true }).data;

const answers = (rows: number): fc.Arbitrary<ReadonlyMap<number, readonly Cell[]>> =>
  fc
    .array(
      fc.option(
        fc.tuple(
          cell,
          fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: null }),
        ),
        { nil: null },
      ),
      {
        minLength: rows,
        maxLength: rows,
      },
    )
    .map(
      (all) => new Map(all.flatMap((cells, i) => (cells === null ? [] : [[i, cells] as const]))),
    );

const two: readonly TableColumn[] = [
  { name: 'answer', type: 'text' },
  { name: 'cost', type: 'number' },
];

describe('rows of a file with results beside them', () => {
  it('are the rows as they stood, in their order, whatever the dialect and the answers are: CSV', async () => {
    const cases = csv.chain((file) => fc.tuple(fc.constant(file), answers(file.rows.length)));
    await fc.assert(
      fc.asyncProperty(cases, async ([{ delimiter, content, rows }, results]) => {
        const { bytes, counts } = await joined('any.csv', content, {
          delimiter,
          results,
          columns: two,
        });
        const out = bytes.toString('utf8');
        const shown = (value: Cell): string =>
          value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
        const expected = rows.map((row, i) => [
          ...row,
          ...(results.get(i) ?? [null, null]).map(shown),
        ]);
        expect(parsed(out, delimiter).slice(1)).toEqual(expected);
        expect(parsed(out, delimiter)[0]?.slice(-2)).toEqual(['answer', 'cost']);
        expect(counts).toMatchObject({
          rows: rows.length,
          matched: results.size,
          unextended: 0,
          undecodable: 0,
        });
        // Without new columns not a byte is another.
        expect(
          (
            await joined('same.csv', content, { delimiter, results: new Map(), columns: [] })
          ).bytes.toString('utf8'),
        ).toBe(content);
      }),
      { numRuns: 80 },
    );
  });

  it('and JSON lines: keys, digits and spaces as they were written', async () => {
    const row = fc.record({
      note: fc.jsonValue(),
      pad: fc.constantFrom('', ' ', '\t'),
      eol: fc.constantFrom('\n', '\r\n', '\n\n'),
    });
    const cases = fc
      .array(row, { minLength: 1, maxLength: 9 })
      .chain((rows) => fc.tuple(fc.constant(rows), answers(rows.length)));
    await fc.assert(
      fc.asyncProperty(cases, async ([rows, results]) => {
        const lines = rows.map(
          ({ note, pad }, i) =>
            `{"id":"row-${i}","big":12345678901234567890.10,"note":${JSON.stringify(note)}${pad}}${pad}`,
        );
        const content = lines.map((line, i) => line + (rows[i]?.eol ?? '')).join('');
        const { bytes } = await joined('any.jsonl', content, { results, columns: two });
        const out = bytes
          .toString('utf8')
          .split(/\r?\n/u)
          .filter((line) => line.trim() !== '');
        out.forEach((line, i) => {
          expect(line.startsWith(lines[i]?.trimEnd().slice(0, -1) ?? '?')).toBe(true);
          const [answer = null, cost = null] = results.get(i) ?? [];
          expect(JSON.parse(line)).toEqual({
            ...(JSON.parse(lines[i] ?? '') as object),
            answer,
            cost: cost === 0 ? 0 : cost,
          });
        });
        expect(out).toHaveLength(rows.length);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, string, string]>([
    ['a record that is short', 'id,a,b\nrow-0,x\n', 'id,a,b,answer\nrow-0,x,,yes\n'],
    ['empty fields behind the last column', 'id,a\nrow-0,x,,""\n', 'id,a,answer\nrow-0,x,yes\n'],
    ['columns without a name', ',id,,\n0,row-0,,\n', ',id,,,answer\n0,row-0,,,yes\n'],
    ['records of empty fields', 'id,a\nrow-0,x\n,\n,\n', 'id,a,answer\nrow-0,x,yes\n,\n,\n'],
    ['a record that is long', 'id,a\nrow-0,x,y\n', 'id,a,answer\nrow-0,x,y\n'],
    ['a quote that is never closed', 'id,a\nrow-0,"x\n', 'id,a,answer\nrow-0,"x\n'],
    [
      'bytes that are no UTF-8: the output has one encoding',
      'id,a\nrow-0,\xff\n',
      'id,a,answer\nrow-0,\xef\xbf\xbd,yes\n',
    ],
  ])('keep their columns in place: %s', async (_, content, expected) => {
    const columns = [{ name: 'answer', type: 'text' as const }];
    const { bytes } = await joined('odd.csv', Buffer.from(content, 'latin1'), {
      results: new Map([[0, ['yes']]]),
      columns,
    });
    expect(bytes.toString('latin1')).toBe(expected);
  });
});

describe('columns that are chosen', () => {
  it('have names of their own, and give way to those that are taken', () => {
    expect(chosenColumnsOf(['a, b', 'c=metadata.x'])).toEqual([
      { name: 'a', column: 'a' },
      { name: 'b', column: 'b' },
      { name: 'c', column: 'metadata.x' },
    ]);
    expect(chosenColumnsOf([])).toBeNull();
    expect(() => chosenColumnsOf(['a=b,a'])).toThrow('two columns are called "a"');
    expect(() => chosenColumnsOf(['a,,b'])).toThrow('must be a column, or name=column');
    const chosen = ['status', 'cost'].map((name) => ({ name, column: name }));
    expect(besideTaken(chosen, ['id', 'status', 'batchor_status']).map(({ name }) => name)).toEqual(
      ['batchor_status_2', 'cost'],
    );
  });
});

describe('batchor results with a file of the user', () => {
  let world: CliWorld;
  const results = (runId: string, ...rest: readonly string[]) =>
    world.run(['results', '--run-id', runId, '--store', 'store', ...rest]);
  const contentOf = (name: string): string => readFileSync(join(world.folder, name), 'utf8');
  const rows = 'id;text;status\r\nr1;one;a\r\nr2;two;b\r\n"r3";"thr;ee";c\r\nr4;four;d\r\n';
  beforeAll(async () => {
    world = await createCliWorld({
      faults: [{ type: 'validation_fails', batch: 1, code: 'invalid_json_line', lines: [2, 4] }],
    });
    world.write('rows.csv', rows);
    world.write('more.jsonl', '{"id":"r1","text":"other"}\n{"id":9,"text":"y"}\n');
    await world.run(startArgs('rows.csv', 'run', '--wait'));
    await world.run(startArgs(['rows.csv', 'more.jsonl'], 'both', '--wait'));
    await world.run(startArgs('rows.csv', 'short', '--limit', '2', '--wait'));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
  });

  it('gives its rows back with columns of the results, under names that were asked for', async () => {
    const ran = await results(
      'run',
      '--join',
      'rows.csv',
      '--output',
      'out.csv',
      '--columns',
      'answer=output_text,status',
      '--columns',
      'item_index',
    );
    expect(ran.code).toBe(0);
    expect(ran.json).toMatchObject({ row_count: 4, matched_count: 4, unmatched_count: 0 });
    expect(ran.stderr).toContain(
      'rows.csv already has a column "status": the column of the results is named batchor_status',
    );
    const told = linesOf((await results('run')).stdout);
    const expected = rows
      .split('\r\n')
      .slice(0, -1)
      .map((line, i) => {
        const row = told[i - 1];
        const answer = String(row?.['output_text'] ?? '');
        const cellOf = (value: string): string =>
          /["; \n]/u.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
        return i === 0
          ? `${line};answer;batchor_status;item_index`
          : `${line};${cellOf(answer)};${String(row?.['status'])};${i - 1}`;
      });
    expect(contentOf('out.csv')).toBe(expected.map((line) => `${line}\r\n`).join(''));
  });

  it('knows which of several files is meant, and which rows are its own', async () => {
    const joinedRows = (
      await results('both', '--join', 'more.jsonl', '--columns', 'n=item_index,item_id')
    ).stdout.split('\n');
    expect(joinedRows).toEqual([
      '{"id":"r1","text":"other","n":4,"item_id":"more:r1"}',
      '{"id":9,"text":"y","n":5,"item_id":"more:9"}',
      '',
    ]);
    expect((await results('both', '--failed-inputs', 'x.csv')).stderr).toContain(
      '--join rows.csv --failed-inputs x.csv',
    );
  });

  it('leaves rows without a result empty, and says how many there are', async () => {
    const ran = await results('short', '--join', 'rows.csv', '--columns', 'n=item_index');
    expect(ran.stdout.split('\r\n')).toEqual([
      'id;text;status;n',
      'r1;one;a;0',
      'r2;two;b;1',
      '"r3";"thr;ee";c;',
      'r4;four;d;',
      '',
    ]);
    expect(ran.stderr).toContain('2 of 4 rows of rows.csv have no result in the run');
  });

  it('refuses another file with the command that matches by ids, and that does', async () => {
    world.write('other.csv', 'id,x\nr3,1\nnew,2\nr1,3\n');
    const refused = await results('run', '--join', 'other.csv', '--output', 'other-out.csv');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('other.csv is not the file that run run was started with');
    const [, hint = ''] = /Match its rows by their ids: batchor (.*)/u.exec(refused.stderr) ?? [];
    expect((await world.run(hint.split(' '))).json).toMatchObject({
      row_count: 3,
      matched_count: 2,
      unmatched_count: 1,
    });
    const columns = ['--columns', 'n=item_index'];
    expect(
      (await results('run', '--join', 'other.csv', '--join-by', 'id', ...columns)).stdout,
    ).toBe('id,x,n\nr3,1,2\nnew,2,\nr1,3,0\n');
    world.write('cut.csv', 'id;text;status\r\nr1;one;a\r\n');
    expect((await results('run', '--join', 'cut.csv')).stderr).toContain(
      'cut.csv is not the file that run run was started with',
    );
  });

  it('reads files as they were read when the run began, and writes UTF-8', async () => {
    const flags = ['--encoding', 'windows-1252', '--quote', "'", '--delimiter', ';', '--wait'];
    world.write('latin.csv', Buffer.from("id;text\n'a';'Gr\xfc\xdfe; one'\nb;two\n", 'latin1'));
    expect((await world.run(startArgs('latin.csv', 'latin', ...flags))).code).toBe(0);
    const ran = await results(
      'latin',
      '--join',
      'latin.csv',
      '--columns',
      'n=item_index,answer=output_text',
      '--only',
      'completed',
    );
    const [head, first] = ran.stdout.split('\n');
    expect([head, first?.startsWith("'a';'Grüße; one';0;'You asked: ")]).toEqual([
      'id;text;n;answer',
      true,
    ]);
  });

  it('writes the rows that failed as they stood, which is an input again', async () => {
    const failed = linesOf((await results('run', '--only', 'failed')).stdout).map(
      (row) => row['item_id'],
    );
    expect(failed.length).toBeGreaterThan(0);
    expect((await results('run', '--failed-inputs', 'failed.csv')).json).toMatchObject({
      row_count: failed.length,
    });
    const lines = rows.split('\r\n');
    const expected = lines.filter(
      (line, i) =>
        i === 0 || failed.some((id) => line.replaceAll('"', '').startsWith(`${String(id)};`)),
    );
    expect(contentOf('failed.csv')).toBe(expected.map((line) => `${line}\r\n`).join(''));
    expect((await world.run(startArgs('failed.csv', 'again', '--wait'))).json).toMatchObject({
      item_count: failed.length,
    });
    const none = await results('run', '--failed-inputs', 'none.csv', '--only', 'refusal');
    expect([none.json?.['row_count'], contentOf('none.csv')]).toEqual([0, 'id;text;status\r\n']);
  });

  it('chooses rows and columns in every format', async () => {
    const all = linesOf((await results('run')).stdout);
    const failed = all.filter((row) => row['status'] !== 'completed').map((row) => row['item_id']);
    const picked = await results(
      'run',
      '--only',
      'invalid_request',
      '--columns',
      'item_id,raw_error',
      '--columns',
      'error_message',
    );
    expect(linesOf(picked.stdout)).toEqual(
      all.flatMap(({ item_id: id, error }) => {
        const { raw_error: raw, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
        return failed.includes(id) ? [{ item_id: id, raw_error: raw, error_message: message }] : [];
      }),
    );
    const table = await results(
      'run',
      '--only',
      'completed',
      '--columns',
      'id=item_id',
      '--format',
      'csv',
    );
    expect(table.stdout.trim().split('\n')).toEqual([
      'id',
      ...all.map((row) => row['item_id']).filter((id) => !failed.includes(id)),
    ]);
    const partial = await results('run', '--partial', '--only', 'failed');
    expect(
      linesOf(partial.stdout)
        .map((row) => row['item_id'])
        .sort(),
    ).toEqual([...failed].sort());
  });

  it.each<[readonly string[], string]>([
    [['--failed-inputs', 'x.csv', '--format', 'csv'], '--failed-inputs and --format exclude'],
    [
      ['--join', 'rows.csv', '--output', 'x.xlsx'],
      '--output x.xlsx: the rows of rows.csv are written as CSV, not as .xlsx',
    ],
    [['--join', 'rows.csv', '--output', 'rows.csv'], '--output rows.csv is an input of this run'],
    [['--failed-inputs', 'rows.csv'], '--failed-inputs rows.csv is an input of this run'],
    [
      ['--failed-inputs', 'x.csv', '--columns', 'status'],
      '--failed-inputs and --columns exclude each other',
    ],
    [['--join-by', 'id'], '--join-by goes with --join'],
    [['--only', 'bad'], '"bad" is not a failure class'],
    [['--columns', 'nope'], 'results of run run have no column "nope"'],
    [['--join', 'rows.csv', '--columns', 'nope'], 'results of run run have no column "nope"'],
    [['--join', 'gone.csv'], 'gone.csv'],
    [['--join', 'rows.csv', '--join', 'more.jsonl'], 'Each command joins one file'],
  ])('refuses %j', async (flags, message) => {
    const ran = await results('run', ...flags);
    expect([ran.code === 0, ran.stderr]).toEqual([false, expect.stringContaining(message)]);
    expect(contentOf('rows.csv')).toBe(rows);
  });
});
