/** Anything that survives `JSON.parse(JSON.stringify(x))` unchanged. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
/** A JSON object. `undefined` is allowed as a value so that optional keys fit; it is dropped when stored. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };

/** True for a plain JSON object: not null, not an array. */
export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
