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
