import { isJsonObject, type JsonValue } from '../../../core/json/json.ts';

/** JSON text as in result lines: a blank after each comma and colon. */
export const spacedJson = (value: JsonValue): string => {
  if (Array.isArray(value))
    return `[${(value as readonly JsonValue[]).map(spacedJson).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : [`${JSON.stringify(key)}: ${spacedJson(inner)}`],
  );
  return `{${members.join(', ')}}`;
};

/** The value as JSON text; for an absent or null value the given text. */
export const spacedOr = (value: JsonValue | undefined, absent = 'null'): string =>
  value === undefined || value === null ? absent : spacedJson(value);

/** A number as the service writes floats: `1.0`, not `1`. */
export const floatOr = (value: JsonValue | undefined, absent: string): string =>
  typeof value !== 'number' ? absent : Number.isInteger(value) ? `${value}.0` : String(value);
