import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { atProperty } from './problem.ts';
import { objectOf, requiredOf, resolveRef } from './refs.ts';

/**
 * Paths of the root and of definitions that lead back to themselves by references. O(schema).
 * `mayPass`: references inside of properties that an answer may leave out do not count.
 */
export const definitionsInLoops = (
  schema: JsonObject,
  mayPass: 'optional' | null = null,
): readonly string[] => {
  const definitions = isJsonObject(schema['$defs']) ? schema['$defs'] : {};
  const { $defs: _definitions, ...own } = schema;
  const named: readonly (readonly [string, JsonObject, JsonObject])[] = [
    ['$', schema, own],
    ...Object.entries(definitions).flatMap(([name, definition]) =>
      isJsonObject(definition)
        ? [[atProperty('$defs', name), definition, definition] as const]
        : [],
    ),
  ];
  const targets = new Map(
    named.map(([, target, content]) => [target, refsIn(content, schema, mayPass)] as const),
  );
  const leadsBack = (start: JsonObject): boolean => {
    const seen = new Set<JsonObject>();
    const open = [...(targets.get(start) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === start) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(targets.get(next) ?? []));
    }
    return false;
  };
  return named.filter(([, target]) => leadsBack(target)).map(([path]) => path);
};

/** What the references in a schema mean. */
const refsIn = (
  value: JsonValue | undefined,
  root: JsonObject,
  mayPass: 'optional' | null,
): readonly JsonObject[] => {
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).flatMap((each) => refsIn(each, root, mayPass));
  if (!isJsonObject(value)) return [];
  const { $ref } = value;
  const target = typeof $ref === 'string' ? resolveRef(root, $ref) : null;
  const inner = Object.entries(value).flatMap(([key, each]) =>
    refsIn(
      key === 'properties' && mayPass === 'optional' ? requiredIn(value, each) : each,
      root,
      mayPass,
    ),
  );
  return target === null ? inner : [target, ...inner];
};

/** The properties that every answer has. */
const requiredIn = (schema: JsonObject, properties: JsonValue | undefined): JsonValue => {
  const required = requiredOf(schema);
  return isJsonObject(properties)
    ? objectOf(
        Object.entries(properties).flatMap(([name, property]) =>
          required.has(name) ? [[name, property ?? null] as const] : [],
        ),
      )
    : null;
};
