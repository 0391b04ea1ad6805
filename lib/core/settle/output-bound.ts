/**
 * Bounds of answers inside request lines, written with room behind the number (white space, which JSON allows and `JSON.stringify` never
 * writes outside of strings): raised in place, a line keeps its length, so that batches stay as they were packed.
 */

/** Digits of the largest bound, and a blank that tells a bound with room from any other number. */
const width = 10;
export const outputBoundMax = 10 ** (width - 1) - 1;

/** Stands for the length of a truncated answer that no output limit ended: a raised one would buy the same again. */
export const stoppedBeforeLimit = -2;

/** A limit that can be written with room; any other is left to the provider to refuse. */
export const isPaddable = (bound: unknown): bound is number =>
  typeof bound === 'number' && Number.isInteger(bound) && bound >= 0 && bound <= outputBoundMax;

/** A member of a JSON object, to be put behind others. */
export const paddedMember = (key: string, bound: number): string => `,${JSON.stringify(key)}:${String(bound).padEnd(width)}`;

/** Lines in which each bound with room is at least so high. `keys`: names of members, in letters and underscores. */
export const raiseBounds = (lines: string, keys: readonly string[], bound: number): string =>
  lines.replaceAll(new RegExp(`"(${keys.join('|')})":(\\d+ +)(?=[,}])`, 'gu'), (_, key: string, padded: string) => {
    const own = Number(padded);
    return `"${key}":${String(Math.max(own, bound)).padEnd(padded.length)}`;
  });
