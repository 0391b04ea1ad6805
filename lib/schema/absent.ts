import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { createFits, type Fits, looksLike } from './fits.ts';
import { takesNull } from './nullable.ts';
import { objectOf, propertiesOf, requiredOf, resolveRef } from './refs.ts';

/** One way through the unions of a value. */
interface Way {
  /**
   * Which of the likely branches to take at the n-th union that has several; the first where it
   * says nothing.
   */
  readonly choices: readonly number[];
  /** How many there were, filled in on the way. */
  readonly counts: number[];
  /**
   * What was made of a value at a union: values that nest would else be walked once for each way to
   * read them.
   */
  readonly found: Map<object, WeakMap<object, JsonValue>>;
}
type Rewrite = (value: JsonValue, way: Way) => JsonValue;
const same: Rewrite = (value) => value;

/** So many ways are tried where a value may be meant for several branches of a union. */
const waysMax = 16;

/**
 * Turns null back into an absent key, exactly where a property is optional and does not take null
 * itself: strict answers name every key. `loose` is what `strictForm` calls so. Where a value fits
 * several branches of a union that would be rewritten differently there are several readings, the
 * likeliest first, 16 at most: who knows more of the value than its shape takes the first that
 * holds. O(value) each.
 */
export const withoutNulls = (loose: JsonObject): ((value: JsonValue) => Iterable<JsonValue>) => {
  if (!hasOptional(loose)) return (value) => [value];
  const rewrite = rewriterOf(loose);
  return function* (value) {
    for (
      let choices: readonly number[] | null = [], left = waysMax;
      choices !== null && left > 0;
      left -= 1
    ) {
      const way: Way = { choices, counts: [], found: new Map() };
      yield rewrite(value, way);
      choices = nextChoices(way);
    }
  };
};

/** The next way, as an odometer counts; null after the last. */
const nextChoices = ({ choices, counts }: Way): readonly number[] | null => {
  for (let slot = counts.length - 1; slot >= 0; slot -= 1) {
    const chosen = choices[slot] ?? 0;
    if (chosen + 1 < (counts[slot] ?? 0))
      return [...counts.slice(0, slot).map((_, i) => choices[i] ?? 0), chosen + 1];
  }
  return null;
};

const rewriterOf = (loose: JsonObject): Rewrite => {
  const known = new Map<JsonObject, Rewrite>();
  const closedFits = createFits(loose, 'closed');
  const openFits = createFits(loose, 'open');
  const rewriteOf = (schema: JsonValue | undefined): Rewrite => {
    if (!isJsonObject(schema)) return same;
    const made = known.get(schema);
    if (made !== undefined) return made;
    // Schemas may be recursive: nested calls wait for this result.
    known.set(schema, (value, way) => (known.get(schema) ?? same)(value, way));
    const rewrite = makeRewrite(schema);
    known.set(schema, rewrite);
    return rewrite;
  };
  const makeRewrite = (schema: JsonObject): Rewrite => {
    const { $ref, anyOf, items } = schema;
    if (typeof $ref === 'string') {
      const target = resolveRef(loose, $ref);
      return target === null ? same : (value, way) => rewriteOf(target)(value, way);
    }
    if (Array.isArray(anyOf))
      return unionRewrite(loose, anyOf as readonly JsonValue[], rewriteOf, {
        closedFits,
        openFits,
      });
    if (schema['properties'] !== undefined) return objectRewrite(loose, schema, rewriteOf);
    return items === undefined ? same : listRewrite(rewriteOf(items));
  };
  return rewriteOf(loose);
};

/**
 * Most branches are ruled out by a look at the value's own level. One with keys that no branch
 * knows is judged by those that it has.
 */
const unionRewrite = (
  root: JsonObject,
  branches: readonly JsonValue[],
  rewriteOf: (schema: JsonValue | undefined) => Rewrite,
  { closedFits, openFits }: { readonly closedFits: Fits; readonly openFits: Fits },
): Rewrite => {
  const rewrites = branches.map((branch) => ({ branch, rewrite: rewriteOf(branch) }));
  const fitting = (
    value: JsonValue,
    way: Way,
    keys: 'closed' | 'open',
    fits: Fits,
  ): readonly JsonValue[] => {
    const likely = rewrites.filter(({ branch }) => looksLike(root, branch, value, keys));
    if (likely.length === 1) return likely.map(({ rewrite }) => rewrite(value, way));
    return likely.flatMap(({ branch, rewrite }) => {
      const changed = rewrite(value, way);
      return fits(branch, changed) ? [changed] : [];
    });
  };
  return (value, way) => {
    if (typeof value !== 'object' || value === null) return value;
    const found = way.found.get(rewrites) ?? new WeakMap<object, JsonValue>();
    way.found.set(rewrites, found);
    const known = found.get(value);
    if (known !== undefined) return known;
    const closed = fitting(value, way, 'closed', closedFits);
    const options = closed.length > 0 ? closed : fitting(value, way, 'open', openFits);
    const slot = way.counts.length;
    if (options.length > 1) way.counts.push(options.length);
    const changed = options[options.length > 1 ? (way.choices[slot] ?? 0) : 0] ?? value;
    found.set(value, changed);
    return changed;
  };
};

const listRewrite =
  (rewrite: Rewrite): Rewrite =>
  (value, way) =>
    rewrite === same || !Array.isArray(value)
      ? value
      : (value as readonly JsonValue[]).map((each) => rewrite(each, way));

const objectRewrite = (
  root: JsonObject,
  schema: JsonObject,
  rewriteOf: (schema: JsonValue | undefined) => Rewrite,
): Rewrite => {
  const required = requiredOf(schema);
  const known = new Map(
    propertiesOf(schema).map(([name, property]) => [
      name,
      {
        rewrite: rewriteOf(property),
        isDropped: !required.has(name) && !takesNull(root, property),
      },
    ]),
  );
  return (value, way) => {
    if (!isJsonObject(value)) return value;
    return objectOf(
      Object.entries(value).flatMap(([name, inner]): readonly (readonly [string, JsonValue])[] => {
        const property = known.get(name);
        if (inner === undefined || (inner === null && property?.isDropped === true)) return [];
        return [[name, property === undefined ? inner : property.rewrite(inner, way)]];
      }),
    );
  };
};

/** False where every property of every object is required: then nothing is ever to be done. */
const hasOptional = (value: JsonValue | undefined): boolean => {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).some(hasOptional);
  if (!isJsonObject(value)) return false;
  const required = requiredOf(value);
  return (
    propertiesOf(value).some(([name]) => !required.has(name)) ||
    Object.values(value).some(hasOptional)
  );
};
