import type { FailureClass } from '../../../../lib/core/values/failure.ts';
import type { JsonObject, JsonValue } from '../../../../lib/core/json/json.ts';

/** What a row becomes. */
export interface Reads {
  readonly as: 'completed' | FailureClass;
  readonly text: string | null;
  /** Of a completed row; absent: the text. */
  readonly output?: JsonValue;
  readonly finish: string | null;
  readonly calls?: readonly JsonObject[];
  /**
   * Of a run with the schema `{ label: string }`: the JSON that is taken, or the failure; absent:
   * as without.
   */
  readonly structured?: JsonValue | FailureClass;
}
export type Case = readonly [name: string, line: JsonObject, reads: Reads];

export const usageMetadata = {
  promptTokenCount: 13,
  candidatesTokenCount: 1,
  totalTokenCount: 57,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 13 }],
  thoughtsTokenCount: 43,
  serviceTier: 'standard',
};
const about = { usageMetadata, modelVersion: 'gemini-2.5-flash', responseId: 'aB3_x-9' };

const candidate = (parts: readonly JsonObject[] | null, finishReason?: string, index = 0) => ({
  content: { ...(parts === null ? {} : { parts }), role: 'model' },
  ...(finishReason === undefined ? {} : { finishReason }),
  index,
});
const of = (...candidates: readonly JsonObject[]): JsonObject => ({
  response: { candidates, ...about },
});
const said = (text: string, finishReason?: string): JsonObject =>
  of(candidate([{ text }], finishReason));
const call = { name: 'weather', args: { city: 'Rome' } };
const picture = { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } };
const failing = (code: number, message: string, more: JsonObject = {}): JsonObject => ({
  error: { code, message, ...more },
});

const json = '{"label":"good"}';

