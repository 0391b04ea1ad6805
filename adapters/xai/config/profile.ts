import type { ProviderLimits } from '../../../lib/core/values/limits.ts';
import type { ServiceTraits } from '../../../lib/ports/provider.ts';
import { openaiProfile, type ServiceProfile } from '../../openai/config/profiles.ts';

const dayMs = 86_400_000;

/**
 * What one batch may hold. A call that adds requests takes 25 MB (docs.x.ai, an older reading of
 * 2026; the present one says it of one request): one call carries all of a batch, so that it is
 * added as a whole or not at all. Two batches a second.
 */
export const xaiLimits: ProviderLimits = {
  requestsMax: 50_000,
  inputBytesMax: 24_000_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: 7_200,
};

/**
 * A batch is made empty and requests are added to it (docs.x.ai, 2026-10; recorded traffic,
 * 2026-08). Made with a name, it costs nothing while it is empty, counts what it was given, and
 * takes nothing more once it is cancelled. Its results are there until it expires, after 30 days.
 * The discount is what recorded costs show.
 */
export const xaiTraits: ServiceTraits = {
  input: 'container',
  correlates: 'display_name',
  fence: 'container',
  answers: 'pages',
  counts: 'live',
  cancel: true,
  windowMs: null,
  resultRetentionMs: 30 * dayMs,
  keepsPartialAnswers: true,
  discount: 0.2,
  list: { filter: 'none', order: 'unknown', pageMax: 100, isRequired: false },
  requestsMin: 1,
  lineBytesMax: null,
  liveBatchesMax: null,
  queuedRequestsMax: null,
};

/** Keys, errors and chat completions are OpenAI's; batches are not. */
export const xaiProfile: ServiceProfile = {
  ...openaiProfile,
  name: 'xai',
  title: 'xAI',
  address: 'https://api.x.ai/v1',
  basePath: '/v1',
  keyVariable: 'XAI_API_KEY',
  addressVariable: 'XAI_BASE_URL',
  documentation: {
    address: 'https://docs.x.ai/developers/advanced-api-usage/batch-api',
    asOf: '2026-10-02',
  },
  model: 'grok-4.3',
  endpoints: ['chat.completions'],
  windows: { from: '24h', to: '24h' },
  limits: xaiLimits,
  traits: xaiTraits,
};
