import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tableFromIPC } from '@uwdata/flechette';
import Papa from 'papaparse';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIndependently } from '../contract/parquet-files.ts';
import { createCliWorld, csvOf, jsonlOf, linesOf, startArgs, type CliWorld } from './in-process.ts';

let world: CliWorld;
beforeAll(async () => {
  world = await createCliWorld({
    faults: [{ type: 'rows_fail', batch: 1, ratio: 0.2, statusCode: 400 }],
  });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});
const bytesOf = (name: string): Buffer => readFileSync(join(world.folder, name));
const exported = async (
  runId: string,
  name: string,
  ...rest: readonly string[]
): Promise<Buffer> => {
  const ran = await world.run([
    'results',
    '--run-id',
    runId,
    '--store',
    'store',
    '--output',
    name,
    ...rest,
  ]);
  expect([ran.stderr, ran.code]).toEqual(['', 0]);
  return bytesOf(name);
};

type Row = Readonly<Record<string, unknown>>;
const textOf = (value: unknown): string =>
  value === null || value === undefined ? '' : String(value);
/** What every format tells of a row, as text: CSV knows nothing else. */
const told = (row: Row): readonly string[] =>
  [
    'item_id',
    'status',
    'attempt_count',
    'error_class',
    'output_text',
    'input_tokens',
    'metadata.stars',
  ].map((name) => textOf(row[name]));

