/** Tokens as the provider billed them. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}
/** No tokens: the sum of nothing. */
export const emptyUsage: TokenUsage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};
/** Tokens of both, field by field. */
export const addUsage = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
});

/**
 * Answers that were probably billed but could not be read: lost files, duplicate batches. `rows` of
 * them, and their tokens at worst.
 */
export interface PresumedUsage {
  readonly rows: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}
/** Nothing is presumed to have been used. */
export const nothingPresumed: PresumedUsage = { rows: 0, inputTokens: 0, outputTokens: 0 };
/** The presumed usage of both, field by field. */
export const addPresumed = (a: PresumedUsage, b: PresumedUsage): PresumedUsage => ({
  rows: a.rows + b.rows,
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
});
/** The presumed usage without a part of it; never below zero. */
export const withoutPresumed = (all: PresumedUsage, part: PresumedUsage): PresumedUsage => ({
  rows: Math.max(0, all.rows - part.rows),
  inputTokens: Math.max(0, all.inputTokens - part.inputTokens),
  outputTokens: Math.max(0, all.outputTokens - part.outputTokens),
});
