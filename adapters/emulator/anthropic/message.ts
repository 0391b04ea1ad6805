import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** Dated snapshots of the models, as answers name them (SDK 1.12, 2026-11). */
const snapshots: Readonly<Record<string, string>> = {
  'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
  'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
  'claude-opus-4-5': 'claude-opus-4-5-20251101',
};

/** The fake's finish reasons in Anthropic's words. Any other is passed on. */
const reasons: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

/** The fake's chat completion as a Message, with keys in the order recorded in August 2026. */
export const messageOf = (body: JsonObject): JsonObject => {
  const [choice] = listOf(body['choices']);
  const said = isJsonObject(choice) ? choice : {};
  const message = isJsonObject(said['message']) ? said['message'] : {};
  const refusal = typeof message['refusal'] === 'string';
  const text = message['content'];
  const isRefused = refusal && typeof text !== 'string';
  const reason = String(said['finish_reason'] ?? 'stop');
  const model = String(body['model'] ?? '');
  return {
    model: Object.hasOwn(snapshots, model) ? (snapshots[model] ?? model) : model,
    id: `msg_01${idLetters(String(body['id'] ?? ''))}`,
    type: 'message',
    role: 'assistant',
    content: isRefused ? [] : blocksOf(message),
    stop_reason: refusal
      ? 'refusal'
      : Object.hasOwn(reasons, reason)
        ? (reasons[reason] ?? reason)
        : reason,
    stop_sequence: null,
    stop_details: refusal
      ? { type: 'refusal', category: 'general_harms', explanation: message['refusal'] ?? null }
      : null,
    usage: usageOf(body['usage']),
  };
};

const idLetters = (id: string): string =>
  id
    .replace(/^chatcmpl-/u, '')
    .slice(0, 22)
    .padEnd(22, '0');

const blocksOf = (message: JsonObject): readonly JsonObject[] => {
  const { content, reasoning_content: reasoning, images, audio } = message;
  const thoughts =
    typeof reasoning === 'string'
      ? [{ type: 'thinking', thinking: reasoning, signature: 'c2lnbmF0dXJl' }]
      : [];
  const texts =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : listOf(content).filter(isJsonObject).map(blockOf);
  const calls = [
    ...listOf(message['tool_calls']),
    ...(isJsonObject(message['function_call']) ? [{ function: message['function_call'] }] : []),
  ];
  // No model of Anthropic draws or speaks: such answers hold a file in its place.
  const files =
    images === undefined && audio === undefined
      ? []
      : [{ type: 'container_upload', file_id: 'file_011emulated' }];
  return [...thoughts, ...texts, ...calls.flatMap(callOf), ...files];
};

const blockOf = (part: JsonObject): JsonObject =>
  part['type'] === 'thinking'
    ? { type: 'thinking', thinking: 'It is asked.', signature: 'c2lnbmF0dXJl' }
    : part;

const callOf = (call: JsonValue): readonly JsonObject[] => {
  const called = isJsonObject(call) ? call['function'] : undefined;
  if (!isJsonObject(call) || !isJsonObject(called)) return [];
  const id = typeof call['id'] === 'string' ? call['id'].replace(/^call_/u, '') : 'emulated';
  return [
    {
      type: 'tool_use',
      id: `toolu_01${id.slice(0, 22)}`,
      name: called['name'] ?? '',
      input: parsed(String(called['arguments'])),
      caller: { type: 'direct' },
    },
  ];
};

const usageOf = (usage: JsonValue | undefined): JsonObject => {
  const { prompt_tokens: input, completion_tokens: output } = isJsonObject(usage) ? usage : {};
  return {
    input_tokens: input ?? 0,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
    output_tokens: output ?? 0,
    service_tier: 'batch',
    inference_geo: 'not_available',
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
