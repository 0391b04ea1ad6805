import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { resolveRef } from './refs.ts';

/** The schema, or null. A schema that takes null already is left as it is. */
export const nullable = (schema: JsonObject): JsonObject => {
  const { type, anyOf } = schema;
  if (saysNull(schema)) return schema;
  if (Array.isArray(anyOf))
    return { ...schema, anyOf: [...(anyOf as readonly JsonValue[]), { type: 'null' }] };
  // Constants and enums would have to name null too, and a reference has no type: those become
  // unions.
  const isPlain =
    typeof type === 'string' && schema['enum'] === undefined && schema['const'] === undefined;
  if (isPlain) return { ...schema, type: [type, 'null'] };
  const { title, description, ...rest } = schema;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    anyOf: [rest, { type: 'null' }],
  };
};

const saysNull = ({ type, anyOf, enum: values }: JsonObject): boolean => {
  if (Array.isArray(anyOf))
    return (anyOf as readonly JsonValue[]).some(
      (branch) => isJsonObject(branch) && saysNull(branch),
    );
  const hasType = type === 'null' || (Array.isArray(type) && type.includes('null'));
  return hasType && (!Array.isArray(values) || values.includes(null));
};

/** True where null satisfies the schema; references are followed, a few times. */
export const takesNull = (root: JsonObject, schema: JsonValue | undefined, left = 32): boolean => {
  if (!isJsonObject(schema) || left === 0) return schema === true;
  const { $ref, anyOf, type, const: constant, enum: values } = schema;
  const takes = (each: JsonValue | undefined): boolean => takesNull(root, each, left - 1);
  if (typeof $ref === 'string') return takes(resolveRef(root, $ref) ?? undefined);
  if (Array.isArray(anyOf)) return (anyOf as readonly JsonValue[]).some(takes);
  if ('const' in schema) return constant === null;
  if (Array.isArray(values)) return values.includes(null);
  return type === undefined
    ? Object.keys(schema).length === 0
    : type === 'null' || (Array.isArray(type) && type.includes('null'));
};
