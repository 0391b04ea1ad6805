import type { OpenAIEndpoint } from '../../../adapters/openai/endpoints.ts';
import type { FailureClass } from '../../../lib/core/failure.ts';
import type { JsonObject, JsonValue } from '../../../lib/core/json.ts';
import {
  chatBody,
  choice,
  completion,
  completionsBody,
  embeddingsBody,
  functionCall,
  message,
  moderationsBody,
  outputText,
  reasoning,
  responsesBody,
  said,
  toolCall,
} from './bodies.ts';

/** What a row becomes. */
export interface Reads {
  readonly as: 'completed' | FailureClass;
  readonly text: string | null;
  /** Of a completed row; absent: the text. */
  readonly output?: JsonValue;
  readonly finish: string | null;
  readonly calls?: readonly JsonObject[];
  /** Of a run with the schema `{ label: string }`: the JSON that is taken, or the failure; absent: as without. */
  readonly structured?: JsonValue | FailureClass;
}
export type Case = readonly [name: string, body: JsonObject, reads: Reads];

const label = '{"label":"cat"}';
const tokens = [{ token: 'c', logprob: -0.1, bytes: [99], top_logprobs: [] }];
const image = { id: 'ig_0071839b', type: 'image_generation_call', status: 'completed', result: 'iVBORw0KGgo=' };
const audio = { id: 'audio_6a85', data: 'UklGRg==', expires_at: 1787154042, transcript: 'Hi' };
const search = { id: 'ws_0071839b', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'cats' } };

const refusedItem = message({ type: 'refusal', refusal: 'I cannot.' });
const drawn = {
  id: 'ci_1',
  type: 'code_interpreter_call',
  status: 'completed',
  code: 'plot()',
  container_id: 'c',
  outputs: [{ type: 'image', url: 'https://files.test/1.png' }],
};
const approval = { id: 'mcpr_1', type: 'mcp_approval_request', server_label: 's', name: 'send', arguments: '{}' };
const custom = { id: 'ctc_1', type: 'custom_tool_call', status: 'completed', call_id: 'call_1', name: 'sql', input: 'select 1' };
const shellCall = { id: 'sh_1', type: 'shell_call', status: 'completed', call_id: 'call_sh', action: { commands: ['ls'] } };
const shellOutput = { id: 'sho_1', type: 'shell_call_output', status: 'completed', call_id: 'call_sh', output: [{ stdout: 'a' }] };
const withLogprobs = message(outputText('cat', { logprobs: tokens }));
const incomplete = (reason: string, text = 'Half'): JsonObject =>
  responsesBody([said(text, { status: 'incomplete' })], { status: 'incomplete', incomplete_details: { reason } });
const failed = (code: string): JsonObject => responsesBody([], { status: 'failed', error: { code, message: 'It failed.' } });

