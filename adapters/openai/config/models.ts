import { openaiPrices } from './prices.ts';

/**
 * Models that OpenAI's batch API takes, by name, beside those whose prices are known (model pages
 * and public result files, 2026-10).
 */
const names = [
  'gpt-3.5-turbo',
  'gpt-3.5-turbo-16k',
  'gpt-3.5-turbo-instruct',
  'gpt-4',
  'gpt-4-32k',
  'gpt-4-turbo',
  'gpt-4-turbo-preview',
  'gpt-5-pro',
  'gpt-5.1',
  'gpt-5.2',
  'o1',
  'o1-pro',
  'o3',
  'o3-mini',
  'o3-pro',
  'text-embedding-ada-002',
  'omni-moderation-latest',
  'text-moderation-latest',
  'davinci-002',
  'babbage-002',
];

/** OpenAI's models as they were known when this version was made; there may be newer ones. */
export const openaiModels: readonly string[] = [...Object.keys(openaiPrices), ...names];

/** The completion windows that OpenAI takes (API reference, 2026-08). */
export const openaiWindows: readonly string[] = ['24h'];

/**
 * True of a model of the list, of its dated snapshots and previews, and of what was fine-tuned from
 * it.
 */
export const isKnownModel = (model: string): boolean => {
  const base = /^ft:([^:]+):/u.exec(model)?.[1] ?? model;
  return (
    openaiModels.includes(base) ||
    openaiModels.includes(base.replace(/-(?:\d{4}|\d{4}-\d{2}-\d{2}|\d{4}-preview)$/u, ''))
  );
};
