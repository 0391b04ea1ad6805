import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';

/** The prompt in a request body: all input text, and the user's last text. */
export interface Prompt {
  readonly lastText: string;
  /** Characters of all texts; tokens are computed from it. */
  readonly chars: number;
  /** Messages, or inputs of an embeddings request. */
  readonly parts: number;
}

type Json = JsonValue | undefined;

/**
 * Reads the prompt of any batchable endpoint: instructions, input, messages or prompt. Unknown
 * shapes count as no text.
 */
export const promptOf = (body: JsonObject): Prompt => {
  const texts: string[] = [];
  collect(body['instructions'], texts);
  collect(body['messages'] ?? body['input'] ?? body['prompt'], texts);
  let chars = 0;
  for (const text of texts) chars += text.length;
  return { lastText: texts[texts.length - 1] ?? '', chars, parts: texts.length };
};

/**
 * The fake's token count of a request: a quarter of its characters, and four for each message. At
 * least 1.
 */
export const inputTokens = (prompt: Prompt): number =>
  Math.max(1, Math.ceil(prompt.chars / 4) + 4 * prompt.parts);

/** Tokens of an answer: a quarter of its characters. */
export const textTokens = (text: string): number => Math.ceil(text.length / 4);

/** How many vectors an embeddings body asks for. */
export const embeddingInputs = (body: JsonObject): number => {
  const input = body['input'];
  if (!Array.isArray(input)) return 1;
  // A list of numbers is one tokenised text; in any other list each element is one input.
  return typeof input[0] === 'number' ? 1 : input.length;
};

const collect = (value: Json, texts: string[]): void => {
  if (typeof value === 'string') texts.push(value);
  else if (Array.isArray(value))
    for (const entry of value as readonly JsonValue[]) collect(entry, texts);
  else if (isJsonObject(value)) {
    const text = value['content'] ?? value['text'];
    if (text !== undefined) collect(text, texts);
  }
};
