import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { SchemaRule } from '../../lib/schema/problem.ts';

/** What one rule of the provider's guide says of one schema. */
export interface Case {
  readonly title: string;
  readonly schema: JsonObject;
  /** Every rule that it breaks, and where; none: it is accepted. */
  readonly breaks: readonly `${SchemaRule} ${string}`[];
}

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const of = (property: JsonValue): JsonObject => object({ a: property });
const text: JsonObject = { type: 'string' };
const list = (items: JsonValue): JsonObject => ({ type: 'array', items });
const nested = (levels: number): JsonObject =>
  levels === 1 ? object({ leaf: text }) : object({ next: nested(levels - 1) });
const names = (count: number, chars: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(chars, 'x'));
const many = (count: number, chars = 5): JsonObject =>
  object(Object.fromEntries(names(count, chars).map((name) => [name, text])));

const accepted: readonly (readonly [string, JsonObject])[] = [
  [
    'an object of every plain type',
    object({
      s: text,
      n: { type: 'number' },
      i: { type: 'integer' },
      b: { type: 'boolean' },
      z: { type: 'null' },
    }),
  ],
  ['an object without properties', object({})],
  ['an optional value as null, by a list of types', of({ type: ['string', 'null'] })],
  ['an optional value as null, by a union', of({ anyOf: [text, { type: 'null' }] })],
  ['an enum of strings', of({ type: 'string', enum: ['a', 'b'] })],
  ['an enum with null', of({ type: ['string', 'null'], enum: ['a', null] })],
  ['an enum of numbers', of({ type: 'number', enum: [1, 2] })],
  ['a constant', of({ type: 'string', const: 'a' })],
  [
    'a union of objects below the root',
    of({
      anyOf: [
        object({ kind: { type: 'string', const: 'x' } }),
        object({ kind: { type: 'string', const: 'y' } }),
      ],
    }),
  ],
  ['a list of objects', of(list(object({ b: text })))],
  ['bounds of a list', of({ ...list(text), minItems: 1, maxItems: 3 })],
  ['bounds of a number', of({ type: 'number', minimum: 0, maximum: 1, multipleOf: 0.1 })],
  ['open bounds of a number', of({ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 9 })],
  ['a pattern that is one without the flag u', of({ type: 'string', pattern: '^\\d\\-[(?=]$' })],
  [
    'a draft and a name at the root',
    object({}, { $schema: 'http://json-schema.org/draft-07/schema#', $id: 'x' }),
  ],
  ['a pattern', of({ type: 'string', pattern: '^[a-z]+$' })],
  ...['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'].map(
    (format): readonly [string, JsonObject] => [
      `the format ${format}`,
      of({ type: 'string', format }),
    ],
  ),
  [
    'definitions',
    object({ a: { $ref: '#/$defs/step' } }, { $defs: { step: object({ b: text }) } }),
  ],
  ['recursion by the root', object({ children: list({ $ref: '#' }) })],
  [
    'recursion by name',
    object(
      { a: { $ref: '#/$defs/node' } },
      {
        $defs: { node: object({ next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }) },
      },
    ),
  ],
  [
    'a definition whose name has to be escaped',
    object({ a: { $ref: '#/$defs/a~1b%20c' } }, { $defs: { 'a/b c': object({ b: text }) } }),
  ],
  [
    'titles and descriptions',
    object(
      { a: { ...text, title: 'A', description: 'the first' } },
      { title: 'All', description: 'of it' },
    ),
  ],
  ['ten levels', nested(10)],
  ['five thousand properties', many(5_000)],
  [
    'a thousand enum values of 250 an enum',
    object(
      Object.fromEntries(
        [1, 2, 3, 4].map((i) => [`p${i}`, { type: 'string', enum: names(250, 10) }]),
      ),
    ),
  ],
  ['names of 120,000 characters', many(4, 30_000)],
  ['a large enum of 15,000 characters', of({ type: 'string', enum: names(300, 50) })],
  [
    'a property that is called like a keyword',
    object({ type: text, $ref: text, properties: object({}) }),
  ],
];

