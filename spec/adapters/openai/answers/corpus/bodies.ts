import type { JsonObject, JsonValue } from '../../../../../lib/core/json/json.ts';

/**
 * Bodies with the fields and the order of keys of recorded answers (OpenAI, Mistral and xAI, August
 * 2026).
 */

export const responsesBody = (output: readonly JsonValue[], more: JsonObject = {}): JsonObject => ({
  id: 'resp_034690d6c7279fd5016a85c10a8ae487d2a188d8842f0dba32',
  object: 'response',
  created_at: 1787150602,
  status: 'completed',
  background: false,
  billing: { payer: 'developer' },
  completed_at: 1787150605,
  error: null,
  frequency_penalty: 0,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: 'gpt-5-nano-2025-08-07',
  moderation: null,
  output,
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  prompt_cache_retention: 'in_memory',
  reasoning: { context: 'current_turn', effort: 'medium', mode: 'standard', summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: false,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  usage: {
    input_tokens: 18,
    input_tokens_details: { cache_write_tokens: 0, cached_tokens: 0 },
    output_tokens: 109,
    output_tokens_details: { reasoning_tokens: 64 },
    total_tokens: 127,
  },
  user: null,
  metadata: {},
  ...more,
});

export const reasoning: JsonObject = {
  id: 'rs_034690d6c7279fd5016a85c10c9c9087d29bcad43603fc0cc0',
  type: 'reasoning',
  content: [],
  encrypted_content: 'gAAAAABqhcENslaOC5iNpgFz',
  summary: [],
};

export const outputText = (text: string, more: JsonObject = {}): JsonObject => ({
  type: 'output_text',
  annotations: [],
  logprobs: [],
  text,
  ...more,
});

export const message = (...content: readonly JsonObject[]): JsonObject => ({
  id: 'msg_034690d6c7279fd5016a85c10d1dc887d29f92f45f4147faaa',
  type: 'message',
  status: 'completed',
  content,
  role: 'assistant',
});
export const said = (text: string, more: JsonObject = {}): JsonObject => ({
  ...message(outputText(text)),
  ...more,
});

export const functionCall: JsonObject = {
  id: 'fc_0071839b503dc1a2016a85c0ce4a1481a28e0324c8b2d8897c',
  type: 'function_call',
  status: 'completed',
  arguments: '{"name":"Ann","age":3}',
  call_id: 'call_Zq3sUv0GJ2',
  name: 'extract',
};

export const chatBody = (choices: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  id: 'chatcmpl-CxAbYQ0r6jv3Hq',
  object: 'chat.completion',
  created: 1787150442,
  model: 'gpt-4o-mini-2024-07-18',
  choices,
  usage: {
    prompt_tokens: 27,
    completion_tokens: 2,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_eb3c003fc6',
  ...more,
});

export const choice = (
  message: JsonObject,
  finish: JsonValue = 'stop',
  more: JsonObject = {},
): JsonObject => ({
  index: 0,
  message: { role: 'assistant', content: null, refusal: null, annotations: [], ...message },
  logprobs: null,
  finish_reason: finish,
  ...more,
});

export const toolCall: JsonObject = {
  id: 'call_Zq3sUv0GJ2',
  type: 'function',
  function: { name: 'extract', arguments: '{"name":"Ann","age":3}' },
};

export const completionsBody = (choices: readonly JsonObject[]): JsonObject => ({
  id: 'cmpl-CxAbYQ0r6jv3Hq',
  object: 'text_completion',
  created: 1787150442,
  model: 'gpt-3.5-turbo-instruct',
  choices,
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
});

export const completion = (
  text: JsonValue,
  finish: JsonValue = 'stop',
  more: JsonObject = {},
): JsonObject => ({
  text,
  index: 0,
  logprobs: null,
  finish_reason: finish,
  ...more,
});

export const embeddingsBody = (...vectors: readonly JsonValue[]): JsonObject => ({
  object: 'list',
  data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 8, total_tokens: 8 },
});

export const moderationsBody = (...results: readonly JsonValue[]): JsonObject => ({
  id: 'modr-970d409ef3bef3b70c73d8232df86e7d',
  model: 'omni-moderation-latest',
  results,
});
