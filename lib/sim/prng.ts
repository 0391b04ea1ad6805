/** A source of numbers that depends on its seed alone. */
export interface Prng {
  /** The next number, uniform in [0, 1). */
  next(): number;
  /** The next whole number, uniform in [0, bound). `bound` is a positive integer below 2^32. */
  below(bound: number): number;
}

/**
 * Hashes a text to a whole number in [0, 2^53). Not for secrets: it only has to spread well.
 * (The well-known cyrb53: two 32-bit lanes, mixed at the end.)
 */
export const hashText = (text: string, seed = 0): number => {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  return joinLanes(high, low);
};

/** Hashes bytes to a whole number in [0, 2^53), four bytes at a step. Not comparable with `hashText`. */
export const hashBytes = (bytes: Uint8Array): number => {
  let high = 0xdeadbeef ^ bytes.length;
  let low = 0x41c6ce57;
  const wordsEnd = bytes.length - (bytes.length % 4);
  for (let index = 0; index < bytes.length; index += index < wordsEnd ? 4 : 1) {
    const word =
      index < wordsEnd
        ? at(bytes, index) | (at(bytes, index + 1) << 8) | (at(bytes, index + 2) << 16) | (at(bytes, index + 3) << 24)
        : at(bytes, index);
    high = Math.imul(high ^ word, 2654435761);
    high ^= high >>> 15;
    low = Math.imul(low ^ word, 1597334677);
    low ^= low >>> 15;
  }
  return joinLanes(high, low);
};

const at = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

const joinLanes = (firstLane: number, secondLane: number): number => {
  let high = Math.imul(firstLane ^ (firstLane >>> 16), 2246822507) ^ Math.imul(secondLane ^ (secondLane >>> 13), 3266489909);
  const low = Math.imul(secondLane ^ (secondLane >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high >>>= 0;
  return 4294967296 * (2097151 & low) + high;
};

/**
 * A number in [0, 1) that depends on the seed and the names, never on how often or when it was asked.
 * Chance decided this way survives reordering: two runs that do the same things in another order meet the same luck.
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

/** Makes a generator whose whole sequence is fixed by `seed` (any number; its low 32 bits count). */
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

/** 32 hexadecimal digits fixed by two numbers: the stuff that ids are made of. */
export const hexOf = (seed: number, ordinal: number): string => {
  let state = mix32((seed | 0) ^ mix32(ordinal | 0));
  let digits = '';
  for (let round = 0; round < 4; round += 1) {
    state = mix32(state);
    digits += state.toString(16).padStart(8, '0');
  }
  return digits;
};
