import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from '@uwdata/flechette';
import Papa from 'papaparse';
import { describe, expect, it } from 'vitest';
import type { FaultScript } from '../../lib/sim/index.ts';
import { readIndependently } from '../contract/parquet-files.ts';
import { type CliWorld, createCliWorld, jsonlOf, startArgs } from './in-process.ts';

type Row = Readonly<Record<string, unknown>>;
const rowCount = 12;

/** A run of twelve rows against the emulator with these faults. */
const played = async (
  faults: FaultScript,
  ...flags: readonly string[]
): Promise<{ readonly world: CliWorld; readonly code: number }> => {
  const world = await createCliWorld({ faults });
  world.write('rows.jsonl', jsonlOf(rowCount));
  const { code } = await world.run(startArgs('rows.jsonl', 'answers', '--wait', ...flags));
  return { world, code };
};
const typed = (world: CliWorld, command: string, ...rest: readonly string[]) =>
  world.run([command, '--run-id', 'answers', '--store', 'store', ...rest]);
const chat = ['--endpoint', 'chat.completions'];
const schema = {
  title: 'Label',
  type: 'object',
  properties: { label: { type: 'string' } },
  required: ['label'],
  additionalProperties: false,
};

describe('answers that are more than one text', () => {
  it('of several message items are taken under a schema at the first asking, and paid for once', async () => {
    const world = await createCliWorld({ faults: [{ type: 'rows_several_messages', ratio: 1 }] });
    await using _ = world;
    world.write('rows.jsonl', jsonlOf(rowCount));
    world.write('schema.json', JSON.stringify(schema));
    const started = await world.run(
      startArgs('rows.jsonl', 'answers', '--wait', '--schema', 'schema.json'),
    );
    expect([started.stderr, started.code]).toEqual(['', 0]);
    const { lines } = await typed(world, 'results');
    expect(lines.map((line) => line['attempt_count'])).toEqual(
      Array.from({ length: rowCount }, () => 1),
    );
    for (const line of lines)
      expect(JSON.parse(line['output_text'] as string)).toEqual(line['output']);
    expect(world.emulator.ledger.requestsBilled).toBe(rowCount);
    // The same once the raw files are gone.
    await typed(world, 'export-artifacts', '--destination-dir', 'out');
    expect((await typed(world, 'prune-artifacts', '--include-raw')).code).toBe(0);
    expect((await typed(world, 'results')).lines).toEqual(lines);
    expect((await typed(world, 'verify')).json['is_sound']).toBe(true);
  });

  it('are asked once where a schema was promised and a tool is called, and keep the call', async () => {
    await using world = await createCliWorld({ faults: [{ type: 'rows_tool_calls', ratio: 1 }] });
    world.write('rows.jsonl', jsonlOf(rowCount));
    world.write('schema.json', JSON.stringify(schema));
    expect(
      (
        await world.run(
          startArgs('rows.jsonl', 'answers', '--wait', '--schema', 'schema.json', ...chat),
        )
      ).code,
    ).toBe(2);
    const { lines } = await typed(world, 'results');
    expect(world.emulator.ledger.requestsBilled).toBe(rowCount);
    for (const line of lines) {
      expect(line['error']).toMatchObject({
        error_class: 'tool_call',
        message: 'the answer is a tool call, without a text that satisfies the schema',
        retryable: false,
      });
      expect(line['tool_calls']).toEqual([expect.objectContaining({ type: 'function' })]);
    }
    expect((await typed(world, 'verify')).json['is_sound']).toBe(true);
  });

  it.each<readonly [string, FaultScript, readonly string[], string]>([
    ['tool calls of chat', [{ type: 'rows_tool_calls', ratio: 0.5 }], chat, 'tool_calls'],
    ['function calls of responses', [{ type: 'rows_tool_calls', ratio: 0.5 }], [], 'completed'],
  ])('are rows with calls, in every format: %s', async (_name, faults, flags, reason) => {
    const { world, code } = await played(faults, ...flags);
    await using _ = world;
    expect(code).toBe(0);
    const { lines } = await typed(world, 'results');
    const calls = lines.filter((line) => line['tool_calls'] !== null);
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.length).toBeLessThan(rowCount);
    for (const line of calls) {
      expect([line['output_text'], line['finish_reason'], line['status']]).toEqual([
        null,
        reason,
        'completed',
      ]);
      expect(JSON.stringify(line['output'])).toContain('look_up');
    }
    for (const line of lines)
      if (line['tool_calls'] === null) expect(line['output']).toBe(line['output_text']);
    const expected = lines.map((line) => [
      line['item_id'],
      line['finish_reason'],
      line['tool_calls'] === null ? null : JSON.stringify(line['tool_calls']),
      line['output'] === line['output_text'] ? null : JSON.stringify(line['output']),
    ]);
    const told = (row: Row): readonly unknown[] =>
      ['item_id', 'finish_reason', 'tool_calls', 'output'].map((name) => row[name] ?? null);
    const file = async (name: string): Promise<Buffer> => {
      expect((await typed(world, 'results', '--output', name)).code).toBe(0);
      return readFileSync(join(world.folder, name));
    };
    const csv = Papa.parse<Row>((await file('out.csv')).toString('utf8'), {
      header: true,
      skipEmptyLines: true,
    });
    expect(csv.data.map((row) => told(row).map((cell) => (cell === '' ? null : cell)))).toEqual(
      expected,
    );
    expect(readIndependently(await file('out.parquet')).rows.map(told)).toEqual(expected);
    expect(
      (tableFromIPC(new Uint8Array(await file('out.arrow'))).toArray() as readonly Row[]).map(told),
    ).toEqual(expected);
  });

  it.each<readonly [string, FaultScript[number]]>([
    ['three choices', { type: 'rows_several_choices', ratio: 1 }],
    ['parts', { type: 'rows_content_list', ratio: 1 }],
    ['pictures', { type: 'rows_images', ratio: 1 }],
    ['sound', { type: 'rows_audio', ratio: 1 }],
  ])(
    'are whole in output, with the text beside it where there is one: %s',
    async (_name, fault) => {
      const { world, code } = await played([fault], ...chat);
      await using _ = world;
      expect(code).toBe(0);
      const { lines } = await typed(world, 'results');
      for (const line of lines) {
        expect(typeof line['output']).toBe('object');
        expect(line['output']).not.toBeNull();
        const hasText = fault.type === 'rows_several_choices' || fault.type === 'rows_content_list';
        expect(typeof line['output_text']).toBe(hasText ? 'string' : 'object');
      }
      const whole = (await typed(world, 'results', '--include', 'response')).lines;
      expect(whole.map(({ response: _, ...rest }) => rest)).toEqual(lines);
      for (const line of whole)
        expect(line['response']).toMatchObject({
          object: 'chat.completion',
          usage: expect.anything() as unknown,
        });
    },
  );

  it.each<readonly [string, FaultScript[number], string, number]>([
    ['an empty text', { type: 'rows_empty_text', ratio: 1 }, 'empty_output', 3],
    ['thoughts alone', { type: 'rows_reasoning_only', ratio: 1 }, 'empty_output', 3],
    ['model_length', { type: 'rows_end_with', ratio: 1, reason: 'model_length' }, 'truncated', 1],
    ['pause_turn', { type: 'rows_end_with', ratio: 1, reason: 'pause_turn' }, 'truncated', 1],
    [
      'a reason of tomorrow',
      { type: 'rows_end_with', ratio: 1, reason: 'tea_break' },
      'truncated',
      1,
    ],
    [
      'content_filter',
      { type: 'rows_end_with', ratio: 1, reason: 'content_filter' },
      'content_filtered',
      1,
    ],
    ['error', { type: 'rows_end_with', ratio: 1, reason: 'error' }, 'server_error', 3],
  ])(
    'complete no row when they are cut or empty: %s',
    async (_name, fault, failureClass, attempts) => {
      const { world, code } = await played([fault], ...chat);
      await using _ = world;
      expect(code).toBe(2);
      const { lines } = await typed(world, 'results');
      expect(lines).toHaveLength(rowCount);
      for (const line of lines) {
        expect([
          line['status'],
          (line['error'] as Row)['error_class'],
          line['attempt_count'],
        ]).toEqual(['failed_permanent', failureClass, attempts]);
        if (fault.type === 'rows_end_with') expect(line['finish_reason']).toBe(fault.reason);
      }
      expect((await typed(world, 'verify')).json['is_sound']).toBe(true);
    },
  );

  it('have the whole body in tables on request, and null once the raw files are gone', async () => {
    const { world } = await played([]);
    await using _ = world;
    const responsesIn = async (): Promise<readonly unknown[]> => {
      expect(
        (await typed(world, 'results', '--output', 'out.parquet', '--include', 'response')).code,
      ).toBe(0);
      return readIndependently(readFileSync(join(world.folder, 'out.parquet'))).rows.map(
        (row) => (row as Row)['response'] ?? null,
      );
    };
    for (const response of await responsesIn())
      expect(JSON.parse(response as string)).toMatchObject({ object: 'response' });
    await typed(world, 'export-artifacts', '--destination-dir', 'out');
    await typed(world, 'prune-artifacts', '--include-raw');
    expect(new Set(await responsesIn())).toEqual(new Set([null]));
    expect(
      new Set(
        (await typed(world, 'results', '--include', 'response')).lines.map(
          (line) => line['response'],
        ),
      ),
    ).toEqual(new Set([null]));
    const refused = await typed(world, 'results', '--include', 'everything');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('--include must be response (got "everything")');
  });
});
