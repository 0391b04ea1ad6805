import type * as t from 'io-ts';
import type { JsonObject, JsonValue } from '../core/json/json.ts';
import { annotationOf } from './annotate.ts';
import { atItems, atProperty, type SchemaProblem } from './problem.ts';
import { objectOf, refTo } from './refs.ts';

/**
 * The codecs of io-ts that say what they are. Told apart by `_tag`, which works across two copies
 * of the package.
 */
export type Tagged = { readonly name: string } & (
  | {
      readonly _tag:
        'StringType' | 'NumberType' | 'BooleanType' | 'NullType' | 'UndefinedType' | 'VoidType';
    }
  | { readonly _tag: 'LiteralType'; readonly value: string | number | boolean }
  | { readonly _tag: 'KeyofType'; readonly keys: Readonly<Record<string, unknown>> }
  | {
      readonly _tag:
        | 'ArrayType'
        | 'ReadonlyArrayType'
        | 'ReadonlyType'
        | 'ExactType'
        | 'RefinementType'
        | 'RecursiveType';
      readonly type: Tagged;
    }
  | {
      readonly _tag: 'InterfaceType' | 'PartialType' | 'StrictType';
      readonly props: Readonly<Record<string, Tagged>>;
    }
  | { readonly _tag: 'IntersectionType' | 'UnionType'; readonly types: readonly Tagged[] }
  | { readonly _tag: 'DictionaryType'; readonly domain: Tagged; readonly codomain: Tagged }
  | { readonly _tag: keyof typeof refused }
);

/** Codecs that no strict JSON Schema expresses, and what to write instead. */
const refused = {
  TupleType: ['a tuple', 'make it a t.type with one property for each place'],
  UnknownType: ['t.unknown', 'say what it is'],
  AnyType: ['t.any', 'say what it is'],
  AnyArrayType: ['an array of anything', 'say what it holds: t.array(…)'],
  AnyDictionaryType: ['an object of anything', 'name its properties: t.type({ … })'],
  ObjectType: ['an object of anything', 'name its properties: t.type({ … })'],
  BigIntType: ['t.bigint, which JSON has not', 'take it as t.string, and convert it afterwards'],
  FunctionType: ['a function', 'leave it out'],
  NeverType: ['t.never', 'leave it out'],
} as const;

export interface DerivedSchema {
  /**
   * Properties that may be absent are not in `required`; intersections stand as `allOf`.
   * `strictForm` makes it strict.
   */
  readonly schema: JsonObject;
  readonly problems: readonly SchemaProblem[];
  /** The root's own name, where it was given one. */
  readonly name: string | null;
}

/**
 * The JSON Schema that an io-ts codec means, as far as it has one; every place that has none is a
 * problem. O(codec).
 */
export const schemaOfCodec = (codec: t.Mixed): DerivedSchema => {
  const problems: SchemaProblem[] = [];
  const root = codec as unknown as Tagged;
  const task: Task = {
    definitions: new Map(),
    names: new Map(),
    add: (problem) => void problems.push(problem),
  };
  const start = unwrapped(root);
  if (start._tag === 'RecursiveType') task.names.set(start, '#');
  const schema = titled(
    root,
    start._tag === 'RecursiveType' ? schemaOf(task, start.type, '$') : schemaOf(task, root, '$'),
  );
  const $defs = task.definitions.size === 0 ? {} : { $defs: objectOf(task.definitions) };
  return { schema: { ...schema, ...$defs }, problems, name: ownName(root) ?? ownName(start) };
};

interface Task {
  readonly definitions: Map<string, JsonObject>;
  /** Where a codec that contains itself is found. */
  readonly names: Map<Tagged, string>;
  readonly add: (problem: SchemaProblem) => void;
}

const schemaOf = (task: Task, codec: Tagged, path: string): JsonObject => {
  const { jsonSchema } = annotationOf(codec);
  return titled(codec, jsonSchema ?? plainSchemaOf(task, codec, path));
};

