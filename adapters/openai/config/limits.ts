import type { ProviderLimits } from '../../../lib/core/values/limits.ts';

/**
 * What one OpenAI batch may hold: 50,000 requests, as many embedding inputs, and 200 MB (OpenAI's
 * batch guide, 2026-09; the number enforced, as its error messages name it, is 209,715,200 bytes).
 * Prompt tokens are limited per queue, not per batch.
 */
export const openaiLimits: ProviderLimits = {
  requestsMax: 50_000,
  inputBytesMax: 209_715_200,
  inputTokensMax: null,
  inputsMax: 50_000,
  createsPerHourMax: 2_000,
};

/** Pairs of metadata that a batch may carry (OpenAI's API reference, 2026-08). */
export const metadataPairsMax = 16;

/** The shortest `expires_after.seconds` of a file (OpenAI's API reference, 2026-08). */
export const fileExpirySecondsMin = 3_600;

/** `expires_after.seconds` of a file: what the service takes, and thirty days at most. */
export const fileExpirySeconds = (
  expiresAfterMs: number,
  secondsMin: number = fileExpirySecondsMin,
): number => Math.min(2_592_000, Math.max(secondsMin, Math.ceil(expiresAfterMs / 1000)));
