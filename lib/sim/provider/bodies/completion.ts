import type { JsonObject, JsonValue } from '../../../core/json/json.ts';

/** The content of an answer; faults select all but `text` by name (`rows_tool_calls` and so on). */
export type AnswerForm =
  | 'text'
  | 'several_messages'
  | 'tool_calls'
  | 'function_call'
  | 'content_list'
  | 'several_choices'
  | 'images'
  | 'audio'
  | 'refused_beside_text'
  | 'reasoning_only'
  | 'empty_text';

/**
 * Why the model stopped: by itself, at the output limit, because it refused, or for a reason in the
 * service's own word.
 */
export type Ending = 'stopped' | 'token_limit' | 'refused' | { readonly reason: string };

/** One answered request, from which the body of any endpoint can be written. */
export interface Completion {
  /** 32 hexadecimal digits, unique to the row. */
  readonly hex: string;
  readonly createdS: number;
  /** The dated snapshot. */
  readonly model: string;
  readonly body: JsonObject;
  readonly prompt: string;
  /** The text, or a vector for embeddings. */
  readonly answer: string;
  readonly vector: readonly JsonValue[] | null;
  readonly form: AnswerForm;
  readonly ending: Ending;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}
