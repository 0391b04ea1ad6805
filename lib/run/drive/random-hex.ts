/** `digits` random hexadecimal digits from the system's random source. */
export const randomHexOf = (digits: number): string =>
  Array.from(globalThis.crypto.getRandomValues(new Uint8Array(Math.ceil(digits / 2))), (byte) =>
    byte.toString(16).padStart(2, '0'),
  )
    .join('')
    .slice(0, digits);
