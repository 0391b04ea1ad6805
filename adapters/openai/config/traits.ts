import type { ServiceTraits } from '../../../lib/ports/provider.ts';

/** OpenAI's, as a run without traits has them, without loading the core's codecs. */
export const ownTraits: ServiceTraits = {
  input: 'file',
  correlates: 'metadata',
  fence: 'input_file',
  answers: 'split',
  counts: 'live',
  cancel: true,
  windowMs: null,
  resultRetentionMs: 30 * 86_400_000,
  keepsPartialAnswers: true,
  discount: 0.5,
  list: { filter: 'none', order: 'newest_first', pageMax: 100, isRequired: true },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax: null,
  queuedRequestsMax: null,
};
