const quotation = 0x22;
const backslash = 0x5c;
const openers: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const closers: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/**
 * The elements of the array under a top-level name of a JSON object, as text on one line each: its
 * letters, and so the digits of its numbers, are the service's. The text was parsed before; `count`
 * is how many there are. Throws where they are not found.
 */
export const elementsOf = (text: string, name: string, count: number): readonly string[] => {
  const found: string[] = [];
  const key = JSON.stringify(name);
  let depth = 0;
  let start = -1;
  let isInside = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quotation) {
      const end = endOfText(text, at);
      isInside ||=
        depth === 1 &&
        text.slice(at, end + 1) === key &&
        /^\s*:/u.test(text.slice(end + 1, end + 40));
      at = end;
    } else if (openers.has(code)) {
      depth += 1;
      if (isInside && depth === 3) start = at;
    } else if (closers.has(code)) {
      if (isInside && depth === 3)
        found.push(text.slice(start, at + 1).replaceAll(/[\r\n]+/gu, ' '));
      depth -= 1;
      if (isInside && depth === 1) break;
    }
  }
  if (found.length === count) return found;
  throw new Error(`${count} results of a page are not ${count} objects`);
};

/** Where the text that begins here ends. */
const endOfText = (text: string, from: number): number => {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quotation) return at;
  }
  return text.length;
};
