import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { propertiesOf, requiredOf, resolveRef } from './refs.ts';

/**
 * True where the value has the shape of the schema: types, keys, constants and enums; bounds, patterns and formats are not looked at.
 * Enough to tell the branches of a union apart. O(value) where unions do not nest.
 */
export const fits = (root: JsonObject, schema: JsonValue | undefined, value: JsonValue): boolean => {
  if (!isJsonObject(schema)) return schema === true;
  const { $ref, anyOf, type, enum: values } = schema;
  if (typeof $ref === 'string') {
    const target = resolveRef(root, $ref);
    return target !== null && fits(root, target, value);
  }
  if (Array.isArray(anyOf)) return (anyOf as readonly JsonValue[]).some((branch) => fits(root, branch, value));
  if ('const' in schema && !isSame(schema['const'] ?? null, value)) return false;
  if (Array.isArray(values) && !(values as readonly JsonValue[]).some((each) => isSame(each, value))) return false;
  const types = Array.isArray(type) ? (type as readonly JsonValue[]) : type === undefined ? [] : [type];
  if (types.length > 0 && !types.some((each) => isOfType(each, value))) return false;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined || (value as readonly JsonValue[]).every((each) => fits(root, items, each));
  }
  return !isJsonObject(value) || schema['properties'] === undefined || hasItsKeys(root, schema, value);
};

const hasItsKeys = (root: JsonObject, schema: JsonObject, value: JsonObject): boolean => {
  const known = new Map(propertiesOf(schema));
  for (const name of requiredOf(schema)) if (!Object.hasOwn(value, name)) return false;
  return Object.entries(value).every(([name, inner]) => {
    if (known.has(name)) return fits(root, known.get(name), inner ?? null);
    return isJsonObject(schema['additionalProperties']) || schema['additionalProperties'] === true;
  });
};

const isSame = (a: JsonValue, b: JsonValue): boolean => a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));

const isOfType = (type: JsonValue, value: JsonValue): boolean => {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return type === 'object' ? isJsonObject(value) : typeof value === type;
};
