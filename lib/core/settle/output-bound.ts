/**
 * Output bounds inside request lines, padded behind the number (white space, which JSON allows and
 * `JSON.stringify` never writes outside of strings): a raised bound does not change the line's
 * length, so that batches stay as they were packed.
 */

/** Digits of the largest bound, and a blank that marks a padded bound. */
const width = 10;
export const outputBoundMax = 10 ** (width - 1) - 1;

/**
 * In place of the length of an answer that was truncated, but not by an output limit: a higher
 * limit would not help.
 */
export const stoppedBeforeLimit = -2;

/** A limit that can be padded; any other is left to the provider to refuse. */
export const isPaddable = (bound: unknown): bound is number =>
  typeof bound === 'number' && Number.isInteger(bound) && bound >= 0 && bound <= outputBoundMax;

/** A member of a JSON object, to be put behind others. */
export const paddedMember = (key: string, bound: number): string =>
  `,${JSON.stringify(key)}:${String(bound).padEnd(width)}`;

/**
 * The lines, with each padded bound raised to at least `bound`. `keys`: names of members, in
 * letters and underscores.
 */
export const raiseBounds = (lines: string, keys: readonly string[], bound: number): string =>
  lines.replaceAll(
    new RegExp(`"(${keys.join('|')})":(\\d+ +)(?=[,}])`, 'gu'),
    (_, key: string, padded: string) => {
      const own = Number(padded);
      return `"${key}":${String(Math.max(own, bound)).padEnd(padded.length)}`;
    },
  );
