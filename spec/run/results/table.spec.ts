import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openai } from '../../../adapters/openai/index.ts';
import { indexInCustomId } from '../../../lib/core/values/custom-ids.ts';
import type { Cell, TableFormat, TableStream } from '../../../lib/ports/table.ts';
import { createWorld, type World } from '../../../lib/sim/world.ts';
import { cellOf, resultTableColumns } from '../../../lib/run/results/columns.ts';
import type { JsonValue } from '../../../lib/core/json/json.ts';
import type { ItemResult, ResultSelection } from '../../../lib/core/settle/results.ts';
import type { TableOptions } from '../../../lib/run/api/run.ts';

const scratch = mkdtempSync(join(tmpdir(), 'batchor-table-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const Label = z.object({
  label: z.enum(['a', 'b']),
  score: z.number(),
  count: z.int().nullable(),
  isGood: z.boolean(),
  tags: z.array(z.string()),
});
const answerOf = (row: number): string =>
  JSON.stringify({
    label: row % 2 === 0 ? 'a' : 'b',
    score: row / 4,
    count: row === 3 ? null : row,
    isGood: row > 5,
    tags: [`t${row}`],
  });
const itemsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    itemId: `r${i}`,
    payload: `p${i}`,
    metadata: { market: `m${i % 3}`, rank: i, deep: { i } },
  }));
const providerConfig = openai({ model: 'gpt-4.1-mini' });
const job = (count: number) => ({
  items: itemsOf(count),
  buildPrompt: ({ payload }: { readonly payload: string }) => payload,
  providerConfig,
});
const worldOf = (answer: (row: number) => string): Promise<World> =>
  createWorld({ seed: 5, answer: ({ customId }) => answer(indexInCustomId(customId) ?? -1) });

/** The whole table, as rows. */
const rowsOf = async (
  world: World,
  asked: Promise<TableStream>,
): Promise<readonly Readonly<Record<string, Cell>>[]> => {
  const { columns, pages } = await world.until(asked);
  const rows: Record<string, Cell>[] = [];
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await world.until(iterator.next());
    if (page.done === true) return rows;
    expect(page.value.columns.length).toBe(columns.length);
    for (let row = 0; row < page.value.rowCount; row += 1)
      rows.push(
        Object.fromEntries(
          columns.map(({ name }, place) => [name, page.value.columns[place]?.[row] ?? null]),
        ),
      );
  }
};