const plainSchemaOf = (task: Task, codec: Tagged, path: string): JsonObject => {
  switch (codec._tag) {
    case 'StringType':
      return { type: 'string' };
    case 'NumberType':
      return { type: 'number' };
    case 'BooleanType':
      return { type: 'boolean' };
    case 'NullType':
      return { type: 'null' };
    case 'LiteralType':
      return { type: typeof codec.value, const: codec.value };
    case 'KeyofType':
      return { type: 'string', enum: Object.keys(codec.keys) };
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return { type: 'array', items: schemaOf(task, codec.type, atItems(path)) };
    case 'ReadonlyType':
    case 'ExactType':
      return schemaOf(task, codec.type, path);
    case 'RefinementType':
      // The one refinement that JSON Schema has a type for; what the others ask is asked of the
      // answer.
      return isInt(codec) ? { type: 'integer' } : schemaOf(task, codec.type, path);
    case 'RecursiveType':
      return referenceTo(task, codec);
    case 'InterfaceType':
    case 'StrictType':
      return objectSchema(task, codec.props, path, (prop) => !mayBeUndefined(prop));
    case 'PartialType':
      return objectSchema(task, codec.props, path, () => false);
    case 'IntersectionType':
      return intersection(task, codec.types, path);
    case 'UnionType':
      return union(task, codec.types, path);
    case 'DictionaryType':
      return dictionary(task, codec, path);
    case 'UndefinedType':
    case 'VoidType':
      return none(
        task,
        path,
        'undefined, which JSON has not',
        'leave it out, or let it be null: t.null',
      );
    default: {
      const [what, fix] = Object.hasOwn(refused, codec._tag)
        ? refused[codec._tag]
        : ([`${codec.name}, a codec that does not say what it is`, custom] as const);
      return none(task, path, what, fix);
    }
  }
};

const custom =
  'say it: withJsonSchema(codec, { "type": … }), or take a plain codec and convert afterwards';

const none = (task: Task, path: string, what: string, fix: string): JsonObject => {
  task.add({ path, rule: 'no_meaning', message: `${what} has no meaning in a strict schema`, fix });
  // A valid placeholder, so that one error is reported once.
  return { type: 'string' };
};

const isInt = (codec: Extract<Tagged, { readonly type: Tagged }>): boolean =>
  codec.name === 'Int' && codec.type._tag === 'NumberType';

const mayBeUndefined = (codec: Tagged): boolean =>
  isUndefined(codec) || inUnion(codec).some(mayBeUndefined);

const isUndefined = ({ _tag }: Tagged): boolean => _tag === 'UndefinedType' || _tag === 'VoidType';

const inUnion = (codec: Tagged): readonly Tagged[] => {
  const bare = unwrapped(codec);
  return bare._tag === 'UnionType' ? bare.types : [];
};

const objectSchema = (
  task: Task,
  props: Readonly<Record<string, Tagged>>,
  path: string,
  isRequired: (prop: Tagged) => boolean,
): JsonObject => ({
  type: 'object',
  properties: objectOf(
    Object.entries(props).map(([name, prop]) => [
      name,
      schemaOf(task, prop, atProperty(path, name)),
    ]),
  ),
  required: Object.entries(props).flatMap(([name, prop]) => (isRequired(prop) ? [name] : [])),
  additionalProperties: false,
});

/** Of one thing named twice, as brands are, that thing; else what `strictForm` merges. */
const intersection = (task: Task, types: readonly Tagged[], path: string): JsonObject => {
  const parts = types.map((type) => schemaOf(task, type, path));
  const [first] = parts;
  const text = JSON.stringify(first);
  return first !== undefined && parts.every((part) => JSON.stringify(part) === text)
    ? first
    : { allOf: parts };
};

