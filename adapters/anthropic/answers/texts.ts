import type { JsonValue } from '../../../lib/core/json/json.ts';

/** Blanks, control characters, and what is drawn as nothing (U+200B, U+FEFF) are none. */
const ink = /[^\s\p{Cc}\p{DI}]/u;
/** True for a text that a reader would see. */
export const isText = (value: JsonValue | undefined): value is string =>
  typeof value === 'string' && ink.test(value);

/** Texts of one answer that are read under a schema, at most. */
const textsMax = 256;

/**
 * Texts by how likely each is the structured answer: the whole, then its blocks from the last to
 * the first, as what comes before an answer introduces it.
 */
export const likelyTexts = (blocks: readonly string[]): readonly string[] => {
  const texts = blocks.length < 2 ? blocks : [blocks.join(''), ...blocks.toReversed()];
  return [...new Set(texts.filter(isText))].slice(0, textsMax);
};
