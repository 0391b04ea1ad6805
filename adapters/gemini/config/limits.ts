import type { ProviderLimits } from '../../../lib/core/values/limits.ts';

/**
 * What one batch of the Gemini Developer API may hold: an input file of 2 GB (batch guide,
 * 2026-10). Google states no limit of requests; 50,000 is batchor's own, since a batch that expires
 * keeps nothing. Queued tokens are limited per model and tier: `enqueueLimits`.
 */
export const geminiLimits: ProviderLimits = {
  requestsMax: 50_000,
  inputBytesMax: 2_000_000_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};

const hourMs = 3_600_000;

/** Uploaded files live so long, which cannot be changed (Files API guide, 2026-10). */
export const fileLifeMs = 48 * hourMs;

/**
 * A batch that is pending or running for longer expires, and keeps nothing (batch guide, 2026-10).
 */
export const windowMs = 48 * hourMs;

/** Batches that may be live at one time (rate limits page, 2026-10). */
export const liveBatchesMax = 100;
