/**
 * Deeper values overflow the stack of recursive readers, `JSON.stringify` above all; no prompt and
 * no answer is half as deep.
 */
export const jsonDepthMax = 128;

/**
 * True where the value is nested deeper than can be written as JSON everywhere, or holds itself.
 * O(value), and never deeper than the limit.
 */
export const isTooDeep = (value: unknown, depthLeft: number = jsonDepthMax): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (depthLeft === 0) return true;
  const inner: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  return inner.some((each) => isTooDeep(each, depthLeft - 1));
};