describe('results as a table', () => {
  it('have a column for all that a row is, the fields of the schema, and the metadata', async () => {
    await using world = await worldOf((row) => (row === 7 ? 'no JSON' : answerOf(row)));
    const run = await world.runner.start(
      { ...job(9), structuredOutput: Label, retryPolicy: { maxAttempts: 1 } },
      { runId: 'labels' },
    );
    await world.settle(run);
    const table = await world.until(run.table({ order: 'input' }));
    expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'item_id text',
      'item_index integer',
      'sequence integer',
      'status text',
      'attempt_count integer',
      'uncharged_attempt_count integer',
      'error_class text',
      'error_code text',
      'error_message text',
      'retryable boolean',
      'raw_error json',
      'output_text text',
      'output json',
      'output.label text',
      'output.score number',
      'output.count integer',
      'output.isGood boolean',
      'output.tags json',
      'finish_reason text',
      'tool_calls json',
      'input_tokens integer',
      'cached_input_tokens integer',
      'output_tokens integer',
      'reasoning_tokens integer',
      'cost_usd number',
      'batch_id text',
      'latency_s number',
      'source_ref text',
      'source_item_index integer',
      'source_primary_key text',
      'source_namespace text',
      'metadata json',
      'metadata.market text',
      'metadata.rank number',
      'metadata.deep json',
    ]);
    const rows = await rowsOf(world, run.table({ order: 'input' }));
    expect(rows.map((row) => row['item_id'])).toEqual(itemsOf(9).map(({ itemId }) => itemId));
    expect(rows[3]).toMatchObject({
      status: 'completed',
      error_class: null,
      retryable: null,
      output: answerOf(3),
      'output.label': 'b',
      'output.score': 0.75,
      'output.count': null,
      'output.isGood': false,
      'output.tags': '["t3"]',
      source_ref: 'items',
      source_item_index: 3,
      metadata: '{"market":"m0","rank":3,"deep":{"i":3}}',
      'metadata.market': 'm0',
      'metadata.rank': 3,
      'metadata.deep': '{"i":3}',
    });
    expect(rows[7]).toMatchObject({
      status: 'failed_permanent',
      error_class: 'invalid_json',
      retryable: true,
      output: null,
      output_text: 'no JSON',
      'output.label': null,
    });
    const { batch_id: id, latency_s: latency, cost_usd: cost } = rows[0] ?? {};
    expect(id).toMatch(/^batch_/u);
    expect(latency).toBeGreaterThan(0);
    expect(cost).toBeGreaterThan(0);
    const spent = rows.reduce((sum, row) => sum + Number(row['cost_usd']), 0);
    expect(spent).toBeCloseTo(run.summary().cost.spentUsd ?? 0, 12);
  });

  it('are as many as results, in the same order and with the same words', async () => {
    await using world = await worldOf((row) => `answer ${row}`);
    const run = await world.runner.start(job(2_300), { runId: 'many' });
    await world.settle(run);
    const results = await world.until(run.results().toArray());
    const rows = await rowsOf(world, run.table());
    expect(rows.map((row) => [row['item_id'], row['sequence'], row['output_text']])).toEqual(
      results.map(({ itemId, sequence, outputText }) => [itemId, sequence, outputText]),
    );
    // The text says it all.
    expect(new Set(rows.map((row) => row['output']))).toEqual(new Set([null]));
    const some = await rowsOf(world, run.table({ afterSequence: 100, limit: 1_500 }));
    expect(some.map((row) => row['sequence'])).toEqual(
      results.slice(100, 1_600).map(({ sequence }) => sequence),
    );
  });

  it('have the columns of the first results of the run, from wherever they are read', async () => {
    await using world = await worldOf((row) => `answer ${row}`);
    const items = itemsOf(1_050).map((item, i) => ({
      ...item,
      metadata: i < 1_000 ? item.metadata : { late: i },
    }));
    const run = await world.runner.start(
      { ...job(1_050), items, chunkPolicy: { maxRequests: 350 } },
      { runId: 'columns' },
    );
    await world.settle(run);
    const asked = [
      {},
      { afterSequence: 1_045 },
      { limit: 1 },
      { afterSequence: 9_000 },
      { order: 'input' as const },
    ];
    const tables = await Promise.all(asked.map((options) => world.until(run.table(options))));
    const [all = [], ...others] = tables.map(({ columns }) => columns.map(({ name }) => name));
    expect(all).toContain('metadata.rank');
    for (const names of others)
      expect(names.filter((name) => name !== 'metadata.late')).toEqual(
        all.filter((name) => name !== 'metadata.late'),
      );
    expect(await rowsOf(world, run.table({ afterSequence: 1_045 }))).toHaveLength(5);
    expect(await rowsOf(world, run.table({ afterSequence: 9_000 }))).toEqual([]);
  });

  it('are those that were chosen: by outcome, by column', async () => {
    await using world = await worldOf((row) => (row % 3 === 0 ? 'no JSON' : answerOf(row)));
    const options = { ...job(2_400), structuredOutput: Label, retryPolicy: { maxAttempts: 1 } };
    const run = await world.runner.start(options, { runId: 'chosen' });
    await world.settle(run);
    const idsOf = async (asked: TableOptions): Promise<readonly Cell[]> =>
      (await rowsOf(world, run.table({ ...asked, columns: ['item_id'] }))).map(
        (row) => row['item_id'] ?? null,
      );
    const failed = itemsOf(2_400).flatMap(({ itemId }, i) => (i % 3 === 0 ? [itemId] : []));
    expect(await idsOf({ order: 'input', only: 'failed' })).toEqual(failed);
    expect(await idsOf({ order: 'input', only: ['invalid_json'] })).toEqual(failed);
    expect(await idsOf({ order: 'input', only: ['refusal'] })).toEqual([]);
    expect(await idsOf({ order: 'input', only: 'completed' })).toHaveLength(1_600);
    expect((await idsOf({ only: 'failed' })).toSorted()).toEqual(failed.toSorted());
    const text = async (only: ResultSelection): Promise<number> => {
      let count = 0;
      const pages = run.resultText({ only })[Symbol.asyncIterator]();
      for (
        let page = await world.until(pages.next());
        page.done !== true;
        page = await world.until(pages.next())
      )
        count += page.value.count;
      return count;
    };
    expect([await text('failed'), await text('all')]).toEqual([800, 2_400]);
    const results = await world.until(run.results({ only: 'failed' }).toArray());
    expect(results).toHaveLength(800);
    const path = join(scratch, 'flat.jsonl');
    const columns = ['error_class', 'item_id', 'output.tags'];
    expect(
      (await run.exportTerminalResults(path, { columns, only: 'failed', order: 'input' }))
        .exportedCount,
    ).toBe(800);
    expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[1] ?? '')).toEqual({
      error_class: 'invalid_json',
      item_id: 'r3',
      'output.tags': null,
    });
    const plain = await run.exportTerminalResults(path, { only: ['invalid_json'] });
    expect(plain).toMatchObject({ exportedCount: 800, nextAfterSequence: 2_400, hasMore: false });
    await expect(world.until(run.table({ columns: ['nope'] }))).rejects.toThrow('no column "nope"');
    await expect(
      world.until(
        run
          .table({ only: ['nope'] as never })
          .then(async ({ pages }) => pages[Symbol.asyncIterator]().next()),
      ),
    ).rejects.toThrow('got "nope"');
  });

  it('grow while the run continues; in input order they wait for its end', async () => {
    await using world = await worldOf((row) => `answer ${row}`);
    const run = await world.runner.start(
      { ...job(40), chunkPolicy: { maxRequests: 10 } },
      { runId: 'going' },
    );
    expect(await rowsOf(world, run.table())).toEqual([]);
    await expect(world.until(run.table({ order: 'input' }))).rejects.toMatchObject({
      code: 'run_not_finished',
    });
    await world.settle(run);
    expect(await rowsOf(world, run.table())).toHaveLength(40);
  });
});

