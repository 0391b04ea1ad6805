const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Where, from `begin` on, the first byte is that belongs to no blank line; `limit` if they are all
 * blank.
 */
export const skipBlankLines = (bytes: Buffer, begin: number, limit: number): number => {
  let at = begin;
  for (;;) {
    const feed = bytes[at] === CARRIAGE_RETURN ? at + 1 : at;
    if (feed >= limit || bytes[feed] !== LINE_FEED) return at;
    at = feed + 1;
  }
};

/** How many lines end from `begin` up to `limit`. */
export const countLines = (bytes: Buffer, begin: number, limit: number): number => {
  let count = 0;
  let at = begin;
  while (at < limit) {
    const feed = bytes.indexOf(LINE_FEED, at);
    if (feed === -1 || feed >= limit) break;
    count += 1;
    at = feed + 1;
  }
  return count;
};

/** The byte behind the first line that ends from `begin` on; -1 if none does. */
export const lineEnd = (bytes: Buffer, begin: number): number =>
  bytes.indexOf(LINE_FEED, begin) + 1 || -1;
