/** Anything that survives `JSON.parse(JSON.stringify(x))` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/**
 * A JSON object. `undefined` is allowed as a value so that optional keys fit; it is dropped when
 * stored.
 */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** True for a plain JSON object: not null, not an array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper than any JSON that this project stores; a cycle ends here. */
const depthMax = 200;

/**
 * An object literal, of whatever realm: no Date, no Map, no typed array, no instance of a class.
 */
const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * True for a value that a round trip through JSON keeps, at every depth. False for a Date, a
 * BigInt, NaN or a typed array: JSON changes it, or throws.
 */
export const isJsonValue = (value: unknown, depth = 0): value is JsonValue => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > depthMax) return false;
  if (Array.isArray(value)) return value.every((entry) => isJsonValue(entry, depth + 1));
  return (
    isPlain(value) &&
    Object.values(value).every((entry) => entry === undefined || isJsonValue(entry, depth + 1))
  );
};

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
