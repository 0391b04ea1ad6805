import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { atProperty } from './problem.ts';
import { resolveRef } from './refs.ts';

/** Paths of the root and of definitions that lead back to themselves by references. O(schema). */
export const definitionsInLoops = (schema: JsonObject): readonly string[] => {
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
    named.map(([, target, content]) => [target, refsIn(content, schema)] as const),
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
const refsIn = (value: JsonValue | undefined, root: JsonObject): readonly JsonObject[] => {
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).flatMap((each) => refsIn(each, root));
  if (!isJsonObject(value)) return [];
  const { $ref } = value;
  const target = typeof $ref === 'string' ? resolveRef(root, $ref) : null;
  const inner = Object.values(value).flatMap((each) => refsIn(each, root));
  return target === null ? inner : [target, ...inner];
};
