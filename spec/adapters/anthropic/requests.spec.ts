import type Anthropic from '@anthropic-ai/sdk';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAnthropicWire } from '../../../adapters/anthropic/answers/wire.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { customIdsOf, stampOf } from '../../../lib/core/values/custom-ids.ts';

interface Options {
  readonly params?: JsonObject;
  readonly jsonSchema?: JsonObject | null;
  readonly raisedOutputTokensMax?: number | null;
}
const wireOf = (params: JsonObject = {}) =>
  createAnthropicWire({ model: 'claude-haiku-4-5', params });
const render = (
  prompt: unknown,
  { params = {}, jsonSchema = null, raisedOutputTokensMax = null }: Options = {},
  customId = 'r01234567-3',
) =>
  wireOf(params).renderer({ jsonSchema, schemaName: null, raisedOutputTokensMax })(
    customId,
    prompt,
  );
const lineOf = (prompt: unknown, options: Options = {}, customId?: string): string => {
  const rendered = render(prompt, options, customId);
  if ('reason' in rendered) throw new Error(rendered.reason);
  return rendered.line;
};
const paramsOf = (prompt: unknown, options: Options = {}): JsonObject =>
  (JSON.parse(lineOf(prompt, options)) as { readonly params: JsonObject }).params;
const reasonOf = (prompt: unknown): string => {
  const rendered = render(prompt);
  return 'reason' in rendered ? rendered.reason : '';
};

const base = { model: 'claude-haiku-4-5', max_tokens: 4096 };
const hi = [{ role: 'user', content: 'Hi' }];
const anyText = fc
  .string({ unit: fc.constantFrom('\u2028', '\u2029', '\n', '"', '\\', '\ud800', '👩‍👧', '\0', 'a') })
  .map((words) => `x${words}`);

