import type { JsonObject, JsonValue } from '../../../../../lib/core/json/json.ts';
import { chatBody, choice, toolCall } from './bodies.ts';
import type { Case } from './case.ts';

const audio = { id: 'audio_6a85', data: 'UklGRg==', expires_at: 1787154042, transcript: 'Hi' };
const label = '{"label":"cat"}';
const tokens = [{ token: 'c', logprob: -0.1, bytes: [99], top_logprobs: [] }];
const part = (said: string): JsonObject => ({ type: 'text', text: said });
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
const picture = choice({
  content: '',
  images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }],
});
const cited = [
  { type: 'text', text: 'Cats purr ' },
  { type: 'reference', reference_ids: [1] },
  { type: 'text', text: 'at night.' },
];

/** Answers of `/v1/chat/completions`. */
export const chat: readonly Case[] = [
  [
    'text',
    chatBody([text(label)]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'text in Mistral’s body',
    {
      id: 'fda5',
      object: 'chat.completion',
      model: 'mistral-small-latest',
      usage: {
        prompt_tokens: 27,
        completion_tokens: 2,
        total_tokens: 29,
        prompt_audio_seconds: null,
        completion_tokens_details: null,
      },
      created: 1787150442,
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          message: {
            role: 'assistant',
            content: '4',
            tool_calls: null,
            tool_call_id: null,
            index: null,
            metadata: null,
          },
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
    {
      as: 'completed',
      text: 'The answer is 42.',
      output: thinking,
      finish: 'stop',
      structured: 'invalid_json',
    },
  ],
  [
    'text with references',
    chatBody([choice({ content: cited })]),
    {
      as: 'completed',
      text: 'Cats purr at night.',
      output: cited,
      finish: 'stop',
      structured: 'invalid_json',
    },
  ],
  [
    'a tool call',
    chatBody([calling]),
    {
      as: 'completed',
      text: null,
      output: messageOf(calling),
      finish: 'tool_calls',
      calls: [toolCall],
      structured: 'tool_call',
    },
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
      structured: 'tool_call',
    },
  ],
  [
    'a structured text and a tool call',
    chatBody([choice({ content: label, tool_calls: [toolCall] }, 'tool_calls')]),
    {
      as: 'completed',
      text: label,
      output: messageOf(choice({ content: label, tool_calls: [toolCall] })),
      finish: 'tool_calls',
      calls: [toolCall],
      structured: { label: 'cat' },
    },
  ],
  [
    'choices of which the first is a call and the second fits',
    chatBody([calling, secondChoice]),
    {
      as: 'completed',
      text: null,
      output: [calling, secondChoice],
      finish: 'tool_calls',
      calls: [toolCall],
      structured: { label: 'cat' },
    },
  ],
  [
    'a content that is one part',
    chatBody([choice({ content: part(label) })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a content that is the JSON itself',
    chatBody([choice({ content: { label: 'cat' } })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a list of texts',
    chatBody([choice({ content: [label] })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a part without a type',
    chatBody([choice({ content: [{ text: label }] })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a call without its list',
    chatBody([choice({ tool_calls: toolCall }, 'tool_calls')]),
    {
      as: 'completed',
      text: null,
      output: messageOf(choice({ tool_calls: toolCall })),
      finish: 'tool_calls',
      calls: [toolCall],
      structured: 'tool_call',
    },
  ],
  [
    'a text after an introduction, in parts',
    chatBody([choice({ content: [part('Sure: '), part(label)] })]),
    { as: 'completed', text: `Sure: ${label}`, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a text twice, in parts',
    chatBody([choice({ content: [part('{"label":"dog"}'), part(label)] })]),
    {
      as: 'completed',
      text: `{"label":"dog"}${label}`,
      finish: 'stop',
      structured: { label: 'cat' },
    },
  ],
  [
    'a text between a byte order mark and a wide blank',
    chatBody([text(`\ufeff${label}\u00a0`)]),
    { as: 'completed', text: `\ufeff${label}\u00a0`, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a refusal beside a structured text',
    chatBody([choice({ content: label, refusal: 'I cannot.' })]),
    { as: 'refusal', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a refusal of nothing beside a text',
    chatBody([choice({ content: label, refusal: '' })]),
    { as: 'completed', text: label, finish: 'stop', structured: { label: 'cat' } },
  ],
  [
    'a refusal beside another text',
    chatBody([choice({ content: 'Hm.', refusal: 'I cannot.' })]),
    { as: 'refusal', text: 'Hm.', finish: 'stop' },
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
    {
      as: 'completed',
      text: 'choice 0',
      output: others('choice 0', 'choice 1', 'choice 2'),
      finish: 'stop',
      structured: 'invalid_json',
    },
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
    {
      as: 'completed',
      text: label,
      output: [cutChoice, secondChoice],
      finish: 'stop',
      structured: { label: 'cat' },
    },
  ],
  [
    'choices that are all cut',
    chatBody([cutChoice, { ...cutChoice, index: 1 }]),
    { as: 'truncated', text: 'Half', finish: 'length' },
  ],
  [
    'a text with probabilities',
    chatBody([likely]),
    { as: 'completed', text: 'cat', output: [likely], finish: 'stop', structured: 'invalid_json' },
  ],
  [
    'sound',
    chatBody([sounding]),
    {
      as: 'completed',
      text: null,
      output: messageOf(sounding),
      finish: 'stop',
      structured: 'empty_output',
    },
  ],
  [
    'a picture beside an empty text',
    chatBody([picture]),
    {
      as: 'completed',
      text: '',
      output: messageOf(picture),
      finish: 'stop',
      structured: 'empty_output',
    },
  ],
  ['an empty text', chatBody([text('')]), { as: 'empty_output', text: '', finish: 'stop' }],
  ['blanks', chatBody([text('\n ')]), { as: 'empty_output', text: '\n ', finish: 'stop' }],
  ['no content', chatBody([choice({})]), { as: 'empty_output', text: null, finish: 'stop' }],
  [
    'thoughts alone',
    chatBody([choice({ content: thinking.slice(0, 1) })]),
    { as: 'empty_output', text: null, finish: 'stop' },
  ],
  [
    'calls without a call',
    chatBody([choice({ tool_calls: [] }, 'tool_calls')]),
    { as: 'empty_output', text: null, finish: 'tool_calls' },
  ],
  [
    'choices out of their order',
    chatBody([secondChoice, choice({ content: '{"label":"dog"}' })]),
    {
      as: 'completed',
      text: '{"label":"dog"}',
      output: [secondChoice, choice({ content: '{"label":"dog"}' })],
      finish: 'stop',
      structured: { label: 'dog' },
    },
  ],
  [
    'a mark that is not drawn',
    chatBody([text('\u200b\u200b')]),
    { as: 'empty_output', text: '\u200b\u200b', finish: 'stop' },
  ],
  [
    'a control character',
    chatBody([text('\u0000')]),
    { as: 'empty_output', text: '\u0000', finish: 'stop' },
  ],
  ...(
    [
      ['a call of null', { tool_calls: [{ id: null, function: null }] }],
      [
        'a call without a name',
        {
          tool_calls: [
            { index: 0, id: '', type: 'function', function: { name: '', arguments: '' } },
          ],
        },
      ],
      ['an older call of nulls', { function_call: { name: null, arguments: null } }],
      ['a picture of nothing in parts', { content: [{ type: 'image_url' }] }],
      ['pictures of null', { images: [null] }],
      ['sound of null', { audio: { id: 'a', data: null } }],
      ['sound of no data', { audio: { id: 'a', data: '', transcript: '' } }],
    ] as const
  ).map(([name, said]): Case => [
    name,
    chatBody([choice(said)]),
    { as: 'empty_output', text: null, finish: 'stop' },
  ]),
  [
    'a call of nothing',
    chatBody([choice({ tool_calls: [{}] }, 'tool_calls')]),
    { as: 'empty_output', text: null, finish: 'tool_calls' },
  ],
  [
    'a refusal',
    chatBody([choice({ refusal: 'I cannot.' })]),
    { as: 'refusal', text: 'I cannot.', finish: 'stop' },
  ],
  [
    'a refusal in parts',
    chatBody([choice({ content: [{ type: 'refusal', refusal: 'I cannot.' }] })]),
    { as: 'refusal', text: 'I cannot.', finish: 'stop' },
  ],
  ['no choice', chatBody([]), { as: 'malformed_result', text: null, finish: null }],
  [
    'a choice without a message',
    chatBody([{ index: 0, finish_reason: 'stop' }]),
    { as: 'malformed_result', text: null, finish: 'stop' },
  ],
  ['length', ended('length'), { as: 'truncated', text: 'Half', finish: 'length' }],
  [
    'length before a word was said',
    chatBody([choice({ content: '' }, 'length')]),
    { as: 'truncated', text: '', finish: 'length' },
  ],
  [
    'model_length',
    ended('model_length'),
    { as: 'truncated', text: 'Half', finish: 'model_length' },
  ],
  [
    'model_context_window_exceeded',
    ended('model_context_window_exceeded'),
    { as: 'truncated', text: 'Half', finish: 'model_context_window_exceeded' },
  ],
  [
    'content_filter',
    ended('content_filter'),
    { as: 'content_filtered', text: 'Half', finish: 'content_filter' },
  ],
  ['error', ended('error'), { as: 'server_error', text: 'Half', finish: 'error' }],
  [
    'insufficient_system_resource',
    ended('insufficient_system_resource'),
    { as: 'server_error', text: 'Half', finish: 'insufficient_system_resource' },
  ],
  ['pause_turn', ended('pause_turn'), { as: 'truncated', text: 'Half', finish: 'pause_turn' }],
  [
    'a reason of tomorrow',
    ended('tea_break'),
    { as: 'truncated', text: 'Half', finish: 'tea_break' },
  ],
  [
    'null, of a service that gives no reason',
    ended(null),
    { as: 'completed', text: 'Half', finish: null, structured: 'invalid_json' },
  ],
  [
    'an empty reason',
    ended(''),
    { as: 'completed', text: 'Half', finish: null, structured: 'invalid_json' },
  ],
  ['RECITATION', ended('RECITATION'), { as: 'truncated', text: 'Half', finish: 'RECITATION' }],
  ['a reason that is no text', ended(7), { as: 'truncated', text: 'Half', finish: null }],
];
