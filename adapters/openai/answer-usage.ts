import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import type { TokenUsage } from '../../lib/core/usage.ts';

/** Usage of a body in either spelling (`input_tokens` or `prompt_tokens`); null when it is not told, which is not the same as none. */
export const usageOf = (body: JsonObject): TokenUsage | null => {
  const { usage } = body;
  if (!isJsonObject(usage)) return null;
  const inputTokens = usage['input_tokens'] ?? usage['prompt_tokens'];
  if (typeof inputTokens !== 'number') return null;
  return {
    inputTokens,
    cachedInputTokens: detail(usage['input_tokens_details'] ?? usage['prompt_tokens_details'], 'cached_tokens'),
    // Embeddings put nothing out and do not say so.
    outputTokens: count(usage['output_tokens'] ?? usage['completion_tokens']),
    reasoningTokens: detail(usage['output_tokens_details'] ?? usage['completion_tokens_details'], 'reasoning_tokens'),
  };
};

const count = (value: JsonValue | undefined): number => (typeof value === 'number' ? value : 0);
const detail = (details: JsonValue | undefined, name: string): number => (isJsonObject(details) ? count(details[name]) : 0);
