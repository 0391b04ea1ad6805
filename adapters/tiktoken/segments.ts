import type { EncodingName } from './model-encoding.ts';

// Rust's \s differs from JavaScript's: it has U+0085, and lacks U+FEFF.
const space =
  '\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
// Node 20 lacks (?i:…), so the cases are spelled out; U+017F folds to s.
const contraction = "'(?:[sS\\u017f]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
const upper = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const lower = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';
const spaces = `[${space}]*[\\r\\n]+|[${space}]+(?![^${space}])|[${space}]+`;

/**
 * The `pat_str` of each encoding in tiktoken 1.0.22, as a JavaScript pattern. No token crosses its
 * segments.
 */
const patterns: Readonly<Record<EncodingName, RegExp>> = {
  o200k_base: new RegExp(
    [
      `[^\\r\\n\\p{L}\\p{N}]?[${upper}]*[${lower}]+(?:${contraction})?`,
      `[^\\r\\n\\p{L}\\p{N}]?[${upper}]+[${lower}]*(?:${contraction})?`,
      '\\p{N}{1,3}',
      ` ?[^${space}\\p{L}\\p{N}]+[\\r\\n/]*`,
      spaces,
    ].join('|'),
    'gu',
  ),
  cl100k_base: new RegExp(
    [
      contraction,
      '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
      '\\p{N}{1,3}',
      ` ?[^${space}\\p{L}\\p{N}]+[\\r\\n]*`,
      spaces,
    ].join('|'),
    'gu',
  ),
};

/** Splits a text into the segments that are encoded one by one. */
export const segmentsOf = (text: string, encoding: EncodingName): readonly string[] =>
  text.match(patterns[encoding]) ?? [];
