import type { JsonObject, JsonValue } from '../../../lib/core/json/json.ts';

/** The effort that a model makes (`output_config.effort`). */
export type AnthropicEffort = 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** A block of a message, as the Messages API takes it. */
export type AnthropicBlock = Readonly<Record<string, unknown>> & { readonly type: string };

/** One turn of a conversation, as the Messages API takes it. */
export interface AnthropicMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string | readonly AnthropicBlock[];
}

/**
 * A message in the spelling of OpenAI's two APIs, or in Anthropic's: system and developer messages
 * become `system`, calls and their answers blocks, images and files blocks with a `source`.
 */
export type NeutralMessage = Readonly<Record<string, unknown>>;

/** Body parameters of the Messages API, in its own spelling (reference, 2026-11). */
export interface AnthropicParams {
  /** Longest answer in tokens, thinking included. The API requires it; default 4,096. */
  readonly max_tokens?: number;
  readonly system?: string | readonly AnthropicBlock[];
  readonly stop_sequences?: readonly string[];
  readonly thinking?: Readonly<Record<string, unknown>>;
  readonly output_config?: { readonly effort?: AnthropicEffort } & Readonly<
    Record<string, unknown>
  >;
  /** In Anthropic's spelling, or functions in that of OpenAI's two APIs. */
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  readonly tool_choice?: string | Readonly<Record<string, unknown>>;
  readonly metadata?: { readonly user_id?: string };
  readonly service_tier?: 'auto' | 'standard_only';
  readonly cache_control?: Readonly<Record<string, unknown>>;
  /** Any other parameter. */
  readonly [param: string]: unknown;
}

/** Through JSON: what is stored and compared must be what is sent. Null: it is no object. */
export const plainParams = (params: unknown): JsonObject | null => {
  const plain = JSON.parse(JSON.stringify(params ?? {})) as JsonValue;
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain)
    ? (plain as JsonObject)
    : null;
};
