import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOpenAIWire } from '../../adapters/openai/wire.ts';
import { usualAnswer } from '../../adapters/openai/usual-answer.ts';

const wire = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
const words = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"output_text"', '\\"', '\\', '{"type":"output_text","text":"', '"usage":{}', '\u2028', '"}]}'),
);
const numbers = fc.record({
  input_tokens: fc.nat(),
  input_tokens_details: fc.record({ cached_tokens: fc.nat() }),
  output_tokens: fc.nat(),
  output_tokens_details: fc.record({ reasoning_tokens: fc.nat() }),
  total_tokens: fc.nat(),
});
const part = fc.oneof(
  { weight: 4, arbitrary: words.map((text) => ({ type: 'output_text', annotations: [], logprobs: [], text })) },
  { weight: 1, arbitrary: words.map((text) => ({ type: 'output_text', annotations: [], text })) },
  { weight: 1, arbitrary: words.map((text) => ({ text, type: 'output_text', annotations: [] })) },
  {
    weight: 1,
    arbitrary: words.map((text) => ({ type: 'output_text', annotations: [{ type: 'url_citation', text }], logprobs: [], text })),
  },
);
const message = fc
  .array(part, { minLength: 1, maxLength: 2 })
  .map((content) => ({ id: 'msg', type: 'message', status: 'completed', content, role: 'assistant' }));
const reasoning = words.map((text) => ({ type: 'reasoning', summary: [{ type: 'summary_text', text }] }));
const acceptedLine = fc
  .record({
    output: fc.array(fc.oneof({ weight: 5, arbitrary: message }, { weight: 1, arbitrary: reasoning }), { minLength: 1, maxLength: 2 }),
    instructions: words,
    metadata: fc.dictionary(fc.constantFrom('text', 'usage', 'a'), words),
    usage: fc.option(numbers, { nil: null }),
    isSpaced: fc.boolean(),
  })
  .map(({ isSpaced, ...rest }) => {
    const body = { id: 'resp', object: 'response', status: 'completed', error: null, ...rest };
    const line = { id: 'batch_req', custom_id: 'row-1', response: { status_code: 200, request_id: 'r', body }, error: null };
    return isSpaced ? JSON.stringify(line, null, 1).replaceAll('\n', ' ') : JSON.stringify(line);
  });

describe('the usual answer, read without parsing the whole line', () => {
  it('says what the whole parse says, of every accepted line', () => {
    fc.assert(
      fc.property(acceptedLine, (line) => {
        expect(wire.readContent(line, true)).toEqual(wire.readContent(line, false));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is taken for lines as the service writes them, and for no others', () => {
    const body = (content: unknown): string =>
      JSON.stringify({
        custom_id: 'row-1',
        response: { status_code: 200, body: { output: [{ type: 'message', content }], usage: { input_tokens: 1, output_tokens: 2 } } },
      });
    const usual = { type: 'output_text', annotations: [], logprobs: [], text: 'so "it" is \\ {}' };
    expect(usualAnswer(body([usual]))).toMatchObject({ outputText: 'so "it" is \\ {}', usage: { inputTokens: 1, outputTokens: 2 } });
    expect(usualAnswer(body([usual, usual]))).toBeNull();
    expect(usualAnswer(body([{ text: 'a', type: 'output_text' }]))).toBeNull();
    expect(usualAnswer(body([usual]).replace('"usage"', '"used"'))).toBeNull();
  });

  it('never throws, whatever the line', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          words,
          acceptedLine.chain((line) => fc.nat(line.length).map((cut) => line.slice(0, cut))),
        ),
        (line) => void usualAnswer(line),
      ),
    );
  });
});
