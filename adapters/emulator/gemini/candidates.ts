import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** The fake's finish reasons in the API's words. Any other is passed on. */
const reasons: Readonly<Record<string, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  function_call: 'STOP',
  content_filter: 'SAFETY',
};

/** The fake's chat completion as a response, with keys in the order recorded in August 2026. */
export const responseOf = (body: JsonObject, model: string): JsonObject => ({
  candidates: listOf(body['choices']).flatMap((choice, index) =>
    isJsonObject(choice) ? [candidateOf(choice, index)] : [],
  ),
  usageMetadata: usageOf(body['usage']),
  modelVersion: model,
  responseId: responseIdOf(body['id']),
});

const responseIdOf = (id: JsonValue | undefined): string =>
  String(id ?? '')
    .replace(/^chatcmpl-/u, '')
    .slice(0, 22);

const candidateOf = (choice: JsonObject, index: number): JsonObject => {
  const message = isJsonObject(choice['message']) ? choice['message'] : {};
  const reason = String(choice['finish_reason'] ?? 'stop');
  // A model that refuses is stopped by a filter here: the API knows no refusals.
  const isRefused = typeof message['refusal'] === 'string' && message['content'] === null;
  const parts = isRefused ? [] : partsOf(message);
  return {
    content: { ...(parts.length === 0 ? {} : { parts }), role: 'model' },
    finishReason: isRefused
      ? 'PROHIBITED_CONTENT'
      : Object.hasOwn(reasons, reason)
        ? (reasons[reason] ?? reason)
        : reason.toUpperCase(),
    index,
  };
};

const partsOf = (message: JsonObject): readonly JsonObject[] => {
  const { content, reasoning_content: thoughts, images, audio } = message;
  const spoken = isJsonObject(audio) ? audio['data'] : undefined;
  return [
    ...(typeof thoughts === 'string' ? [{ text: thoughts, thought: true }] : []),
    ...textsOf(content),
    ...callsOf(message),
    ...listOf(images).flatMap((image) => pictureOf(image)),
    ...(typeof spoken === 'string'
      ? [{ inlineData: { mimeType: 'audio/wav', data: spoken } }]
      : []),
  ];
};

const textsOf = (content: JsonValue | undefined): readonly JsonObject[] => {
  if (typeof content === 'string') return [{ text: content }];
  return listOf(content).flatMap((part): JsonObject[] => {
    if (!isJsonObject(part)) return [];
    if (part['type'] === 'thinking') return [{ text: 'It is asked.', thought: true }];
    return typeof part['text'] === 'string' ? [{ text: part['text'] }] : [];
  });
};

const callsOf = (message: JsonObject): readonly JsonObject[] => {
  const { tool_calls: calls, function_call: older } = message;
  const called = [
    ...listOf(calls).map((call) => (isJsonObject(call) ? call['function'] : undefined)),
    older,
  ];
  return called.flatMap((each) =>
    isJsonObject(each)
      ? [{ functionCall: { name: each['name'] ?? '', args: parsed(String(each['arguments'])) } }]
      : [],
  );
};

const pictureOf = (image: JsonValue): readonly JsonObject[] => {
  const address = isJsonObject(image) && isJsonObject(image['image_url']) ? image['image_url'] : {};
  const [, mimeType, data] = /^data:([^;]+);base64,(.*)$/su.exec(String(address['url'])) ?? [];
  return mimeType === undefined ? [] : [{ inlineData: { mimeType, data: data ?? '' } }];
};

/** Counts of zero are left out. The fake counts thoughts within the output. */
const usageOf = (usage: JsonValue | undefined): JsonObject => {
  const of = isJsonObject(usage) ? usage : {};
  const details = of['completion_tokens_details'];
  const prompt = Number(of['prompt_tokens'] ?? 0);
  const output = Number(of['completion_tokens'] ?? 0);
  const thoughts = Number(isJsonObject(details) ? (details['reasoning_tokens'] ?? 0) : 0);
  const said = Math.max(0, output - thoughts);
  return {
    promptTokenCount: prompt,
    ...(said === 0 ? {} : { candidatesTokenCount: said }),
    totalTokenCount: prompt + output,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
    ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
    serviceTier: 'standard',
  };
};

/** The fake's embeddings as a response: a request has one input. */
export const embeddingOf = (body: JsonObject): JsonObject => {
  const [first] = listOf(body['data']);
  const usage = isJsonObject(body['usage']) ? body['usage'] : {};
  const tokens = Number(usage['prompt_tokens'] ?? 0);
  return {
    embedding: { values: isJsonObject(first) ? (first['embedding'] ?? []) : [] },
    usageMetadata: {
      promptTokenCount: tokens,
      totalTokenCount: tokens,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: tokens }],
    },
  };
};

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : [];

const parsed = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return {};
  }
};
