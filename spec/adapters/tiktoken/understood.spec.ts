import { describe, expect, it } from 'vitest';
import { tiktokenCounter } from '../../../adapters/tiktoken/index.ts';
import type { CountedTokens } from '../../../lib/ports/tokens.ts';

const counter = tiktokenCounter();
const words = 'What is 2 + 2? Just the number.';
const messages = [{ role: 'user', content: words }];

interface Line {
  readonly url: string;
  readonly body: object;
}
const chat = (more: object = {}): Line => ({
  url: '/v1/chat/completions',
  body: { messages, ...more },
});
const responses = (more: object = {}): Line => ({
  url: '/v1/responses',
  body: { input: words, ...more },
});
const measure = (model: string, { url, body }: Line): CountedTokens | undefined => {
  const line = JSON.stringify({
    custom_id: 'row-1',
    method: 'POST',
    url,
    body: { model, ...body },
  });
  const counted = counter.measure?.(line, model);
  expect(counter.measuresExactly?.(line, model)).toBe(counted?.isExact);
  return counted;
};
const isExact = (model: string, line: Line): boolean | undefined => measure(model, line)?.isExact;

/** A list of items, and a message of one part beside its words. */
const item = (...more: readonly object[]): Line => responses({ input: [...messages, ...more] });
const part = (more: object): Line =>
  responses({ input: [{ role: 'user', content: [{ type: 'input_text', text: words }, more] }] });
const chatPart = (more: object): Line =>
  chat({ messages: [{ role: 'user', content: [{ type: 'text', text: words }, more] }] });
const tool = (type: string, more: object = {}): Line =>
  responses({
    tools: [
      { type: 'function', name: 'find' },
      { type, ...more },
    ],
  });

describe('a line that its own words bill', () => {
  it.each<[string, Line]>([
    ['of chat', chat()],
    ['of responses', responses()],
    ['with parts of text', part({ type: 'input_text', text: words })],
    ['with parts of text, in chat', chatPart({ type: 'text', text: words })],
    [
      'with settings of chat',
      chat({
        temperature: 0,
        top_p: 1,
        max_completion_tokens: 9,
        n: 2,
        stop: ['x'],
        seed: 1,
        logprobs: true,
        user: 'u',
      }),
    ],
    [
      'with settings of responses',
      responses({
        max_output_tokens: 9,
        store: false,
        metadata: { a: 'b' },
        reasoning: { effort: 'low' },
        include: [],
      }),
    ],
    [
      'with null for what it leaves out',
      responses({
        previous_response_id: null,
        conversation: null,
        prompt: null,
        tools: null,
        text: null,
      }),
    ],
    ['with no tools', responses({ tools: [] })],
    ['with functions and custom tools', tool('custom', { name: 'grammar' })],
    [
      'with functions of old',
      chat({ functions: [{ name: 'find', parameters: {} }], function_call: 'auto' }),
    ],
    [
      'with a schema',
      responses({
        text: { format: { type: 'json_schema', name: 's', schema: {} }, verbosity: 'low' },
      }),
    ],
    [
      'with a schema, in chat',
      chat({ response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } } }),
    ],
    [
      'with calls and their results',
      item(
        { type: 'function_call', call_id: 'c', name: 'find', arguments: '{}', status: 'completed' },
        { type: 'function_call_output', call_id: 'c', output: words },
        { type: 'custom_tool_call', call_id: 'd', name: 'grammar', input: 'x' },
        {
          type: 'custom_tool_call_output',
          call_id: 'd',
          output: [{ type: 'input_text', text: words }],
        },
      ),
    ],
    [
      'with calls and their results, in chat',
      chat({
        messages: [
          ...messages,
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'c', type: 'function', function: { name: 'find', arguments: '{}' } },
              { id: 'd', type: 'custom', custom: { name: 'grammar', input: 'x' } },
            ],
          },
          { role: 'tool', tool_call_id: 'c', content: words },
        ],
      }),
    ],
    [
      'with an answer of before',
      item({
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: words, annotations: [], logprobs: [] }],
      }),
    ],
    ['of completions', { url: '/v1/completions', body: { prompt: words, max_tokens: 9 } }],
    [
      'of embeddings',
      {
        url: '/v1/embeddings',
        body: { input: [words, words], dimensions: 8, encoding_format: 'float' },
      },
    ],
  ])('%s is exact', (_, line) => {
    expect(isExact('gpt-4.1-mini', line)).toBe(true);
  });

  it('counts functions as the tools that they became', () => {
    const offered = [{ name: 'find', description: words, parameters: { type: 'object' } }];
    const bare = measure('gpt-4.1-mini', chat())?.tokens ?? 0;
    const tokens = measure('gpt-4.1-mini', chat({ functions: offered }))?.tokens ?? 0;
    expect(tokens).toBe(
      bare + counter.count(` ${JSON.stringify(offered)}`.slice(1), 'gpt-4.1-mini'),
    );
  });
});

