import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';

// The parts of a request that this counter understands, by the names of OpenAI's reference (openai
// 6.49). Anything else may bring billed tokens that are not in the line (a stored conversation or
// prompt, what a hosted tool reads), and makes the count an estimate. An unknown name must never
// pass for a known one.

/** Keys of a body whose text is counted. */
const counted = [
  'instructions',
  'input',
  'messages',
  'prompt',
  'tools',
  'functions',
  'text',
  'response_format',
];
/** Keys of a body that are billed no prompt tokens. */
const unbilled = [
  ...[
    'model',
    'temperature',
    'top_p',
    'stop',
    'seed',
    'n',
    'best_of',
    'presence_penalty',
    'frequency_penalty',
    'logit_bias',
  ],
  ...[
    'max_tokens',
    'max_completion_tokens',
    'max_output_tokens',
    'max_tool_calls',
    'logprobs',
    'top_logprobs',
    'echo',
  ],
  ...[
    'reasoning',
    'reasoning_effort',
    'verbosity',
    'tool_choice',
    'function_call',
    'parallel_tool_calls',
    'truncation',
    'include',
  ],
  ...[
    'user',
    'safety_identifier',
    'prompt_cache_key',
    'prompt_cache_retention',
    'metadata',
    'store',
    'background',
  ],
  ...['stream', 'stream_options', 'encoding_format', 'dimensions'],
];
const bodyKeys: ReadonlySet<string> = new Set([...counted, ...unbilled]);

const urls: ReadonlySet<JsonValue | undefined> = new Set([
  ...[
    '/v1/responses',
    '/v1/chat/completions',
    '/v1/embeddings',
    '/v1/completions',
    '/v1/moderations',
  ],
]);

/** True when a request's prompt tokens are those in its body, apart from its messages. */
export const isRequestUnderstood = (url: JsonValue | undefined, body: JsonObject): boolean => {
  if (!urls.has(url)) return false;
  for (const key in body) if (!bodyKeys.has(key) && !isNothing(body[key])) return false;
  // A stored prompt is an object; the prompt of an old completion is not.
  return (
    !isJsonObject(body['prompt']) &&
    areToolsUnderstood(body['tools']) &&
    (isNothing(body['functions']) || isArray(body['functions'])) &&
    isFormatUnderstood(body['response_format']) &&
    isTextUnderstood(body['text'])
  );
};

const ownTools: ReadonlySet<JsonValue | undefined> = new Set(['function', 'custom']);

/**
 * Functions and custom tools are text; any other tool is the service's own, and adds tokens for its
 * results.
 */
const areToolsUnderstood = (tools: JsonValue | undefined): boolean =>
  isNothing(tools) ||
  (isArray(tools) && tools.every((tool) => isJsonObject(tool) && ownTools.has(tool['type'])));

const formats: ReadonlySet<JsonValue | undefined> = new Set(['text', 'json_object', 'json_schema']);

const isFormatUnderstood = (format: JsonValue | undefined): boolean =>
  isNothing(format) || (isJsonObject(format) && formats.has(format['type']));

const isTextUnderstood = (text: JsonValue | undefined): boolean => {
  if (isNothing(text)) return true;
  if (!isJsonObject(text)) return false;
  for (const key in text) if (key !== 'format' && key !== 'verbosity') return false;
  return isFormatUnderstood(text['format']);
};

/**
 * Keys of messages, parts, items and calls: their text is counted, or they are names and numbers of
 * the protocol.
 */
const entryKeys: ReadonlySet<string> = new Set([
  ...['role', 'type', 'id', 'status', 'call_id', 'tool_call_id'],
  ...[
    'content',
    'text',
    'refusal',
    'name',
    'arguments',
    'output',
    'input',
    'tool_calls',
    'function_call',
    'function',
    'custom',
  ],
]);
const entryTypes: ReadonlySet<JsonValue | undefined> = new Set([
  ...[undefined, 'message', 'text', 'input_text', 'output_text', 'refusal'],
  ...[
    'function',
    'custom',
    'function_call',
    'function_call_output',
    'custom_tool_call',
    'custom_tool_call_output',
  ],
]);

export const isEntryKeyUnderstood = (key: string, value: JsonValue): boolean =>
  entryKeys.has(key) || isNothing(value);
export const isEntryTypeUnderstood = (type: JsonValue | undefined): boolean => entryTypes.has(type);

/** A message has a role and an item a type; `{ id }` alone refers to a stored item. */
export const isItemUnderstood = ({ role, type }: JsonObject): boolean =>
  typeof role === 'string' || typeof type === 'string';

/** An absent value in any form. */
const isNothing = (value: JsonValue | undefined): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  (isArray(value) && value.length === 0);

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] =>
  Array.isArray(value);
