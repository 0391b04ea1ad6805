import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { mergeAll } from './merge-objects.ts';
import { nullable } from './nullable.ts';
import { hasLookaround } from './patterns.ts';
import { atItems, atProperty, type SchemaProblem } from './problem.ts';
import { objectOf, propertiesOf, requiredOf, resolveRef } from './refs.ts';

export interface StrictForm {
  readonly schema: JsonObject;
  /** The same, but that properties which may be absent are not required. */
  readonly loose: JsonObject;
  readonly problems: readonly SchemaProblem[];
}

/**
 * Converts a library's schema to the form that strict providers accept: closed objects, all
 * properties required, optional ones nullable, `oneOf` as `anyOf`, `allOf` of objects merged, a
 * referenced root inlined, defaults removed. Accepts the same values, except for optional keys
 * (`withoutNulls` restores those). O(schema).
 */
export const strictForm = (given: JsonObject): StrictForm => {
  const problems: SchemaProblem[] = [];
  const { definitions, $defs, ...bare } = renamed(
    given,
    isJsonObject(given['definitions']) ? '#/definitions/' : null,
  );
  const root: JsonObject =
    $defs === undefined && definitions === undefined
      ? bare
      : { ...bare, $defs: $defs ?? definitions };
  const schema = wholeForm({ root, isStrict: true, add: (problem) => void problems.push(problem) });
  return { schema, loose: wholeForm({ root, isStrict: false, add: () => undefined }), problems };
};

interface Task {
  readonly root: JsonObject;
  /** Whether optional properties become required ones that may be null. */
  readonly isStrict: boolean;
  readonly add: (problem: SchemaProblem) => void;
}

const wholeForm = (task: Task): JsonObject => {
  const { $defs, ...own } = inlined(task.root, task.root);
  const form = formOf(task, own, '$');
  if (!isJsonObject($defs)) return form;
  const definitions = Object.entries($defs).map(
    ([name, definition]): readonly [string, JsonValue] => [
      name,
      formOf(task, definition, atProperty('$defs', name)),
    ],
  );
  return { ...form, $defs: objectOf(definitions) };
};

/** Says nothing of values, or is the library's own business. */
const dropped: readonly string[] = [
  '$schema',
  '$id',
  '$comment',
  'id',
  'default',
  'examples',
  'readOnly',
  'writeOnly',
  'deprecated',
];

const formOf = (task: Task, given: JsonValue | undefined, path: string): JsonObject => {
  if (!isJsonObject(given)) {
    const message =
      given === false ? 'nothing fits it' : 'it takes anything, which a strict schema cannot say';
    task.add({ path, rule: 'no_meaning', message, fix: 'say what it is' });
    return {};
  }
  const node = objectOf(
    Object.entries(given).flatMap(([key, value]) =>
      value === undefined || dropped.includes(key) ? [] : [[key, value] as const],
    ),
  );
  const { allOf, oneOf, $ref, ...rest } = node;
  if (Array.isArray(allOf))
    return formOf(task, mergeAll(task, [rest, ...(allOf as readonly JsonValue[])], path), path);
  if (typeof $ref === 'string')
    return Object.keys(rest).length === 0
      ? { $ref }
      : { anyOf: [{ $ref }], ...annotationsOf(rest) };
  const branches = rest['anyOf'] ?? oneOf;
  if (Array.isArray(branches)) {
    besideUnion(task, rest, path);
    return {
      ...annotationsOf(rest),
      anyOf: (branches as readonly JsonValue[]).map((branch, i) =>
        formOf(task, branch, `${path}|${i + 1}`),
      ),
    };
  }
  return withType(
    isObjectSchema(rest)
      ? closedObject(task, rest, path)
      : withItems(task, withoutIdlePattern(rest), path),
  );
};

/** What a schema says beside its cases would hold for each of them, and has no place of its own. */
const besideUnion = (
  task: Task,
  { title: _title, description: _description, anyOf: _anyOf, type, ...rest }: JsonObject,
  path: string,
): void => {
  const beside = [
    ...Object.keys(rest),
    ...(type === undefined || type === 'object' ? [] : ['type']),
  ];
  if (beside.length > 0)
    task.add({
      path,
      rule: 'no_meaning',
      message: `"${beside.join('", "')}" stands beside "anyOf", which a strict schema cannot say`,
      fix: 'say it in each case',
    });
};

