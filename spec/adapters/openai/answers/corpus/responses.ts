import type { JsonObject } from '../../../../../lib/core/json/json.ts';
import { functionCall, message, outputText, reasoning, responsesBody, said } from './bodies.ts';
import type { Case } from './case.ts';

const label = '{"label":"cat"}';
const tokens = [{ token: 'c', logprob: -0.1, bytes: [99], top_logprobs: [] }];
const image = {
  id: 'ig_0071839b',
  type: 'image_generation_call',
  status: 'completed',
  result: 'iVBORw0KGgo=',
};
const search = {
  id: 'ws_0071839b',
  type: 'web_search_call',
  status: 'completed',
  action: { type: 'search', query: 'cats' },
};

const notes = Array.from({ length: 20 }, (_, i) => `note ${i}`);
const refusedItem = message({ type: 'refusal', refusal: 'I cannot.' });
const drawn = {
  id: 'ci_1',
  type: 'code_interpreter_call',
  status: 'completed',
  code: 'plot()',
  container_id: 'c',
  outputs: [{ type: 'image', url: 'https://files.test/1.png' }],
};
const approval = {
  id: 'mcpr_1',
  type: 'mcp_approval_request',
  server_label: 's',
  name: 'send',
  arguments: '{}',
};
const custom = {
  id: 'ctc_1',
  type: 'custom_tool_call',
  status: 'completed',
  call_id: 'call_1',
  name: 'sql',
  input: 'select 1',
};
const shellCall = {
  id: 'sh_1',
  type: 'shell_call',
  status: 'completed',
  call_id: 'call_sh',
  action: { commands: ['ls'] },
};
const shellOutput = {
  id: 'sho_1',
  type: 'shell_call_output',
  status: 'completed',
  call_id: 'call_sh',
  output: [{ stdout: 'a' }],
};
const withLogprobs = message(outputText('cat', { logprobs: tokens }));
const incomplete = (reason: string, text = 'Half'): JsonObject =>
  responsesBody([said(text, { status: 'incomplete' })], {
    status: 'incomplete',
    incomplete_details: { reason },
  });
const failed = (code: string): JsonObject =>
  responsesBody([], { status: 'failed', error: { code, message: 'It failed.' } });

