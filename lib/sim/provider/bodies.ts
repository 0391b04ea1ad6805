import { isJsonObject, type JsonValue } from '../../core/json.ts';
import { createPrng, hashText } from '../prng.ts';
import type { Completion } from './completion.ts';
import { embeddingInputs } from './prompt.ts';

// Bodies are written as text, not built as objects: a batch has 50,000 of them.
const json = (value: JsonValue | undefined, absent = 'null'): string =>
  value === undefined || value === null ? absent : JSON.stringify(value);

const responsesBody = (it: Completion): string => {
  const isCut = it.ending === 'token_limit';
  const status = isCut ? 'incomplete' : 'completed';
  const content =
    it.ending === 'refused'
      ? `{"type":"refusal","refusal":${json(it.answer)}}`
      : `{"type":"output_text","annotations":[],"logprobs":[],"text":${json(it.answer)}}`;
  // Reasoning models put an item of their own before the message.
  const reasoning = it.reasoningTokens > 0 ? `{"id":"rs_${it.hex}","type":"reasoning","summary":[]},` : '';
  const message = `{"id":"msg_${it.hex}","type":"message","status":"${status}","content":[${content}],"role":"assistant"}`;
  const { body } = it;
  const text =
    isJsonObject(body['text']) && body['text']['format'] === undefined ? { ...body['text'], format: { type: 'text' } } : body['text'];
  return (
    `{"id":"resp_${it.hex}","object":"response","created_at":${it.createdS},"status":"${status}","background":false,"error":null,` +
    `"incomplete_details":${isCut ? '{"reason":"max_output_tokens"}' : 'null'},"instructions":${json(body['instructions'])},` +
    `"max_output_tokens":${json(body['max_output_tokens'])},"model":${json(it.model)},"output":[${reasoning}${message}],` +
    `"parallel_tool_calls":true,"previous_response_id":null,"reasoning":${json(body['reasoning'], '{"effort":null,"summary":null}')},` +
    `"service_tier":"default","temperature":${json(body['temperature'], '1')},"text":${json(text, '{"format":{"type":"text"}}')},"tool_choice":${json(body['tool_choice'], '"auto"')},` +
    `"tools":${json(body['tools'], '[]')},"top_p":${json(body['top_p'], '1')},"truncation":"disabled","usage":{"input_tokens":${it.inputTokens},` +
    `"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":${it.outputTokens},` +
    `"output_tokens_details":{"reasoning_tokens":${it.reasoningTokens}},"total_tokens":${it.inputTokens + it.outputTokens}},` +
    `"metadata":${json(body['metadata'], '{}')}}`
  );
};

const chatUsage = (it: Completion): string =>
  `{"prompt_tokens":${it.inputTokens},"completion_tokens":${it.outputTokens},"total_tokens":${it.inputTokens + it.outputTokens},` +
  `"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":${it.reasoningTokens},` +
  `"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`;

const finishReason = (it: Completion): string => (it.ending === 'token_limit' ? 'length' : 'stop');

const chatBody = (it: Completion): string => {
  const isRefused = it.ending === 'refused';
  return (
    `{"id":"chatcmpl-${it.hex}","object":"chat.completion","created":${it.createdS},"model":${json(it.model)},"choices":[{"index":0,` +
    `"message":{"role":"assistant","content":${isRefused ? 'null' : json(it.answer)},"refusal":${isRefused ? json(it.answer) : 'null'},` +
    `"annotations":[]},"logprobs":null,"finish_reason":"${finishReason(it)}"}],"usage":${chatUsage(it)},"service_tier":"default",` +
    `"system_fingerprint":"fp_${it.hex.slice(0, 12)}"}`
  );
};

const completionsBody = (it: Completion): string =>
  `{"id":"cmpl-${it.hex}","object":"text_completion","created":${it.createdS},"model":${json(it.model)},"choices":[{"text":${json(it.answer)},` +
  `"index":0,"logprobs":null,"finish_reason":"${finishReason(it)}"}],"usage":${chatUsage(it)}}`;

/** Vectors are short unless the request says otherwise: the shape matters here, not the meaning. */
const dimensionsDefault = 8;

const embeddingsBody = (it: Completion): string => {
  const asked = it.body['dimensions'];
  const dimensions = typeof asked === 'number' ? asked : dimensionsDefault;
  const input = it.body['input'];
  const isMany = Array.isArray(input) && typeof input[0] !== 'number';
  const vectors = Array.from({ length: embeddingInputs(it.body) }, (_, index) => {
    const text = isMany ? json((input as readonly JsonValue[])[index]) : json(input);
    return `{"object":"embedding","index":${index},"embedding":[${(it.vector ?? vectorOf(text, dimensions)).join(',')}]}`;
  });
  return (
    `{"object":"list","data":[${vectors.join(',')}],"model":${json(it.model)},` +
    `"usage":{"prompt_tokens":${it.inputTokens},"total_tokens":${it.inputTokens}}}`
  );
};

/** Of length 1, as OpenAI's embeddings are (embeddings guide, 2026). */
const vectorOf = (text: string, dimensions: number): readonly number[] => {
  const prng = createPrng(hashText(text));
  const raw = Array.from({ length: dimensions }, () => prng.next() * 2 - 1);
  const length = Math.hypot(...raw) || 1;
  return raw.map((value) => Math.round((value / length) * 1e6) / 1e6);
};

const moderationCategories: readonly string[] = [
  'hate',
  'hate/threatening',
  'harassment',
  'harassment/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];

const moderationsBody = (it: Completion): string => {
  const prng = createPrng(hashText(it.prompt));
  const isFlagged = prng.below(10) === 0;
  const record = (valueOf: (name: string) => string): string =>
    `{${moderationCategories.map((name) => `"${name}":${valueOf(name)}`).join(',')}}`;
  const scores = record(() => (prng.next() / 100).toFixed(6));
  const flags = record((name) => String(isFlagged && name === 'violence'));
  return (
    `{"id":"modr-${it.hex}","model":${json(it.model)},"results":[{"flagged":${isFlagged},"categories":${flags},` +
    `"category_scores":${scores},"category_applied_input_types":${record(() => '["text"]')}}]}`
  );
};

const writers: Readonly<Record<string, (it: Completion) => string>> = {
  '/v1/responses': responsesBody,
  '/v1/chat/completions': chatBody,
  '/v1/completions': completionsBody,
  '/v1/embeddings': embeddingsBody,
  '/v1/moderations': moderationsBody,
};

/** True for an endpoint whose bodies the fake can write; requests to others get a 400 line each. */
export const canAnswer = (endpoint: string): boolean => writers[endpoint] !== undefined;

/** The JSON text of a 200 body for the endpoint. */
export const bodyText = (endpoint: string, completion: Completion): string => (writers[endpoint] ?? responsesBody)(completion);

/** True when the endpoint's model writes text, which can be cut or refused. */
export const writesText = (endpoint: string): boolean => endpoint !== '/v1/embeddings' && endpoint !== '/v1/moderations';
