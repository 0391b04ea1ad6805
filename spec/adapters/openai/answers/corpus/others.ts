import { completion, completionsBody, embeddingsBody, moderationsBody } from './bodies.ts';
import type { JsonObject, JsonValue } from '../../../../../lib/core/json/json.ts';
import type { Case, Reads } from './case.ts';

const two = [completion('a'), completion('b', 'length', { index: 1 })];
const columns = completion('cat', 'stop', {
  logprobs: { tokens: ['cat'], token_logprobs: [-0.1], top_logprobs: null, text_offset: [0] },
});
/** Answers of `/v1/completions`. */
export const completions: readonly Case[] = [
  ['text', completionsBody([completion('Hi')]), { as: 'completed', text: 'Hi', finish: 'stop' }],
  [
    'two choices',
    completionsBody(two),
    { as: 'completed', text: 'a', output: two, finish: 'stop' },
  ],
  [
    'a text with probabilities',
    completionsBody([columns]),
    { as: 'completed', text: 'cat', output: [columns], finish: 'stop' },
  ],
  [
    'an empty text',
    completionsBody([completion('')]),
    { as: 'empty_output', text: '', finish: 'stop' },
  ],
  [
    'length',
    completionsBody([completion('Half', 'length')]),
    { as: 'truncated', text: 'Half', finish: 'length' },
  ],
  [
    'content_filter',
    completionsBody([completion('Half', 'content_filter')]),
    { as: 'content_filtered', text: 'Half', finish: 'content_filter' },
  ],
  [
    'a reason of chat',
    completionsBody([completion('Half', 'tool_calls')]),
    { as: 'truncated', text: 'Half', finish: 'tool_calls' },
  ],
  [
    'no text',
    completionsBody([completion(null)]),
    { as: 'malformed_result', text: null, finish: 'stop' },
  ],
];

const packed = Buffer.from(new Float32Array([0.5, -1]).buffer).toString('base64');
const placed = (
  ...vectors: readonly (readonly [index: number | null, vector: JsonValue])[]
): JsonObject => ({
  ...embeddingsBody(),
  data: vectors.map(([index, embedding]) => ({ object: 'embedding', index, embedding })),
});
const noVector: Reads = { as: 'malformed_result', text: null, finish: null };
/** Answers of `/v1/embeddings`. */
export const embeddings: readonly Case[] = [
  [
    'a vector',
    embeddingsBody([0.5, -1]),
    { as: 'completed', text: null, output: [0.5, -1], finish: null },
  ],
  [
    'a packed vector',
    embeddingsBody(packed),
    { as: 'completed', text: null, output: [0.5, -1], finish: null },
  ],
  [
    'two vectors',
    embeddingsBody([1], [2]),
    { as: 'completed', text: null, output: [[1], [2]], finish: null },
  ],
  ['no vector', embeddingsBody(), { as: 'malformed_result', text: null, finish: null }],
  [
    'a vector and none',
    embeddingsBody([1], null),
    { as: 'malformed_result', text: null, finish: null },
  ],
  [
    'two vectors, the last first',
    placed([1, [2]], [0, [1]]),
    { as: 'completed', text: null, output: [[1], [2]], finish: null },
  ],
  [
    'two vectors without a number',
    placed([null, [1]], [null, [2]]),
    { as: 'completed', text: null, output: [[1], [2]], finish: null },
  ],
  [
    'one of its inputs alone',
    placed([3, [1]]),
    { as: 'completed', text: null, output: [1], finish: null },
  ],
  [
    'vectors of the tokens',
    embeddingsBody([[1], [2]]),
    { as: 'completed', text: null, output: [[1], [2]], finish: null },
  ],
  ['the first and the third of three', placed([0, [1]], [2, [5]]), noVector],
  ['the same input twice', placed([0, [1]], [0, [5]]), noVector],
  ['half a number, packed', embeddingsBody('AAA='), noVector],
  [
    'a number and a half, packed',
    embeddingsBody(Buffer.from([0, 0, 128, 63, 1, 2]).toString('base64')),
    noVector,
  ],
  ['marks', embeddingsBody('!!!!'), noVector],
  ['blanks', embeddingsBody('   '), noVector],
  ['nulls', embeddingsBody([null, null]), noVector],
  ['a vector of none', embeddingsBody([[]]), noVector],
  ['texts', embeddingsBody(['a', 'b']), noVector],
  [
    'no number, packed',
    embeddingsBody(Buffer.from(new Float32Array([NaN, 1]).buffer).toString('base64')),
    noVector,
  ],
  ['a vector of nothing', embeddingsBody([]), { as: 'empty_output', text: null, finish: null }],
];

const flags = { flagged: false, categories: { hate: false }, category_scores: { hate: 0.01 } };
/** Answers of `/v1/moderations`. */
export const moderations: readonly Case[] = [
  [
    'a result',
    moderationsBody(flags),
    { as: 'completed', text: null, output: flags, finish: null },
  ],
  [
    'two results',
    moderationsBody(flags, flags),
    { as: 'completed', text: null, output: [flags, flags], finish: null },
  ],
  ['no result', moderationsBody(), { as: 'malformed_result', text: null, finish: null }],
  [
    'a result of nulls',
    moderationsBody({ flagged: null, categories: null }),
    { as: 'empty_output', text: null, finish: null },
  ],
  ['a result of nothing', moderationsBody({}), { as: 'empty_output', text: null, finish: null }],
];