describe('a request', () => {
  it.each<[unknown, JsonObject, JsonObject]>([
    ['Hi', {}, { messages: hi }],
    [{ prompt: 'Hi', systemPrompt: 'Be brief' }, {}, { system: 'Be brief', messages: hi }],
    [{ prompt: 'Hi' }, { system: 'S' }, { system: 'S', messages: hi }],
    [{ prompt: 'Hi', systemPrompt: 'T' }, { system: 'S' }, { system: 'T', messages: hi }],
    [{ messages: hi }, {}, { messages: hi }],
    [
      { messages: [{ role: 'system', content: 'S' }, ...hi, { role: 'developer', content: 'T' }] },
      {},
      { system: 'S\n\nT', messages: hi },
    ],
    [
      {
        messages: [
          {
            role: 'system',
            content: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }],
          },
          ...hi,
        ],
      },
      {},
      { system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }], messages: hi },
    ],
    [{ body: { messages: hi, max_tokens: 9 } }, {}, { messages: hi, max_tokens: 9 }],
    [{ body: { messages: hi, stream: false } }, {}, { messages: hi, stream: false }],
  ])('for %j holds it', (prompt, params, expected) => {
    const line = lineOf(prompt, { params });
    expect(JSON.parse(line)).toEqual({
      custom_id: 'r01234567-3',
      params: { ...base, ...expected },
    });
    expect(line.startsWith('{"custom_id":"r01234567-3","params":{"model":')).toBe(true);
    expect(line.endsWith('}\n')).toBe(true);
  });

  it('is one line that holds any text unchanged', () => {
    fc.assert(
      fc.property(anyText, (words) => {
        const line = lineOf(words);
        expect(line.slice(0, -1)).not.toMatch(/[\n\r\u2028\u2029]/u);
        expect((JSON.parse(line) as { params: { messages: unknown } }).params.messages).toEqual([
          { role: 'user', content: words },
        ]);
      }),
    );
  });

  it('takes images and files in the spelling of either API of OpenAI, and in its own', () => {
    const png = 'data:image/png;base64,iVBORw0K';
    const own = { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } };
    const content = [
      { type: 'text', text: 'See' },
      { type: 'input_text', text: 'this' },
      { type: 'image_url', image_url: { url: png, detail: 'low' } },
      { type: 'input_image', image_url: 'https://a.example/b.png' },
      { type: 'input_image', file_id: 'file_1' },
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
      { type: 'input_file', file_url: 'https://a.example/b.pdf' },
      own,
    ];
    const { messages } = paramsOf({ messages: [{ role: 'user', content }] });
    expect(messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'text', text: 'this' },
          {
            type: 'image',
            source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' },
          },
          own,
          { type: 'image', source: { type: 'file', file_id: 'file_1' } },
          {
            type: 'document',
            source: { type: 'base64', media_type: 'application/pdf', data: 'JVBE' },
            title: 'a.pdf',
          },
          { type: 'document', source: { type: 'url', url: 'https://a.example/b.pdf' } },
          own,
        ],
      },
    ]);
  });

  it('takes calls and their answers in the spelling of either API, those of a turn together', () => {
    const chat = [
      ...hi,
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
          { id: 'c2', type: 'function', function: { name: 'g', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: '7' },
      { role: 'tool', tool_call_id: 'c2', content: '8' },
    ];
    const responses = [
      ...hi,
      { role: 'assistant', content: 'Let me see.' },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call', call_id: 'c2', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: '7' },
      { type: 'function_call_output', call_id: 'c2', output: '8' },
    ];
    const calls = [
      { type: 'tool_use', id: 'c1', name: 'f', input: { a: 1 } },
      { type: 'tool_use', id: 'c2', name: 'g', input: {} },
    ];
    const results = {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'c1', content: '7' },
        { type: 'tool_result', tool_use_id: 'c2', content: '8' },
      ],
    };
    expect(paramsOf({ messages: chat })['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: [{ type: 'text', text: 'Let me see.' }, ...calls] },
      results,
    ]);
    expect(paramsOf({ messages: responses })['messages']).toEqual([
      ...hi,
      { role: 'assistant', content: 'Let me see.' },
      { role: 'assistant', content: calls },
      results,
    ]);
  });

  it('is one that the official client has types for', () => {
    const params = paramsOf(
      { prompt: 'Hi', systemPrompt: 'S' },
      { jsonSchema: { type: 'object' } },
    ) as unknown as Anthropic.MessageCreateParamsNonStreaming;
    const request: Anthropic.Messages.BatchCreateParams.Request = { custom_id: 'a', params };
    expect(request.params.output_config?.format).toEqual({
      type: 'json_schema',
      schema: { type: 'object' },
    });
  });

  it('keeps what a job says of the output beside a schema', () => {
    const options = {
      params: { output_config: { effort: 'low' } },
      jsonSchema: { type: 'object' },
    };
    const format = { type: 'json_schema', schema: { type: 'object' } };
    expect(paramsOf('Hi', options)['output_config']).toEqual({ effort: 'low', format });
    const body = { messages: hi, output_config: { effort: 'high' } };
    expect(paramsOf({ body }, options)['output_config']).toEqual({ effort: 'high', format });
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /undefined/u],
    ['a list', [], /a list/u],
    ['an object of no form', {}, /none of prompt, messages, body/u],
    ['two forms', { prompt: 'a', messages: [] }, /more than one/u],
    ['a strange key', { prompt: 'a', temperature: 1 }, /"temperature"/u],
    ['an empty prompt', ' \n', /empty/u],
    ['a prompt that is no text', { prompt: 5 }, /not a string/u],
    ['a system prompt that is no text', { prompt: 'a', systemPrompt: 5 }, /not a string/u],
    ['no list of messages', { messages: 'a' }, /not a list/u],
    ['no messages', { messages: [] }, /no message/u],
    ['system messages alone', { messages: [{ role: 'system', content: 'S' }] }, /no message/u],
    ['a message of no role', { messages: [{ content: 'a' }] }, /messages\[0\]: its role is null/u],
    ['a message of no content', { messages: [{ role: 'user' }] }, /neither a text nor a list/u],
    [
      'audio',
      { messages: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      /takes no audio/u,
    ],
    [
      'an image of no address',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'b.png' }] }] },
      /neither an http address nor a data: URL/u,
    ],
    [
      'an image in a system message',
      { messages: [{ role: 'system', content: [{ type: 'image', source: {} }] }, ...hi] },
      /text only/u,
    ],
    [
      'a call whose arguments are no object',
      {
        messages: [
          { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '5' } }] },
        ],
      },
      /no JSON object/u,
    ],
    ['an answer to no call', { messages: [{ role: 'tool', content: 'a' }] }, /name the call/u],
    ['a body that is none', { body: 5 }, /not an object/u],
    ['a body without messages', { body: { max_tokens: 5 } }, /no "messages"/u],
    ['a body with a model', { body: { messages: hi, model: 'm' } }, /the model is the job's/u],
    ['a streamed body', { body: { messages: hi, stream: true } }, /never streams/u],
    ['a fast body', { body: { messages: hi, speed: 'fast' } }, /"speed"/u],
    ['a body with max_tokens 0', { body: { messages: hi, max_tokens: 0 } }, /"max_tokens"/u],
    ['a body that is stored', { body: { messages: hi, store: true } }, /"store"/u],
    ['a thread', { body: { messages: hi, previous_thread_event_id: 'a' } }, /thread/u],
    ['a cache hint', { body: { messages: hi, cache_hint: {} } }, /cache hints/u],
    ['a context hint', { body: { messages: hi, context_hint: {} } }, /context hints/u],
  ])('is refused before anything is sent for %s', (_title, prompt, words) => {
    expect(reasonOf(prompt)).toMatch(words);
  });

  it('never throws, whatever a prompt builder returns', () => {
    fc.assert(
      fc.property(fc.anything(), fc.jsonValue(), (anything, json) => {
        for (const prompt of [
          anything,
          { messages: anything },
          { messages: [json] },
          { body: json },
        ])
          render(prompt);
      }),
    );
  });

  it('that is text already goes out letter by letter, with what the job adds', () => {
    const bodyText =
      '{"messages": [{"role":"user","content":"Hi"}],\n "seed": 12345678901234567890}';
    const line = lineOf({ bodyText }, { params: { temperature: 1 } });
    expect(line).toContain('"seed": 12345678901234567890');
    expect(line.slice(0, -1)).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({
      custom_id: 'r01234567-3',
      params: { ...base, temperature: 1, messages: hi },
    });
    const raised = lineOf({ bodyText }, { raisedOutputTokensMax: 64_000 });
    expect(wireOf().raiseOutputTokens?.(raised, 64_000)).toContain('"max_tokens":64000 ');
    expect(reasonOf({ bodyText: '{"model":"m","messages":[{}]}' })).toMatch(/its model is "m"/u);
    expect(reasonOf({ bodyText: '{' })).toMatch(/not JSON/u);
    expect(reasonOf({ bodyText: '[]' })).toMatch(/not an object/u);
    expect(reasonOf({ bodyText: 5 })).toMatch(/not a string/u);
    expect(
      paramsOf({
        messagesText: '[{"role":"system","content":"S"},{"role":"user","content":"Hi"}]',
      }),
    ).toEqual({ ...base, system: 'S', messages: hi });
  });

  it('says what its answer may cost where its own bound differs from the job’s', () => {
    const bounded = { body: { messages: hi, max_tokens: 9 } };
    expect(render(bounded)).toMatchObject({ outputTokensMax: 9 });
    expect(render(bounded, { raisedOutputTokensMax: 50 })).toMatchObject({ outputTokensMax: 50 });
    expect(render('Hi')).not.toHaveProperty('outputTokensMax');
    expect(render({ messages: hi })).not.toHaveProperty('outputTokensMax');
  });
});

