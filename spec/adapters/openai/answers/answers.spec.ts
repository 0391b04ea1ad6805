import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  openaiEndpoints,
  type OpenAIEndpoint,
} from '../../../../adapters/openai/config/endpoints.ts';
import { createOpenAIWire } from '../../../../adapters/openai/answers/wire.ts';
import { emptyUsage, type TokenUsage } from '../../../../lib/core/values/usage.ts';
import type { FailureClass } from '../../../../lib/core/values/failure.ts';
import type { JsonValue } from '../../../../lib/core/json/json.ts';
import type { LineVerdict } from '../../../../lib/ports/provider.ts';

const wireOf = (endpoint: OpenAIEndpoint = 'responses') =>
  createOpenAIWire({ model: 'm', endpoint, params: {} });
const line = (response: unknown, error: unknown = null): string =>
  JSON.stringify({ id: 'batch_req_1', custom_id: 'row-1', response, error });
const http = (status: number, body: unknown): string =>
  line({ status_code: status, request_id: 'req_1', body });
const refused = (
  status: number,
  code: string | null,
  message = 'No.',
  type = 'invalid_request_error',
): string => http(status, { error: { message, type, param: null, code } });
const top = (code: string | null): string =>
  line(null, code === null ? null : { code, message: 'Why.' });

const message = (...content: readonly unknown[]): unknown => ({
  type: 'message',
  role: 'assistant',
  content,
});
const words = (text: string): unknown => ({ type: 'output_text', text, annotations: [] });
const response = (more: object): object => ({
  object: 'response',
  status: 'completed',
  error: null,
  incomplete_details: null,
  ...more,
});
const chat = (choice: object): object => ({
  object: 'chat.completion',
  choices: [{ index: 0, finish_reason: 'stop', ...choice }],
});

const call = { type: 'function_call', name: 'f', arguments: '{}' };

