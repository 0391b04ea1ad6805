/** xAI's batches: made empty, filled by one call, read in pages. */
export { createXai, xai, type XaiConnection } from './config/connection.ts';
export type { XaiOptions } from './config/options.ts';
export { xaiPrices } from './config/prices.ts';
export { xaiLimits, xaiTraits } from './config/profile.ts';
export type { XaiParams, XaiPrompt, XaiProviderConfig, XaiSettings } from './config/settings.ts';