const responses: readonly Case[] = [
  ['text', responsesBody([said('4')]), { as: 'completed', text: '4', finish: 'completed', structured: 'schema_mismatch' }],
  [
    'text after reasoning',
    responsesBody([reasoning, said('Jupiter')]),
    { as: 'completed', text: 'Jupiter', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a text in two parts',
    responsesBody([message(outputText('{"label":'), outputText('"cat"}'))]),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'two message items',
    responsesBody([said('Draft'), said('Final')]),
    { as: 'completed', text: 'Draft\n\nFinal', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'two message items, the last of them JSON',
    responsesBody([said('{"label":"c'), reasoning, said(label)]),
    { as: 'completed', text: `{"label":"c\n\n${label}`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'two message items, the first of them JSON',
    responsesBody([said(label), said('Done.')]),
    { as: 'completed', text: `${label}\n\nDone.`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'two whole payloads',
    responsesBody([said('{"label":"dog"}'), said(label)]),
    { as: 'completed', text: `{"label":"dog"}\n\n${label}`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'two payloads, the last of another shape',
    responsesBody([said(label), said('{"note":1}')]),
    { as: 'completed', text: `${label}\n\n{"note":1}`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a payload in two items',
    responsesBody([said('{"label":'), said('"cat"}')]),
    { as: 'completed', text: '{"label":\n\n"cat"}', finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a whole item before a cut one',
    responsesBody([said('{"label":"dog"}'), said(label, { status: 'incomplete' })]),
    { as: 'completed', text: `{"label":"dog"}\n\n${label}`, finish: 'completed', structured: { label: 'dog' } },
  ],
  [
    'an empty item beside a text',
    responsesBody([said(''), said('Hi')]),
    { as: 'completed', text: 'Hi', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a function call',
    responsesBody([reasoning, functionCall]),
    { as: 'completed', text: null, output: [functionCall], finish: 'completed', calls: [functionCall], structured: 'tool_call' },
  ],
  [
    'two function calls',
    responsesBody([functionCall, functionCall]),
    {
      as: 'completed',
      text: null,
      output: [functionCall, functionCall],
      finish: 'completed',
      calls: [functionCall, functionCall],
      structured: 'tool_call',
    },
  ],
  [
    'a text and a function call',
    responsesBody([said('Let me see.'), functionCall]),
    {
      as: 'completed',
      text: 'Let me see.',
      output: [said('Let me see.'), functionCall],
      finish: 'completed',
      calls: [functionCall],
      structured: 'invalid_json',
    },
  ],
  [
    'a call of a custom tool',
    responsesBody([custom]),
    { as: 'completed', text: null, output: [custom], finish: 'completed', calls: [custom], structured: 'tool_call' },
  ],
  [
    'a request for approval',
    responsesBody([approval]),
    { as: 'completed', text: null, output: [approval], finish: 'completed', calls: [approval], structured: 'tool_call' },
  ],
  [
    'a text after a search',
    responsesBody([search, said('Cats purr.')]),
    { as: 'completed', text: 'Cats purr.', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a picture',
    responsesBody([reasoning, image]),
    { as: 'completed', text: null, output: [image], finish: 'completed', structured: 'empty_output' },
  ],
  [
    'a picture whose status was left',
    responsesBody([{ ...image, status: 'generating' }]),
    { as: 'completed', text: null, output: [{ ...image, status: 'generating' }], finish: 'completed', structured: 'empty_output' },
  ],
  [
    'a picture drawn by a program',
    responsesBody([drawn]),
    { as: 'completed', text: null, output: [drawn], finish: 'completed', structured: 'empty_output' },
  ],
  [
    'an item of a type of tomorrow',
    responsesBody([{ type: 'hologram', data: 'x' }]),
    { as: 'completed', text: null, output: [{ type: 'hologram', data: 'x' }], finish: 'completed', structured: 'empty_output' },
  ],
  [
    'a text with probabilities',
    responsesBody([withLogprobs]),
    { as: 'completed', text: 'cat', output: [withLogprobs], finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a text after a call that the provider performed',
    responsesBody([shellCall, shellOutput, said('Done.')]),
    { as: 'completed', text: 'Done.', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a call beside one that the provider performed',
    responsesBody([shellCall, shellOutput, functionCall]),
    { as: 'completed', text: null, output: [functionCall], finish: 'completed', calls: [functionCall], structured: 'tool_call' },
  ],
  ['a performed call alone', responsesBody([shellCall, shellOutput]), { as: 'empty_output', text: null, finish: 'completed' }],
  ['no item', responsesBody([]), { as: 'empty_output', text: null, finish: 'completed' }],
  ['reasoning alone', responsesBody([reasoning]), { as: 'empty_output', text: null, finish: 'completed' }],
  ['a search alone', responsesBody([reasoning, search]), { as: 'empty_output', text: null, finish: 'completed' }],
  ['an empty text', responsesBody([said('')]), { as: 'empty_output', text: '', finish: 'completed' }],
  ['blanks', responsesBody([said(' \n')]), { as: 'empty_output', text: ' \n', finish: 'completed' }],
  ['a message without parts', responsesBody([message()]), { as: 'empty_output', text: null, finish: 'completed' }],
  [
    'a picture without data',
    responsesBody([{ ...image, status: 'failed', result: null }]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  ['an item of no type', responsesBody([{}]), { as: 'empty_output', text: null, finish: 'completed' }],
  ['one item, cut', responsesBody([said(label, { status: 'incomplete' })]), { as: 'truncated', text: label, finish: 'completed' }],
  [
    'a function call, cut',
    responsesBody([{ ...functionCall, status: 'incomplete' }]),
    { as: 'truncated', text: null, finish: 'completed', calls: [{ ...functionCall, status: 'incomplete' }] },
  ],
  ['a refusal', responsesBody([refusedItem]), { as: 'refusal', text: null, finish: 'completed' }],
  ['a stop at the output limit', incomplete('max_output_tokens'), { as: 'truncated', text: 'Half', finish: 'max_output_tokens' }],
  ['a stop by a filter', incomplete('content_filter'), { as: 'content_filtered', text: 'Half', finish: 'content_filter' }],
  ['a stop for a reason of tomorrow', incomplete('solar_flare'), { as: 'truncated', text: 'Half', finish: 'solar_flare' }],
  ['a failure of the server', failed('server_error'), { as: 'server_error', text: null, finish: 'failed' }],
  ['a failure for rate', failed('rate_limit_exceeded'), { as: 'rate_limited', text: null, finish: 'failed' }],
  ['a cancelled response', responsesBody([said('Hi')], { status: 'cancelled' }), { as: 'server_error', text: 'Hi', finish: 'cancelled' }],
  ['a response that waits', responsesBody([], { status: 'queued' }), { as: 'server_error', text: null, finish: 'queued' }],
  ['a status of tomorrow', responsesBody([said('Hi')], { status: 'dreaming' }), { as: 'server_error', text: 'Hi', finish: 'dreaming' }],
];

const text = (content: string): JsonObject => choice({ content });
const thinking = [
  { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] },
  { type: 'text', text: 'The answer is 42.' },
];
const calling = choice({ tool_calls: [toolCall] }, 'tool_calls');
const older = { name: 'extract', arguments: '{}' };
const others = (...texts: readonly string[]): readonly JsonObject[] =>
  texts.map((content, index) => choice({ content }, 'stop', { index }));
const cutChoice = choice({ content: 'Half' }, 'length', { index: 0 });
const secondChoice = choice({ content: label }, 'stop', { index: 1 });
const likely = choice({ content: 'cat' }, 'stop', { logprobs: { content: tokens, refusal: null } });
const ended = (reason: JsonValue): JsonObject => chatBody([choice({ content: 'Half' }, reason)]);
const messageOf = ({ message: of }: JsonObject): JsonValue => of ?? null;
const sounding = choice({ audio });
const picture = choice({ content: '', images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }] });
const cited = [
  { type: 'text', text: 'Cats purr ' },
  { type: 'reference', reference_ids: [1] },
  { type: 'text', text: 'at night.' },
];

const chat: readonly Case[] = [
  ['text', chatBody([text(label)]), { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } }],
  [
    'text in Mistral’s body',
    {
      id: 'fda5',
      object: 'chat.completion',
      model: 'mistral-small-latest',
      usage: { prompt_tokens: 27, completion_tokens: 2, total_tokens: 29, prompt_audio_seconds: null, completion_tokens_details: null },
      created: 1787150442,
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          message: { role: 'assistant', content: '4', tool_calls: null, tool_call_id: null, index: null, metadata: null },
        },
      ],
    },
    { as: 'completed', text: '4', finish: 'stop', structured: 'schema_mismatch' },
  ],
  [
    'text in xAI’s body',
    chatBody([choice({ content: '4', reasoning_content: 'The question is: 2 + 2.' })]),
    { as: 'completed', text: '4', finish: 'stop', structured: 'schema_mismatch' },
  ],
  [
    'text that ends as Together’s',
    chatBody([choice({ content: label }, 'eos')]),
    { as: 'completed', text: label, finish: 'eos', structured: { label: 'cat' } },
  ],
  [
    'text that ends in capitals',
    chatBody([choice({ content: label }, 'STOP')]),
    { as: 'completed', text: label, finish: 'STOP', structured: { label: 'cat' } },
  ],
  [
    'text whose service gives no reason',
    chatBody([{ index: 0, message: { role: 'assistant', content: label } }]),
    { as: 'completed', text: label, finish: null, structured: { label: 'cat' } },
  ],
  [
    'text in parts',
    chatBody([choice({ content: [{ type: 'text', text: label }] as unknown as JsonValue })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'thoughts and text in parts',
    chatBody([choice({ content: thinking })]),
    { as: 'completed', text: 'The answer is 42.', output: thinking, finish: 'stop', structured: 'invalid_json' },
  ],
  [
    'text with references',
    chatBody([choice({ content: cited })]),
    { as: 'completed', text: 'Cats purr at night.', output: cited, finish: 'stop', structured: 'invalid_json' },
  ],
  [
    'a tool call',
    chatBody([calling]),
    { as: 'completed', text: null, output: messageOf(calling), finish: 'tool_calls', calls: [toolCall], structured: 'tool_call' },
  ],
  [
    'a tool call that ends with stop',
    chatBody([choice({ tool_calls: [toolCall] })]),
    {
      as: 'completed',
      text: null,
      output: messageOf(choice({ tool_calls: [toolCall] })),
      finish: 'stop',
      calls: [toolCall],
      structured: 'tool_call',
    },
  ],
  [
    'a text and a tool call',
    chatBody([choice({ content: 'Let me see.', tool_calls: [toolCall] }, 'tool_calls')]),
    {
      as: 'completed',
      text: 'Let me see.',
      output: messageOf(choice({ content: 'Let me see.', tool_calls: [toolCall] })),
      finish: 'tool_calls',
      calls: [toolCall],
      structured: 'invalid_json',
    },
  ],
  [
    'a call of the older API',
    chatBody([choice({ function_call: older }, 'function_call')]),
    {
      as: 'completed',
      text: null,
      output: messageOf(choice({ function_call: older })),
      finish: 'function_call',
      calls: [{ type: 'function', function: older }],
      structured: 'tool_call',
    },
  ],
  [
    'three choices',
    chatBody(others('choice 0', 'choice 1', 'choice 2')),
    { as: 'completed', text: 'choice 0', output: others('choice 0', 'choice 1', 'choice 2'), finish: 'stop', structured: 'invalid_json' },
  ],
  [
    'choices of which the second fits',
    chatBody(others('choice 0', label, '{"label":"dog"}')),
    {
      as: 'completed',
      text: 'choice 0',
      output: others('choice 0', label, '{"label":"dog"}'),
      finish: 'stop',
      structured: { label: 'cat' },
    },
  ],
  [
    'choices of which the first is cut',
    chatBody([cutChoice, secondChoice]),
    { as: 'completed', text: label, output: [cutChoice, secondChoice], finish: 'stop', structured: { label: 'cat' } },
  ],
  ['choices that are all cut', chatBody([cutChoice, { ...cutChoice, index: 1 }]), { as: 'truncated', text: 'Half', finish: 'length' }],
  [
    'a text with probabilities',
    chatBody([likely]),
    { as: 'completed', text: 'cat', output: [likely], finish: 'stop', structured: 'invalid_json' },
  ],
  ['sound', chatBody([sounding]), { as: 'completed', text: null, output: messageOf(sounding), finish: 'stop', structured: 'empty_output' }],
  [
    'a picture beside an empty text',
    chatBody([picture]),
    { as: 'completed', text: '', output: messageOf(picture), finish: 'stop', structured: 'empty_output' },
  ],
  ['an empty text', chatBody([text('')]), { as: 'empty_output', text: '', finish: 'stop' }],
  ['blanks', chatBody([text('\n ')]), { as: 'empty_output', text: '\n ', finish: 'stop' }],
  ['no content', chatBody([choice({})]), { as: 'empty_output', text: null, finish: 'stop' }],
  ['thoughts alone', chatBody([choice({ content: thinking.slice(0, 1) })]), { as: 'empty_output', text: null, finish: 'stop' }],
  ['calls without a call', chatBody([choice({ tool_calls: [] }, 'tool_calls')]), { as: 'empty_output', text: null, finish: 'tool_calls' }],
  ['a call of nothing', chatBody([choice({ tool_calls: [{}] }, 'tool_calls')]), { as: 'empty_output', text: null, finish: 'tool_calls' }],
  ['a refusal', chatBody([choice({ refusal: 'I cannot.' })]), { as: 'refusal', text: null, finish: 'stop' }],
  [
    'a refusal in parts',
    chatBody([choice({ content: [{ type: 'refusal', refusal: 'I cannot.' }] })]),
    { as: 'refusal', text: null, finish: 'stop' },
  ],
  ['no choice', chatBody([]), { as: 'malformed_result', text: null, finish: null }],
  ['a choice without a message', chatBody([{ index: 0, finish_reason: 'stop' }]), { as: 'malformed_result', text: null, finish: 'stop' }],
  ['length', ended('length'), { as: 'truncated', text: 'Half', finish: 'length' }],
  ['length before a word was said', chatBody([choice({ content: '' }, 'length')]), { as: 'truncated', text: '', finish: 'length' }],
  ['model_length', ended('model_length'), { as: 'truncated', text: 'Half', finish: 'model_length' }],
  [
    'model_context_window_exceeded',
    ended('model_context_window_exceeded'),
    { as: 'truncated', text: 'Half', finish: 'model_context_window_exceeded' },
  ],
  ['content_filter', ended('content_filter'), { as: 'content_filtered', text: 'Half', finish: 'content_filter' }],
  ['error', ended('error'), { as: 'server_error', text: 'Half', finish: 'error' }],
  [
    'insufficient_system_resource',
    ended('insufficient_system_resource'),
    { as: 'server_error', text: 'Half', finish: 'insufficient_system_resource' },
  ],
  ['pause_turn', ended('pause_turn'), { as: 'truncated', text: 'Half', finish: 'pause_turn' }],
  ['a reason of tomorrow', ended('tea_break'), { as: 'truncated', text: 'Half', finish: 'tea_break' }],
  ['null, as of an answer that goes on', ended(null), { as: 'truncated', text: 'Half', finish: null }],
  ['a reason that is no text', ended(7), { as: 'truncated', text: 'Half', finish: null }],
];

const two = [completion('a'), completion('b', 'length', { index: 1 })];
const columns = completion('cat', 'stop', { logprobs: { tokens: ['cat'], token_logprobs: [-0.1], top_logprobs: null, text_offset: [0] } });
const completions: readonly Case[] = [
  ['text', completionsBody([completion('Hi')]), { as: 'completed', text: 'Hi', finish: 'stop' }],
  ['two choices', completionsBody(two), { as: 'completed', text: 'a', output: two, finish: 'stop' }],
  ['a text with probabilities', completionsBody([columns]), { as: 'completed', text: 'cat', output: [columns], finish: 'stop' }],
  ['an empty text', completionsBody([completion('')]), { as: 'empty_output', text: '', finish: 'stop' }],
  ['length', completionsBody([completion('Half', 'length')]), { as: 'truncated', text: 'Half', finish: 'length' }],
  [
    'content_filter',
    completionsBody([completion('Half', 'content_filter')]),
    { as: 'content_filtered', text: 'Half', finish: 'content_filter' },
  ],
  ['a reason of chat', completionsBody([completion('Half', 'tool_calls')]), { as: 'truncated', text: 'Half', finish: 'tool_calls' }],
  ['no text', completionsBody([completion(null)]), { as: 'malformed_result', text: null, finish: 'stop' }],
];

const packed = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
const embeddings: readonly Case[] = [
  ['a vector', embeddingsBody([0.5, -1]), { as: 'completed', text: null, output: [0.5, -1], finish: null }],
  ['a packed vector', embeddingsBody(packed), { as: 'completed', text: null, output: [0.5, -1], finish: null }],
  ['two vectors', embeddingsBody([1], [2]), { as: 'completed', text: null, output: [[1], [2]], finish: null }],
  ['no vector', embeddingsBody(), { as: 'malformed_result', text: null, finish: null }],
  ['a vector and none', embeddingsBody([1], null), { as: 'malformed_result', text: null, finish: null }],
  ['a vector of nothing', embeddingsBody([]), { as: 'empty_output', text: null, finish: null }],
];

const flags = { flagged: false, categories: { hate: false }, category_scores: { hate: 0.01 } };
const moderations: readonly Case[] = [
  ['a result', moderationsBody(flags), { as: 'completed', text: null, output: flags, finish: null }],
  ['two results', moderationsBody(flags, flags), { as: 'completed', text: null, output: [flags, flags], finish: null }],
  ['no result', moderationsBody(), { as: 'malformed_result', text: null, finish: null }],
  ['a result of nothing', moderationsBody({}), { as: 'empty_output', text: null, finish: null }],
];

/** Answers of every API, and what a row becomes by each of them. */
export const corpus: Readonly<Record<OpenAIEndpoint, readonly Case[]>> = {
  responses,
  'chat.completions': chat,
  completions,
  embeddings,
  moderations,
};
