import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type CliWorld, createCliWorld, csvOf, linesOf, startArgs } from './in-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const labels = `
import * as t from 'io-ts';
import * as z from 'zod';
type Never = never;
export const Label = t.strict({ label: t.union([t.literal('a'), t.literal('b')]), note: t.union([t.string, t.undefined]) }, 'Label');
export const Zed: z.ZodType = z.object({ label: z.string().min(1), size: z.number().optional() });
export const Picky = z.object({ label: z.string().refine((text) => text === 'never') });
export const Bad = t.type({ pair: t.tuple([t.string]), all: t.unknown });
export const nothing: Never | 3 = 3;
`;
const schema = {
  type: 'object',
  properties: { label: { type: 'string' } },
  required: ['label'],
  additionalProperties: false,
};
const job = (values: string): string => `
import { defineJob } from 'batchor';
import { csvSource } from 'batchor/adapters/csv';
import { openai } from 'batchor/adapters/openai';
import * as z from 'zod';
export default defineJob({
  name: 'reviews',
  source: csvSource('rows.csv', { columns: ['id', 'text'], itemId: 'id', payload: (row) => ({ text: row.text }) }),
  buildPrompt: ({ payload }: { payload: { text: string } }) => payload.text,
  structuredOutput: z.object({ sentiment: z.enum([${values}]), topics: z.array(z.string()).optional() }),
  providerConfig: openai({ model: 'gpt-4.1-mini', pollIntervalMs: 50 }),
});
export const notAJob = { a: 1 };
`;

/** A user's project: rows, schemas, a job, and the packages that they import. */
const worldOf = async (rows = 5): Promise<CliWorld> => {
  const world = await createCliWorld();
  world.write('rows.csv', csvOf(rows));
  world.write('labels.ts', labels);
  world.write('label.json', JSON.stringify(schema));
  world.write('throws.mjs', 'throw new Error("planted");');
  world.write(
    'job.ts',
    job("'good', 'bad'").replace("'rows.csv'", JSON.stringify(join(world.folder, 'rows.csv'))),
  );
  const packages = join(world.folder, 'node_modules');
  mkdirSync(packages);
  symlinkSync(root, join(packages, 'batchor'));
  for (const name of ['io-ts', 'fp-ts', 'zod'])
    symlinkSync(join(root, 'node_modules', name), join(packages, name));
  return world;
};
const storeOf = (world: CliWorld): string => join(world.folder, 'store');
const outputsOf = (stdout: string): readonly unknown[] =>
  linesOf(stdout).map((line) => (line as { readonly output: unknown }).output);

describe('batchor schema check', () => {
  it('shows what would be sent, of a file and of what a module exports, with no key and no network', async () => {
    await using world = await worldOf();
    const file = await world.run(['schema', 'check', 'label.json'], { onlyEnv: {} });
    expect([file.code, file.stderr]).toEqual([0, '']);
    expect(JSON.parse(file.stdout)).toMatchObject({
      is_taken: true,
      schema_name: 'output',
      vendor: 'json-schema',
      violations: [],
      json_schema: schema,
    });
    const codec = await world.run(['schema', 'check', './labels.ts#Label'], { onlyEnv: {} });
    expect(JSON.parse(codec.stdout)).toMatchObject({
      is_taken: true,
      schema_name: 'Label',
      vendor: 'io-ts',
      sizes: { depth: 1, properties: 2 },
    });
    expect(
      JSON.parse((await world.run(['schema', 'check', './labels.ts#Zed'])).stdout),
    ).toMatchObject({ is_taken: true, vendor: 'zod' });
  });

  it('names every place that would be refused, and ends with 6', async () => {
    await using world = await worldOf();
    const ran = await world.run(['schema', 'check', './labels.ts#Bad']);
    expect(ran.code).toBe(6);
    expect(ran.stderr).toContain(
      '  $.pair: a tuple has no meaning in a strict schema; make it a t.type with one property for each place\n  $.all: ',
    );
    expect(JSON.parse(ran.stdout)).toMatchObject({
      is_taken: false,
      json_schema: null,
      violations: [{ path: '$.pair', rule: 'no_meaning' }, { path: '$.all' }],
    });
    world.write('open.json', JSON.stringify({ ...schema, additionalProperties: true }));
    expect((await world.run(['schema', 'check', 'open.json'])).code).toBe(6);
    expect(
      (await world.run(['schema', 'check', 'label.json', '--schema-name', 'größe'])).code,
    ).toBe(6);
  });

  it.each<[readonly string[], RegExp]>([
    [['schema'], /schema needs a subcommand/],
    [['schema', 'chekc', 'label.json'], /schema needs a subcommand/],
    [['schema', 'check', 'gone.json'], /gone\.json: there is no file/],
    [['schema', 'check', 'rows.csv'], /rows\.csv is not JSON/],
    [['schema', 'check', './gone.ts#Label'], /there is no file .*gone\.ts/],
    [['schema', 'check', './labels.ts#None'], /exports no None\n {2}It exports .*Label/],
    [['schema', 'check', './labels.ts#'], /must name a module and an export/],
    [['schema', 'check', 'label.json#default'], /a JSON file exports nothing/],
    [['schema', 'check', './throws.mjs#S'], /cannot be loaded: planted/],
    [
      ['schema', 'check', './labels.ts#nothing'],
      /is neither a codec nor a Standard Schema nor a JSON Schema/,
    ],
    [['schema', 'check', 'label.json', '--modle', 'x'], /schema check has no flag --modle/],
  ])('answers %j in one line', async (args, message) => {
    await using world = await worldOf();
    const ran = await world.run(args);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).not.toContain(' at ');
  });
});

describe('a run of a command line with a schema', () => {
  it('gives the model’s objects beside its words, from a file of JSON Schema', async () => {
    await using world = await worldOf();
    const args = startArgs(
      'rows.csv',
      'a',
      '--schema',
      'label.json',
      '--schema-name',
      'label',
      '--wait',
    );
    const ran = await world.run(args);
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const results = await world.run(['results', '--run-id', 'a', '--store', storeOf(world)]);
    expect(linesOf(results.stdout)).toHaveLength(5);
    for (const line of linesOf(results.stdout) as {
      output: { label: string };
      output_text: string;
    }[]) {
      expect(typeof line.output.label).toBe('string');
      expect(line.output).toEqual(JSON.parse(line.output_text));
    }
    const partial = await world.run([
      'results',
      '--run-id',
      'a',
      '--store',
      storeOf(world),
      '--partial',
    ]);
    expect(
      outputsOf(partial.stdout).every(
        (output) => typeof (output as { label: string }).label === 'string',
      ),
    ).toBe(true);
  });

  it('is settled by the code of a TypeScript module, in a process that was given nothing of it', async () => {
    await using world = await worldOf(3);
    const more = ['--structured-output', './labels.ts#Picky', '--max-attempts', '1'];
    expect((await world.run(startArgs('rows.csv', 'a', ...more))).code).toBe(0);
    const waited = await world.run(['wait', '--run-id', 'a', '--store', storeOf(world)]);
    expect(waited.code).toBe(2);
    expect(waited.stderr).toContain('3 rows failed (schema_mismatch 3); show them: ');
    expect((JSON.parse(waited.stdout) as { item_counts: object }).item_counts).toMatchObject({
      failed_permanent: 3,
    });
    const lines = linesOf(
      (await world.run(['results', '--run-id', 'a', '--store', storeOf(world)])).stdout,
    ) as {
      error: { error_class: string; message: string };
    }[];
    expect(lines[0]?.error).toMatchObject({
      error_class: 'schema_mismatch',
      message: expect.stringContaining('$.label') as string,
    });
    expect((await world.run(['verify', '--run-id', 'a', '--store', storeOf(world)])).code).toBe(0);
  });

  it('continues by the stored schema where the module is gone, and says so', async () => {
    await using world = await worldOf(3);
    const more = ['--structured-output', './labels.ts#Picky', '--max-attempts', '1'];
    await world.run(startArgs('rows.csv', 'a', ...more));
    rmSync(join(world.folder, 'labels.ts'));
    const waited = await world.run(['wait', '--run-id', 'a', '--store', storeOf(world)]);
    expect(waited.code).toBe(0);
    expect(waited.stderr).toMatch(
      /^batchor: answers are read by the JSON Schema stored with the run: .*labels\.ts#Picky cannot be used/,
    );
  });

  it('costs nothing where the schema is bad: no store, no upload', async () => {
    await using world = await worldOf();
    const ran = await world.run(
      startArgs('rows.csv', 'a', '--structured-output', './labels.ts#Bad'),
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('\n  $.pair: a tuple has no meaning');
    expect(ran.stderr).toContain('\n  $.all: ');
    expect(world.emulator.ledger.createAttempts).toBe(0);
    expect((await world.run(['list', '--store', storeOf(world)])).stdout).not.toContain('"a"');
  });

  it('shows the schema in its first requests', async () => {
    await using world = await worldOf();
    const more = ['--structured-output', './labels.ts#Label', '--dry-run', '--limit', '1'];
    const ran = await world.run(startArgs('rows.csv', 'a', ...more));
    expect(linesOf(ran.stdout)).toMatchObject([
      { body: { text: { format: { type: 'json_schema', name: 'Label', strict: true } } } },
    ]);
    expect(existsSync(storeOf(world))).toBe(false);
  });

  it('refuses another schema for a run that has one, and shows the difference', async () => {
    await using world = await worldOf();
    const more = ['--schema', 'label.json', '--wait'];
    await world.run(startArgs('rows.csv', 'a', ...more));
    world.write(
      'label.json',
      JSON.stringify({ ...schema, properties: { label: { type: 'number' } } }),
    );
    const ran = await world.run(startArgs('rows.csv', 'a', ...more));
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('--schema properties.label.type: "string" then, "number" now');
  });

  it.each<[readonly string[], RegExp]>([
    [['--schema', 'label.json', '--structured-output', './labels.ts#Label'], /exclude each other/],
    [['--schema-name', 'x'], /--schema-name needs a schema/],
    [['--structured-output', './labels.ts'], /must name a module and an export/],
    [
      ['--schema', 'label.json', '--endpoint', 'embeddings'],
      /does not support a schema for its answers/,
    ],
  ])('refuses %j', async (more, message) => {
    await using world = await worldOf();
    const ran = await world.run(startArgs('rows.csv', 'a', ...more));
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(message);
  });
});

describe('a job of a module', () => {
  const start = (world: CliWorld, ...more: readonly string[]): readonly string[] => [
    'start',
    '--job',
    'job.ts',
    '--run-id',
    'j',
    '--store',
    storeOf(world),
    ...more,
  ];

  it('is started, waited for with nothing typed again, and read', async () => {
    await using world = await worldOf();
    expect((await world.run(start(world))).code).toBe(0);
    const waited = await world.run(['wait', '--run-id', 'j', '--store', storeOf(world)]);
    expect([waited.code, waited.stderr]).toEqual([0, '']);
    const outputs = outputsOf(
      (await world.run(['results', '--run-id', 'j', '--store', storeOf(world)])).stdout,
    );
    expect(outputs).toHaveLength(5);
    for (const output of outputs)
      expect(['good', 'bad']).toContain((output as { sentiment: string }).sentiment);
    // Once more, it is the same run; and a changed job is another.
    expect((await world.run(start(world, '--wait'))).code).toBe(0);
    world.write(
      'job.ts',
      job("'good', 'bad', 'mixed'").replace(
        "'rows.csv'",
        JSON.stringify(join(world.folder, 'rows.csv')),
      ),
    );
  });

  it('is shown and quoted before it is sent', async () => {
    await using world = await worldOf();
    const shown = await world.run(start(world, '--dry-run', '--limit', '2'), { onlyEnv: {} });
    expect([shown.code, linesOf(shown.stdout).length]).toEqual([0, 2]);
    const quoted = await world.run(['quote', '--job', 'job.ts'], { onlyEnv: {} });
    expect(JSON.parse(quoted.stdout)).toMatchObject({ job_name: 'reviews', item_count: 5 });
  });

  it.each<[readonly string[], RegExp]>([
    [['--model', 'gpt-4.1'], /--job and --model exclude each other/],
    [['--input', 'rows.csv'], /--job and --input exclude each other/],
    [['--max-cost', '5'], /--job and --max-cost exclude each other/],
    [['--limit', '5'], /--limit goes with --job only under --dry-run/],
  ])('says all itself: beside it %j is refused', async (more, message) => {
    await using world = await worldOf();
    const ran = await world.run(start(world, ...more));
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toMatch(message);
  });

  it('is refused where it is none', async () => {
    await using world = await worldOf();
    const ran = await world.run(['start', '--job', 'job.ts#notAJob', '--store', storeOf(world)]);
    expect(ran.stderr).toContain('its export notAJob is not a job');
    world.write('broken.ts', 'export default {');
    expect(
      (await world.run(['start', '--job', 'broken.ts', '--store', storeOf(world)])).stderr,
    ).toContain('the module cannot be loaded');
  });
});
