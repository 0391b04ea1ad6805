/** Whether the pattern looks ahead or behind, outside its classes and escapes. One pass. */
export const hasLookaround = (pattern: string): boolean => {
  let isInClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at];
    if (char === '\\') at += 1;
    else if (isInClass) isInClass = char !== ']';
    else if (char === '[') isInClass = true;
    else if (char === '(' && lookarounds.some((opening) => pattern.startsWith(opening, at)))
      return true;
  }
  return false;
};

/** Whether the pattern refers back to a group, or names a word boundary. One pass. */
export const hasBackreference = (pattern: string): boolean => {
  let isInClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at];
    if (char === '\\') {
      at += 1;
      // Inside a class `\b` is a backspace, and a digit is octal.
      if (!isInClass && /[1-9kbB]/u.test(pattern[at] ?? '')) return true;
    } else if (isInClass) isInClass = char !== ']';
    else isInClass = char === '[';
  }
  return false;
};

const lookarounds = ['(?=', '(?!', '(?<=', '(?<!'];

/** A regular expression, with the flag `u` or without it. */
export const isPattern = (pattern: unknown): pattern is string =>
  typeof pattern === 'string' && (compiles(pattern, 'u') || compiles(pattern, ''));

const compiles = (pattern: string, flags: string): boolean => {
  try {
    return new RegExp(pattern, flags) instanceof RegExp;
  } catch {
    return false;
  }
};
