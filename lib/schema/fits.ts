import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { propertiesOf, requiredOf, resolveRef } from './refs.ts';
import { isOfType } from './value-type.ts';

export type Fits = (schema: JsonValue | undefined, value: JsonValue) => boolean;

/** Whether keys that a schema does not name rule it out. */
type Keys = 'closed' | 'open';

/**
 * True where the value has the shape of the schema: types, keys, constants and enums; bounds,
 * patterns and formats are not looked at. Enough to tell the branches of a union apart. Remembers
 * what it found of each object and schema: O(schema × value) at worst.
 */
export const createFits = (root: JsonObject, keys: Keys): Fits => {
  const found = new WeakMap<JsonObject, WeakMap<object, boolean>>();
  const fits: Fits = (schema, value) => {
    if (!isJsonObject(schema)) return schema === true;
    if (typeof value !== 'object' || value === null) return look(schema, value);
    const ofSchema = found.get(schema) ?? new WeakMap<object, boolean>();
    found.set(schema, ofSchema);
    const known = ofSchema.get(value);
    if (known !== undefined) return known;
    const isFit = look(schema, value);
    ofSchema.set(value, isFit);
    return isFit;
  };
  const look = (schema: JsonObject, value: JsonValue): boolean => {
    const { $ref, anyOf, items } = schema;
    if (typeof $ref === 'string') {
      const target = resolveRef(root, $ref);
      return target !== null && fits(target, value);
    }
    if (Array.isArray(anyOf))
      return (anyOf as readonly JsonValue[]).some((branch) => fits(branch, value));
    if (!isOfSchema(schema, value)) return false;
    if (Array.isArray(value))
      return (
        items === undefined || (value as readonly JsonValue[]).every((each) => fits(items, each))
      );
    if (!isJsonObject(value) || schema['properties'] === undefined) return true;
    if (!hasItsKeys(schema, value, keys)) return false;
    return propertiesOf(schema).every(
      ([name, property]) => !Object.hasOwn(value, name) || fits(property, value[name] ?? null),
    );
  };
  return fits;
};

/**
 * False where the value's own level rules the schema out: its type, its keys, the constants and
 * enums of its plain members. O(keys).
 */
export const looksLike = (
  root: JsonObject,
  schema: JsonValue | undefined,
  value: JsonValue,
  keys: Keys,
  left = 32,
): boolean => {
  if (!isJsonObject(schema) || left === 0) return schema === true || left === 0;
  const { $ref, anyOf } = schema;
  if (typeof $ref === 'string') {
    const target = resolveRef(root, $ref);
    return target !== null && looksLike(root, target, value, keys, left - 1);
  }
  if (Array.isArray(anyOf))
    return (anyOf as readonly JsonValue[]).some((branch) =>
      looksLike(root, branch, value, keys, left - 1),
    );
  if (!isOfSchema(schema, value)) return false;
  if (!isJsonObject(value) || schema['properties'] === undefined) return true;
  if (!hasItsKeys(schema, value, keys)) return false;
  const required = requiredOf(schema);
  return propertiesOf(schema).every(([name, property]) => {
    const inner = value[name];
    const isPlain = inner !== undefined && (typeof inner !== 'object' || inner === null);
    // Null may stand for what is absent.
    return (
      !isPlain ||
      (inner === null && !required.has(name)) ||
      looksLike(root, property, inner, keys, left - 1)
    );
  });
};

const isOfSchema = (schema: JsonObject, value: JsonValue): boolean => {
  const { type, enum: values } = schema;
  if ('const' in schema && !isSame(schema['const'] ?? null, value)) return false;
  if (
    Array.isArray(values) &&
    !(values as readonly JsonValue[]).some((each) => isSame(each, value))
  )
    return false;
  const types = Array.isArray(type)
    ? (type as readonly JsonValue[])
    : type === undefined
      ? []
      : [type];
  return types.length === 0 || types.some((each) => isOfType(each, value));
};

const hasItsKeys = (schema: JsonObject, value: JsonObject, keys: Keys): boolean => {
  for (const name of requiredOf(schema)) if (!Object.hasOwn(value, name)) return false;
  if (
    keys === 'open' ||
    isJsonObject(schema['additionalProperties']) ||
    schema['additionalProperties'] === true
  )
    return true;
  const { properties } = schema;
  return Object.keys(value).every(
    (name) => isJsonObject(properties) && Object.hasOwn(properties, name),
  );
};

const isSame = (a: JsonValue, b: JsonValue): boolean =>
  a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b));