describe('a report', () => {
  it('counts what there is by class and attempts, and names the slowest batches', async () => {
    await using world = await worldOf((row) => (row % 5 === 0 ? 'no JSON' : answerOf(row)));
    const job5 = {
      ...job(60),
      structuredOutput: Label,
      retryPolicy: { maxAttempts: 2 },
      chunkPolicy: { maxRequests: 8 },
    };
    const run = await world.runner.start(job5, { runId: 'report' });
    expect(await world.until(run.report())).toMatchObject({
      isFinished: false,
      resultCount: 0,
      failures: [],
      slowestBatches: [],
    });
    const summary = await world.settle(run);
    const report = await world.until(run.report());
    expect(report).toMatchObject({
      isFinished: true,
      itemCounts: summary.itemCounts,
      resultCount: 60,
      failures: [{ errorClass: 'invalid_json', count: 12 }],
      attempts: [
        { attemptCount: 1, resultCount: 48 },
        { attemptCount: 2, resultCount: 12 },
      ],
      usage: summary.usage,
      spentUsd: summary.cost.spentUsd,
    });
    expect(report.slowestBatches).toHaveLength(5);
    const latencies = report.slowestBatches.map(({ latencyS }) => latencyS);
    expect(latencies).toEqual(latencies.toSorted((a, b) => b - a));
    expect(latencies[4]).toBeGreaterThan(0);
    const rows = await rowsOf(world, run.table());
    expect(Math.max(...rows.map((row) => Number(row['latency_s'])))).toBeLessThanOrEqual(
      latencies[0] ?? 0,
    );
  });
});

/** A format that a person can read: the names, then a line per page. */
const pageFormat = (fails: boolean): TableFormat => ({
  name: 'pages',
  extensions: ['.pages'],
  isText: true,
  async *encode({ columns, pages }) {
    yield new TextEncoder().encode(`${columns.length}\n`);
    for await (const { rowCount } of pages) {
      if (fails) throw new Error('the format fails');
      yield new TextEncoder().encode(`${rowCount}\n`);
    }
  },
});

describe('an export', () => {
  it('of any format is whole, or not there, and says where the next one begins', async () => {
    await using world = await worldOf((row) => `answer ${row}`);
    const run = await world.runner.start(job(1_200), { runId: 'out' });
    await world.settle(run);
    const path = join(scratch, 'new', 'out.pages');
    const format = pageFormat(false);
    expect(await run.exportTerminalResults(path, { format, limit: 1_100 })).toEqual({
      path,
      exportedCount: 1_100,
      nextAfterSequence: 1_100,
      hasMore: true,
    });
    expect(readFileSync(path, 'utf8').split('\n').slice(1)).toEqual(['1000', '100', '']);
    await run.exportTerminalResults(path, { format, order: 'input' });
    expect(readFileSync(path, 'utf8').split('\n').slice(1)).toEqual(['1000', '200', '']);
    await expect(run.exportTerminalResults(path, { format: pageFormat(true) })).rejects.toThrow(
      'the format fails',
    );
    expect(readFileSync(path, 'utf8').split('\n').slice(1)).toEqual(['1000', '200', '']);
    expect(readdirSync(join(scratch, 'new'))).toEqual(['out.pages']);
    const lines = join(scratch, 'in-order.jsonl');
    expect((await run.exportTerminalResults(lines, { order: 'input' })).exportedCount).toBe(1_200);
    expect(
      readFileSync(lines, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { item_id: string }).item_id),
    ).toEqual(itemsOf(1_200).map(({ itemId }) => itemId));
  });

  it.each([
    [{ append: true, format: pageFormat(false) }, 'cannot append to a file of format pages'],
    [{ order: 'input' as const, limit: 3 }, 'results in input order are always complete'],
    [{ order: 'input' as const, append: true }, 'results in input order are always complete'],
  ])('refuses what cannot be meant: %#', async (options, message) => {
    await using world = await worldOf(() => 'x');
    const run = await world.runner.start(job(1), { runId: 'odd' });
    await world.settle(run);
    await expect(run.exportTerminalResults(join(scratch, 'odd'), options)).rejects.toThrow(message);
  });
});

