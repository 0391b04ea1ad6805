// The same job with an io-ts codec, and with a plain JSON Schema literal whose type is read off the
// literal.
import { BatchRunner, defineJob, described } from 'batchor';
import { openai } from 'batchor/adapters/openai';
import * as t from 'io-ts';

const Verdict = t.strict({
  label: t.union([t.literal('spam'), t.literal('ham')]),
  reasons: t.array(described(t.string, 'A reason, in at most ten words.')),
  score: t.union([t.number, t.null]),
});

const common = {
  items: [{ itemId: 'mail-1', payload: { subject: 'You won', body: 'Click here' } }],
  providerConfig: openai({ model: 'gpt-4.1-mini', endpoint: 'chat.completions' }),
};

const withIoTs = defineJob({
  ...common,
  buildPrompt: ({ payload }) => ({
    systemPrompt: 'Is it spam?',
    prompt: `${payload.subject}\n${payload.body}`,
  }),
  structuredOutput: Verdict,
});

const withJsonSchema = defineJob({
  ...common,
  buildPrompt: ({ payload }) => payload.subject,
  schemaName: 'verdict',
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

await using runner = new BatchRunner();
const first = await runner.runAndWait(withIoTs);
for await (const r of first.results())
  if (r.status === 'completed')
    console.log(r.itemId, r.output.label, r.output.score?.toFixed(2) ?? 'unsure');
const second = await runner.runAndWait(withJsonSchema);
for await (const r of second.results())
  if (r.status === 'completed')
    console.log(
      r.itemId,
      r.output.label,
      r.output.evidence.map((quote) => quote.text),
    );
