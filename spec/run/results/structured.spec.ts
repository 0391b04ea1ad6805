import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as t from 'io-ts';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { openai } from '../../../adapters/openai/index.ts';
import { indexInCustomId } from '../../../lib/core/values/custom-ids.ts';
import type { BatchorError } from '../../../lib/run/api/errors.ts';
import { isBatchorError } from '../../../lib/run/api/errors.ts';
import { storedModule } from '../../../lib/run/job/schema-module.ts';
import { withJsonSchema } from '../../../lib/schema/annotate.ts';
import { createWorld, type World, type WorldOptions } from '../../../lib/sim/world.ts';
import { Label } from './schemas/label.ts';

const itemsOf = (count: number): { readonly itemId: string; readonly payload: string }[] =>
  Array.from({ length: count }, (_, i) => ({ itemId: `r${i}`, payload: `prompt ${i}` }));
const providerConfig = openai({ model: 'gpt-4.1-mini' });
const buildPrompt = ({ payload }: { readonly payload: string }): string => payload;
const worldOf = (answers: readonly string[], options: WorldOptions = {}): Promise<World> =>
  createWorld({
    seed: 5,
    answer: ({ customId }) =>
      answers[indexInCustomId(customId) ?? -1] ?? '{"label":"x","note":null}',
    ...options,
  });
