import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';

/** The body with a JSON Schema for the answer (`responseJsonSchema`). */
export const withSchema = (body: JsonObject, schema: JsonObject): JsonObject => {
  const config = body['generationConfig'];
  // Both schemas at once are refused.
  const { responseSchema: _other, ...rest } = isJsonObject(config) ? config : {};
  return {
    ...body,
    generationConfig: {
      ...rest,
      responseMimeType: 'application/json',
      responseJsonSchema: withoutConstants(schema),
    },
  };
};

/**
 * The schema with each `const` of a text or a number as an `enum` of one, which means the same and
 * is known there. Names of properties and definitions are no keywords, and stay as they are.
 */
const withoutConstants = (schema: JsonObject): JsonObject => {
  const { const: constant, ...rest } = schema;
  const node =
    typeof constant === 'string' || typeof constant === 'number'
      ? { ...rest, enum: [constant] }
      : schema;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, inner(key, value ?? null)]),
  );
};

/** Keywords whose members are schemas by name, and those that hold schemas. */
const named: readonly string[] = ['properties', '$defs'];
const nested: readonly string[] = ['items', 'anyOf', 'additionalProperties'];

const inner = (key: string, value: JsonValue): JsonValue => {
  if (named.includes(key) && isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, schemaIn(each ?? null)]),
    );
  if (!nested.includes(key)) return value;
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(schemaIn) : schemaIn(value);
};

const schemaIn = (value: JsonValue): JsonValue =>
  isJsonObject(value) ? withoutConstants(value) : value;
