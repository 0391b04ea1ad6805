import { createPrng } from '../sim/prng.ts';

/** Random draws that depend on their seed alone. */
export interface Draw {
  /** An integer in [0, bound). */
  below(bound: number): number;
  oneOf<A>(values: readonly [A, ...A[]]): A;
  /** Up to so many bytes, of all values. */
  bytes(lengthMax: number): Uint8Array;
  /** A text of up to so many characters, of which many mean something in JSON. */
  text(lengthMax: number): string;
}

const characters = '{}[]":,\\/\n\r\t 0-1.eE+truefalsnülx\u0000\u2028😀\ud800\udc00' as const;

/** Draws of a seed. */
export const drawOf = (seed: number): Draw => {
  const prng = createPrng(seed);
  const { below } = prng;
  return {
    below,
    oneOf: ([first, ...others]) => others[below(others.length + 1)] ?? first,
    bytes: (lengthMax) => Uint8Array.from({ length: below(lengthMax + 1) }, () => below(256)),
    text: (lengthMax) =>
      Array.from({ length: below(lengthMax + 1) }, () =>
        characters.charAt(below(characters.length)),
      ).join(''),
  };
};
