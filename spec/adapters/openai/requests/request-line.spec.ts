import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  endpointPath,
  openaiEndpoints,
  type OpenAIEndpoint,
} from '../../../../adapters/openai/config/endpoints.ts';
import { createOpenAIWire } from '../../../../adapters/openai/answers/wire.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';

interface Options {
  readonly params?: JsonObject;
  readonly jsonSchema?: JsonObject | null;
  readonly schemaName?: string | null;
  readonly raisedOutputTokensMax?: number | null;
}
const rendererOf = (
  endpoint: OpenAIEndpoint,
  { params = {}, jsonSchema = null, schemaName = null, raisedOutputTokensMax = null }: Options = {},
) =>
  createOpenAIWire({ model: 'gpt-"x"', endpoint, params }).renderer({
    jsonSchema,
    schemaName,
    raisedOutputTokensMax,
  });

/** The line for a prompt that has one. */
const lineOf = (endpoint: OpenAIEndpoint, prompt: unknown, options: Options = {}): string => {
  const rendered = rendererOf(endpoint, options)('row-1', prompt);
  if ('reason' in rendered) throw new Error(rendered.reason);
  return rendered.line;
};
const bodyOf = (endpoint: OpenAIEndpoint, prompt: unknown, options: Options = {}): unknown =>
  (JSON.parse(lineOf(endpoint, prompt, options)) as { readonly body: unknown }).body;

const model = 'gpt-"x"';
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\u2028',
      '\u2029',
      '\n',
      '\r',
      '\u0085',
      '"',
      '\\',
      '\ud800',
      '\udfff',
      '👩‍👩‍👧',
      '\0',
    ),
  }),
);