describe('a line of requests', () => {
  it('is raised to another bound without changing its length', () => {
    for (const prompt of [
      'Hi',
      { prompt: 'Hi', systemPrompt: '"max_tokens":5   ,' },
      { messages: hi },
    ]) {
      const line = lineOf(prompt, { raisedOutputTokensMax: 64_000 });
      const raised = wireOf().raiseOutputTokens?.(line, 64_000) ?? '';
      expect(raised).toHaveLength(line.length);
      const { params } = JSON.parse(raised) as { params: JsonObject };
      expect(params).toEqual({ ...paramsOf(prompt), max_tokens: 64_000 });
    }
  });

  it('is stamped without changing its length, whatever stands in its prompt', () => {
    const ids = customIdsOf({ customIds: { nonce: '01234567', isStamped: true } });
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(100), fc.nat(20), (index, batchNo, attempt) => {
        const id = ids.of(index);
        const line = lineOf(`{"custom_id":"${id}"`, {}, id);
        const stamped = wireOf().stampCustomIds?.(line, stampOf(batchNo, attempt)) ?? '';
        expect(stamped).toHaveLength(line.length);
        const { custom_id: sent, params } = JSON.parse(stamped) as {
          readonly custom_id: string;
          readonly params: JsonObject;
        };
        expect(sent).toMatch(/^[a-zA-Z0-9_-]{1,64}$/u);
        expect(sent.endsWith(`_${stampOf(batchNo, attempt)}`)).toBe(true);
        expect(ids.indexOf(sent)).toBe(index);
        expect(params['messages']).toEqual([{ role: 'user', content: `{"custom_id":"${id}"` }]);
      }),
    );
  });

  it('that was written elsewhere goes out as it is, under an id that then stands first', () => {
    const wire = wireOf();
    const ids = fc.string({ unit: 'grapheme', minLength: 1 }).filter((id) => id.trim() !== '');
    fc.assert(
      fc.property(ids, fc.jsonValue(), fc.boolean(), (id, extra, isFirst) => {
        const params = `{"model": "m", "max_tokens": 5, "messages": ${JSON.stringify([
          { role: 'user', content: [{ type: 'text', text: ',"custom_id":"x"', extra }] },
        ])}, "seed": 12345678901234567890}`;
        const name = `"custom_id" : ${JSON.stringify(id)}`;
        const line = isFirst ? `{ ${name}, "params": ${params}}` : `{"params": ${params}, ${name}}`;
        const request = wire.readRequest?.(`\uFEFF${line}\r`);
        if (request === undefined || 'reason' in request) throw new Error(request?.reason);
        expect(request).toMatchObject({ customId: id, endpoint: 'messages', model: 'm' });
        const again = wire.renderRequest?.('r01234567-3_0000000', request).line ?? '';
        expect(JSON.parse(again)).toEqual({
          ...(JSON.parse(line) as object),
          custom_id: 'r01234567-3_0000000',
        });
        expect(again.startsWith('{"custom_id":"r01234567-3_0000000"')).toBe(true);
        if (isFirst) expect(again).toContain('12345678901234567890');
      }),
    );
  });

  it.each([
    ['{', null],
    ['{"params":{}}', 'custom_id'],
    ['{"custom_id":"a"}', 'params'],
    ['{"custom_id":"a","params":{"messages":[]}}', 'params'],
    ['{"custom_id":"a","params":{"model":"m"}}', 'params'],
    ['{"custom_id":"a","params":{"model":"m","messages":[]}}', 'params'],
    ['{"custom_id":"a","params":{"model":"m","messages":[],"max_tokens":0}}', 'params'],
    [
      '{"custom_id":"a","params":{"model":"m","messages":[],"max_tokens":5,"stream":true}}',
      'params',
    ],
  ])('that was written elsewhere as %s is refused, with its field', (line, field) => {
    expect(wireOf().readRequest?.(line)).toMatchObject({ field });
  });
});