const errorOf = async (promise: Promise<unknown>): Promise<BatchorError> => {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isBatchorError(error)) throw error instanceof Error ? error : new Error('it did not fail');
  return error;
};
const scratch = mkdtempSync(join(tmpdir(), 'batchor-structured-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const answers = [
  '{"label":"good","note":null}',
  '{"label":"noted","note":"here"}',
  '',
  '{"label":"cut',
  '```json\n{"label":"fenced","note":null}\n```',
  '{"label":7,"note":null}',
];

describe('a run whose answers are promised in a structure', () => {
  it('gives typed outputs, and fails the others by what is wrong with them, with the words kept', async () => {
    await using world = await worldOf(answers);
    const job = {
      items: itemsOf(6),
      buildPrompt,
      providerConfig,
      structuredOutput: Label,
      retryPolicy: { maxAttempts: 2 },
    };
    const run = await world.runner.start(job, { runId: 'six' });
    const summary = await world.settle(run);
    expect(summary.itemCounts).toMatchObject({ completed: 2, failed_permanent: 4 });
    const results = await world.until(run.results({ order: 'input' }).toArray());
    expect(
      results.map((result) =>
        result.status === 'completed' ? result.output : result.error.errorClass,
      ),
    ).toEqual([
      { label: 'good' },
      { label: 'noted', note: 'here' },
      'empty_output',
      'invalid_json',
      'fenced_json',
      'schema_mismatch',
    ]);
    expect(
      results.slice(2).map(({ outputText, attemptCount }) => [outputText, attemptCount]),
    ).toEqual(answers.slice(2).map((text) => [text, 2]));
    const [last] = results.slice(-1);
    expect(last?.status === 'failed_permanent' ? last.error : null).toMatchObject({
      message: 'the answer does not satisfy the schema: $.label: string is needed',
      retryable: true,
    });
    // Paid for twice, as asked: each of the four that failed had its two attempts.
    expect(world.ledger.requestsBilled).toBe(10);
    expect((await world.until(run.verify())).isSound).toBe(true);
  });

  it('is exported as the model wrote it', async () => {
    await using world = await worldOf(answers);
    const run = await world.runner.start({
      items: itemsOf(6),
      buildPrompt,
      providerConfig,
      structuredOutput: z.object({
        label: z.string().transform((text) => text.toUpperCase()),
        note: z.string().optional(),
      }),
      retryPolicy: { maxAttempts: 1 },
    });
    await world.settle(run);
    const path = join(scratch, 'out.jsonl');
    await run.exportTerminalResults(path);
    const rows = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as {
            item_id: string;
            output: unknown;
            output_text: string;
            error: { message: string } | null;
          },
      );
    expect(rows.find(({ item_id: id }) => id === 'r0')).toMatchObject({
      output: { label: 'good', note: null },
      output_text: answers[0],
      error: null,
    });
    expect(rows.find(({ item_id: id }) => id === 'r5')?.error?.message).toContain('$.label');
    let text = '';
    for await (const page of run.resultText()) text += page.text;
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { output: unknown }).output)[1],
    ).toEqual({ label: 'noted', note: 'here' });
    const [first] = await world.until(run.results({ order: 'input' }).toArray());
    expect(first?.status === 'completed' ? first.output.label : null).toBe('GOOD');
  });

  it('asks again, and takes the answer that satisfies', async () => {
    await using world = await createWorld({
      seed: 5,
      answer: ({ attempt }) => (attempt === 1 ? 'not yet' : { label: 'second' }),
    });
    const run = await world.runner.start({
      items: itemsOf(3),
      buildPrompt,
      providerConfig,
      structuredOutput: z.object({ label: z.string() }),
    });
    await world.settle(run);
    const results = await world.until(run.results().toArray());
    expect(
      results.map((result) =>
        result.status === 'completed' ? [result.output.label, result.attemptCount] : null,
      ),
    ).toEqual([
      ['second', 2],
      ['second', 2],
      ['second', 2],
    ]);
  });

  it('has a schema that is asked for of every answer, by its own name', async () => {
    const asked: unknown[] = [];
    await using world = await createWorld({
      seed: 5,
      answer: ({ body }) => (asked.push(body['text']), { label: 'x', note: null }),
    });
    await world.settle(
      await world.runner.start({
        items: itemsOf(1),
        buildPrompt,
        providerConfig,
        structuredOutput: Label,
      }),
    );
    expect(asked).toEqual([
      {
        format: {
          type: 'json_schema',
          name: 'Label',
          strict: true,
          schema: {
            title: 'Label',
            type: 'object',
            properties: { label: { type: 'string' }, note: { type: ['string', 'null'] } },
            required: ['label', 'note'],
            additionalProperties: false,
          },
        },
      },
    ]);
  });

  it('is settled by code that waits', async () => {
    await using world = await worldOf(['{"label":"yes"}', '{"label":"no"}']);
    const Slow = z.object({
      label: z.string().refine(async (text) => Promise.resolve(text === 'yes')),
    });
    const run = await world.runner.start({
      items: itemsOf(2),
      buildPrompt,
      providerConfig,
      structuredOutput: Slow,
      retryPolicy: { maxAttempts: 1 },
    });
    expect((await world.settle(run)).itemCounts).toMatchObject({
      completed: 1,
      failed_permanent: 1,
    });
  });
});