describe('results as tables, from the command line', () => {
  it('have the same rows in the same order in every format, read back by other readers than wrote them', async () => {
    world.write('rows.jsonl', jsonlOf(60));
    expect(
      (await world.run(startArgs('rows.jsonl', 'tables', '--wait', '--keep-columns'))).code,
    ).toBe(2);
    const lines = linesOf(
      (await exported('tables', 'out.jsonl')).toString('utf8'),
    ) as readonly Row[];
    const expected = lines.map((line) => {
      const { error, usage, metadata } = line as {
        error: Row | null;
        usage: Row | null;
        metadata: Row;
      };
      return told({
        ...line,
        error_class: error?.['error_class'],
        input_tokens: usage?.['input_tokens'],
        'metadata.stars': metadata['stars'],
      });
    });
    expect(expected).toHaveLength(60);
    expect(expected.some(([, status]) => status === 'failed_permanent')).toBe(true);
    const csv = Papa.parse<Row>((await exported('tables', 'out.csv')).toString('utf8'), {
      header: true,
      skipEmptyLines: true,
    });
    expect(csv.errors).toEqual([]);
    expect(csv.data.map(told)).toEqual(expected);
    expect(readIndependently(await exported('tables', 'out.parquet')).rows.map(told)).toEqual(
      expected,
    );
    const arrow = tableFromIPC(new Uint8Array(await exported('tables', 'out.arrow')));
    expect((arrow.toArray() as readonly Row[]).map(told)).toEqual(expected);
    expect(bytesOf('out.arrow')).toEqual(
      await exported('tables', 'named.bin', '--format', 'arrow'),
    );
  });

  it('can be read again as inputs, and so can compressed text, patterns, and standard input', async () => {
    world.write('one.csv', csvOf(4));
    world.write('one.jsonl.gz', gzipSync(jsonlOf(3, 2)));
    const both = await world.run(
      startArgs('one.*', 'both', '--wait', '--namespace-ids', '--bad-rows', 'record'),
    );
    expect([both.stderr, both.code]).toEqual(['', 0]);
    const lines = linesOf(
      (await exported('both', 'both.jsonl')).toString('utf8'),
    ) as readonly Row[];
    expect(lines.map((line) => line['item_id'])).toEqual([
      'one:item-0',
      'one:item-1',
      'one:item-2',
      'one:item-3',
      'one-2:item-2',
      'one-2:item-3',
      'one-2:item-4',
    ]);
    expect((lines[5]?.['metadata'] as Row)['batchor_lineage']).toEqual({
      source_ref: 'one.jsonl.gz',
      source_item_index: 1,
      source_primary_key: 'item-3',
      source_namespace: 'one-2',
    });
    for (const name of ['again.parquet', 'again.arrow']) {
      await exported('both', name);
      const args = [
        '--input',
        name,
        '--id-field',
        'item_id',
        '--prompt-field',
        'output_text',
        '--model',
        'gpt-4.1',
        '--store',
        'store',
      ];
      const again = await world.run([
        'start',
        ...args,
        '--run-id',
        name,
        '--poll-interval',
        '0.05',
        '--wait',
      ]);
      expect([again.stderr, again.code]).toEqual(['', 0]);
      expect(again.json).toMatchObject({ item_count: 7, item_counts: { completed: 7 } });
    }
    const piped = startArgs('-', 'piped', '--input-format', 'jsonl');
    expect(await world.run([...piped, '--wait'], { stdin: jsonlOf(5) })).toMatchObject({
      code: 0,
      stderr: '',
    });
    // The very same rows are the same input.
    expect(await world.run(piped, { stdin: jsonlOf(5) })).toMatchObject({ code: 0 });
    expect(linesOf((await exported('piped', 'piped.jsonl')).toString('utf8'))).toHaveLength(5);
    expect(
      readdirSync(tmpdir()).filter((name) => name.startsWith('batchor-stdin-')).length,
    ).toBeLessThan(20);
  });

  it('are at a glance what became of the rows, for people and for machines', async () => {
    const ran = await world.run(['results', '--run-id', 'tables', '--store', 'store', '--summary']);
    expect(ran.code).toBe(0);
    expect(ran.json).toMatchObject({
      run_id: 'tables',
      is_finished: true,
      result_count: 60,
      failures: [
        {
          error_class: 'invalid_request',
          said: [{ error_code: 'invalid_request_error', message: '400: The request is invalid.' }],
        },
      ],
    });
    expect(ran.stderr).toContain(' × invalid_request_error: 400: The request is invalid.');
    expect(ran.stderr).toContain('invalid_request');
    expect(ran.stderr).toContain('slowest of 1 batches');
  });

  it('stand with their failures in `status`, beside what the run asks and who drives it', async () => {
    const { json, stderr, code } = await world.run([
      'status',
      '--run-id',
      'tables',
      '--store',
      'store',
    ]);
    const summary = await world.run([
      'results',
      '--run-id',
      'tables',
      '--store',
      'store',
      '--summary',
    ]);
    const [counted] = summary.json['failures'] as readonly Row[];
    expect([code, stderr]).toEqual([0, '']);
    expect(json).toMatchObject({
      owner: null,
      owned_since: null,
      job: {
        model: 'gpt-4.1',
        endpoint: 'responses',
        source: { kind: 'jsonl', ref: 'rows.jsonl' },
        prompt: { prompt_field: 'text' },
      },
      flags: {
        '--model': 'gpt-4.1',
        '--endpoint': 'responses',
        '--completion-window': '24h',
        '--id-field': 'id',
        '--prompt-field': 'text',
        '--poll-interval': 0.05,
        '--bad-rows': 'fail',
        '--max-attempts': 3,
      },
      policies: { poll_interval_ms: 50, bad_rows: 'fail' },
      failures: [
        {
          error_class: 'invalid_request',
          count: counted?.['count'],
          error_code: 'invalid_request_error',
          message: '400: The request is invalid.',
        },
      ],
    });
  });

  it.each<[string, readonly string[], string]>([
    [
      'a format that is none',
      ['--format', 'xlsx'],
      '--format must be one of jsonl, csv, parquet, arrow',
    ],
    ['bytes on a screen', ['--format', 'parquet'], '--format parquet is not for a terminal'],
    [
      'a name that promises what is not written',
      ['--output', 'Answers.csv.GZ'],
      '--output Answers.csv.GZ: results are not written as .gz',
    ],
    [
      'a summary in a file',
      ['--summary', '--output', 'x.csv'],
      '--summary and --output exclude each other',
    ],
  ])('refuse %s', async (_, flags, message) => {
    const ran = await world.run(['results', '--run-id', 'tables', '--store', 'store', ...flags], {
      isStdoutTerminal: true,
    });
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain(message);
  });

  it.each<[string, readonly string[], string]>([
    [
      'standard input that is empty',
      startArgs('-', 'odd', '--input-format', 'jsonl'),
      '--input -: standard input is empty',
    ],
    [
      'standard input twice',
      startArgs(['-', '-'], 'odd', '--input-format', 'jsonl'),
      '--input - is given twice',
    ],
    [
      'a pattern that matches nothing',
      startArgs('no/*.csv', 'odd'),
      '--input "no/*.csv" matches no file',
    ],
    [
      'a format that is none',
      startArgs('rows.jsonl', 'odd', '--input-format', 'xml'),
      '--input-format must be one of csv, jsonl, json, parquet, arrow',
    ],
    [
      'one file twice',
      startArgs(['rows.jsonl', 'row*.jsonl'], 'odd'),
      '--input rows.jsonl is given twice',
    ],
    [
      'text that is called Parquet',
      startArgs('rows.jsonl', 'odd', '--input-format', 'parquet'),
      'rows.jsonl',
    ],
  ])('inputs refuse %s', async (_, args, message) => {
    const ran = await world.run(args);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain(message);
  });
});

