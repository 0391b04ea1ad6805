import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** A line of the fake's files as one of Mistral's. What is damaged stays so. */
export const resultLine = (line: string, model: string): string => {
  const row = parsed(line);
  if (!isJsonObject(row) || row['custom_id'] === undefined) return line;
  const { id, custom_id: customId, response = null, error = null } = row;
  const name = String(id).replace(/^batch_req_/u, 'batch-');
  return JSON.stringify({
    id: name,
    custom_id: customId,
    response: isJsonObject(response) ? responseOf(response, model) : response,
    error,
  });
};

/** No request id, and the body in the keys of August 2026. */
const responseOf = ({ status_code: status, body }: JsonObject, model: string): JsonObject => ({
  status_code: status ?? null,
  body: status === 200 && isJsonObject(body) ? bodyOf(body, model) : (body ?? null),
});

const bodyOf = (body: JsonObject, model: string): JsonObject => {
  const { id = null, object = null, created = null, data, choices } = body;
  const usage = usageOf(body['usage']);
  return Array.isArray(choices)
    ? { id, object, model, usage, created, choices: choices.map(choiceOf) }
    : { id, object, data: data ?? null, model, usage };
};

const usageOf = (usage: JsonValue | undefined): JsonValue => {
  if (!isJsonObject(usage)) return usage ?? null;
  const { prompt_tokens_details: details } = usage;
  return {
    prompt_tokens: usage['prompt_tokens'] ?? 0,
    completion_tokens: usage['completion_tokens'] ?? 0,
    total_tokens: usage['total_tokens'] ?? 0,
    prompt_audio_seconds: null,
    prompt_token_details: null,
    request_count: 0,
    prompt_tokens_details: {
      messages: [],
      cached_tokens: isJsonObject(details) ? (details['cached_tokens'] ?? 0) : 0,
      audio_tokens: 0,
    },
    completion_tokens_details: null,
    service_tier: null,
  };
};

const choiceOf = (choice: JsonValue): JsonValue => {
  if (!isJsonObject(choice)) return choice;
  const { index = 0, finish_reason: reason = null, message } = choice;
  if (!isJsonObject(message)) return { index, finish_reason: reason, message: message ?? null };
  const { role = 'assistant', content = null, tool_calls: calls = null } = message;
  const rest = { tool_call_id: null, index: null, metadata: null };
  return {
    index,
    finish_reason: reason,
    message: { role, content, tool_calls: calls, ...rest, ...refusalOf(message) },
  };
};

/** The fake provider refuses where its script says so. */
const refusalOf = ({ refusal }: JsonObject): JsonObject =>
  typeof refusal === 'string' ? { refusal } : {};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
