import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { partsOf } from './parts.ts';

/** A conversation in the API's own spelling, or why it cannot be one. */
export type ReadMessages =
  | {
      readonly contents: readonly JsonObject[];
      /** Null: no message of the system. */
      readonly systemInstruction: JsonObject | null;
    }
  | { readonly reason: string };

/**
 * Turns of the API itself (`{ role, parts }`) as they are, and messages in the spelling of chat
 * completions: system messages become the system instruction, `assistant` is `model`, calls and
 * their answers are parts. Answers to calls that follow each other share one turn.
 */
export const readMessages = (messages: readonly JsonValue[]): ReadMessages => {
  const reading: Reading = { contents: [], system: [], names: new Map(), isAnswering: false };
  for (const [index, message] of messages.entries()) {
    const reason = addMessage(reading, message);
    if (reason !== null) return { reason: `"messages[${index}]": ${reason}` };
  }
  if (reading.contents.length === 0) return { reason: '"messages" has no turn of the user' };
  const { contents, system } = reading;
  return { contents, systemInstruction: system.length === 0 ? null : { parts: system } };
};

interface Reading {
  readonly contents: JsonObject[];
  readonly system: JsonObject[];
  /** Names of functions, by the ids of their calls. */
  readonly names: Map<string, string>;
  /** True while the last turn holds answers to calls. */
  isAnswering: boolean;
}

/** Null where the message was taken; else what is wrong with it. */
const addMessage = (reading: Reading, message: JsonValue): string | null => {
  if (!isJsonObject(message)) return 'it is no object';
  const { role, parts } = message;
  if (Array.isArray(parts)) return addOwn(reading, message);
  switch (role) {
    case 'system':
    case 'developer': {
      const read = partsOf(message['content']);
      if ('reason' in read) return read.reason;
      reading.system.push(...read.parts);
      return null;
    }
    case 'user': {
      const read = partsOf(message['content']);
      return 'reason' in read ? read.reason : addTurn(reading, 'user', read.parts);
    }
    case 'assistant':
    case 'model':
      return addAssistant(reading, message);
    case 'tool':
      return addToolAnswer(reading, message);
    default:
      return `its role is ${JSON.stringify(role ?? null).slice(0, 60)}: one of system, developer, user, assistant, tool`;
  }
};

const addOwn = (reading: Reading, message: JsonObject): string | null => {
  const { role = 'user' } = message;
  if (role !== 'user' && role !== 'model' && role !== 'function')
    return `its role is ${JSON.stringify(role).slice(0, 60)}, and "parts" are of "user" or "model"`;
  reading.contents.push(message);
  reading.isAnswering = false;
  return null;
};

const addTurn = (reading: Reading, role: string, parts: readonly JsonObject[]): null => {
  reading.contents.push({ role, parts });
  reading.isAnswering = false;
  return null;
};

const addAssistant = (reading: Reading, message: JsonObject): string | null => {
  const { content = null, tool_calls: calls = null } = message;
  const parts: JsonObject[] = [];
  if (content !== null && content !== '') {
    const read = partsOf(content);
    if ('reason' in read) return read.reason;
    parts.push(...read.parts);
  }
  if (calls !== null && !Array.isArray(calls)) return '"tool_calls" is no list';
  for (const call of (calls ?? []) as readonly JsonValue[]) {
    const read = callOf(reading, call);
    if ('reason' in read) return read.reason;
    parts.push(read.part);
  }
  return parts.length === 0
    ? 'it has neither "content" nor "tool_calls"'
    : addTurn(reading, 'model', parts);
};

const callOf = (
  { names }: Reading,
  call: JsonValue,
): { readonly part: JsonObject } | { readonly reason: string } => {
  const called = isJsonObject(call) ? call['function'] : undefined;
  if (!isJsonObject(call) || !isJsonObject(called) || typeof called['name'] !== 'string')
    return { reason: 'a call in "tool_calls" names no function' };
  const { name, arguments: given = '{}' } = called;
  const args = typeof given === 'string' ? parse(given) : given;
  if (!isJsonObject(args))
    return { reason: `the arguments of the call of "${name}" are no JSON object` };
  const { id } = call;
  if (typeof id === 'string') names.set(id, name);
  return { part: { functionCall: { ...(typeof id === 'string' ? { id } : {}), name, args } } };
};

const addToolAnswer = (reading: Reading, message: JsonObject): string | null => {
  const { tool_call_id: id, content, name: given } = message;
  const name =
    typeof given === 'string' ? given : typeof id === 'string' ? reading.names.get(id) : undefined;
  if (name === undefined)
    return 'its "tool_call_id" is of no call before it, and it has no "name" of a function';
  const read = partsOf(content);
  if ('reason' in read) return read.reason;
  const text = read.parts
    .map((part) => (typeof part['text'] === 'string' ? part['text'] : ''))
    .join('');
  const value = parse(text);
  const functionResponse = {
    ...(typeof id === 'string' ? { id } : {}),
    name,
    response: isJsonObject(value) ? value : { output: text },
  };
  const last = reading.contents.at(-1);
  if (reading.isAnswering && last !== undefined) {
    const before = last['parts'] as readonly JsonObject[];
    reading.contents[reading.contents.length - 1] = {
      ...last,
      parts: [...before, { functionResponse }],
    };
    return null;
  }
  addTurn(reading, 'user', [{ functionResponse }]);
  reading.isAnswering = true;
  return null;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