describe('a run from the rows of an earlier one', () => {
  it('asks the failures again under their ids, with what is said now over what was said then', async () => {
    const again = ['start', '--from-run', 'tables', '--store', 'store', '--poll-interval', '0.05'];
    const shown = await world.run([
      ...again,
      '--param',
      'temperature=1',
      '--dry-run',
      '--limit',
      '1',
    ]);
    expect([shown.stderr, shown.code]).toEqual(['', 0]);
    const [line] = linesOf(shown.stdout) as readonly {
      readonly body: Row;
      readonly custom_id: string;
    }[];
    expect(line?.body).toMatchObject({ model: 'gpt-4.1', temperature: 1 });
    const ran = await world.run([
      ...again,
      '--model',
      'gpt-4.1-mini',
      '--run-id',
      'again',
      '--wait',
    ]);
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    const earlier = linesOf(bytesOf('out.jsonl').toString('utf8')) as readonly Row[];
    const failed = earlier
      .filter((row) => row['status'] !== 'completed')
      .map((row) => row['item_id']);
    const lines = linesOf(
      (await exported('again', 'again.jsonl')).toString('utf8'),
    ) as readonly Row[];
    expect(lines.map((row) => row['item_id'])).toEqual(failed);
    expect(lines[0]?.['metadata']).toMatchObject({ stars: expect.any(Number) as number });
    expect((lines[0]?.['metadata'] as Row)['batchor_lineage']).toMatchObject({
      source_ref: 'run:tables',
      source_primary_key: failed[0],
    });
    // What the run was started with is stored: it goes on from nothing but its name.
    expect(await world.run(['wait', '--run-id', 'again', '--store', 'store'])).toMatchObject({
      code: 0,
    });
    expect(
      await world.run([...again, '--model', 'gpt-4.1-mini', '--run-id', 'again']),
    ).toMatchObject({ code: 0 });
    const none = await world.run([...again, '--only', 'refusal', '--run-id', 'none', '--wait']);
    expect([none.code, none.stdout]).toEqual([1, '']);
    expect(none.stderr).toContain('failed as refusal');
  });

  it.each<[string, readonly string[], string]>([
    [
      'rows of files beside',
      ['--input', 'rows.jsonl'],
      '--from-run and --input exclude each other',
    ],
    [
      'another endpoint',
      ['--endpoint', 'embeddings'],
      '--from-run and --endpoint exclude each other',
    ],
    ['classes that are none', ['--only', 'failed,bad'], '"failed" is not a failure class'],
  ])('refuses %s', async (_, flags, message) => {
    const ran = await world.run(['start', '--from-run', 'tables', '--store', 'store', ...flags]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(message);
  });

  it('refuses runs that are not there, and a quote', async () => {
    const missing = await world.run(['start', '--from-run', 'nobody', '--store', 'store']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain('nobody');
    expect((await world.run(['quote', '--from-run', 'tables'])).stderr).toContain(
      '--from-run goes with start',
    );
    expect((await world.run(['start', '--only', 'failed'])).stderr).toContain(
      '--only goes with --from-run',
    );
  });
});
