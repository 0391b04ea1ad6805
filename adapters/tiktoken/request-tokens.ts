import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json/json.ts';
import type { CountedTokens } from '../../lib/ports/tokens.ts';
import type { Frame } from './model-frame.ts';
import type { CountText } from './text-counter.ts';
import {
  isEntryKeyUnderstood,
  isEntryTypeUnderstood,
  isItemUnderstood,
  isRequestUnderstood,
} from './understood.ts';

/**
 * An image of high detail costs between 450 and 3,300 tokens with the models of OpenAI's vision
 * guide (2026-09). This is an estimate, not a bound.
 */
const tokensPerImage = 2_500;

/**
 * Counters for a line: one for text of its own, one (with a cache) for text that a run's lines
 * share.
 */
export interface Counters {
  readonly own: CountText;
  readonly shared: CountText;
}

/** The line's model, as the counter needs it. */
export interface CountedModel {
  readonly name: string;
  readonly frame: Frame;
  readonly counters: Counters;
}

/**
 * Prompt tokens of a parsed request line; null when it is not one. Text is counted. The count is an
 * estimate when the line contains something that is not understood: images, sound or files, whose
 * cost is not in the text; references to tokens outside of the line; another model than the run's;
 * or a model with unknown billing.
 */
export const requestTokens = (
  line: unknown,
  { name, frame, counters: count }: CountedModel,
): CountedTokens | null => {
  const body = isJsonObject(line) ? line['body'] : undefined;
  if (!isJsonObject(line) || !isJsonObject(body)) return null;
  const url = line['url'];
  const isFramed = url !== '/v1/embeddings' && url !== '/v1/completions';
  const {
    model = name,
    instructions,
    input,
    messages,
    prompt,
    tools,
    functions,
    text,
    response_format: responseFormat,
  } = body;
  const tally: Tally = {
    count,
    tokensPerMessage: isFramed ? frame.tokensPerMessage : 0,
    isExact: frame.isKnown && model === name && isRequestUnderstood(url, body),
  };
  let tokens = isFramed ? frame.tokensPerRequest : 0;
  if (typeof instructions === 'string')
    tokens += tally.tokensPerMessage + count.shared(instructions);
  // Or a list of items, as in the response to a stored prompt.
  else if (instructions !== undefined) tokens += textTokens(instructions, tally);
  for (const offered of [tools, functions])
    if (typeof offered === 'object' && offered !== null)
      tokens += count.shared(JSON.stringify(offered));
  const schema =
    schemaIn(responseFormat) ?? schemaIn(isJsonObject(text) ? text['format'] : undefined);
  if (schema !== null) tokens += count.shared(JSON.stringify(schema));
  for (const text of [input, messages, prompt])
    if (text !== undefined) tokens += textTokens(text, tally);
  return { tokens: Math.max(1, tokens), isExact: tally.isExact };
};

/** A schema is billed as its text; `json_object` and `text` are not billed. */
const schemaIn = (format: JsonValue | undefined): JsonObject | null =>
  isJsonObject(format) && format['type'] === 'json_schema' ? format : null;

interface Tally {
  readonly count: Counters;
  readonly tokensPerMessage: number;
  /** Set to false by content that cannot be counted. */
  isExact: boolean;
}

const textTokens = (value: JsonValue, tally: Tally): number => {
  if (typeof value === 'string') return tally.tokensPerMessage + tally.count.own(value);
  // A text that is already tokenised.
  if (typeof value === 'number') return 1;
  if (isArray(value))
    return value.reduce<number>((tokens, entry) => tokens + textTokens(entry, tally), 0);
  if (!isJsonObject(value)) return 0;
  if (!isItemUnderstood(value)) tally.isExact = false;
  return tally.tokensPerMessage + messageTokens(value, tally);
};

const messageTokens = (message: JsonObject, tally: Tally): number => {
  const isShared = message['role'] === 'system' || message['role'] === 'developer';
  return partTokens(message, isShared ? tally.count.shared : tally.count.own, tally);
};

/** Keys whose values are names and numbers of the protocol, not prompt text. */
const silent: ReadonlySet<string> = new Set([
  'role',
  'type',
  'id',
  'detail',
  'status',
  'file_id',
  'format',
  'call_id',
  'tool_call_id',
]);
/** Keys of Base64 bytes, and of URLs of media. */
const bytes: ReadonlySet<string> = new Set(['file_data', 'data', 'encrypted_content', 'video_url']);

const partTokens = (value: JsonValue, count: CountText, tally: Tally): number => {
  if (typeof value === 'string') return count(value);
  if (isArray(value))
    return value.reduce<number>((tokens, entry) => tokens + partTokens(entry, count, tally), 0);
  if (!isJsonObject(value)) {
    // Neither text nor a known part of the protocol.
    if (value !== null) tally.isExact = false;
    return 0;
  }
  if (!isEntryTypeUnderstood(value['type'])) tally.isExact = false;
  let tokens = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (!isEntryKeyUnderstood(key, inner)) tally.isExact = false;
    if (key === 'image_url' || (key === 'file_id' && value['type'] === 'input_image'))
      tokens += tokensPerImage;
    else if (silent.has(key)) continue;
    // A quarter of its characters, as a rough estimate.
    else if (bytes.has(key)) tokens += Math.ceil(textIn(inner).length / 4);
    else tokens += partTokens(inner, count, tally);
  }
  return tokens;
};

const textIn = (value: JsonValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value);

const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] =>
  Array.isArray(value);
