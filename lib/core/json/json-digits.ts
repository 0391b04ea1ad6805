const strings = /"(?:[^"\\]|\\.)*"/g;
const longNumbers = /-?\d[\d.]*(?:[eE][+-]?\d+)?/g;

/**
 * The first number of a JSON text that a JavaScript number cannot hold: whole ones beyond 2^53,
 * `1e400`; null: there is none.
 */
export const lossyNumberIn = (text: string): string | null => {
  // Nearly every text has none: the search for many digits, or for an exponent, is cheap.
  if (!/\d{16}|\d[eE][+-]?\d/.test(text)) return null;
  return text.replace(strings, '""').match(longNumbers)?.find(isLossy) ?? null;
};

/** True for a number, as written, that a JavaScript number cannot hold. */
export const isLossy = (number: string): boolean => {
  const value = Number(number);
  return !Number.isFinite(value) || (/^-?\d+$/.test(number) && !Number.isSafeInteger(value));
};
