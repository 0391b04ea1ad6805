import type { JsonValue } from '../../lib/core/json.ts';

/** Deeper values end whoever walks them on a stack, `JSON.stringify` above all; no answer is half as deep. */
const depthMax = 128;

/** True where the value cannot be written again. O(value), and never deeper than the limit. */
export const isTooDeep = (value: JsonValue | undefined, depthLeft: number = depthMax): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (depthLeft === 0) return true;
  const inner = Array.isArray(value) ? (value as readonly JsonValue[]) : Object.values(value);
  return inner.some((each) => isTooDeep(each, depthLeft - 1));
};
