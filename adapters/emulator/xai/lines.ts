import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A request of the service as a line of the fake; null: it is none. */
export const fakeLine = (
  request: JsonValue,
): { readonly customId: string; readonly line: string } | null => {
  if (!isJsonObject(request)) return null;
  const { batch_request_id: customId, batch_request: wrapped } = request;
  const body = isJsonObject(wrapped) ? wrapped['chat_get_completion'] : undefined;
  if (typeof customId !== 'string' || !isJsonObject(body)) return null;
  const line = JSON.stringify({
    custom_id: customId,
    method: 'POST',
    url: '/v1/chat/completions',
    body,
  });
  return { customId, line };
};

/** Rows that never ran are in no result. */
const neverRan: readonly (JsonValue | undefined)[] = ['batch_expired', 'batch_cancelled'];

/** A line of the fake's files as a result of the service; null: there is none of it. */
export const resultOf = (line: string): JsonObject | null => {
  const row = parsed(line);
  if (!isJsonObject(row)) return { batch_request_id: null, batch_result: null };
  const { custom_id: id = null, response, error } = row;
  if (isJsonObject(response)) {
    const { status_code: status, body } = response;
    return status === 200 && isJsonObject(body)
      ? {
          batch_request_id: id,
          batch_result: { response: { chat_get_completion: completionOf(body) } },
        }
      : { batch_request_id: id, batch_result: { error: messageIn(body) } };
  }
  if (isJsonObject(error) && neverRan.includes(error['code'])) return null;
  return { batch_request_id: id, batch_result: { error: messageIn(error) } };
};

const messageIn = (value: JsonValue | undefined): JsonValue => {
  const error = isJsonObject(value) && isJsonObject(value['error']) ? value['error'] : value;
  return isJsonObject(error) ? (error['message'] ?? null) : (error ?? null);
};

/** A completion with the keys of August 2026. */
const completionOf = ({ id, object, created, model, choices, usage }: JsonObject): JsonObject => ({
  id: id ?? null,
  object: object ?? null,
  created: created ?? null,
  model: model ?? null,
  choices: Array.isArray(choices) ? choices.map(choiceOf) : (choices ?? null),
  usage: usageOf(usage),
  system_fingerprint: 'fp_emulated',
  service_tier: 'default',
});

const choiceOf = (choice: JsonValue): JsonValue => {
  if (!isJsonObject(choice) || !isJsonObject(choice['message'])) return choice;
  const { index = 0, finish_reason: reason = null, message } = choice;
  const { role = 'assistant', content = null, tool_calls: calls, refusal = null } = message;
  return {
    index,
    message: { role, content, ...(calls === undefined ? {} : { tool_calls: calls }), refusal },
    finish_reason: reason,
  };
};

/** Thoughts are not among the completion's tokens. */
const usageOf = (usage: JsonValue | undefined): JsonValue => {
  if (!isJsonObject(usage)) return usage ?? null;
  const count = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
  const { prompt_tokens_details: given, completion_tokens_details: details } = usage;
  const thoughts = isJsonObject(details) ? count(details['reasoning_tokens']) : 0;
  const cached = isJsonObject(given) ? count(given['cached_tokens']) : 0;
  const prompt = count(usage['prompt_tokens']);
  return {
    prompt_tokens: prompt,
    completion_tokens: Math.max(0, count(usage['completion_tokens']) - thoughts),
    total_tokens: count(usage['total_tokens']),
    prompt_tokens_details: {
      text_tokens: prompt,
      audio_tokens: 0,
      image_tokens: 0,
      cached_tokens: cached,
    },
    completion_tokens_details: {
      reasoning_tokens: thoughts,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    num_sources_used: 0,
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