/** `undefined` in a union means that the key may be absent, which its object says. */
const union = (task: Task, types: readonly Tagged[], path: string): JsonObject => {
  const members = types.flatMap(flat).filter((type) => !isUndefined(type));
  const literals = members.flatMap((type) => (type._tag === 'LiteralType' ? [type.value] : []));
  const [kind] = literals.map((value) => typeof value);
  if (
    kind !== undefined &&
    literals.length === members.length &&
    literals.every((value) => typeof value === kind)
  )
    return { type: kind, enum: [...new Set(literals)] };
  const [only, ...more] = members;
  if (only === undefined)
    return none(
      task,
      path,
      'undefined, which JSON has not',
      'leave it out, or let it be null: t.null',
    );
  if (more.length === 0) return schemaOf(task, only, path);
  return { anyOf: members.map((type, i) => schemaOf(task, type, `${path}|${i + 1}`)) };
};

/**
 * A union in a union is one union, unless it was given a name or words of its own; one that may be
 * absent says so of the whole.
 */
const flat = (type: Tagged): readonly Tagged[] =>
  type._tag === 'UnionType' &&
  (mayBeUndefined(type) || (ownName(type) === null && Object.keys(annotationOf(type)).length === 0))
    ? type.types.flatMap(flat)
    : [type];

const dictionary = (
  task: Task,
  { domain, codomain }: Extract<Tagged, { readonly _tag: 'DictionaryType' }>,
  path: string,
): JsonObject => {
  const keys = keysOf(domain);
  return keys === null
    ? none(
        task,
        path,
        'a t.record of any keys',
        'name its keys (t.record(t.keyof({ … }), …)), or make it an array of { key, value } objects',
      )
    : objectSchema(task, Object.fromEntries(keys.map((key) => [key, codomain])), path, () => true);
};

const keysOf = (domain: Tagged): readonly string[] | null => {
  if (domain._tag === 'KeyofType') return Object.keys(domain.keys);
  if (domain._tag === 'LiteralType')
    return typeof domain.value === 'string' ? [domain.value] : null;
  if (domain._tag !== 'UnionType') return null;
  const keys = domain.types.map(keysOf);
  return keys.some((each) => each === null) ? null : keys.flatMap((each) => each ?? []);
};

const referenceTo = (task: Task, codec: Extract<Tagged, { readonly type: Tagged }>): JsonObject => {
  const known = task.names.get(codec);
  if (known !== undefined) return { $ref: known === '#' ? '#' : refTo(known) };
  const wanted = ownName(codec) ?? 'Node';
  const taken = new Set(task.names.values());
  let name = wanted;
  for (let i = 2; taken.has(name); i += 1) name = `${wanted}_${i}`;
  task.names.set(codec, name);
  task.definitions.set(name, schemaOf(task, codec.type, atProperty('$defs', name)));
  return { $ref: refTo(name) };
};

/** Wrappers that change nothing of the shape. */
export const unwrapped = (codec: Tagged): Tagged =>
  codec._tag === 'ReadonlyType' ||
  codec._tag === 'ExactType' ||
  (codec._tag === 'RefinementType' && !isInt(codec))
    ? unwrapped(codec.type)
    : codec;

const builtIn: readonly string[] = [
  'string',
  'number',
  'boolean',
  'null',
  'undefined',
  'void',
  'Int',
];

/** io-ts generates names with special characters; null for such a name. */
const ownName = ({ name }: Tagged): string | null =>
  /^[A-Za-z_][\w .-]*$/u.test(name) && !builtIn.includes(name) ? name : null;

/**
 * Names and words of the codec, for the model. A reference carries none: they stand where it leads.
 */
const titled = (codec: Tagged, schema: JsonObject): JsonObject => {
  const { description } = annotationOf(codec);
  const name = codec._tag === 'LiteralType' || codec._tag === 'KeyofType' ? null : ownName(codec);
  const words: Record<string, JsonValue> = {};
  if (name !== null && schema['$ref'] === undefined) words['title'] = name;
  if (description !== undefined) words['description'] = description;
  return { ...words, ...schema, ...(description === undefined ? {} : { description }) };
};
