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

/**
 * How the counted prompt tokens of answered rows compare with what the provider billed for them.
 */
export interface Calibration {
  readonly rows: number;
  readonly countedTokens: number;
  readonly billedTokens: number;
}
/** No answer has corrected the token estimates. */
export const noCalibration: Calibration = { rows: 0, countedTokens: 0, billedTokens: 0 };

/** Fewer answers than these prove nothing. */
const rowsMin = 20;
/** A service that reports no usage, or nonsense, must not move budgets by more. */
const factorMin = 0.25;
const factorMax = 4;

/**
 * Billed tokens for one counted: 1 until enough rows were answered. Feeds the next plan, with any
 * token counter.
 */
export const billedPerCounted = ({
  calibration: { rows, countedTokens, billedTokens },
}: {
  readonly calibration: Calibration;
}): number =>
  rows < rowsMin || countedTokens <= 0 || billedTokens <= 0
    ? 1
    : Math.min(factorMax, Math.max(factorMin, billedTokens / countedTokens));

/** Bytes per token without a token counter: English, with JSON around it, has about four. */
const bytesPerToken = 4;

/**
 * Prompt tokens of a request line by its bytes alone: an estimate, which the run's own answers
 * correct.
 */
export const estimateTokens = (lineBytes: number): number => Math.ceil(lineBytes / bytesPerToken);
