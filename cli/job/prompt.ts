import type { JsonObject } from '../../lib/core/json/json.ts';
import type { PromptParts } from '../../lib/ports/provider.ts';

/** The prompt that a row is turned into. */
export type CliPrompt =
  | string
  | PromptParts
  | { readonly messages: readonly JsonObject[] }
  | { readonly input: readonly string[] }
  | { readonly body: JsonObject }
  | { readonly bodyText: string }
  | { readonly messagesText: string };
