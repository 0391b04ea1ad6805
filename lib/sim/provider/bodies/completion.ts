import type { JsonObject, JsonValue } from '../../../core/json/json.ts';

/** What an answer is made of; faults ask for all but `text` by their names (`rows_tool_calls` and so on). */
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

/** Why the model stopped: by itself, at the bound of its output, because it refused, or for a reason in the service's own word. */
export type Ending = 'stopped' | 'token_limit' | 'refused' | { readonly reason: string };

/** One answered request, ready to be written as the body of any endpoint. */
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
