import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { CountedTokens } from '../../lib/ports/tokens.ts';
import type { Frame } from './model-frame.ts';
import type { CountText } from './text-counter.ts';

/** A picture of high detail costs between 450 and 3,300 tokens with the models of OpenAI's vision guide (2026-09): an estimate, and no bound. */
const tokensPerImage = 2_500;

/** Counters for a line: words that every line has its own of, and those that a run's lines share (and that are remembered). */
export interface Counters {
  readonly own: CountText;
  readonly shared: CountText;
}

/**
 * Prompt tokens of a parsed request line; null when it is none. Text is counted; pictures, sound and files, whose cost no text shows, are estimated,
 * and so is a line of a model whose tokens are not known.
 */
export const requestTokens = (line: unknown, count: Counters, frame: Frame): CountedTokens | null => {
  const body = isJsonObject(line) ? line['body'] : undefined;
  if (!isJsonObject(line) || !isJsonObject(body)) return null;
  const url = line['url'];
  const isFramed = url !== '/v1/embeddings' && url !== '/v1/completions';
  const tally: Tally = { count, tokensPerMessage: isFramed ? frame.tokensPerMessage : 0, isExact: frame.isKnown };
  const { instructions, input, messages, prompt, tools, text, response_format: responseFormat } = body;
  let tokens = isFramed ? frame.tokensPerRequest : 0;
  if (typeof instructions === 'string') tokens += tally.tokensPerMessage + count.shared(instructions);
  if (typeof tools === 'object' && tools !== null) tokens += count.shared(JSON.stringify(tools));
  const schema = schemaIn(responseFormat) ?? schemaIn(isJsonObject(text) ? text['format'] : undefined);
  if (schema !== null) tokens += count.shared(JSON.stringify(schema));
  for (const words of [input, messages, prompt]) if (words !== undefined) tokens += wordsIn(words, tally);
  return { tokens: Math.max(1, tokens), isExact: tally.isExact };
};

/** A schema is billed as its text; `json_object` and `text` are not billed. */
const schemaIn = (format: JsonValue | undefined): JsonObject | null =>
  isJsonObject(format) && format['type'] === 'json_schema' ? format : null;

interface Tally {
  readonly count: Counters;
  readonly tokensPerMessage: number;
  /** Set to false by what cannot be counted. */
  isExact: boolean;
}

const wordsIn = (value: JsonValue, tally: Tally): number => {
  if (typeof value === 'string') return tally.tokensPerMessage + tally.count.own(value);
  // A text that is tokens already.
  if (typeof value === 'number') return 1;
  if (isArray(value)) return value.reduce<number>((tokens, entry) => tokens + wordsIn(entry, tally), 0);
  return isJsonObject(value) ? tally.tokensPerMessage + messageTokens(value, tally) : 0;
};

const messageTokens = (message: JsonObject, tally: Tally): number => {
  const isShared = message['role'] === 'system' || message['role'] === 'developer';
  return partTokens(message, isShared ? tally.count.shared : tally.count.own, tally);
};

/** Keys whose values are names and numbers of the protocol, not words of the prompt. */
const silent: ReadonlySet<string> = new Set(['role', 'type', 'id', 'detail', 'status', 'file_id', 'format', 'call_id', 'tool_call_id']);
/** Keys of what is no text: how much it costs shows only in the bill. */
const unseen: ReadonlySet<string> = new Set(['image_url', 'file_id', 'file_url', 'file_data', 'data']);

const partTokens = (value: JsonValue | undefined, count: CountText, tally: Tally): number => {
  if (typeof value === 'string') return count(value);
  if (isArray(value)) return value.reduce<number>((tokens, entry) => tokens + partTokens(entry, count, tally), 0);
  if (!isJsonObject(value)) return 0;
  let tokens = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (unseen.has(key)) tally.isExact = false;
    if (key === 'image_url' || (key === 'file_id' && value['type'] === 'input_image')) tokens += tokensPerImage;
    else if (silent.has(key)) continue;
    // Base64: a quarter of it, for want of anything better.
    else if ((key === 'file_data' || key === 'data') && typeof inner === 'string') tokens += Math.ceil(inner.length / 4);
    else tokens += partTokens(inner, count, tally);
  }
  return tokens;
};

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
