// What a schema of any library makes of a result's type; checked by the compiler, never run.
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import {
  BatchRunner,
  type CompletedResult,
  defineJob,
  described,
  type FailedResult,
  type JobOutput,
} from 'batchor';
import { openai } from 'batchor/adapters/openai';
import { simulate } from 'batchor/sim';
import * as t from 'io-ts';
import * as v from 'valibot';
import * as z from 'zod';
import { same, type Same } from './same.ts';

const common = {
  items: [{ itemId: 'row1', payload: { text: 'x' }, metadata: { customer: 'acme' } }],
  buildPrompt: ({ payload }: { payload: { text: string } }) => ({ prompt: payload.text }),
  providerConfig: openai({ model: 'gpt-4.1-mini' }),
};
const runner = new BatchRunner();
type Row<R> = R extends { results(): AsyncIterable<infer T> } ? T : never;
type Done<R> =
  Row<R> extends infer T
    ? T extends { status: 'completed'; output: infer Output }
      ? Output
      : never
    : never;

const Label = z.object({
  label: z.enum(['bug', 'praise']),
  due: z
    .string()
    .nullable()
    .transform((s) => (s === null ? null : new Date(s))),
});
const viaZod = await runner.start({
  ...common,
  structuredOutput: Label,
  schemaRef: { module: import.meta.url, export: 'Label' },
});
same<Same<Done<typeof viaZod>, { label: 'bug' | 'praise'; due: Date | null }>>();
const viaValibot = await runner.start({
  ...common,
  structuredOutput: toStandardJsonSchema(v.object({ label: v.string() })),
});
same<
  Same<
    Row<typeof viaValibot>,
    CompletedResult<{ label: string }, { customer: string }> | FailedResult<{ customer: string }>
  >
>();
const viaArktype = await runner.start({
  ...common,
  structuredOutput: type({ label: 'string', tags: 'string[]' }),
});
same<Same<Done<typeof viaArktype>, { label: string; tags: string[] }>>();
const Verdict = t.strict({
  label: t.union([t.literal('spam'), t.literal('ham')]),
  reasons: t.array(described(t.string, 'why')),
});
const viaIoTs = await runner.runAndWait({ ...common, structuredOutput: Verdict });
same<Same<Done<typeof viaIoTs>, { label: 'spam' | 'ham'; reasons: string[] }>>();

const withJsonSchema = defineJob({
  ...common,
  structuredOutput: {
    type: 'object',
    properties: {
      label: { type: 'string', enum: ['spam', 'ham'] },
      score: { type: ['number', 'null'] },
      evidence: { type: 'array', items: { $ref: '#/$defs/quote' } },
      verdict: { anyOf: [{ type: 'boolean' }, { type: 'null' }] },
    },
    required: ['label', 'score', 'evidence', 'verdict'],
    additionalProperties: false,
    $defs: {
      quote: {
        type: 'object',
        properties: { text: { type: 'string' } },
        required: ['text'],
        additionalProperties: false,
      },
    },
  },
});
same<
  Same<
    JobOutput<typeof withJsonSchema>,
    {
      label: 'spam' | 'ham';
      score: number | null;
      evidence: { text: string }[];
      verdict: boolean | null;
    }
  >
>();

// A schema that contains itself has a type that does.
const tree = await runner.start({
  ...common,
  structuredOutput: {
    type: 'object',
    properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
    required: ['name', 'children'],
    additionalProperties: false,
  },
});
for await (const row of tree.results())
  if (row.status === 'completed')
    same<Same<NonNullable<(typeof row.output.children)[number]>['name'], string>>();

// Without a schema the endpoint says what the output is; with one, a stored run is as typed as it
// was.
const text = await runner.start(common);
same<Same<Done<typeof text>, string>>();
const embedded = await runner.start({
  ...common,
  buildPrompt: () => 'x',
  providerConfig: openai({ model: 'm', endpoint: 'embeddings' }),
});
same<Same<Done<typeof embedded>, readonly number[]>>();
const again = await runner.getRun('x', { structuredOutput: Label });
same<Same<Done<typeof again>, { label: 'bug' | 'praise'; due: Date | null }>>();
const simulated = await simulate(defineJob({ ...common, structuredOutput: Label }));
same<Same<Done<typeof simulated.run>, { label: 'bug' | 'praise'; due: Date | null }>>();

// Where a program decides at run time, both may be.
const maybe = await runner.start({
  ...common,
  structuredOutput: Math.random() < 2 ? z.object({ a: z.string() }) : undefined,
});
same<Same<Done<typeof maybe>, string | { a: string }>>();

// @ts-expect-error a bare Valibot schema has no JSON Schema: wrap it with toStandardJsonSchema
await runner.start({ ...common, structuredOutput: v.object({ label: v.string() }) });
await runner.start({
  ...common,
  // @ts-expect-error an open object is no strict schema
  structuredOutput: { type: 'object', properties: {}, required: [] },
});
await runner.start({
  ...common,
  // @ts-expect-error an embedding has no system prompt
  buildPrompt: () => ({ prompt: 'x', systemPrompt: 'no' }),
  providerConfig: openai({ model: 'm', endpoint: 'embeddings' }),
});