describe('a line that may be billed what it does not hold', () => {
  it.each<[string, Line]>([
    // Kept by the service.
    ['an earlier answer', responses({ previous_response_id: 'resp_1' })],
    ['a conversation', responses({ conversation: 'conv_1' })],
    ['a conversation as an object', responses({ conversation: { id: 'conv_1' } })],
    ['a stored prompt', responses({ prompt: { id: 'pmpt_1' } })],
    ['a stored item', item({ type: 'item_reference', id: 'msg_1' })],
    ['a stored item without a type', item({ id: 'msg_1' })],
    ['a stored item whose type is null', item({ type: null, id: 'msg_1' })],
    ['reasoning of before', item({ type: 'reasoning', id: 'rs_1', summary: [] })],
    [
      'reasoning of before, encrypted',
      item({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'AAAA' }),
    ],
    ['a compacted conversation', item({ type: 'compaction', encrypted_content: 'AAAA' })],
    [
      'sound of before',
      chat({ messages: [...messages, { role: 'assistant', audio: { id: 'audio_1' } }] }),
    ],
    // Read by the service's own tools.
    ...[
      'web_search',
      'web_search_preview',
      'file_search',
      'code_interpreter',
      'mcp',
      'image_generation',
      'computer_use_preview',
      'local_shell',
    ].map((type): [string, Line] => [`the tool ${type}`, tool(type)]),
    ['a tool of no type', responses({ tools: [{ name: 'find' }] })],
    ['tools that are no list', responses({ tools: { type: 'function' } })],
    ['functions that are no list', chat({ functions: 'find' })],
    ['a web search of chat', chat({ web_search_options: {} })],
    [
      'a call of the web search',
      item({ type: 'web_search_call', id: 'ws_1', status: 'completed' }),
    ],
    ['a list of MCP tools', item({ type: 'mcp_list_tools', server_label: 's', tools: [] })],
    // No text.
    ['a picture', part({ type: 'input_image', image_url: 'https://example.com/a.png' })],
    ['a picture of chat', chatPart({ type: 'image_url', image_url: { url: 'data:,' } })],
    ['a picture by its id', part({ type: 'input_image', file_id: 'file-1' })],
    [
      'a picture in the result of a call',
      item({
        type: 'function_call_output',
        call_id: 'c',
        output: [{ type: 'input_image', file_id: 'f' }],
      }),
    ],
    ['a file', part({ type: 'input_file', file_id: 'file-1' })],
    ['a file of chat', chatPart({ type: 'file', file: { file_id: 'file-1' } })],
    ['a file in the line', part({ type: 'input_file', file_data: 'AAAA' })],
    ['a file at an address', part({ type: 'input_file', file_url: 'https://example.com/a.pdf' })],
    ['sound', part({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } })],
    ['a video', chatPart({ type: 'video_url', video_url: { url: 'https://example.com/a.mp4' } })],
    ['a part of text with a file', part({ type: 'input_text', text: words, file_id: 'file-1' })],
    // Not known here.
    ['a part of an unknown type', part({ type: 'input_scent', text: words })],
    ['a part with an unknown key', part({ type: 'input_text', text: words, source: { id: 'x' } })],
    [
      'a message with an unknown key',
      chat({ messages: [{ role: 'user', content: words, attachments: [{ id: 'file-1' }] }] }),
    ],
    ['a message that holds a number', chat({ messages: [{ role: 'user', content: 7 }] })],
    ['an unknown key of the body', chat({ documents: [{ id: 'x' }] })],
    ['an unknown kind of format', responses({ text: { format: { type: 'grammar' } } })],
    ['an unknown key of the format', responses({ text: { format: { type: 'text' }, style: 'x' } })],
    ['an unknown kind of format, in chat', chat({ response_format: 'json' })],
    ['another endpoint', { url: '/v1/images/generations', body: { prompt: words } }],
    ['another model than the run has', chat({ model: 'gpt-4.1' })],
  ])('%s is estimated', (_, line) => {
    const { tokens = 0, isExact: isCounted } = measure('gpt-4.1-mini', line) ?? {};
    expect(isCounted).toBe(false);
    expect(tokens).toBeGreaterThan(0);
  });

  it('is not counted as text where it is bytes', () => {
    const bytes = 'A'.repeat(1_000_000);
    for (const line of [
      chatPart({ type: 'video_url', video_url: { url: `data:video/mp4;base64,${bytes}` } }),
      item({ type: 'reasoning', encrypted_content: bytes }),
    ])
      expect(measure('gpt-4.1-mini', line)?.tokens).toBeLessThan(300_000);
  });
});

