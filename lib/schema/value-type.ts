import { isJsonObject, type JsonValue } from '../core/json/json.ts';

/** True when the value is of the JSON Schema type of that name; false for a name that is none. */
export const isOfType = (type: JsonValue, value: JsonValue): boolean => {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'null') return value === null;
  return type === 'object' ? isJsonObject(value) : typeof value === type;
};
