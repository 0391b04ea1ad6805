import type { ServiceTraits } from '../../../lib/ports/provider.ts';

const dayMs = 86_400_000;

/**
 * What Message Batches are like (batch guide, 2026-06; recordings of August 2026; SDK 1.12). A
 * batch carries no name and no metadata: what proves whose it is are the ids in its results.
 */
export const anthropicTraits: ServiceTraits = {
  input: 'inline',
  correlates: 'answers',
  fence: 'none',
  answers: 'single',
  counts: 'at_end',
  cancel: true,
  windowMs: dayMs,
  resultRetentionMs: 29 * dayMs,
  keepsPartialAnswers: true,
  discount: 0.5,
  list: { filter: 'none', order: 'newest_first', pageMax: 1_000, isRequired: true },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax: null,
  // By tier, 100,000 to 500,000 over all batches of the account: a limit of your own says more.
  queuedRequestsMax: null,
};
