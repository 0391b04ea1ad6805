import { newline } from '../../lib/bytes/lines.ts';

const CARRIAGE_RETURN = 0x0d;

/**
 * Where, from `begin` on, the first byte is that belongs to no blank line; `limit` if they are all
 * blank.
 */
export const skipBlankLines = (bytes: Buffer, begin: number, limit: number): number => {
  let at = begin;
  for (;;) {
    let feed = at;
    while (feed < at + 2 && bytes[feed] === CARRIAGE_RETURN) feed += 1;
    if (feed >= limit || bytes[feed] !== newline) return at;
    at = feed + 1;
  }
};
