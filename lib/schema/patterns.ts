/** Whether the pattern looks ahead or behind, outside its classes and escapes. */
export const hasLookaround = (pattern: string): boolean => /\(\?<?[=!]/u.test(pattern.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gsu, ''));

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
