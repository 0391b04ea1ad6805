import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { withoutStamp } from './custom-ids.ts';

/** A request of a create as a line of the fake provider, or why the create is refused. */
export type ReadRequest =
  | {
      readonly customId: string;
      readonly line: string;
      /** Why the request comes back as an error; null: it is answered. */
      readonly fault: string | null;
    }
  | { readonly refusal: string };

const idPattern = /^[a-zA-Z0-9_-]{1,64}$/u;
const refusedParams = [
  'speed',
  'store',
  'previous_thread_event_id',
  'cache_hint',
  'context_hint',
] as const;

/** Reads a request. Its id is judged at once, its params only when the batch is processed. */
export const readRequest = (text: string, index: number): ReadRequest => {
  const where = `requests.${index}`;
  const request = parsed(text);
  if (!isJsonObject(request)) return { refusal: `${where}: Input should be a valid dictionary` };
  const { custom_id: customId, params } = request;
  if (typeof customId !== 'string') return { refusal: `${where}.custom_id: Field required` };
  if (!idPattern.test(customId))
    return {
      refusal: `${where}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`,
    };
  if (!isJsonObject(params)) return { refusal: `${where}.params: Field required` };
  const fault = faultIn(params);
  const line = JSON.stringify({
    custom_id: withoutStamp(customId),
    method: 'POST',
    url: '/v1/chat/completions',
    body: bodyOf(params, fault !== null),
  });
  return { customId, line, fault };
};

/** What the service says of params that it does not accept. */
const faultIn = (params: JsonObject): string | null => {
  const { model, max_tokens: bound, messages, stream } = params;
  if (typeof model !== 'string' || model === '') return 'model: Field required';
  if (bound === undefined) return 'max_tokens: Field required';
  if (!Number.isInteger(bound) || (bound as number) < 1)
    return 'max_tokens: Input should be greater than or equal to 1';
  if (!Array.isArray(messages) || messages.length === 0)
    return 'messages: at least one message is required';
  if (stream === true) return 'stream: Streaming is not supported in message batches';
  const refused = refusedParams.find((name) => (params[name] ?? null) !== null);
  if (refused !== undefined) return `${refused}: not supported in message batches`;
  return (messages as readonly JsonValue[]).map(messageFault).find((each) => each !== null) ?? null;
};

const messageFault = (message: JsonValue, index: number): string | null => {
  if (!isJsonObject(message)) return `messages.${index}: Input should be a valid dictionary`;
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant')
    return `messages.${index}.role: Input should be 'user' or 'assistant'`;
  if (typeof content === 'string')
    return content.trim() === ''
      ? `messages.${index}: text content blocks must be non-empty`
      : null;
  return Array.isArray(content) && content.length > 0
    ? null
    : `messages.${index}.content: Field required`;
};

/**
 * The body for the fake's model, whose forms are those of chat completions. Its messages stay as
 * they are; a request that is refused anyway needs a model and a message.
 */
const bodyOf = (params: JsonObject, isFaulty: boolean): JsonObject => {
  const { system, output_config: config, stream: _stream, ...rest } = params;
  const format = isJsonObject(config) ? config['format'] : undefined;
  return {
    ...rest,
    ...(system === undefined ? {} : { instructions: system }),
    ...(isJsonObject(format) && format['type'] === 'json_schema'
      ? {
          response_format: {
            type: 'json_schema',
            json_schema: { schema: format['schema'] ?? null },
          },
        }
      : {}),
    ...(isFaulty ? { model: rest['model'] ?? 'none', messages: [{ role: 'user' }] } : {}),
  };
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