describe('a schema that the provider would refuse', () => {
  const refused = async (
    structuredOutput: Parameters<World['runner']['start']>[0]['structuredOutput'],
    more: object = {},
  ): Promise<BatchorError> => {
    await using world = await worldOf([]);
    const error = await errorOf(
      world.runner.start({
        items: itemsOf(3),
        buildPrompt,
        providerConfig,
        structuredOutput,
        ...more,
      }),
    );
    // No run, no upload, no batch.
    for await (const run of world.runner.listRuns()) throw new Error(`there is a run ${run.runId}`);
    expect(await world.provider.listFiles()).toMatchObject({ value: { data: [] } });
    expect(world.ledger.batchesCreated).toBe(0);
    return error;
  };

  it('costs no upload, and is reported with every place, rule and remedy', async () => {
    const error = await refused({
      type: 'object',
      properties: {
        a: { type: 'string', format: 'uri' },
        b: { type: 'array', items: { type: 'object', properties: {} } },
      },
      required: ['a'],
      additionalProperties: false,
    });
    expect(error.code).toBe('schema_not_strict');
    expect(error.message).toContain('$.a: OpenAI does not know the format "uri"');
    expect(error.message).toContain('$.b: it is not in "required"');
    expect(error.message).toContain(
      '$.b[]: it may have properties that it does not name; add "additionalProperties": false',
    );
    expect(
      isBatchorError(error, 'schema_not_strict')
        ? error.details.violations.map(({ path, rule }) => [path, rule])
        : [],
    ).toEqual([
      ['$.a', 'known_formats'],
      ['$.b', 'all_required'],
      ['$.b[]', 'closed_objects'],
    ]);
  });

  it('is distinguished from one that no JSON Schema can say', async () => {
    const error = await refused(t.type({ pair: t.tuple([t.string, t.string]) }));
    expect(error.code).toBe('schema_unsupported');
    expect(error.message).toContain(
      '$.pair: a tuple has no meaning in a strict schema; make it a t.type with one property for each place',
    );
    expect((await refused(z.object({ at: z.date() }))).message).toContain('Date');
  });

  it('has a name that is refused, no schema to name, or an endpoint that takes none', async () => {
    expect((await refused(Label, { schemaName: 'größe' })).message).toContain('"größe"');
    expect((await refused(undefined, { schemaName: 'x' })).message).toContain(
      'schemaName requires structuredOutput',
    );
    const embeddings = openai({ model: 'text-embedding-3-small', endpoint: 'embeddings' });
    expect((await refused(Label, { providerConfig: embeddings })).message).toContain(
      'the endpoint embeddings of openai does not support a schema',
    );
    expect((await refused(7 as unknown as typeof Label)).message).toContain('neither a codec');
  });
});

