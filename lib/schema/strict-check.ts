import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { fixOfKeyword } from './keyword-fixes.ts';
import { atItems, atProperty, type SchemaProblem, type SchemaRule } from './problem.ts';
import { hasBackreference, hasLookaround, isPattern } from './patterns.ts';
import { definitionsInLoops } from './recursion.ts';
import { propertiesOf, requiredOf, resolveRef } from './refs.ts';
import { valueFaults } from './value-faults.ts';
import { sizeProblems } from './strict-sizes.ts';
import {
  isJsonTypeName,
  type JsonTypeName,
  jsonTypeNames,
  type StrictRules,
} from './strict-rules.ts';

/**
 * Everything that the provider would refuse about the schema, every place at once; none: it may be
 * sent. O(schema).
 */
export const checkStrict = (schema: JsonObject, rules: StrictRules): readonly SchemaProblem[] => {
  const problems: SchemaProblem[] = [];
  const root = {
    schema,
    rules,
    add: (problem: SchemaProblem): void => void problems.push(problem),
  };
  checkRoot(root);
  checkNode(root, schema, '$');
  const definitions = schema['$defs'];
  if (isJsonObject(definitions))
    for (const [name, definition] of Object.entries(definitions))
      checkNode(root, definition, atProperty('$defs', name));
  else if (definitions !== undefined)
    add(
      root,
      '$defs',
      'usable_values',
      '$defs is not an object',
      'name each definition: { "$defs": { "NAME": … } }',
    );
  checkRecursion(root);
  return [...problems, ...sizeProblems(schema, rules)];
};

const checkRecursion = (root: Root): void => {
  const { schema, rules } = root;
  if (rules.takesRecursion === false)
    for (const path of definitionsInLoops(schema))
      add(
        root,
        path,
        'no_recursion',
        `it contains itself, which ${rules.provider} does not take`,
        'name as many levels as you need, or use a list of parts that refer to each other by a key',
      );
  if (rules.takesRecursion === 'through_optional')
    for (const path of definitionsInLoops(schema, 'optional'))
      add(
        root,
        path,
        'no_recursion',
        `it contains itself in what every answer has, which ${rules.provider} does not take`,
        'leave the property that leads back out of "required"; null is not enough',
      );
};

/** The name under which the provider is shown the schema. */
export const checkSchemaName = (name: string, rules: StrictRules): readonly SchemaProblem[] =>
  new RegExp(rules.namePattern, 'u').test(name) && name.length <= rules.nameCharsMax
    ? []
    : [
        {
          path: '$',
          rule: 'name',
          message: `${rules.provider} does not take ${JSON.stringify(name)} as a schema's name`,
          fix: `give one of at most ${rules.nameCharsMax} letters, digits, - and _`,
        },
      ];

interface Root {
  readonly schema: JsonObject;
  readonly rules: StrictRules;
  readonly add: (problem: SchemaProblem) => void;
}

const add = (root: Root, path: string, rule: SchemaRule, message: string, fix: string): void =>
  root.add({ path, rule, message, fix });

const checkRoot = (root: Root): void => {
  const { schema, rules } = root;
  if (
    schema['anyOf'] !== undefined ||
    schema['$ref'] !== undefined ||
    schema['type'] !== 'object'
  ) {
    const what =
      schema['anyOf'] !== undefined
        ? 'a union'
        : schema['$ref'] !== undefined
          ? 'a reference'
          : describeType(schema['type']);
    add(
      root,
      '$',
      'root_is_object',
      `the root is ${what}, and ${rules.provider} takes only an object there`,
      'wrap it: an object with one property, e.g. { "result": … }',
    );
  }
};

const describeType = (type: JsonValue | undefined): string =>
  type === undefined ? 'of no type' : `of type ${JSON.stringify(type)}`;

/** What may stand at the root and nowhere else. */
const ofDocument: readonly string[] = ['$defs', '$schema', '$id'];

