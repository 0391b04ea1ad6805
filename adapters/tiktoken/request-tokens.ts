import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { CountText } from './text-counter.ts';

/** What a request is made of, apart from its words. Frames of messages: OpenAI's cookbook, "How to count tokens", 2024; rounded up. */
const tokensPerMessage = 4;
const tokensPerRequest = 3;
/** More than an image of high detail costs with the models of OpenAI's vision guide (2026-09). */
const tokensPerImage = 2_500;

/** Counters for a line: words that every line has its own of, and those that a run's lines share (and that are remembered). */
export interface Counters {
  readonly own: CountText;
  readonly shared: CountText;
}

/** Prompt tokens of a parsed request line; null when it is none. Text is counted; pictures and files, whose cost no text shows, are estimated. */
export const requestTokens = (line: unknown, count: Counters): number | null => {
  const body = isJsonObject(line) ? line['body'] : undefined;
  if (!isJsonObject(body)) return null;
  const { instructions, input, messages, prompt, tools, text, response_format: responseFormat } = body;
  let tokens = tokensPerRequest;
  if (typeof instructions === 'string') tokens += tokensPerMessage + count.shared(instructions);
  for (const shape of [tools, text, responseFormat])
    if (typeof shape === 'object' && shape !== null) tokens += count.shared(JSON.stringify(shape));
  for (const words of [input, messages, prompt]) if (words !== undefined) tokens += wordsIn(words, count);
  return tokens;
};

const wordsIn = (value: JsonValue, count: Counters): number => {
  if (typeof value === 'string') return tokensPerMessage + count.own(value);
  // A text that is tokens already.
  if (typeof value === 'number') return 1;
  if (isArray(value)) return value.reduce<number>((tokens, entry) => tokens + wordsIn(entry, count), 0);
  return isJsonObject(value) ? tokensPerMessage + messageTokens(value, count) : 0;
};

const messageTokens = (message: JsonObject, count: Counters): number => {
  const isShared = message['role'] === 'system' || message['role'] === 'developer';
  return partTokens(message, isShared ? { own: count.shared, shared: count.shared } : count);
};

/** Keys whose values are names and numbers of the protocol, not words of the prompt. */
const silent: ReadonlySet<string> = new Set(['role', 'type', 'id', 'detail', 'status', 'file_id', 'format', 'call_id', 'tool_call_id']);

const partTokens = (value: JsonValue | undefined, count: Counters): number => {
  if (typeof value === 'string') return count.own(value);
  if (isArray(value)) return value.reduce<number>((tokens, entry) => tokens + partTokens(entry, count), 0);
  if (!isJsonObject(value)) return 0;
  let tokens = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (silent.has(key) || inner === undefined) continue;
    if (key === 'image_url') tokens += tokensPerImage;
    // Base64: a quarter of it, since nobody outside can tell more.
    else if ((key === 'file_data' || key === 'data') && typeof inner === 'string') tokens += Math.ceil(inner.length / 4);
    else tokens += partTokens(inner, count);
  }
  return tokens;
};

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
