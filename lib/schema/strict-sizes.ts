import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { atItems, atProperty, type SchemaProblem } from './problem.ts';
import { propertiesOf, requiredOf, resolveRef } from './refs.ts';
import type { StrictRules } from './strict-rules.ts';

/** How large a schema is, as the provider's limits count. */
export interface SchemaSizes {
  readonly depth: number;
  readonly properties: number;
  /** Of property and definition names, enum values and constants. */
  readonly nameChars: number;
  readonly enumValues: number;
  /** Properties that an answer may leave out. */
  readonly optionalProperties: number;
  /** Unions, as `anyOf` or as a list of types. */
  readonly unions: number;
}

export const sizesOf = (schema: JsonObject): SchemaSizes => {
  const sizes = { properties: 0, nameChars: 0, enumValues: 0, optionalProperties: 0, unions: 0 };
  for (const { node } of nodesOf(schema)) {
    const required = requiredOf(node);
    for (const [name] of propertiesOf(node)) {
      sizes.properties += 1;
      sizes.nameChars += name.length;
      if (!required.has(name)) sizes.optionalProperties += 1;
    }
    if (isUnion(node)) sizes.unions += 1;
    const values = enumOf(node);
    sizes.enumValues += values.length;
    sizes.nameChars +=
      charsOf(values) + charsOf(node['const'] === undefined ? [] : [node['const']]);
  }
  const definitions = schema['$defs'];
  if (isJsonObject(definitions))
    for (const name of Object.keys(definitions)) sizes.nameChars += name.length;
  return { ...sizes, depth: depthOf(schema) };
};

export const sizeProblems = (schema: JsonObject, rules: StrictRules): readonly SchemaProblem[] => {
  const sizes = sizesOf(schema);
  const { depth, properties, nameChars, enumValues } = sizes;
  const problems: SchemaProblem[] = [];
  const limit = (
    rule: SchemaProblem['rule'],
    value: number,
    max: number,
    what: string,
    fix: string,
    path = '$',
  ): void => {
    if (value > max)
      problems.push({
        path,
        rule,
        message: `${value} ${what}; ${rules.provider} takes ${max}`,
        fix,
      });
  };
  limit(
    'depth_max',
    depth,
    rules.depthMax,
    'levels of objects and arrays',
    'nest less: lists side by side that refer to each other by a key',
  );
  limit(
    'properties_max',
    properties,
    rules.propertiesMax,
    'properties in all',
    'ask for fewer, or ask in two runs',
  );
  limit(
    'name_chars_max',
    nameChars,
    rules.nameCharsMaxTotal,
    'characters of names and values in all',
    'shorten names and enum values',
  );
  limit(
    'enum_values_max',
    enumValues,
    rules.enumValuesMax,
    'enum values in all',
    'let it be a string, and check the answer yourself',
  );
  if (rules.optionalPropertiesMax !== undefined)
    limit(
      'optional_max',
      sizes.optionalProperties,
      rules.optionalPropertiesMax,
      'properties that are not in "required"',
      'require more of them',
    );
  limit(
    'unions_max',
    sizes.unions,
    rules.unionsMax ?? Infinity,
    'unions ("anyOf", or a list of types)',
    rules.optionalPropertiesMax === undefined
      ? 'let fewer properties be null'
      : 'leave a property out of "required" where it may be absent, in place of letting it be null',
  );
  for (const { node, path } of nodesOf(schema)) {
    const strings = enumOf(node).filter((value) => typeof value === 'string');
    if (strings.length > rules.largeEnum.values)
      limit(
        'enum_chars_max',
        charsOf(strings),
        rules.largeEnum.charsMax,
        `characters in an enum of ${strings.length} values`,
        'shorten the values',
        path,
      );
  }
  return problems;
};

const isUnion = ({ anyOf, type }: JsonObject): boolean =>
  Array.isArray(anyOf) || (Array.isArray(type) && type.length > 1);
const enumOf = (node: JsonObject): readonly JsonValue[] =>
  Array.isArray(node['enum']) ? (node['enum'] as readonly JsonValue[]) : [];
const charsOf = (values: readonly JsonValue[]): number =>
  values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

interface Node {
  readonly node: JsonObject;
  readonly path: string;
}

/** Every schema in the document once; what a reference means is a node of its own. */
function* nodesOf(schema: JsonObject): Generator<Node> {
  const open: Node[] = [{ node: schema, path: '$' }];
  const definitions = schema['$defs'];
  const push = (node: JsonValue | undefined, path: string): void => {
    if (isJsonObject(node)) open.push({ node, path });
  };
  if (isJsonObject(definitions))
    for (const [name, definition] of Object.entries(definitions))
      push(definition, atProperty('$defs', name));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, path } = next;
    yield next;
    for (const [name, property] of propertiesOf(node)) push(property, atProperty(path, name));
    push(node['items'], atItems(path));
    for (const branch of branchesOf(node)) push(branch, path);
  }
}

const branchesOf = (node: JsonObject): readonly JsonValue[] =>
  Array.isArray(node['anyOf']) ? (node['anyOf'] as readonly JsonValue[]) : [];

/**
 * The root is the first level; a reference that leads back into itself adds none. Each definition
 * is measured once.
 */
const depthOf = (root: JsonObject): number => {
  const measured = new Map<JsonObject, number>();
  const open = new Set<JsonObject>();
  const below = (value: JsonValue | undefined): number => {
    if (!isJsonObject(value) || open.has(value)) return 0;
    const known = measured.get(value);
    if (known !== undefined) return known;
    open.add(value);
    const own = value['properties'] !== undefined || value['items'] !== undefined ? 1 : 0;
    const ref = value['$ref'];
    const inner = [
      ...propertiesOf(value).map(([, property]) => property),
      value['items'],
      ...branchesOf(value),
      typeof ref === 'string' ? (resolveRef(root, ref) ?? undefined) : undefined,
    ];
    const depth = own + inner.reduce<number>((deepest, each) => Math.max(deepest, below(each)), 0);
    open.delete(value);
    measured.set(value, depth);
    return depth;
  };
  return below(root);
};