const checkNode = (root: Root, node: JsonValue | undefined, path: string): void => {
  if (!isJsonObject(node)) {
    const message =
      typeof node === 'boolean'
        ? `${String(node)} is no schema here: it takes ${node ? 'anything' : 'nothing'}`
        : 'this is no schema';
    add(root, path, 'typed', message, 'say what it is: { "type": … }');
    return;
  }
  if (node['$ref'] !== undefined) return checkRef(root, node, path);
  if (node['anyOf'] !== undefined) return checkUnion(root, node, path);
  const types = typesOf(root, node, path);
  if (types === null) return;
  const { rules } = root;
  const isRoot = node === root.schema;
  const known = new Set([
    'type',
    ...rules.annotations,
    ...(isRoot ? ofDocument : []),
    ...types.flatMap((type) => rules.keywords[type]),
  ]);
  unknownKeywords(root, node, path, known, types);
  if (types.includes('object')) checkObject(root, node, path);
  if (types.includes('array')) {
    if (node['items'] === undefined)
      add(root, path, 'typed', 'an array does not say what it holds', 'add "items": { "type": … }');
    else checkNode(root, node['items'], atItems(path));
  }
  checkValues(root, node, path, types);
};

const unknownKeywords = (
  root: Root,
  node: JsonObject,
  path: string,
  known: ReadonlySet<string>,
  types: readonly JsonTypeName[],
): void => {
  for (const keyword of Object.keys(node)) {
    if (node[keyword] === undefined || known.has(keyword)) continue;
    const isOfAnotherType = jsonTypeNames.some((type) =>
      root.rules.keywords[type].includes(keyword),
    );
    const message = isOfAnotherType
      ? `"${keyword}" says nothing of ${types.join(' or ')}`
      : `${root.rules.provider} does not take "${keyword}" in a strict schema`;
    add(
      root,
      path,
      'known_keywords',
      message,
      isOfAnotherType ? 'leave it out' : fixOfKeyword(keyword),
    );
  }
};

const checkRef = (root: Root, node: JsonObject, path: string): void => {
  const ref = node['$ref'];
  if (isLoop(root.schema, node))
    add(
      root,
      path,
      'local_refs',
      `${JSON.stringify(ref)} leads to itself, and to nothing else`,
      'let the definition say what it is',
    );
  else if (typeof ref !== 'string' || resolveRef(root.schema, ref) === null)
    add(
      root,
      path,
      'local_refs',
      `${JSON.stringify(ref)} refers to nothing in this schema`,
      'refer to the root ("#") or to a definition ("#/$defs/NAME")',
    );
  const beside = Object.keys(node).filter(
    (key) =>
      key !== '$ref' &&
      !(node === root.schema && ofDocument.includes(key)) &&
      node[key] !== undefined,
  );
  if (beside.length > 0)
    add(
      root,
      path,
      'known_keywords',
      `"${beside.join('", "')}" stands beside "$ref"`,
      'put it into the definition, or wrap: { "anyOf": [{ "$ref": … }] }',
    );
};

/** References that lead from one to the next and never to a schema. */
const isLoop = (schema: JsonObject, node: JsonObject): boolean => {
  const seen = new Set<JsonObject>();
  for (let at: JsonObject | null = node; at !== null && at['$ref'] !== undefined;) {
    if (seen.has(at)) return true;
    seen.add(at);
    at = typeof at['$ref'] === 'string' ? resolveRef(schema, at['$ref']) : null;
  }
  return false;
};

const checkUnion = (root: Root, node: JsonObject, path: string): void => {
  const branches = node['anyOf'];
  unknownKeywords(
    root,
    node,
    path,
    new Set(['anyOf', ...(node === root.schema ? ofDocument : []), ...root.rules.annotations]),
    [],
  );
  if (!Array.isArray(branches) || branches.length === 0) {
    add(root, path, 'typed', '"anyOf" is not a list of schemas', 'give at least one schema');
    return;
  }
  (branches as readonly JsonValue[]).forEach((branch, i) =>
    checkNode(root, branch, branches.length === 1 ? path : `${path}|${i + 1}`),
  );
};