export const answers: readonly Case[] = [
  [
    'a text',
    said('Jupiter', 'STOP'),
    { as: 'completed', text: 'Jupiter', finish: 'STOP', structured: 'invalid_json' },
  ],
  [
    'an answer under a schema',
    said(json, 'STOP'),
    { as: 'completed', text: json, finish: 'STOP', structured: { label: 'good' } },
  ],
  [
    'an answer in a fence',
    said('```json\n' + json + '\n```', 'STOP'),
    {
      as: 'completed',
      text: '```json\n' + json + '\n```',
      finish: 'STOP',
      structured: 'fenced_json',
    },
  ],
  [
    'thoughts before the text',
    of(
      candidate(
        [
          { text: 'Let me see.', thought: true },
          { text: json, thoughtSignature: 'c2ln' },
        ],
        'STOP',
      ),
    ),
    { as: 'completed', text: json, finish: 'STOP', structured: { label: 'good' } },
  ],
  [
    'thoughts alone',
    of(candidate([{ text: 'Let me see.', thought: true }], 'STOP')),
    { as: 'empty_output', text: null, finish: 'STOP' },
  ],
  [
    'several texts, the last of which is the answer',
    of(candidate([{ text: 'Here it is: ' }, { text: json }], 'STOP')),
    { as: 'completed', text: `Here it is: ${json}`, finish: 'STOP', structured: { label: 'good' } },
  ],
  [
    'a text in two parts',
    of(candidate([{ text: '{"label":' }, { text: '"good"}' }], 'STOP')),
    { as: 'completed', text: json, finish: 'STOP', structured: { label: 'good' } },
  ],
  ['an empty text', said('', 'STOP'), { as: 'empty_output', text: '', finish: 'STOP' }],
  ['blanks', said(' \n\u200b', 'STOP'), { as: 'empty_output', text: ' \n\u200b', finish: 'STOP' }],
  ['no parts', of(candidate(null, 'STOP')), { as: 'empty_output', text: null, finish: 'STOP' }],
  [
    'no content',
    of({ finishReason: 'STOP', index: 0 }),
    { as: 'empty_output', text: null, finish: 'STOP' },
  ],
  [
    'a call',
    of(candidate([{ functionCall: call, thoughtSignature: 'c2ln' }], 'STOP')),
    {
      as: 'completed',
      text: null,
      output: { parts: [{ functionCall: call, thoughtSignature: 'c2ln' }], role: 'model' },
      finish: 'STOP',
      calls: [call],
      structured: 'tool_call',
    },
  ],
  [
    'a text and calls',
    of(
      candidate(
        [{ text: 'I look.' }, { functionCall: call }, { functionCall: { name: 'time' } }],
        'STOP',
      ),
    ),
    {
      as: 'completed',
      text: 'I look.',
      output: {
        parts: [{ text: 'I look.' }, { functionCall: call }, { functionCall: { name: 'time' } }],
        role: 'model',
      },
      finish: 'STOP',
      calls: [call, { name: 'time' }],
      structured: 'tool_call',
    },
  ],
  [
    'a call of nothing',
    of(candidate([{ functionCall: {} }], 'STOP')),
    { as: 'empty_output', text: null, finish: 'STOP' },
  ],
  [
    'a picture',
    of(candidate([picture], 'STOP')),
    {
      as: 'completed',
      text: null,
      output: { parts: [picture], role: 'model' },
      finish: 'STOP',
      structured: 'empty_output',
    },
  ],
  [
    'code that was run',
    of(
      candidate(
        [
          { executableCode: { language: 'PYTHON', code: '2+2' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '4' } },
          { text: '4' },
        ],
        'STOP',
      ),
    ),
    {
      as: 'completed',
      text: '4',
      output: {
        parts: [
          { executableCode: { language: 'PYTHON', code: '2+2' } },
          { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '4' } },
          { text: '4' },
        ],
        role: 'model',
      },
      finish: 'STOP',
      structured: 'schema_mismatch',
    },
  ],
  [
    'sources beside the text',
    of({ ...candidate([{ text: json }], 'STOP'), groundingMetadata: { webSearchQueries: ['q'] } }),
    {
      as: 'completed',
      text: json,
      output: [
        { ...candidate([{ text: json }], 'STOP'), groundingMetadata: { webSearchQueries: ['q'] } },
      ],
      finish: 'STOP',
      structured: { label: 'good' },
    },
  ],
  [
    'several candidates, in the order of their numbers',
    of(candidate([{ text: 'second' }], 'STOP', 1), candidate([{ text: json }], 'STOP')),
    {
      as: 'completed',
      text: json,
      output: [candidate([{ text: 'second' }], 'STOP', 1), candidate([{ text: json }], 'STOP')],
      finish: 'STOP',
      structured: { label: 'good' },
    },
  ],
  [
    'several candidates, the first of which is cut',
    of(candidate([{ text: 'a' }], 'MAX_TOKENS'), candidate([{ text: 'b' }], 'STOP', 1)),
    {
      as: 'completed',
      text: 'b',
      output: [candidate([{ text: 'a' }], 'MAX_TOKENS'), candidate([{ text: 'b' }], 'STOP', 1)],
      finish: 'STOP',
      structured: 'invalid_json',
    },
  ],
  [
    'an answer at its limit',
    said('Jup', 'MAX_TOKENS'),
    { as: 'truncated', text: 'Jup', finish: 'MAX_TOKENS' },
  ],
  [
    'thoughts up to the limit',
    of(candidate(null, 'MAX_TOKENS')),
    { as: 'truncated', text: null, finish: 'MAX_TOKENS' },
  ],
  ...['SAFETY', 'RECITATION', 'PROHIBITED_CONTENT', 'BLOCKLIST', 'SPII', 'IMAGE_SAFETY'].map(
    (reason): Case => [
      `a filter (${reason})`,
      of({ finishReason: reason, index: 0 }),
      { as: 'content_filtered', text: null, finish: reason },
    ],
  ),
  ...[
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'TOO_MANY_TOOL_CALLS',
    'MALFORMED_RESPONSE',
  ].map((reason): Case => [
    `an error of the model (${reason})`,
    of(candidate(null, reason)),
    { as: 'server_error', text: null, finish: reason },
  ]),
  [
    'another language',
    of(candidate(null, 'LANGUAGE')),
    { as: 'refusal', text: null, finish: 'LANGUAGE' },
  ],
  ...['OTHER', 'CONTINUATION', 'IMAGE_OTHER', 'A_NEW_ONE'].map((reason): Case => [
    `an end that says little (${reason})`,
    said('Jup', reason),
    { as: 'truncated', text: 'Jup', finish: reason },
  ]),
  ['no finish reason', said('Jup'), { as: 'truncated', text: 'Jup', finish: null }],
  [
    'a blocked prompt',
    { response: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...about } },
    { as: 'content_filtered', text: null, finish: 'PROHIBITED_CONTENT' },
  ],
  [
    'a blocked prompt, for other reasons',
    { response: { promptFeedback: { blockReason: 'OTHER' }, candidates: [] } },
    { as: 'content_filtered', text: null, finish: 'OTHER' },
  ],
  ['no candidates, billed', { response: about }, { as: 'empty_output', text: null, finish: null }],
  ['nothing', { response: {} }, { as: 'malformed_result', text: null, finish: null }],
  ['a response of null', { response: null }, { as: 'malformed_result', text: null, finish: null }],
  [
    'a response that is a text',
    { response: 'Jupiter' },
    { as: 'malformed_result', text: null, finish: null },
  ],
  ['neither response nor error', {}, { as: 'malformed_result', text: null, finish: null }],
  ['an empty error', { error: {} }, { as: 'malformed_result', text: null, finish: null }],
  [
    'an answer with an empty status, as Vertex writes it',
    { status: '', ...said('Jupiter', 'STOP') },
    { as: 'completed', text: 'Jupiter', finish: 'STOP', structured: 'invalid_json' },
  ],
  [
    'an error beside an empty response',
    { response: {}, error: { code: 13, message: 'Internal error encountered.' } },
    { as: 'server_error', text: null, finish: null },
  ],
  [
    'an error in the response',
    {
      response: {
        error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' },
      },
    },
    { as: 'server_error', text: null, finish: null },
  ],
];

