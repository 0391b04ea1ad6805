import type { JsonObject, JsonValue } from '../../core/json.ts';

/** One answered request, ready to be written as the body of any endpoint. */
export interface Completion {
  /** 32 hexadecimal digits, unique to the row. */
  readonly hex: string;
  readonly createdS: number;
  readonly model: string;
  readonly body: JsonObject;
  readonly prompt: string;
  /** The text, or a vector for embeddings. */
  readonly answer: string;
  readonly vector: readonly JsonValue[] | null;
  readonly ending: 'stopped' | 'token_limit' | 'refused';
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}
