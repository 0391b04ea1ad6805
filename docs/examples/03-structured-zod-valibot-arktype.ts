// Structured output from any Standard Schema. The result type is inferred from the schema, end to
// end.
import { BatchRunner, memoryStore } from 'batchor';
import { openai } from 'batchor/adapters/openai';
import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as v from 'valibot';
import * as z from 'zod';

const Label = z.object({
  label: z.enum(['bug', 'praise', 'question']),
  score: z.number(),
  // Asked for as a string or null; what the run gives is a Date, or nothing.
  due: z.iso
    .date()
    .transform((text) => new Date(text))
    .optional(),
});

await using runner = new BatchRunner({ storage: memoryStore() });
const common = {
  items: [
    { itemId: 'row1', payload: { text: 'It crashes on start.' }, metadata: { customer: 'acme' } },
  ],
  buildPrompt: ({ payload }: { payload: { text: string } }) => ({ prompt: payload.text }),
  providerConfig: openai({ model: 'gpt-4.1-mini' }),
};

const run = await runner.runAndWait({ ...common, structuredOutput: Label });
for await (const result of run.results()) {
  if (result.status === 'completed')
    console.log(
      'zod',
      result.output.label,
      result.output.due?.getFullYear() ?? 'no date',
      result.metadata.customer,
    );
  else console.log('zod', result.error.errorClass, result.error.message);
}

// Valibot says its JSON Schema through a package of its own.
const viaValibot = await runner.runAndWait({
  ...common,
  structuredOutput: toStandardJsonSchema(v.object({ label: v.string() })),
});
for await (const result of viaValibot.results())
  if (result.status === 'completed') console.log('valibot', result.output.label.length > 0);

const viaArktype = await runner.runAndWait({
  ...common,
  structuredOutput: type({ label: 'string', tags: 'string[]' }),
});
for await (const result of viaArktype.results())
  if (result.status === 'completed') console.log('arktype', result.output.tags.length >= 0);
