import { anthropicPrices, snapshotless } from './prices.ts';

/** Models of the SDK (1.12, 2026-11), beside those whose prices are known. */
const names = [
  'claude-fable-5-2',
  'claude-mythos-5-2',
  'claude-haiku-5-5',
  'claude-fable-5-1',
  'claude-mythos-5-1',
  'claude-sonnet-5',
  'claude-fable-5',
  'claude-mythos-5',
  'claude-opus-5',
  'claude-mythos-preview',
];

/** Anthropic's models as they were known when this version was made; there may be newer ones. */
export const anthropicModels: readonly string[] = [...Object.keys(anthropicPrices), ...names];

/** The time that a batch may take: it is not chosen. */
export const anthropicWindows: readonly string[] = ['24h'];

/** True of a model of the list and of its dated snapshots. */
export const isKnownModel = (model: string): boolean =>
  anthropicModels.includes(snapshotless(model)) || model.endsWith('-latest');
