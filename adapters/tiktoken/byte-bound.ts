import type { TokenCounter } from '../../lib/ports/tokens.ts';

/** No text has more tokens than UTF-8 bytes: every token of these encodings is at least one byte. */
export const byteBound = (text: string): number => Buffer.byteLength(text);

/** Counts nothing and loads nothing: the bytes of the line, an upper bound that is several times too high for English. */
export const byteBoundCounter = (): TokenCounter => ({ name: 'bytes', isExact: false, count: byteBound });
