import type { TokenCounter } from '../../lib/ports/tokens.ts';

/**
 * A text has no more tokens than UTF-8 bytes, since every token of these encodings has at least one
 * byte.
 */
export const byteBound = (text: string): number => Buffer.byteLength(text);

/**
 * A counter that loads nothing: it returns the bytes of the line, an upper bound several times too
 * high for English.
 */
export const byteBoundCounter = (): TokenCounter => ({
  name: 'bytes',
  isExact: false,
  count: byteBound,
});
