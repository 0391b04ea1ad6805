import type { ProviderLimits } from '../../../lib/core/values/limits.ts';
import type { ServiceTraits } from '../../../lib/ports/provider.ts';
import { openaiProfile, type ServiceProfile } from '../../openai/config/profiles.ts';

const dayMs = 86_400_000;

/**
 * What one job may hold: Mistral's pages name a million requests and 100,000, the smaller of which
 * counts here, in a file of 512 MB (docs.mistral.ai, 2026-10).
 */
export const mistralLimits: ProviderLimits = {
  requestsMax: 100_000,
  inputBytesMax: 512_000_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};

/**
 * Jobs over an input file (docs.mistral.ai, 2026-10; recorded traffic, 2026-08). The window is the
 * run's (`timeout_hours`); answers were said to be kept for a day.
 */
export const mistralTraits: ServiceTraits = {
  input: 'file',
  correlates: 'metadata',
  fence: 'input_file',
  answers: 'split',
  counts: 'live',
  cancel: true,
  windowMs: null,
  resultRetentionMs: dayMs,
  keepsPartialAnswers: true,
  discount: 0.5,
  list: { filter: 'metadata', order: 'unknown', pageMax: 100, isRequired: true },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax: null,
  queuedRequestsMax: null,
};

/** Files and lines are OpenAI's; the address and the variables are not. */
export const mistralProfile: ServiceProfile = {
  ...openaiProfile,
  name: 'mistral',
  title: 'Mistral',
  address: 'https://api.mistral.ai/v1',
  basePath: '/v1',
  keyVariable: 'MISTRAL_API_KEY',
  addressVariable: 'MISTRAL_BASE_URL',
  model: 'mistral-small-latest',
  endpoints: ['chat.completions', 'embeddings'],
  limits: mistralLimits,
  traits: mistralTraits,
  lines: 'bare',
};