describe('a request line', () => {
  it('has a body that is text already letter by letter, and behind it what the job adds', () => {
    const text = '{"input" :"\\u00e9","2":1.0,"1":2,\n "seed":9007199254740993, "stream":false}';
    const beside = (options: Options): string => {
      const line = lineOf('responses', { bodyText: text }, options);
      return line.slice(line.indexOf('"body":') + 7, -2);
    };
    const same = '"input" :"\\u00e9","2":1.0,"1":2,"seed":9007199254740993,"stream":false';
    expect(beside({})).toBe(`{${same},"model":"gpt-\\"x\\""}`);
    expect(beside({ params: { input: 'no', top_p: 0.5, max_output_tokens: 7 } })).toBe(
      `{${same},"model":"gpt-\\"x\\"","top_p":0.5,"max_output_tokens":7}`,
    );
    expect(beside({ params: { max_output_tokens: 7 }, raisedOutputTokensMax: 70 })).toBe(
      `{${same},"model":"gpt-\\"x\\"","max_output_tokens":7         }`,
    );
    const schema = beside({ jsonSchema: { type: 'object' }, schemaName: 'it' });
    expect(schema.startsWith(`{${same},"model"`)).toBe(true);
    expect(JSON.parse(schema)).toMatchObject({ text: { format: { name: 'it' } } });
  });

  it('of a body that is text asks for the same as that of the body', () => {
    const bodies = fc.dictionary(
      fc.constantFrom('temperature', 'top_p', 'max_output_tokens', 'n', 'text', 'metadata'),
      fc.jsonValue(),
    );
    const options = fc.record({
      params: bodies as fc.Arbitrary<JsonObject>,
      jsonSchema: fc.constantFrom(null, { type: 'object' }),
      raisedOutputTokensMax: fc.constantFrom(null, 100),
    });
    fc.assert(
      fc.property(bodies, options, (own, job) => {
        const body = { input: 'a', ...own };
        expect(bodyOf('responses', { bodyText: JSON.stringify(body) }, job)).toEqual(
          bodyOf('responses', { body }, job),
        );
        const messages = [{ role: 'user', content: 'a' }];
        for (const endpoint of ['responses', 'chat.completions'] as const)
          expect(bodyOf(endpoint, { messagesText: JSON.stringify(messages) }, job)).toEqual(
            bodyOf(endpoint, { messages }, job),
          );
      }),
    );
  });

  it.each<[OpenAIEndpoint, unknown, JsonObject]>([
    ['responses', 'Hi', { input: 'Hi' }],
    [
      'responses',
      { prompt: 'Hi', systemPrompt: 'Be brief' },
      { instructions: 'Be brief', input: 'Hi' },
    ],
    ['responses', { prompt: 'Hi', systemPrompt: undefined }, { input: 'Hi' }],
    [
      'responses',
      { messages: [{ role: 'user', content: 'Hi' }] },
      { input: [{ role: 'user', content: 'Hi' }] },
    ],
    ['responses', { body: { input: 'Hi', temperature: 1 } }, { input: 'Hi', temperature: 1 }],
    ['chat.completions', 'Hi', { messages: [{ role: 'user', content: 'Hi' }] }],
    [
      'chat.completions',
      { prompt: 'Hi', systemPrompt: 'S' },
      {
        messages: [
          { role: 'system', content: 'S' },
          { role: 'user', content: 'Hi' },
        ],
      },
    ],
    ['chat.completions', { messages: [] }, { messages: [] }],
    ['embeddings', 'Hi', { input: 'Hi' }],
    ['embeddings', { input: ['a', 'b'] }, { input: ['a', 'b'] }],
    ['embeddings', { input: 'a' }, { input: 'a' }],
    ['completions', 'Hi', { prompt: 'Hi' }],
    ['completions', { body: { prompt: ['a'] } }, { prompt: ['a'] }],
    ['moderations', 'Hi', { input: 'Hi' }],
    [
      'moderations',
      { input: [{ type: 'text', text: 'a' }] },
      { input: [{ type: 'text', text: 'a' }] },
    ],
  ])('of %s for %j holds it', (endpoint, prompt, body) => {
    const line = lineOf(endpoint, prompt, { params: { user: 'u' } });
    expect(JSON.parse(line)).toEqual({
      custom_id: 'row-1',
      method: 'POST',
      url: endpointPath(endpoint),
      body: { model, user: 'u', ...body },
    });
    expect(
      line.startsWith(
        `{"custom_id":"row-1","method":"POST","url":"${endpointPath(endpoint)}","body":{"model":`,
      ),
    ).toBe(true);
  });

  it.each(openaiEndpoints)('of %s is one line that holds any text unchanged', (endpoint) => {
    const words = (body: unknown): unknown => {
      const { input, prompt, messages } = body as {
        input?: unknown;
        prompt?: unknown;
        messages?: readonly { readonly content: unknown }[];
      };
      return input ?? prompt ?? messages?.[0]?.content;
    };
    fc.assert(
      fc.property(anyText, (text) => {
        const line = lineOf(endpoint, text);
        expect(line.slice(0, -1)).not.toMatch(/[\n\r\u2028\u2029]/u);
        expect(line.at(-1)).toBe('\n');
        expect(words((JSON.parse(line) as { readonly body: unknown }).body)).toBe(text);
        expect(JSON.parse(Buffer.from(line).toString())).toEqual(JSON.parse(line));
      }),
    );
  });

  it('holds any parameters and any messages unchanged', () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyText, fc.jsonValue({ noUnicodeString: false })),
        fc.array(fc.jsonValue()),
        anyText,
        (params, messages, systemPrompt) => {
          const clean = JSON.parse(JSON.stringify(params)) as JsonObject;
          for (const own of ['model', 'messages']) if (own in clean) return;
          const plain = bodyOf(
            'chat.completions',
            { prompt: 'p', systemPrompt },
            { params: clean },
          );
          expect(plain).toEqual({
            ...clean,
            model,
            messages: [
              { role: 'system', content: systemPrompt },
              { role: 'user', content: 'p' },
            ],
          });
          expect(bodyOf('chat.completions', { messages }, { params: clean })).toEqual({
            ...clean,
            model,
            messages: JSON.parse(JSON.stringify(messages)) as unknown,
          });
        },
      ),
    );
  });

  it('has the system prompt of the item rather than the instructions of the job', () => {
    const params = { instructions: 'job', temperature: 0 };
    expect(bodyOf('responses', { prompt: 'p', systemPrompt: 'item' }, { params })).toEqual({
      model,
      instructions: 'item',
      input: 'p',
      temperature: 0,
    });
    expect(
      lineOf('responses', { prompt: 'p', systemPrompt: 'item' }, { params }).split('instructions'),
    ).toHaveLength(2);
    expect(bodyOf('responses', 'p', { params })).toEqual({
      model,
      instructions: 'job',
      input: 'p',
      temperature: 0,
    });
  });

  it('asks for a structured answer in the words of its endpoint', () => {
    const jsonSchema = {
      type: 'object',
      properties: {},
      required: [],
      additionalProperties: false,
    };
    const format = {
      type: 'json_schema',
      name: 'Ticket_summary_',
      schema: jsonSchema,
      strict: true,
    };
    const options: Options = {
      jsonSchema,
      schemaName: 'Ticket summary!',
      params: { text: { verbosity: 'low' } },
    };
    expect(bodyOf('responses', 'p', options)).toEqual({
      model,
      input: 'p',
      text: { verbosity: 'low', format },
    });
    expect(
      bodyOf(
        'responses',
        { body: { input: 'p', text: { verbosity: 'high', format: { type: 'text' } } } },
        options,
      ),
    ).toEqual({
      model,
      input: 'p',
      text: { verbosity: 'high', format },
    });
    const { type, ...inner } = format;
    expect(
      bodyOf('chat.completions', 'p', { jsonSchema, schemaName: 'Ticket summary!' }),
    ).toMatchObject({
      response_format: { type, json_schema: inner },
    });
    expect(bodyOf('chat.completions', { messages: [] }, { jsonSchema })).toMatchObject({
      response_format: { json_schema: { name: 'output' } },
    });
    expect(rendererOf('embeddings', { jsonSchema })('row-1', 'p')).toEqual({
      reason: 'embeddings has no structured output',
    });
  });
});

