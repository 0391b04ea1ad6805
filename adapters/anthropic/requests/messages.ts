import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { contentOf, isReason, type Mapped } from './content-parts.ts';

/** A conversation in Anthropic's form: its instructions stand apart from its turns. */
export interface Conversation {
  /** Null: it has no system messages. */
  readonly system: string | readonly JsonObject[] | null;
  readonly messages: readonly JsonObject[];
}

/**
 * A list of messages, in Anthropic's spelling or in that of OpenAI's two APIs: system and developer
 * messages become `system`, in their order; calls and their answers become `tool_use` and
 * `tool_result` blocks; images and files become blocks with a `source`.
 */
export const conversationOf = (list: readonly JsonValue[]): Mapped<Conversation> => {
  const system: JsonObject[] = [];
  const messages: JsonObject[] = [];
  for (const [i, message] of list.entries()) {
    const reason = addMessage(message, system, messages);
    if (reason !== null) return { reason: `messages[${i}]: ${reason}` };
  }
  if (messages.length === 0) return { reason: '"messages" holds no message of a user' };
  return { system: system.length === 0 ? null : merged(system), messages };
};

/** One text where there is nothing but texts. */
const merged = (blocks: readonly JsonObject[]): string | readonly JsonObject[] => {
  const isPlain = blocks.every(
    (block) => typeof block['text'] === 'string' && Object.keys(block).length === 2,
  );
  return isPlain ? blocks.map((block) => String(block['text'])).join('\n\n') : blocks;
};

/** Null: it was added. */
const addMessage = (
  message: JsonValue,
  system: JsonObject[],
  messages: JsonObject[],
): string | null => {
  if (!isJsonObject(message)) return 'it is no object';
  const { role, type } = message;
  if (type === 'function_call') return addCalls(messages, {}, [message]);
  if (type === 'function_call_output')
    return addResult(messages, message['call_id'], message['output']);
  if (role === 'tool') return addResult(messages, message['tool_call_id'], message['content']);
  if (role === 'system' || role === 'developer') return addSystem(message, system);
  if (role !== 'user' && role !== 'assistant')
    return `its role is ${JSON.stringify(role ?? null)}, not user, assistant, system or tool`;
  const calls = message['tool_calls'];
  if (role === 'assistant' && Array.isArray(calls) && calls.length > 0)
    return addCalls(messages, message, calls as readonly JsonValue[]);
  const content = contentOf(message['content']);
  if (isReason(content)) return content.reason;
  messages.push({ role, content: content.content });
  return null;
};

const addSystem = (message: JsonObject, system: JsonObject[]): string | null => {
  const content = contentOf(message['content']);
  if (isReason(content)) return content.reason;
  const blocks =
    typeof content.content === 'string'
      ? [{ type: 'text', text: content.content }]
      : content.content;
  if (blocks.some((block) => block['type'] !== 'text')) return 'a system message holds text only';
  system.push(...blocks);
  return null;
};

/** Calls of one turn are blocks of one message. */
const addCalls = (
  messages: JsonObject[],
  { content }: JsonObject,
  calls: readonly JsonValue[],
): string | null => {
  const said = content === undefined || content === null ? { content: [] } : contentOf(content);
  if (isReason(said)) return said.reason;
  const blocks: JsonObject[] =
    typeof said.content === 'string'
      ? said.content === ''
        ? []
        : [{ type: 'text', text: said.content }]
      : [...said.content];
  for (const call of calls) {
    const block = callBlock(call);
    if (isReason(block)) return block.reason;
    blocks.push(block);
  }
  addBlocks(messages, 'assistant', blocks);
  return null;
};

const callBlock = (call: JsonValue): Mapped<JsonObject> => {
  if (!isJsonObject(call)) return { reason: 'a call is no object' };
  const called = isJsonObject(call['function']) ? call['function'] : call;
  const id = call['call_id'] ?? call['id'];
  const { name, arguments: text } = called;
  if (typeof id !== 'string' || typeof name !== 'string')
    return { reason: 'a call has no id or no name' };
  const input = typeof text === 'string' ? parsed(text === '' ? '{}' : text) : text;
  return isJsonObject(input)
    ? { type: 'tool_use', id, name, input }
    : { reason: `the arguments of the call ${JSON.stringify(name)} are no JSON object` };
};

const addResult = (
  messages: JsonObject[],
  id: JsonValue | undefined,
  given: JsonValue | undefined,
): string | null => {
  if (typeof id !== 'string' || id === '') return 'an answer to a call does not name the call';
  const result = contentOf(given);
  if (isReason(result)) return result.reason;
  addBlocks(messages, 'user', [
    { type: 'tool_result', tool_use_id: id, content: result.content as JsonValue },
  ]);
  return null;
};

/** Answers to parallel calls stand in one message, as do calls that came one by one. */
const addBlocks = (
  messages: JsonObject[],
  role: 'user' | 'assistant',
  blocks: readonly JsonObject[],
): void => {
  const last = messages.at(-1);
  const type = role === 'user' ? 'tool_result' : 'tool_use';
  const content = last?.['content'];
  const isOpen =
    last?.['role'] === role &&
    Array.isArray(content) &&
    (content as readonly JsonValue[]).some(
      (block) => isJsonObject(block) && block['type'] === type,
    );
  if (isOpen)
    messages[messages.length - 1] = {
      role,
      content: [...(content as readonly JsonValue[]), ...blocks],
    };
  else messages.push({ role, content: blocks });
};

const parsed = (text: string): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
};
