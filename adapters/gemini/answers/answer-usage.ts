import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import type { TokenUsage } from '../../../lib/core/values/usage.ts';
import { countOf } from './answer-reader.ts';

/**
 * Usage of a response; null when it is not reported. Thoughts are billed as output, and what tools
 * brought in as input. Counts of zero are left out by the API; one of the prompt never is. What is
 * no count is not reported: it would spoil the sum of the run.
 */
export const usageOf = (response: JsonObject): TokenUsage | null => {
  const { usageMetadata: usage } = response;
  if (!isJsonObject(usage)) return null;
  const prompt = countOf(usage['promptTokenCount']);
  if (prompt === null) return null;
  const count = (key: string): number => countOf(usage[key]) ?? 0;
  const thoughts = count('thoughtsTokenCount');
  return {
    inputTokens: prompt + count('toolUsePromptTokenCount'),
    cachedInputTokens: count('cachedContentTokenCount'),
    outputTokens: count('candidatesTokenCount') + thoughts,
    reasoningTokens: thoughts,
  };
};

/** The same of an embedding, whose tokens may stand beside it alone. */
export const embeddingUsageOf = (response: JsonObject): TokenUsage | null => {
  const stated = usageOf(response);
  const tokens = countOf(response['tokenCount']);
  if (stated !== null || tokens === null) return stated;
  return { inputTokens: tokens, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
};