/** Answers of `/v1/responses`. */
export const responses: readonly Case[] = [
  [
    'text',
    responsesBody([said('4')]),
    { as: 'completed', text: '4', finish: 'completed', structured: 'schema_mismatch' },
  ],
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
    {
      as: 'completed',
      text: `{"label":"c\n\n${label}`,
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'two message items, the first of them JSON',
    responsesBody([said(label), said('Done.')]),
    {
      as: 'completed',
      text: `${label}\n\nDone.`,
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'two whole payloads',
    responsesBody([said('{"label":"dog"}'), said(label)]),
    {
      as: 'completed',
      text: `{"label":"dog"}\n\n${label}`,
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'two payloads, the last of another shape',
    responsesBody([said(label), said('{"note":1}')]),
    {
      as: 'completed',
      text: `${label}\n\n{"note":1}`,
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'a payload in two items',
    responsesBody([said('{"label":'), said('"cat"}')]),
    {
      as: 'completed',
      text: '{"label":\n\n"cat"}',
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'a whole item before a cut one',
    responsesBody([said('{"label":"dog"}'), said(label, { status: 'incomplete' })]),
    {
      as: 'completed',
      text: `{"label":"dog"}\n\n${label}`,
      finish: 'completed',
      structured: { label: 'dog' },
    },
  ],
  [
    'an empty item beside a text',
    responsesBody([said(''), said('Hi')]),
    { as: 'completed', text: 'Hi', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a function call',
    responsesBody([reasoning, functionCall]),
    {
      as: 'completed',
      text: null,
      output: [functionCall],
      finish: 'completed',
      calls: [functionCall],
      structured: 'tool_call',
    },
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
      structured: 'tool_call',
    },
  ],
  [
    'a structured text and a function call',
    responsesBody([said(label), functionCall]),
    {
      as: 'completed',
      text: label,
      output: [said(label), functionCall],
      finish: 'completed',
      calls: [functionCall],
      structured: { label: 'cat' },
    },
  ],
  [
    'a status of null',
    responsesBody([said(label)], { status: null }),
    { as: 'completed', text: label, finish: null, structured: { label: 'cat' } },
  ],
  [
    'a status in capitals',
    responsesBody([said(label)], { status: 'COMPLETED' }),
    { as: 'completed', text: label, finish: 'COMPLETED', structured: { label: 'cat' } },
  ],
  [
    'an error of nothing',
    responsesBody([said(label)], { error: {} }),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a content that is a text',
    responsesBody([{ ...message(), content: label }]),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a message without a type',
    responsesBody([{ role: 'assistant', content: [outputText(label)] }]),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a part of chat',
    responsesBody([message({ type: 'text', text: label })]),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a text after an introduction, in parts',
    responsesBody([message(outputText('Sure: '), outputText(label))]),
    { as: 'completed', text: `Sure: ${label}`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a text twice, in parts',
    responsesBody([message(outputText(label), outputText(label))]),
    { as: 'completed', text: label + label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'twenty-one items, of which the first fits',
    responsesBody([said(label), ...notes.map((note) => said(note))]),
    {
      as: 'completed',
      text: [label, ...notes].join('\n\n'),
      finish: 'completed',
      structured: { label: 'cat' },
    },
  ],
  [
    'a refusal before a structured text',
    responsesBody([refusedItem, said(label)]),
    { as: 'refusal', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a refusal in the item of a structured text',
    responsesBody([message(outputText(label), { type: 'refusal', refusal: 'Hm.' })]),
    { as: 'refusal', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a refusal of nothing in the item of a text',
    responsesBody([message(outputText(label), { type: 'refusal', refusal: '' })]),
    { as: 'completed', text: label, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a refusal of null alone',
    responsesBody([message({ type: 'refusal', refusal: null })]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'a text behind a byte order mark',
    responsesBody([said(`\ufeff${label}`)]),
    { as: 'completed', text: `\ufeff${label}`, finish: 'completed', structured: { label: 'cat' } },
  ],
  [
    'a call of a custom tool',
    responsesBody([custom]),
    {
      as: 'completed',
      text: null,
      output: [custom],
      finish: 'completed',
      calls: [custom],
      structured: 'tool_call',
    },
  ],
  [
    'a request for approval',
    responsesBody([approval]),
    {
      as: 'completed',
      text: null,
      output: [approval],
      finish: 'completed',
      calls: [approval],
      structured: 'tool_call',
    },
  ],
  [
    'a text after a search',
    responsesBody([search, said('Cats purr.')]),
    { as: 'completed', text: 'Cats purr.', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a picture',
    responsesBody([reasoning, image]),
    {
      as: 'completed',
      text: null,
      output: [image],
      finish: 'completed',
      structured: 'empty_output',
    },
  ],
  [
    'a picture whose status was left',
    responsesBody([{ ...image, status: 'generating' }]),
    {
      as: 'completed',
      text: null,
      output: [{ ...image, status: 'generating' }],
      finish: 'completed',
      structured: 'empty_output',
    },
  ],
  [
    'a picture drawn by a program',
    responsesBody([drawn]),
    {
      as: 'completed',
      text: null,
      output: [drawn],
      finish: 'completed',
      structured: 'empty_output',
    },
  ],
  [
    'an item of a type of tomorrow',
    responsesBody([{ type: 'hologram', data: 'x' }]),
    {
      as: 'completed',
      text: null,
      output: [{ type: 'hologram', data: 'x' }],
      finish: 'completed',
      structured: 'empty_output',
    },
  ],
  [
    'a text with probabilities',
    responsesBody([withLogprobs]),
    {
      as: 'completed',
      text: 'cat',
      output: [withLogprobs],
      finish: 'completed',
      structured: 'invalid_json',
    },
  ],
  [
    'a text after a call that the provider performed',
    responsesBody([shellCall, shellOutput, said('Done.')]),
    { as: 'completed', text: 'Done.', finish: 'completed', structured: 'invalid_json' },
  ],
  [
    'a call beside one that the provider performed',
    responsesBody([shellCall, shellOutput, functionCall]),
    {
      as: 'completed',
      text: null,
      output: [functionCall],
      finish: 'completed',
      calls: [functionCall],
      structured: 'tool_call',
    },
  ],
  [
    'a performed call alone',
    responsesBody([shellCall, shellOutput]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  ['no item', responsesBody([]), { as: 'empty_output', text: null, finish: 'completed' }],
  [
    'reasoning alone',
    responsesBody([reasoning]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'a search alone',
    responsesBody([reasoning, search]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'an empty text',
    responsesBody([said('')]),
    { as: 'empty_output', text: '', finish: 'completed' },
  ],
  [
    'blanks',
    responsesBody([said(' \n')]),
    { as: 'empty_output', text: ' \n', finish: 'completed' },
  ],
  [
    'a message without parts',
    responsesBody([message()]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'a picture without data',
    responsesBody([{ ...image, status: 'failed', result: null }]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'a mark that is not drawn',
    responsesBody([said('\u200b')]),
    { as: 'empty_output', text: '\u200b', finish: 'completed' },
  ],
  [
    'a control character',
    responsesBody([said('\u0000')]),
    { as: 'empty_output', text: '\u0000', finish: 'completed' },
  ],
  ...[
    { type: 'function_call' },
    { type: 'function_call', call_id: '', name: '', arguments: '' },
    { type: 'custom_tool_call' },
    { type: 'hologram', id: 'h' },
    message({ type: 'output_audio' }),
  ].map((item): Case => [
    `a bare item: ${JSON.stringify(item)}`,
    responsesBody([item]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ]),
  [
    'an item of no type',
    responsesBody([{}]),
    { as: 'empty_output', text: null, finish: 'completed' },
  ],
  [
    'one item, cut',
    responsesBody([said(label, { status: 'incomplete' })]),
    { as: 'truncated', text: label, finish: 'completed' },
  ],
  [
    'a function call, cut',
    responsesBody([{ ...functionCall, status: 'incomplete' }]),
    {
      as: 'truncated',
      text: null,
      finish: 'completed',
      calls: [{ ...functionCall, status: 'incomplete' }],
    },
  ],
  [
    'a refusal',
    responsesBody([refusedItem]),
    { as: 'refusal', text: 'I cannot.', finish: 'completed' },
  ],
  [
    'a stop at the output limit',
    incomplete('max_output_tokens'),
    { as: 'truncated', text: 'Half', finish: 'max_output_tokens' },
  ],
  [
    'a stop by a filter',
    incomplete('content_filter'),
    { as: 'content_filtered', text: 'Half', finish: 'content_filter' },
  ],
  [
    'a stop for a reason of tomorrow',
    incomplete('solar_flare'),
    { as: 'truncated', text: 'Half', finish: 'solar_flare' },
  ],
  [
    'a failure of the server',
    failed('server_error'),
    { as: 'server_error', text: null, finish: 'failed' },
  ],
  [
    'a failure for rate',
    failed('rate_limit_exceeded'),
    { as: 'rate_limited', text: null, finish: 'failed' },
  ],
  [
    'a cancelled response',
    responsesBody([said('Hi')], { status: 'cancelled' }),
    { as: 'server_error', text: 'Hi', finish: 'cancelled' },
  ],
  [
    'a response that waits',
    responsesBody([], { status: 'queued' }),
    { as: 'server_error', text: null, finish: 'queued' },
  ],
  [
    'a status of tomorrow',
    responsesBody([said('Hi')], { status: 'dreaming' }),
    { as: 'server_error', text: 'Hi', finish: 'dreaming' },
  ],
];