const annotationsOf = ({ title, description }: JsonObject): JsonObject => ({
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
});

const isObjectSchema = ({ type, properties }: JsonObject): boolean =>
  type === 'object' || properties !== undefined || (Array.isArray(type) && type.includes('object'));

const closedObject = (task: Task, given: JsonObject, path: string): JsonObject => {
  const node = withNamedKeys(given);
  const required = requiredOf(node);
  const properties = propertiesOf(node).map(([name, property]): readonly [string, JsonObject] => {
    const form = formOf(task, property, atProperty(path, name));
    return [name, required.has(name) || !task.isStrict ? form : nullable(form)];
  });
  const { additionalProperties } = node;
  const isOpen = additionalProperties !== undefined && additionalProperties !== false;
  if (isOpen && properties.length === 0) return node;
  return {
    ...node,
    properties: objectOf(properties),
    required: task.isStrict
      ? [...new Set([...properties.map(([name]) => name), ...required])]
      : [...required],
    // An object that says it is open is left so, for the check to speak of it; one that says
    // nothing is closed.
    ...(isOpen ? {} : { additionalProperties: false }),
  };
};

/** A map whose keys are an enum is an object that names them. */
const withNamedKeys = (node: JsonObject): JsonObject => {
  const { propertyNames, additionalProperties, ...rest } = node;
  const names =
    isJsonObject(propertyNames) && Array.isArray(propertyNames['enum'])
      ? (propertyNames['enum'] as readonly JsonValue[])
      : [];
  const isMap = isJsonObject(additionalProperties) && node['properties'] === undefined;
  if (!isMap || names.length === 0 || !names.every((name) => typeof name === 'string')) return node;
  return {
    ...rest,
    properties: objectOf(names.map((name) => [name, additionalProperties])),
    required: node['required'] ?? names,
  };
};

/**
 * Libraries spell a format out as a pattern too, some with lookarounds that no provider takes: the
 * format says it.
 */
const withoutIdlePattern = (node: JsonObject): JsonObject => {
  const { pattern, ...rest } = node;
  return typeof pattern === 'string' && typeof node['format'] === 'string' && hasLookaround(pattern)
    ? rest
    : node;
};

const withItems = (task: Task, node: JsonObject, path: string): JsonObject =>
  isJsonObject(node['items'])
    ? { ...node, items: formOf(task, node['items'], atItems(path)) }
    : node;

/** Libraries leave out the type where values say it. */
const withType = (node: JsonObject): JsonObject => {
  if (node['type'] !== undefined) return node;
  const values =
    'const' in node
      ? [node['const'] ?? null]
      : Array.isArray(node['enum'])
        ? (node['enum'] as readonly JsonValue[])
        : [];
  const types = [...new Set(values.map(typeName))];
  return types.length === 0
    ? node
    : { type: types.length === 1 ? (types[0] ?? 'null') : types, ...node };
};

const typeName = (value: JsonValue): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

/**
 * A root that refers to a definition is that definition; it stays there too, for those that refer
 * to it.
 */
const inlined = (root: JsonObject, node: JsonObject, left = 8): JsonObject => {
  const { $ref, ...rest } = node;
  const target = typeof $ref === 'string' && $ref !== '#' ? resolveRef(root, $ref) : null;
  return target === null || left === 0 ? node : inlined(root, { ...target, ...rest }, left - 1);
};

/** Draft 7 says `definitions` where 2020-12 says `$defs`. */
const renamed = (value: JsonObject, prefix: string | null): JsonObject => {
  if (prefix === null) return value;
  const walk = (each: JsonValue | undefined): JsonValue => {
    if (Array.isArray(each)) return (each as readonly JsonValue[]).map(walk);
    if (!isJsonObject(each)) return each ?? null;
    return objectOf(
      Object.entries(each).map(([key, inner]) => [
        key,
        key === '$ref' && typeof inner === 'string' && inner.startsWith(prefix)
          ? `#/$defs/${inner.slice(prefix.length)}`
          : walk(inner),
      ]),
    );
  };
  return walk(value) as JsonObject;
};
