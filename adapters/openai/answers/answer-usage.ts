import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';

/**
 * Usage of a body in either spelling (`input_tokens` or `prompt_tokens`); null when it is not told,
 * which is not the same as none. What is no count (negative, broken, beyond all bounds) is not told
 * either: it would spoil the sum of the run.
 */
export const usageOf = (body: JsonObject): TokenUsage | null => {
  const { usage } = body;
  if (!isJsonObject(usage)) return null;
  const inputTokens = usage['input_tokens'] ?? usage['prompt_tokens'];
  if (!isCount(inputTokens)) return null;
  return {
    inputTokens: count(inputTokens),
    cachedInputTokens: detail(
      usage['input_tokens_details'] ?? usage['prompt_tokens_details'],
      'cached_tokens',
    ),
    // Embeddings put nothing out and do not say so.
    outputTokens: count(usage['output_tokens'] ?? usage['completion_tokens']),
    reasoningTokens: detail(
      usage['output_tokens_details'] ?? usage['completion_tokens_details'],
      'reasoning_tokens',
    ),
  };
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
// JSON has a zero below zero.
const count = (value: JsonValue | undefined): number => (isCount(value) ? Math.max(0, value) : 0);
const detail = (details: JsonValue | undefined, name: string): number =>
  isJsonObject(details) ? count(details[name]) : 0;