const typesOf = (root: Root, node: JsonObject, path: string): readonly JsonTypeName[] | null => {
  const { type } = node;
  const given: readonly JsonValue[] = Array.isArray(type)
    ? (type as readonly JsonValue[])
    : type === undefined
      ? []
      : [type];
  const types = given.filter(isJsonTypeName);
  if (types.length === given.length && types.length > 0) return types;
  const combined = ['oneOf', 'allOf', 'not', 'if'].find((keyword) => node[keyword] !== undefined);
  if (combined !== undefined)
    add(
      root,
      path,
      'known_keywords',
      `${root.rules.provider} does not take "${combined}" in a strict schema`,
      fixOfKeyword(combined),
    );
  else if (given.length === 0)
    add(root, path, 'typed', 'it does not say its type, and so takes anything', 'add "type"');
  else
    add(
      root,
      path,
      'typed',
      `${JSON.stringify(type)} is no type`,
      `one of ${jsonTypeNames.join(', ')}`,
    );
  return null;
};

const checkObject = (root: Root, node: JsonObject, path: string): void => {
  const properties = node['properties'];
  if (node['additionalProperties'] !== false) {
    const isMap = isJsonObject(node['additionalProperties']) && properties === undefined;
    const message = isMap
      ? 'its keys are not known beforehand'
      : 'it may have properties that it does not name';
    const fix = isMap
      ? 'name its keys, or make it an array of { key, value } objects'
      : 'add "additionalProperties": false';
    add(root, path, 'closed_objects', message, fix);
  }
  if (properties !== undefined && !isJsonObject(properties)) {
    add(
      root,
      path,
      'usable_values',
      '"properties" is not an object',
      'name each property: { "properties": { "NAME": … } }',
    );
    return;
  }
  const required = requiredOf(node);
  for (const [name, property] of propertiesOf(node)) {
    const at = atProperty(path, name);
    // Where a program assigns it, this one name sets a prototype.
    if (name === '__proto__')
      add(
        root,
        at,
        'usable_values',
        'no answer can be checked for a property of this name',
        'give it another',
      );
    if (!required.has(name) && root.rules.optionalPropertiesMax === undefined)
      add(
        root,
        at,
        'all_required',
        'it is not in "required"',
        'add it there, and let it be null where it may be absent: "type": ["…", "null"]',
      );
    checkNode(root, property, at);
  }
  const unnamed = [...required].filter(
    (name) => !isJsonObject(properties) || !Object.hasOwn(properties, name),
  );
  if (unnamed.length > 0)
    add(
      root,
      path,
      'all_required',
      `"required" names ${unnamed.map((name) => JSON.stringify(name)).join(', ')}, which "properties" does not`,
      'add the property, or take it from "required"',
    );
};

const checkValues = (
  root: Root,
  node: JsonObject,
  path: string,
  types: readonly JsonTypeName[],
): void => {
  for (const { message, fix } of valueFaults(node, types))
    add(root, path, 'usable_values', message, fix);
  const { format, pattern, minItems } = node;
  if (format !== undefined && !root.rules.formats.includes(format as string))
    add(
      root,
      path,
      'known_formats',
      `${root.rules.provider} does not know the format ${JSON.stringify(format)}`,
      `one of ${root.rules.formats.join(', ')}; or leave it out and check the answer yourself`,
    );
  if (isPattern(pattern) && hasLookaround(pattern) && !root.rules.takesLookaround)
    add(
      root,
      path,
      'known_keywords',
      `${root.rules.provider} takes no pattern that looks ahead or behind: ${JSON.stringify(pattern)}`,
      'say it without lookaround, or check the answer yourself',
    );
  if (isPattern(pattern) && hasBackreference(pattern) && root.rules.takesBackreferences === false)
    add(
      root,
      path,
      'known_keywords',
      `${root.rules.provider} takes no pattern with a backreference or a word boundary: ${JSON.stringify(pattern)}`,
      'say it without them, or check the answer yourself',
    );
  const { minItemsMax = Infinity } = root.rules;
  if (typeof minItems === 'number' && minItems > minItemsMax)
    add(
      root,
      path,
      'usable_values',
      `${root.rules.provider} takes no "minItems" above ${minItemsMax} (got ${minItems})`,
      'lower it, and check the answer yourself',
    );
};