describe('a run that a fresh process finds', () => {
  const module = new URL('schemas/label.ts', import.meta.url).href;
  const start = async (world: World, more: object = {}): Promise<void> => {
    const job = {
      items: itemsOf(2),
      buildPrompt,
      providerConfig,
      structuredOutput: Label,
      retryPolicy: { maxAttempts: 1 },
      ...more,
    };
    await world.settle(await world.runner.start(job, { runId: 'kept' }));
  };
  const texts = ['{"label":"a","note":null}', '{"label":"b","note":"c"}'];

  it('is read by the module that its job named, and says so', async () => {
    await using world = await worldOf(texts);
    await start(world, { schemaRef: { module, export: 'Label' } });
    const run = await (await world.crash()).getRun('kept');
    expect(await run.structure()).toMatchObject({
      readBy: 'module',
      note: null,
      schemaName: 'Label',
    });
    expect(
      (await world.until(run.results().toArray())).map((result) =>
        result.status === 'completed' ? result.output : null,
      ),
    ).toEqual([{ label: 'a' }, { label: 'b', note: 'c' }]);
  });

  it.each<[string, object, RegExp]>([
    ['no module was named', {}, /^null$/],
    [
      'the module is gone',
      { schemaRef: { module: './gone.ts', export: 'Label' } },
      /gone\.ts#Label cannot be used/,
    ],
    ['it exports no such thing', { schemaRef: { module, export: 'None' } }, /has no export None/],
    [
      'it exports something else',
      { schemaRef: { module: 'node:path', export: 'sep' } },
      /cannot be used: neither a codec/,
    ],
    [
      'what it exports has changed',
      { schemaRef: { module, export: 'Changed' } },
      /has changed since the run started \(jsonSchema\.properties\.note\.type/,
    ],
  ])('is read by the JSON Schema stored with it where %s', async (_title, more, note) => {
    await using world = await worldOf(texts);
    await start(world, more);
    const run = await (await world.crash()).getRun('kept');
    const structure = await run.structure();
    expect(structure?.readBy).toBe('stored_schema');
    expect(String(structure?.note)).toMatch(note);
    const [first] = await world.until(run.results().toArray());
    expect(first?.status === 'completed' ? first.output : null).toEqual({ label: 'a', note: null });
  });

  it('is read as JSON where even the stored schema cannot be used', async () => {
    await using world = await worldOf(texts);
    const odd = withJsonSchema(t.string, { type: 'string', pattern: '(?<n>a)(?<n>b)' });
    const providerWithoutRules = { ...providerConfig, schemaRules: undefined };
    await start(world, {
      structuredOutput: t.type({ label: odd, note: t.null }),
      providerConfig: providerWithoutRules,
    });
    const run = await (await world.crash()).getRun('kept');
    expect(String((await run.structure())?.note)).toContain('cannot be used to check answers');
    expect((await world.until(run.results().toArray())).length).toBe(2);
  });

  it('is settled by whatever it is read by', async () => {
    await using world = await worldOf(['{"label":"a","note":null}', '{"label":1}']);
    await world.runner.start(
      {
        items: itemsOf(2),
        buildPrompt,
        providerConfig,
        structuredOutput: Label,
        retryPolicy: { maxAttempts: 1 },
      },
      { runId: 'kept' },
    );
    await world.advance(1_000);
    const run = await (await world.crash()).getRun('kept');
    expect((await world.settle(run)).itemCounts).toMatchObject({
      completed: 1,
      failed_permanent: 1,
    });
  });

  it('is as typed as it was with its schema, and refuses another, showing the difference', async () => {
    await using world = await worldOf(texts);
    await start(world);
    const reborn = await world.crash();
    const run = await reborn.getRun('kept', { structuredOutput: Label });
    expect((await run.structure())?.readBy).toBe('given');
    const [first] = await world.until(run.results().toArray());
    expect(first?.status === 'completed' ? first.output.label : null).toBe('a');
    const other = t.strict({ label: t.string, note: t.union([t.number, t.undefined]) }, 'Label');
    const error = await errorOf(reborn.getRun('kept', { structuredOutput: other }));
    expect(error.message).toContain('structuredOutput.jsonSchema.properties.note.type (');
    const job = { items: itemsOf(2), buildPrompt, providerConfig };
    expect(
      (await errorOf(reborn.getRun('kept', { job: { ...job, structuredOutput: other } }))).message,
    ).toContain('structuredOutput.jsonSchema.properties.note.type');
    expect((await errorOf(reborn.getRun('kept', { job }))).code).toBe('job_changed');
    // Another module of the same schema is the same run.
    await reborn.getRun('kept', {
      job: { ...job, structuredOutput: Label, schemaRef: { module, export: 'Label' } },
    });
  });

  it('shows a completed row that the schema of now refuses as one that cannot be used', async () => {
    await using world = await worldOf(texts);
    await start(world);
    const Strict = t.strict(
      {
        label: t.refinement(t.string, (text) => text !== 'a'),
        note: t.union([t.string, t.undefined]),
      },
      'Label',
    );
    const run = await (await world.crash()).getRun('kept', { structuredOutput: Strict });
    const [first, second] = await world.until(run.results({ order: 'input' }).toArray());
    expect(first).toMatchObject({
      status: 'failed_permanent',
      outputText: texts[0],
      error: { errorClass: 'schema_mismatch', rawError: { label: 'a' } },
    });
    expect(second?.status).toBe('completed');
  });
});

describe('the module of a schema', () => {
  it('is stored by its way from the project’s folder, so that another checkout finds it', () => {
    const root = new URL('../../..', import.meta.url);
    expect(
      storedModule(
        new URL('spec/run/results/schemas/label.ts', root).href,
        new URL('spec', root).pathname,
      ),
    ).toBe('./spec/run/results/schemas/label.ts');
    expect(storedModule('./run/results/schemas/label.ts', new URL('spec', root).pathname)).toBe(
      './spec/run/results/schemas/label.ts',
    );
    expect(storedModule('/elsewhere/label.ts', new URL('spec', root).pathname)).toBe(
      'file:///elsewhere/label.ts',
    );
    expect(storedModule('@acme/schemas')).toBe('@acme/schemas');
  });
});
