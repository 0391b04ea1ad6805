import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';

/**
 * The definition that a local reference means: `#`, `#/$defs/NAME`. Null: none, or one that lies
 * elsewhere.
 */
export const resolveRef = (root: JsonObject, ref: string): JsonObject | null => {
  if (ref === '#') return root;
  const name = definitionName(ref);
  const definitions = root['$defs'];
  const found =
    name === null || !isJsonObject(definitions) || !Object.hasOwn(definitions, name)
      ? undefined
      : definitions[name];
  return isJsonObject(found) ? found : null;
};

export const definitionName = (ref: string): string | null => {
  const found = /^#\/\$defs\/([^/]+)$/u.exec(ref)?.[1];
  return found === undefined ? null : decodePointer(found);
};

/** A pointer into a document may be escaped twice: as a URL's fragment, and as a JSON pointer. */
const decodePointer = (text: string): string => {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // Not a fragment then: the name as it stands.
  }
  return plain.replaceAll('~1', '/').replaceAll('~0', '~');
};

export const refTo = (name: string): string =>
  `#/$defs/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}`;

/**
 * Own properties, also one that is called `__proto__`: assigning to that name would set the
 * prototype instead.
 */
export const objectOf = (entries: Iterable<readonly [string, JsonValue]>): JsonObject =>
  Object.fromEntries(entries);

/** The members of an object schema, in their order. */
export const propertiesOf = (
  schema: JsonObject,
): readonly (readonly [string, JsonValue | undefined])[] =>
  isJsonObject(schema['properties']) ? Object.entries(schema['properties']) : [];

export const requiredOf = (schema: JsonObject): ReadonlySet<string> =>
  new Set(
    Array.isArray(schema['required'])
      ? (schema['required'] as readonly JsonValue[]).filter((name) => typeof name === 'string')
      : [],
  );
