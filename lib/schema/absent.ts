import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts';
import { fits } from './fits.ts';
import { takesNull } from './nullable.ts';
import { objectOf, propertiesOf, requiredOf, resolveRef } from './refs.ts';

type Rewrite = (value: JsonValue) => JsonValue;
const same: Rewrite = (value) => value;

/**
 * Turns null back into an absent key, exactly where a property is optional and does not take null itself: strict answers name every key.
 * `loose` is what `strictForm` calls so. O(value).
 */
export const withoutNulls = (loose: JsonObject): Rewrite => {
  if (!hasOptional(loose)) return same;
  const known = new Map<JsonObject, Rewrite>();
  const rewriteOf = (schema: JsonValue | undefined): Rewrite => {
    if (!isJsonObject(schema)) return same;
    const made = known.get(schema);
    if (made !== undefined) return made;
    // Schemas may contain themselves: whoever asks meanwhile is answered once this one is made.
    known.set(schema, (value) => (known.get(schema) ?? same)(value));
    const rewrite = makeRewrite(loose, schema, rewriteOf);
    known.set(schema, rewrite);
    return rewrite;
  };
  return rewriteOf(loose);
};

const makeRewrite = (root: JsonObject, schema: JsonObject, rewriteOf: (schema: JsonValue | undefined) => Rewrite): Rewrite => {
  const { $ref, anyOf, items } = schema;
  if (typeof $ref === 'string') {
    const target = resolveRef(root, $ref);
    return target === null ? same : (value) => rewriteOf(target)(value);
  }
  if (Array.isArray(anyOf)) return unionRewrite(root, anyOf as readonly JsonValue[], rewriteOf);
  if (schema['properties'] !== undefined) return objectRewrite(root, schema, rewriteOf);
  return items === undefined ? same : listRewrite(rewriteOf(items));
};

/** The branch is the first that the value satisfies once it is rewritten for it. */
const unionRewrite = (root: JsonObject, branches: readonly JsonValue[], rewriteOf: (schema: JsonValue | undefined) => Rewrite): Rewrite => {
  const rewrites = branches.map((branch) => ({ branch, rewrite: rewriteOf(branch) }));
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    for (const { branch, rewrite } of rewrites) {
      const changed = rewrite(value);
      if (fits(root, branch, changed)) return changed;
    }
    return value;
  };
};

const listRewrite =
  (rewrite: Rewrite): Rewrite =>
  (value) =>
    rewrite === same || !Array.isArray(value) ? value : (value as readonly JsonValue[]).map(rewrite);

const objectRewrite = (root: JsonObject, schema: JsonObject, rewriteOf: (schema: JsonValue | undefined) => Rewrite): Rewrite => {
  const required = requiredOf(schema);
  const known = new Map(
    propertiesOf(schema).map(([name, property]) => [
      name,
      { rewrite: rewriteOf(property), isDropped: !required.has(name) && !takesNull(root, property) },
    ]),
  );
  return (value) => {
    if (!isJsonObject(value)) return value;
    return objectOf(
      Object.entries(value).flatMap(([name, inner]): readonly (readonly [string, JsonValue])[] => {
        const property = known.get(name);
        if (inner === undefined || (inner === null && property?.isDropped === true)) return [];
        return [[name, property === undefined ? inner : property.rewrite(inner)]];
      }),
    );
  };
};

/** False where every property of every object is required: then nothing is ever to be done. */
const hasOptional = (value: JsonValue | undefined): boolean => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(hasOptional);
  if (!isJsonObject(value)) return false;
  const required = requiredOf(value);
  return propertiesOf(value).some(([name]) => !required.has(name)) || Object.values(value).some(hasOptional);
};