describe('a prompt that cannot be a request', () => {
  const cyclic: Record<string, unknown> = { role: 'user' };
  cyclic['content'] = cyclic;
  it.each<[string, OpenAIEndpoint, unknown, RegExp]>([
    ['nothing', 'responses', undefined, /^the prompt is undefined; responses takes a string/u],
    ['null', 'responses', null, /is null/u],
    ['a number', 'responses', 7, /is a number/u],
    ['a list', 'responses', ['a'], /is a list/u],
    ['an empty object', 'responses', {}, /none of prompt, messages, body/u],
    ['two forms at once', 'responses', { prompt: 'a', messages: [] }, /more than one/u],
    ['a misspelt key', 'responses', { prompt: 'a', system: 'b' }, /has "system"/u],
    ['a prompt that is no text', 'responses', { prompt: 1 }, /"prompt" is a number/u],
    [
      'a system prompt that is no text',
      'chat.completions',
      { prompt: 'a', systemPrompt: null },
      /"systemPrompt" is null/u,
    ],
    [
      'a system prompt where there is none',
      'embeddings',
      { prompt: 'a', systemPrompt: 'b' },
      /has "systemPrompt"/u,
    ],
    ['messages that are none', 'chat.completions', { messages: 'hi' }, /"messages" is a string/u],
    [
      'messages for an endpoint without',
      'embeddings',
      { messages: [] },
      /none of prompt, input, body/u,
    ],
    ['a body with a model', 'responses', { body: { input: 'a', model: 'b' } }, /holds "model"/u],
    [
      'a body with a stream',
      'responses',
      { body: { input: 'a', stream: false } },
      /holds "stream"/u,
    ],
    ['a body that is none', 'responses', { body: [] }, /"body" is a list/u],
    [
      'a body text that is no JSON',
      'responses',
      { bodyText: '{"input":' },
      /"bodyText" is not JSON/u,
    ],
    ['a body text that is a list', 'responses', { bodyText: '[]' }, /"bodyText" is a list/u],
    ['a body text that asks nothing', 'responses', { bodyText: '{}' }, /holds no "input"/u],
    [
      'a body text that streams',
      'responses',
      { bodyText: '{"input":"a","stream":true}' },
      /"bodyText" has "stream"/u,
    ],
    [
      'a body text of another model',
      'responses',
      { bodyText: '{"input":"a","model":"b"}' },
      /its model is "b"/u,
    ],
    [
      'a messages text for an endpoint without',
      'embeddings',
      { messagesText: '[]' },
      /none of prompt, input, body/u,
    ],
    [
      'a body that asks nothing',
      'chat.completions',
      { body: { temperature: 0 } },
      /holds no "messages"/u,
    ],
    ['a circle', 'responses', { messages: [cyclic] }, /cannot be written as JSON/u],
    ['a bigint', 'responses', { body: { input: 'a', seed: 1n } }, /cannot be written as JSON/u],
  ])('(%s) says why', (_name, endpoint, prompt, reason) => {
    expect(rendererOf(endpoint)('row-1', prompt)).toEqual({
      reason: expect.stringMatching(reason) as string,
    });
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...openaiEndpoints),
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
        (endpoint, prompt) => {
          const rendered = rendererOf(endpoint)('row-1', prompt);
          expect('line' in rendered ? JSON.parse(rendered.line) : rendered.reason).toBeTruthy();
        },
      ),
    );
  });
});
