import type { ServiceTraits } from '../../../lib/ports/provider.ts';
import { liveBatchesMax, windowMs } from './limits.ts';

/** The batch mode of the Gemini Developer API (batch guide, 2026-10; recorded traffic, 2026-08). */
export const geminiTraits: ServiceTraits = {
  input: 'file',
  correlates: 'display_name',
  fence: 'input_file',
  answers: 'single',
  counts: 'live',
  cancel: true,
  windowMs,
  // The guide says six weeks; answers were reported gone after days.
  resultRetentionMs: null,
  keepsPartialAnswers: false,
  discount: 0.5,
  list: { filter: 'none', order: 'unknown', pageMax: 20, isRequired: true },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax,
  queuedRequestsMax: null,
};