const refused: readonly (readonly [string, JsonObject, readonly Case['breaks'][number][]])[] = [
  ['a root that is a union', { anyOf: [object({})] }, ['root_is_object $']],
  ['a root that is a list', list(text), ['root_is_object $']],
  ['a root that is a string', { type: 'string' }, ['root_is_object $']],
  ['a root that may be null', { ...object({}), type: ['object', 'null'] }, ['root_is_object $']],
  [
    'a root that is a reference',
    { $ref: '#/$defs/a', $defs: { a: object({}) } },
    ['root_is_object $'],
  ],
  [
    'an open root',
    { type: 'object', properties: { a: text }, required: ['a'] },
    ['closed_objects $'],
  ],
  [
    'an open object inside',
    of({ type: 'object', properties: {}, required: [] }),
    ['closed_objects $.a'],
  ],
  [
    'an object that says it is open',
    of({ ...object({}), additionalProperties: true }),
    ['closed_objects $.a'],
  ],
  ['a map', of({ type: 'object', additionalProperties: text }), ['closed_objects $.a']],
  [
    'an open object in a list in a union',
    of({ anyOf: [list({ type: 'object', properties: {} }), text] }),
    ['closed_objects $.a|1[]'],
  ],
  [
    'an open object in a definition',
    object({}, { $defs: { d: { type: 'object' } } }),
    ['closed_objects $defs.d'],
  ],
  ['a property that is not required', { ...of(text), required: [] }, ['all_required $.a']],
  [
    'no required at all',
    { type: 'object', properties: { a: text }, additionalProperties: false },
    ['all_required $.a'],
  ],
  ['required of something else', { ...of(text), required: ['a', 'b'] }, ['all_required $']],
  ['allOf', of({ allOf: [object({})] }), ['known_keywords $.a']],
  ['oneOf', of({ oneOf: [text, { type: 'null' }] }), ['known_keywords $.a']],
  ['not', of({ type: 'string', not: { const: 'x' } }), ['known_keywords $.a']],
  [
    'if, then and else',
    of({ ...object({}), if: {}, then: {}, else: {} }),
    ['known_keywords $.a', 'known_keywords $.a', 'known_keywords $.a'],
  ],
  ['dependentRequired', of({ ...object({}), dependentRequired: {} }), ['known_keywords $.a']],
  ['dependentSchemas', of({ ...object({}), dependentSchemas: {} }), ['known_keywords $.a']],
  ['patternProperties', of({ ...object({}), patternProperties: {} }), ['known_keywords $.a']],
  ['propertyNames', of({ ...object({}), propertyNames: {} }), ['known_keywords $.a']],
  ['minProperties', of({ ...object({}), minProperties: 1 }), ['known_keywords $.a']],
  ['a tuple', of({ ...list(text), prefixItems: [text] }), ['known_keywords $.a']],
  ['uniqueItems', of({ ...list(text), uniqueItems: true }), ['known_keywords $.a']],
  ['contains', of({ ...list(text), contains: text }), ['known_keywords $.a']],
  ['a default', of({ ...text, default: 'x' }), ['known_keywords $.a']],
  ['nullable of OpenAPI', of({ ...text, nullable: true }), ['known_keywords $.a']],
  ['a bound of another type', of({ ...text, minimum: 1 }), ['known_keywords $.a']],
  ['definitions of draft 7', object({}, { definitions: {} }), ['known_keywords $']],
  ['definitions inside', of(object({}, { $defs: {} })), ['known_keywords $.a']],
  ['a format that it does not know', of({ type: 'string', format: 'uri' }), ['known_formats $.a']],
  ['a pattern that is none', of({ type: 'string', pattern: '(' }), ['usable_values $.a']],
  [
    'a pattern that looks ahead',
    of({ type: 'string', pattern: '^(?!x)a$' }),
    ['known_keywords $.a'],
  ],
  ['an enum of another type', of({ type: 'string', enum: [1] }), ['usable_values $.a']],
  ['a constant of another type', of({ type: 'integer', const: 'x' }), ['usable_values $.a']],
  [
    'an enum that says a thing twice',
    of({ type: 'string', enum: ['x', 'x'] }),
    ['usable_values $.a'],
  ],
  ['a bound that is no number', of({ type: 'number', minimum: 'x' }), ['usable_values $.a']],
  ['half an item', of({ ...list(text), minItems: 1.5 }), ['usable_values $.a']],
  ['a multiple of nothing', of({ type: 'number', multipleOf: 0 }), ['usable_values $.a']],
  [
    'a property that sets a prototype',
    JSON.parse(
      '{"type":"object","properties":{"__proto__":{"type":"string"}},"required":["__proto__"],"additionalProperties":false}',
    ) as JsonObject,
    ['usable_values $.__proto__'],
  ],
  ['a name of its own inside', of({ ...text, $id: 'x' }), ['known_keywords $.a']],
  [
    'a reference that leads to itself',
    object({ a: { $ref: '#/$defs/l' } }, { $defs: { l: { $ref: '#/$defs/l' } } }),
    ['local_refs $.a', 'local_refs $defs.l'],
  ],
  ['an empty enum', of({ type: 'string', enum: [] }), ['usable_values $.a']],
  ['a list of anything', of({ type: 'array' }), ['typed $.a']],
  ['anything', of({}), ['typed $.a']],
  ['a constant without a type', of({ const: 'x' }), ['typed $.a']],
  ['true', of(true), ['typed $.a']],
  ['a type that is none', of({ type: 'date' }), ['typed $.a']],
  ['a list of tuples of draft 7', of(list([text])), ['typed $.a[]']],
  ['an empty union', of({ anyOf: [] }), ['typed $.a']],
  ['a reference to nothing', of({ $ref: '#/$defs/none' }), ['local_refs $.a']],
  ['a reference elsewhere', of({ $ref: 'https://example.com/a.json' }), ['local_refs $.a']],
  [
    'words beside a reference',
    object({ a: { $ref: '#/$defs/d', description: 'x' } }, { $defs: { d: object({}) } }),
    ['known_keywords $.a'],
  ],
  ['eleven levels', nested(11), ['depth_max $']],
  [
    'eleven levels of lists',
    object({ a: Array.from({ length: 10 }).reduce<JsonObject>((inner) => list(inner), text) }),
    ['depth_max $'],
  ],
  ['5,001 properties', many(5_001), ['properties_max $']],
  ['names of 120,004 characters', many(4, 30_001), ['name_chars_max $']],
  [
    '1,001 enum values',
    object(
      Object.fromEntries(
        [1, 2, 3, 4, 5].map((i) => [
          `p${i}`,
          { type: 'string', enum: names(i === 5 ? 1 : 250, 10) },
        ]),
      ),
    ),
    ['enum_values_max $'],
  ],
  [
    'a large enum of 15,050 characters',
    of({ type: 'string', enum: names(301, 50) }),
    ['enum_chars_max $.a'],
  ],
];

/** OpenAI's documented rules for strict schemas, each kept and each broken. */
export const corpus: readonly Case[] = [
  ...accepted.map(([title, schema]): Case => ({ title, schema, breaks: [] })),
  ...refused.map(([title, schema, breaks]): Case => ({ title, schema, breaks })),
];
