import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';

/** Lines of results as the service writes them (shapes of August 2026; words and ids are ours). */

export const usage = {
  input_tokens: 20,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 5,
  service_tier: 'batch',
  inference_geo: 'not_available',
} as const;

export const text = (words: string): JsonObject => ({ type: 'text', text: words });

export const message = (content: JsonValue, more: JsonObject = {}): JsonObject => ({
  model: 'claude-haiku-4-5-20251001',
  id: 'msg_01AbcdefGhijkLmnopqrsTuv',
  type: 'message',
  role: 'assistant',
  content,
  stop_reason: 'end_turn',
  stop_sequence: null,
  stop_details: null,
  usage,
  ...more,
});

export const line = (result: JsonValue, customId: JsonValue = 'r01234567-3'): string =>
  JSON.stringify({ custom_id: customId, result });

export const succeeded = (content: JsonValue, more: JsonObject = {}): string =>
  line({ type: 'succeeded', message: message(content, more) });

export const errored = (type: string, words: string, details: JsonObject | null = null): string =>
  line({
    type: 'errored',
    error: {
      type: 'error',
      error: { type, message: words, ...(details === null ? {} : { details }) },
      request_id: 'req_011AbCdEfGhIjKlMnOpQrStU',
    },
  });

export const toolUse: JsonObject = {
  type: 'tool_use',
  id: 'toolu_01AbCdEf',
  name: 'weather',
  input: { city: 'Oslo' },
};
export const thinking: JsonObject = { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' };