type Good = readonly [
  name: string,
  endpoint: OpenAIEndpoint,
  body: unknown,
  outputText: string | null,
  output: JsonValue,
];
const good: readonly Good[] = [
  ['words', 'responses', response({ output: [message(words('Hi'))] }), 'Hi', 'Hi'],
  [
    'words after thoughts',
    'responses',
    response({ output: [{ type: 'reasoning', summary: [] }, message(words('Hi '), words('you'))] }),
    'Hi you',
    'Hi you',
  ],
  ['words without a status', 'responses', { output: [message(words('Hi'))] }, 'Hi', 'Hi'],
  ['a tool call alone', 'responses', response({ output: [call] }), null, [call]],
  [
    'words',
    'chat.completions',
    chat({ message: { role: 'assistant', content: 'Hi', refusal: null } }),
    'Hi',
    'Hi',
  ],
  [
    'a tool call',
    'chat.completions',
    chat({ finish_reason: 'tool_calls', message: { content: null, tool_calls: [call] } }),
    null,
    { content: null, tool_calls: [call] },
  ],
  ['words', 'completions', { choices: [{ text: 'Hi', finish_reason: 'stop' }] }, 'Hi', 'Hi'],
  ['a vector', 'embeddings', { data: [{ index: 0, embedding: [0.5, -1] }] }, null, [0.5, -1]],
  [
    'a packed vector',
    'embeddings',
    {
      data: [
        { index: 0, embedding: Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64') },
      ],
    },
    null,
    [0.5, -1],
  ],
  [
    'several vectors out of order',
    'embeddings',
    {
      data: [
        { index: 1, embedding: [2] },
        { index: 0, embedding: [1] },
      ],
    },
    null,
    [[1], [2]],
  ],
  ['a moderation', 'moderations', { results: [{ flagged: true }] }, null, { flagged: true }],
];

type Bad = readonly [
  name: string,
  endpoint: OpenAIEndpoint,
  line: string,
  failureClass: FailureClass,
];
const bad: readonly Bad[] = [
  [
    'stopped at its limit',
    'responses',
    http(
      200,
      response({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [],
      }),
    ),
    'truncated',
  ],
  [
    'stopped by a filter',
    'responses',
    http(
      200,
      response({
        status: 'incomplete',
        incomplete_details: { reason: 'content_filter' },
        output: [],
      }),
    ),
    'content_filtered',
  ],
  [
    'stopped for no reason',
    'responses',
    http(200, response({ status: 'incomplete', output: [] })),
    'truncated',
  ],
  [
    'failed',
    'responses',
    http(200, response({ status: 'failed', error: { code: 'server_error', message: 'x' } })),
    'server_error',
  ],
  [
    'failed for rate',
    'responses',
    http(200, response({ status: 'failed', error: { code: 'rate_limit_exceeded', message: 'x' } })),
    'rate_limited',
  ],
  [
    'failed for its prompt',
    'responses',
    http(200, response({ status: 'failed', error: { code: 'invalid_prompt', message: 'x' } })),
    'content_filtered',
  ],
  [
    'failed for an image',
    'responses',
    http(
      200,
      response({ status: 'failed', error: { code: 'invalid_image_format', message: 'x' } }),
    ),
    'invalid_request',
  ],
  [
    'failed for an image’s content',
    'responses',
    http(
      200,
      response({
        status: 'failed',
        error: { code: 'image_content_policy_violation', message: 'x' },
      }),
    ),
    'content_filtered',
  ],
  [
    'failed for a store',
    'responses',
    http(
      200,
      response({ status: 'failed', error: { code: 'vector_store_timeout', message: 'x' } }),
    ),
    'request_timeout',
  ],
  ['failed without a word', 'responses', http(200, response({ status: 'failed' })), 'server_error'],
  [
    'never finished',
    'responses',
    http(200, response({ status: 'in_progress', output: [] })),
    'server_error',
  ],
  [
    'refused',
    'responses',
    http(200, response({ output: [message({ type: 'refusal', refusal: 'I cannot.' })] })),
    'refusal',
  ],
  [
    'of another shape',
    'responses',
    http(200, chat({ message: { content: 'Hi' } })),
    'malformed_result',
  ],
  [
    'stopped at its limit',
    'chat.completions',
    http(200, chat({ finish_reason: 'length', message: { content: 'H' } })),
    'truncated',
  ],
  [
    'stopped by a filter',
    'chat.completions',
    http(200, chat({ finish_reason: 'content_filter', message: { content: '' } })),
    'content_filtered',
  ],
  [
    'refused',
    'chat.completions',
    http(200, chat({ message: { content: null, refusal: 'I cannot.' } })),
    'refusal',
  ],
  [
    'calls without a call',
    'chat.completions',
    http(200, chat({ finish_reason: 'tool_calls', message: { content: null, tool_calls: [] } })),
    'empty_output',
  ],
  ['without a choice', 'chat.completions', http(200, { choices: [] }), 'malformed_result'],
  [
    'stopped at its limit',
    'completions',
    http(200, { choices: [{ text: 'H', finish_reason: 'length' }] }),
    'truncated',
  ],
  ['without text', 'completions', http(200, { choices: [{}] }), 'malformed_result'],
  ['without a vector', 'embeddings', http(200, { data: [] }), 'malformed_result'],
  ['without results', 'moderations', http(200, { results: [] }), 'malformed_result'],
  ['200 without a body', 'responses', http(200, null), 'malformed_result'],
  ['200 with a body that is text', 'responses', http(200, 'Hi'), 'malformed_result'],
  ['a bad request', 'responses', refused(400, 'invalid_value'), 'invalid_request'],
  ['a bad request without a code', 'responses', refused(400, null), 'invalid_request'],
  ['a prompt too long', 'responses', refused(400, 'context_length_exceeded'), 'context_too_long'],
  ['a text too long', 'responses', refused(400, 'string_above_max_length'), 'context_too_long'],
  [
    'an input too long, in words',
    'embeddings',
    refused(
      400,
      null,
      "This model's maximum context length is 8192 tokens, however you requested 9000.",
    ),
    'context_too_long',
  ],
  ['a policy', 'responses', refused(400, 'content_policy_violation'), 'content_filtered'],
  ['a filter', 'responses', refused(400, 'content_filter'), 'content_filtered'],
  ['an unknown model', 'responses', refused(404, 'model_not_found'), 'invalid_request'],
  ['a key without rights', 'responses', refused(403, null), 'invalid_request'],
  ['rate', 'responses', refused(429, 'rate_limit_exceeded', 'Slow.', 'requests'), 'rate_limited'],
  [
    'money',
    'responses',
    refused(429, 'insufficient_quota', 'Pay.', 'insufficient_quota'),
    'insufficient_quota',
  ],
  [
    'money by type',
    'responses',
    refused(429, null, 'Pay.', 'insufficient_quota'),
    'insufficient_quota',
  ],
  ['a request timeout', 'responses', refused(408, null), 'request_timeout'],
  ['a gateway timeout', 'responses', refused(504, null), 'request_timeout'],
  ['a conflict', 'responses', refused(409, null), 'server_error'],
  ['a server error', 'responses', refused(500, null), 'server_error'],
  ['a server error without a body', 'responses', http(503, null), 'server_error'],
  ['a status of 0', 'responses', http(0, null), 'server_error'],
  [
    'a status of 0 with a word at the top',
    'responses',
    line({ status_code: 0, body: null }, { code: 'batch_expired', message: 'x' }),
    'batch_expired',
  ],
  ['no status', 'responses', line({ body: {} }), 'server_error'],
  ['an expired row', 'responses', top('batch_expired'), 'batch_expired'],
  ['a cancelled row', 'responses', top('batch_cancelled'), 'batch_cancelled'],
  ['a row that took too long', 'responses', top('request_timeout'), 'request_timeout'],
  ['a row of which nothing is said', 'responses', top(null), 'server_error'],
  ['a row with a code of tomorrow', 'responses', top('gremlins'), 'server_error'],
  ['a row with a code of JavaScript', 'responses', top('constructor'), 'server_error'],
];

describe('an answer', () => {
  it.each(good)(
    'that is %s, from %s, is a success',
    (_name, endpoint, body, outputText, output) => {
      const wire = wireOf(endpoint);
      expect(wire.readVerdict(http(200, body))).toEqual({
        type: 'succeeded',
        customId: 'row-1',
        usage: null,
      });
      expect(wire.readContent(http(200, body))).toMatchObject({
        outputText,
        output,
        usage: null,
        error: null,
      });
    },
  );

  it.each(bad)('that is %s, from %s, is a failure', (_name, endpoint, text, failureClass) => {
    const wire = wireOf(endpoint);
    const { stopsBeforeLimit: _, ...verdict } = wire.readVerdict(text) as LineVerdict & {
      readonly stopsBeforeLimit?: true;
    };
    expect(verdict).toEqual({ type: 'failed', customId: 'row-1', failureClass, usage: null });
    expect(wire.readContent(text)).toMatchObject({
      output: null,
      error: { message: expect.any(String) as string },
    });
  });

  it('that was cut keeps the words so far', () => {
    const cut = http(
      200,
      response({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [message(words('So fa'))],
      }),
    );
    expect(wireOf().readContent(cut)).toMatchObject({
      outputText: 'So fa',
      output: null,
      error: { message: 'the answer stops at max_output_tokens' },
    });
  });

  it('that is refused says what the provider says', () => {
    expect(wireOf().readContent(refused(400, 'invalid_value', 'Bad temperature.'))).toEqual({
      outputText: null,
      output: null,
      finishReason: null,
      toolCalls: null,
      usage: null,
      error: {
        message: '400: Bad temperature.',
        raw: {
          message: 'Bad temperature.',
          type: 'invalid_request_error',
          param: null,
          code: 'invalid_value',
        },
      },
    });
  });

  it('that is nested without end can be read, reported and written again', () => {
    const deep = (inside: string): string => `${'['.repeat(20_000)}${inside}${']'.repeat(20_000)}`;
    const put = (text: string): string => text.replace('"here"', deep('1'));
    const told: readonly (readonly [OpenAIEndpoint, string])[] = [
      ['responses', put(http(400, { error: 'here' }))],
      ['responses', put(line(null, 'here'))],
      ['responses', put(http(200, response({ status: 'here' })))],
      ['responses', put(http(200, response({ status: 'failed', error: { message: 'here' } })))],
      ['moderations', put(http(200, { results: [{ flagged: 'here' }] }))],
      ['embeddings', put(http(200, { data: [{ index: 0, embedding: ['here'] }] }))],
    ];
    for (const [endpoint, text] of told) {
      expect(wireOf(endpoint).readVerdict(text).type).toBe('failed');
      expect(JSON.stringify(wireOf(endpoint).readContent(text)).length).toBeLessThan(1_000);
    }
    const index = put(http(200, { data: [{ index: 'here', embedding: [1] }, { embedding: [2] }] }));
    expect(wireOf('embeddings').readVerdict(index).type).toBe('failed');
  });

  it('that has texts where an object is expected is a failure like any other', () => {
    for (const status of [{ toString: null, valueOf: null }, ['completed'], 7])
      expect(wireOf().readVerdict(http(200, response({ status, output: [] })))).toMatchObject({
        failureClass: 'server_error',
      });
    // No status is told by null as by its absence.
    expect(wireOf().readVerdict(http(200, response({ status: null, output: [] })))).toMatchObject({
      failureClass: 'empty_output',
    });
    const data = [
      { index: { toString: null, valueOf: null }, embedding: [2] },
      { index: 0, embedding: [1] },
    ];
    expect(wireOf('embeddings').readContent(http(200, { data })).output).toEqual([[2], [1]]);
  });

  it('bears a byte order mark', () => {
    expect(wireOf().readVerdict(`\ufeff${top('batch_expired')}`).type).toBe('failed');
  });

  it.each([
    '',
    'null',
    '[]',
    '"row-1"',
    '{}',
    '{"custom_id":7}',
    '{"custom_id":"row-1"',
    'gibberish',
  ])('that reads %j is malformed', (text) => {
    expect(wireOf().readVerdict(text)).toEqual({ type: 'malformed' });
    expect(wireOf().readContent(text).error).not.toBeNull();
  });
});

describe('usage', () => {
  const usageIn = (usage: unknown, body: object = response({ output: [] })): TokenUsage | null => {
    const verdict = wireOf().readVerdict(http(200, { ...body, usage }));
    return verdict.type === 'malformed' ? null : verdict.usage;
  };
  it.each<[string, unknown, TokenUsage | null]>([
    [
      'of responses',
      {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 3 },
        total_tokens: 16,
      },
      { inputTokens: 9, cachedInputTokens: 4, outputTokens: 7, reasoningTokens: 3 },
    ],
    [
      'of chat',
      {
        prompt_tokens: 9,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens: 7,
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      { inputTokens: 9, cachedInputTokens: 4, outputTokens: 7, reasoningTokens: 3 },
    ],
    ['of embeddings', { prompt_tokens: 9, total_tokens: 9 }, { ...emptyUsage, inputTokens: 9 }],
    [
      'with null details',
      {
        input_tokens: 9,
        input_tokens_details: null,
        output_tokens: 1,
        output_tokens_details: null,
      },
      { ...emptyUsage, inputTokens: 9, outputTokens: 1 },
    ],
    ['that is not told', null, null],
    ['that is missing', undefined, null],
    ['that is told as text', { input_tokens: '9' }, null],
    ['below zero', { input_tokens: -1, output_tokens: 5 }, null],
    ['in fractions', { input_tokens: 0.5 }, null],
    ['beyond all bounds', { input_tokens: 2 ** 60 }, null],
    [
      'with details below zero',
      {
        input_tokens: 9,
        input_tokens_details: { cached_tokens: -4 },
        output_tokens: -7,
        output_tokens_details: { reasoning_tokens: 0.1 },
      },
      { ...emptyUsage, inputTokens: 9 },
    ],
  ])('%s is read', (_name, usage, expected) => {
    expect(usageIn(usage)).toEqual(expected);
    expect(wireOf().readContent(http(200, { ...response({ output: [] }), usage })).usage).toEqual(
      expected,
    );
  });

  it('without end is not reported', () => {
    const endless = http(200, {
      ...response({ output: [] }),
      usage: { input_tokens: 0, output_tokens: 1 },
    });
    expect(
      wireOf().readVerdict(endless.replace('"input_tokens":0', '"input_tokens":1e400')),
    ).toMatchObject({ usage: null });
    expect(
      wireOf().readVerdict(endless.replace('"output_tokens":1', '"output_tokens":1e400')),
    ).toMatchObject({ usage: emptyUsage });
  });

  it('of a cut answer counts: it was paid for', () => {
    expect(
      usageIn(
        { input_tokens: 1, output_tokens: 2 },
        response({ status: 'incomplete', output: [] }),
      ),
    ).toEqual({
      ...emptyUsage,
      inputTokens: 1,
      outputTokens: 2,
    });
  });
});

describe('whatever a line holds', () => {
  const keys = fc.constantFrom(
    'custom_id',
    'response',
    'error',
    'status_code',
    'body',
    'status',
    'output',
    'choices',
    'message',
    'content',
    'usage',
    'data',
    'results',
    'type',
    'code',
    'incomplete_details',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(null, 200, 400, 'row-1', 'completed', 'message', '', 0),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  const lines = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    tree.map((value) => JSON.stringify(value)),
    tree.map((body) => http(200, body)),
    tree.map((value) => line(value, value)),
    // A good line with one character gone or changed.
    fc
      .tuple(fc.constantFrom(...good), fc.nat(), fc.string({ maxLength: 1 }))
      .map(([[, , body], where, put]) => {
        const whole = http(200, body);
        const index = where % whole.length;
        return whole.slice(0, index) + put + whole.slice(index + 1);
      }),
  );

  it('both readers take it, and agree on whether it is a success', () => {
    fc.assert(
      fc.property(fc.constantFrom(...openaiEndpoints), lines, (endpoint, text) => {
        const wire = wireOf(endpoint);
        const verdict = wire.readVerdict(text);
        const content = wire.readContent(text);
        expect(content.error === null).toBe(verdict.type === 'succeeded');
        expect(verdict.type === 'malformed' ? null : verdict.usage).toEqual(content.usage);
      }),
      { numRuns: 500 },
    );
  });
});
