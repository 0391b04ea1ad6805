/** Mistral's batch jobs. */
export { createMistral, mistral, type MistralConnection } from './config/connection.ts';
export type { MistralOptions } from './config/options.ts';
export { mistralPrices } from './config/prices.ts';
export { mistralLimits, mistralTraits } from './config/profile.ts';
export type {
  MistralEndpoint,
  MistralParams,
  MistralPrompt,
  MistralProviderConfig,
  MistralSettings,
} from './config/settings.ts';