const failed = (as: FailureClass, text: string | null = null): Reads => ({
  as,
  text,
  finish: null,
});

export const errors: readonly Case[] = [
  ['CANCELLED', failing(1, 'The operation was cancelled.'), failed('batch_cancelled')],
  ['UNKNOWN', failing(2, 'Unknown.'), failed('server_error')],
  [
    'INVALID_ARGUMENT',
    failing(3, 'Request contains an invalid argument.'),
    failed('invalid_request'),
  ],
  [
    'DEADLINE_EXCEEDED',
    failing(4, 'Deadline expired before operation could complete.'),
    failed('request_timeout'),
  ],
  [
    'NOT_FOUND',
    failing(5, 'models/gemini-0 is not found for API version v1beta.'),
    failed('invalid_request'),
  ],
  [
    'PERMISSION_DENIED',
    failing(7, 'The caller does not have permission'),
    failed('invalid_request'),
  ],
  [
    'RESOURCE_EXHAUSTED',
    failing(8, 'Resource has been exhausted (e.g. check quota).'),
    failed('rate_limited'),
  ],
  [
    'FAILED_PRECONDITION',
    failing(9, 'User location is not supported for the API use.'),
    failed('invalid_request'),
  ],
  ['ABORTED', failing(10, 'Aborted.'), failed('server_error')],
  ['UNIMPLEMENTED', failing(12, 'Not implemented.'), failed('invalid_request')],
  ['INTERNAL', failing(13, 'Internal error encountered.'), failed('server_error')],
  [
    'UNAVAILABLE',
    failing(14, 'The model is overloaded. Please try again later.'),
    failed('server_error'),
  ],
  [
    'a status of HTTP',
    failing(400, 'Bad.', { status: 'INVALID_ARGUMENT' }),
    failed('invalid_request'),
  ],
  [
    'a status of HTTP alone',
    failing(500, 'An internal error has occurred.'),
    failed('server_error'),
  ],
  ['429 as a status', failing(429, 'Too many requests.'), failed('rate_limited')],
  ['504 as a status', failing(504, 'Timed out.'), failed('request_timeout')],
  ['a code that there is not', failing(77, 'What?'), failed('server_error')],
  ['words alone', { error: 'something went wrong' }, failed('server_error')],
  [
    'JSON in a text',
    { error: '{"error":{"code":3,"message":"No.","status":"INVALID_ARGUMENT"}}' },
    failed('invalid_request'),
  ],
  [
    'the name of a code as a code',
    { error: { code: 'UNAVAILABLE', message: 'Later.' } },
    failed('server_error'),
  ],
  [
    'a status in place of an error',
    { status: { code: 3, message: 'No.' } },
    failed('invalid_request'),
  ],
  [
    'a prompt that is too long',
    failing(
      3,
      'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
    ),
    failed('context_too_long'),
  ],
  [
    'an address that cannot be read',
    failing(
      3,
      'Cannot fetch content from the provided URL. Please ensure the URL is valid and accessible.',
    ),
    failed('input_not_fetched'),
  ],
  [
    'a file that is gone',
    failing(7, 'You do not have permission to access the File abc123 or it may not exist.'),
    failed('input_not_fetched'),
  ],
  [
    'a limit per minute, in the words of money',
    failing(8, 'You exceeded your current quota, please check your plan and billing details.', {
      details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '22s' }],
    }),
    failed('rate_limited'),
  ],
  [
    'no money',
    failing(8, 'Your prepayment credits are depleted. Please go to AI Studio.'),
    failed('insufficient_quota'),
  ],
  ['no billing', failing(9, 'Please enable billing on project 12.'), failed('insufficient_quota')],
  [
    'a block by policy',
    failing(3, 'The prompt was blocked due to safety policies.'),
    failed('content_filtered'),
  ],
];

export const embeddings: readonly Case[] = [
  [
    'a vector',
    {
      response: {
        embedding: { values: [0.1, -2, 1e-7] },
        usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 },
      },
    },
    { as: 'completed', text: null, output: [0.1, -2, 1e-7], finish: null },
  ],
  [
    'a vector and its tokens',
    { response: { embedding: { values: [1] }, tokenCount: '3' } },
    { as: 'completed', text: null, output: [1], finish: null },
  ],
  [
    'no numbers',
    { response: { embedding: { values: [] } } },
    { as: 'empty_output', text: null, finish: null },
  ],
  [
    'no values',
    { response: { embedding: {} } },
    { as: 'malformed_result', text: null, finish: null },
  ],
  [
    'texts in place of numbers',
    { response: { embedding: { values: ['a'] } } },
    { as: 'malformed_result', text: null, finish: null },
  ],
  ['no embedding', { response: {} }, { as: 'malformed_result', text: null, finish: null }],
  ['an error', failing(3, 'No.'), failed('invalid_request')],
];