describe('a model', () => {
  it.each([
    ...[
      'gpt-3.5-turbo',
      'gpt-3.5-turbo-0125',
      'gpt-35-turbo',
      'gpt-4',
      'gpt-4-0613',
      'gpt-4-1106-preview',
      'gpt-4-turbo',
      'gpt-4-turbo-2024-04-09',
    ],
    ...[
      'gpt-4o',
      'gpt-4o-2024-08-06',
      'gpt-4o-mini',
      'gpt-4.1',
      'gpt-4.1-mini',
      'gpt-4.1-mini-2025-04-14',
      'gpt-4.1-nano',
    ],
    ...[
      'gpt-5',
      'gpt-5-mini',
      'gpt-5-nano-2025-08-07',
      'gpt-5.1',
      'o1',
      'o3',
      'o3-mini-2025-01-31',
      'o4-mini',
    ],
    ...[
      'text-embedding-3-small',
      'text-embedding-3-large',
      'text-embedding-ada-002',
      'davinci-002',
      'babbage-002',
    ],
    ...[
      'ft:gpt-4o-mini:acme::abc',
      'ft:gpt-4.1-mini-2025-04-14:acme:name:abc',
      'ft:gpt-3.5-turbo-0125:acme::abc:ckpt-step-10',
    ],
  ])('%s is known', (model) => {
    expect(isExact(model, chat())).toBe(true);
  });

  it.each([
    ...[
      'gpt-5.9',
      'gpt-6-luna',
      'gpt-41',
      'gpt-4o-anything',
      'gpt-4o-search-preview',
      'gpt-4o-audio-preview',
      'gpt-5-search-api',
      'o4-zz',
      'o4',
    ],
    ...[
      'text-embedding-9',
      'text-embedding-',
      'gpt-4.1-mini-2025',
      'gpt-4.1-mini-2025-13-45',
      'gpt-4.1-mini-latest',
      'gpt-4.1-0613',
      'gpt-4-9999',
    ],
    ...[
      'ft:gpt-4.1-mini',
      'ft:gpt-9:acme::abc',
      'ft::acme',
      'GPT-4.1',
      'openai/gpt-4.1-mini',
      'llama-4',
      'our-deployment',
      '',
    ],
  ])('%j is not, and its count is an estimate', (model) => {
    expect(isExact(model, chat())).toBe(false);
  });
});