describe('the whole body', () => {
  it('is in exports of JSON lines where it was asked for, in any order, and nowhere else', async () => {
    await using world = await worldOf(() => 'x');
    const run = await world.runner.start(job(3), { runId: 'bodies' });
    await world.settle(run);
    const keysOf = (path: string): readonly string[] =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => typeof (JSON.parse(line) as { readonly response?: object }).response);
    const include = ['response'] as const;
    await run.exportTerminalResults(join(scratch, 'whole.jsonl'), { include });
    await run.exportTerminalResults(join(scratch, 'ordered.jsonl'), { include, order: 'input' });
    await run.exportTerminalResults(join(scratch, 'plain.jsonl'));
    expect(keysOf(join(scratch, 'whole.jsonl'))).toEqual(['object', 'object', 'object']);
    expect(keysOf(join(scratch, 'ordered.jsonl'))).toEqual(['object', 'object', 'object']);
    expect(keysOf(join(scratch, 'plain.jsonl'))).toEqual(['undefined', 'undefined', 'undefined']);
    const [result] = await world.until(run.results({ include }).toArray());
    expect(result?.response).toMatchObject({ object: 'response' });
    const odd = ['everything'] as unknown as typeof include;
    await expect(world.until(run.results({ include: odd }).toArray())).rejects.toThrow(
      'include must hold only \'response\' (got "everything")',
    );
  });
});

describe('the column of outputs', () => {
  const vector: ItemResult = {
    ...{
      itemId: 'a',
      itemIndex: 1_000,
      sequence: 1,
      attemptCount: 1,
      unchargedAttemptCount: 0,
      metadata: {},
      usage: null,
    },
    ...{ costUsd: null, batchId: null, latencyS: null },
    ...{
      status: 'completed',
      outputText: null,
      finishReason: null,
      toolCalls: null,
      output: [0.5, 1],
    },
  };
  const { output: _, ...rest } = vector;
  const error = {
    errorClass: 'server_error',
    errorCode: null,
    message: 'no',
    retryable: true,
    rawError: null,
  } as const;
  const failed: ItemResult = { ...rest, status: 'failed_permanent', error };
  const words: ItemResult = { ...vector, outputText: 'yes', output: 'yes' };
  const scene = { isSharing: false, sample: [], hasResponses: false };
  const outputOf = (result: ItemResult): Cell | undefined =>
    resultTableColumns({ ...scene, jsonSchema: null })
      .find(({ name }) => name === 'output')
      ?.cell(result);

  it('is always there, whatever the first rows are, and null where the text says it all, and of failures', () => {
    expect(outputOf(words)).toBeNull();
    expect(outputOf(failed)).toBeNull();
    expect(outputOf(vector)).toBe('[0.5,1]');
  });

  it('holds numbers as they were written, also such as no number here can be', () => {
    const written = [
      '{"n":9007199254740993}',
      ' {"n":-1e400}\n',
      '{"n":0.12345678901234567890}',
      '{ "n" : 1.50 }',
    ];
    const cells = written.map((outputText) => {
      const result: ItemResult = {
        ...vector,
        outputText,
        output: JSON.parse(outputText) as JsonValue,
      };
      const columns = resultTableColumns({ ...scene, jsonSchema: { type: 'object' } });
      return columns.find(({ name }) => name === 'output')?.cell(result);
    });
    expect(cells).toEqual([
      '{"n":9007199254740993}',
      '{"n":-1e400}',
      '{"n":0.12345678901234567890}',
      '{"n":1.5}',
    ]);
  });
});

describe('a cell', () => {
  it('holds what its type can, and is empty for the rest', () => {
    expect([
      cellOf('integer', 1.5),
      cellOf('integer', 2 ** 60),
      cellOf('integer', '1'),
      cellOf('integer', -0),
    ]).toEqual([null, null, null, -0]);
    expect([
      cellOf('number', true),
      cellOf('boolean', 1),
      cellOf('text', 7),
      cellOf('json', { a: [1] }),
    ]).toEqual([null, null, '7', '{"a":[1]}']);
  });
});
