import type { ProviderLimits } from '../../../lib/core/values/limits.ts';

/**
 * What one Message Batch may hold: 100,000 requests or 256 MB of body, whichever is reached first
 * (batch guide, 2026-06). Of the bytes, 1 MB is left for what stands around the requests. Requests
 * in the queue are limited by account and tier, over all batches.
 */
export const anthropicLimits: ProviderLimits = {
  requestsMax: 100_000,
  inputBytesMax: 255_000_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};

/** What an id may be (batch guide, 2026-06). */
export const customIdPattern = /^[a-zA-Z0-9_-]{1,64}$/u;
