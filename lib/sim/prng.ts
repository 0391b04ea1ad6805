/** A random number generator that depends on its seed alone. */
export interface Prng {
  /** The next number, uniform in [0, 1). */
  next(): number;
  /** The next integer, uniform in [0, bound). `bound` is a positive integer below 2^32. */
  below(bound: number): number;
}

/**
 * Hashes a text to an integer in [0, 2^53). Not for secrets, only for even spread. This is cyrb53:
 * two 32-bit halves, mixed at the end.
 */
export const hashText = (text: string, seed = 0): number => {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  return joinHalves(high, low);
};

/** Hashes bytes to an integer in [0, 2^53), four bytes per step. Differs from `hashText`. */
export const hashBytes = (bytes: Uint8Array): number => {
  let high = 0xdeadbeef ^ bytes.length;
  let low = 0x41c6ce57;
  const wordsEnd = bytes.length - (bytes.length % 4);
  for (let index = 0; index < bytes.length; index += index < wordsEnd ? 4 : 1) {
    const chunk =
      index < wordsEnd
        ? at(bytes, index) |
          (at(bytes, index + 1) << 8) |
          (at(bytes, index + 2) << 16) |
          (at(bytes, index + 3) << 24)
        : at(bytes, index);
    high = Math.imul(high ^ chunk, 2654435761);
    high ^= high >>> 15;
    low = Math.imul(low ^ chunk, 1597334677);
    low ^= low >>> 15;
  }
  return joinHalves(high, low);
};

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

const joinHalves = (firstHalf: number, secondHalf: number): number => {
  let high =
    Math.imul(firstHalf ^ (firstHalf >>> 16), 2246822507) ^
    Math.imul(secondHalf ^ (secondHalf >>> 13), 3266489909);
  const low =
    Math.imul(secondHalf ^ (secondHalf >>> 16), 2246822507) ^
    Math.imul(high ^ (high >>> 13), 3266489909);
  high >>>= 0;
  return 4294967296 * (2097151 & low) + high;
};

/**
 * A random number in [0, 1) that depends on the seed and the names only, not on how often or when
 * it is drawn. Two runs that do the same things in another order draw the same numbers.
 */
export const uniform = (seed: number, ...names: readonly (string | number)[]): number =>
  hashText(names.join('\u0000'), seed | 0) / 9007199254740992;

/** Mixes a 32-bit state into a 32-bit number; one step of splitmix32. */
export const mix32 = (state: number): number => {
  let mixed = (state + 0x9e3779b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
};

/**
 * A generator whose sequence depends on `seed` only: any number, of which the low 32 bits count.
 */
export const createPrng = (seed: number): Prng => {
  let state = seed | 0;
  const next32 = (): number => {
    const value = mix32(state);
    state = (state + 0x9e3779b9) | 0;
    return value;
  };
  return {
    next: () => next32() / 4294967296,
    below: (bound) => Math.floor((next32() / 4294967296) * bound),
  };
};

/** 32 hexadecimal digits that depend on two numbers; ids are built from them. */
export const hexOf = (seed: number, n: number): string => {
  let state = mix32((seed | 0) ^ mix32(n | 0));
  let digits = '';
  for (let round = 0; round < 4; round += 1) {
    state = mix32(state);
    digits += state.toString(16).padStart(8, '0');
  }
  return digits;
};
