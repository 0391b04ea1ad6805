import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';

/**
 * Usage of a message. Anthropic counts input in three parts: what was read from the cache, what was
 * written to it, and the rest; input here is all three. Null when it is not stated, which is not
 * the same as none. What is no count (negative, broken, beyond all bounds) is not stated either.
 */
export const usageOf = ({ usage }: JsonObject): TokenUsage | null => {
  if (!isJsonObject(usage) || !isCount(usage['input_tokens'])) return null;
  const cached = count(usage['cache_read_input_tokens']);
  const inputTokens = usage['input_tokens'] + cached + count(usage['cache_creation_input_tokens']);
  if (!Number.isSafeInteger(inputTokens)) return null;
  const details = usage['output_tokens_details'];
  return {
    inputTokens: Math.max(0, inputTokens),
    cachedInputTokens: cached,
    outputTokens: count(usage['output_tokens']),
    reasoningTokens: isJsonObject(details) ? count(details['thinking_tokens']) : 0,
  };
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
// JSON has a zero below zero.
const count = (value: JsonValue | undefined): number => (isCount(value) ? Math.max(0, value) : 0);
