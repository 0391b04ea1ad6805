import { describe, expect, it } from 'vitest';
import { geminiSchemaRules } from '../../../../adapters/gemini/config/schema-rules.ts';
import type { JsonObject, JsonValue } from '../../../../lib/core/json/json.ts';
import { checkSchemaName, checkStrict } from '../../../../lib/schema/strict-check.ts';

const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const of = (property: JsonValue): JsonObject => object({ a: property });
const text: JsonObject = { type: 'string' };
const leaf = (required: readonly string[]): JsonObject =>
  object({ value: text, next: { $ref: '#/$defs/leaf' } }, { required });

/** What each rule of the API's reference says of a schema; empty: it is taken. */
const cases: readonly (readonly [string, JsonObject, readonly string[]])[] = [
  [
    'every type',
    object({
      s: text,
      n: { type: 'number' },
      i: { type: 'integer' },
      b: { type: 'boolean' },
      z: { type: 'null' },
    }),
    [],
  ],
  ['a property that may be absent', object({ a: text, b: text }, { required: ['a'] }), []],
  ['a property that may be null', of({ type: ['string', 'null'] }), []],
  ['an order of properties', object({ a: text }, { propertyOrdering: ['a'] }), []],
  ['titles and descriptions', of({ type: 'string', title: 'T', description: 'D' }), []],
  [
    'bounds of lists and numbers',
    of({
      type: 'array',
      items: { type: 'number', minimum: 0, maximum: 1 },
      minItems: 1,
      maxItems: 3,
    }),
    [],
  ],
  [
    'enums and constants of texts and numbers',
    object({
      a: { type: 'string', enum: ['x'] },
      b: { type: 'number', enum: [1] },
      c: { type: 'string', const: 'x' },
    }),
    [],
  ],
  ['a time', of({ type: 'string', format: 'date-time' }), []],
  ['a union', of({ anyOf: [text, object({ a: text })] }), []],
  ['recursion by a property that may be absent', of({ $ref: '#/$defs/leaf' }), []],
  [
    'recursion by a property that every answer has',
    of({ $ref: '#/$defs/leaf' }),
    ['no_recursion $defs.leaf'],
  ],
  [
    'recursion by a list that every answer has',
    object({ children: { type: 'array', items: { $ref: '#' } } }),
    ['no_recursion $'],
  ],
  ['a length of texts', of({ type: 'string', maxLength: 3 }), ['known_keywords $.a']],
  ['a pattern', of({ type: 'string', pattern: '^a$' }), ['known_keywords $.a']],
  ['a multiple', of({ type: 'number', multipleOf: 2 }), ['known_keywords $.a']],
  ['an open bound', of({ type: 'number', exclusiveMinimum: 0 }), ['known_keywords $.a']],
  ['a constant of a flag', of({ type: 'boolean', const: true }), ['known_keywords $.a']],
  ['another format', of({ type: 'string', format: 'email' }), ['known_formats $.a']],
  ['tuples', of({ type: 'array', items: text, prefixItems: [text] }), ['known_keywords $.a']],
  [
    'an open object',
    { type: 'object', properties: { a: text }, required: ['a'] },
    ['closed_objects $'],
  ],
];

describe('Gemini’s schema', () => {
  it.each(cases)('with %s is taken or refused for the right reason', (name, schema, breaks) => {
    const required = name.includes('may be absent') ? ['value'] : ['value', 'next'];
    const whole = JSON.stringify(schema).includes('#/$defs/leaf')
      ? { ...schema, $defs: { leaf: leaf(required) } }
      : schema;
    const problems = checkStrict(whole, geminiSchemaRules);
    expect(problems.map(({ rule, path }) => `${rule} ${path}`)).toEqual(breaks);
  });

  it('may have any name, since none is sent, and any size', () => {
    expect(checkSchemaName('größe und farbe'.repeat(20), geminiSchemaRules)).toEqual([]);
    const names = Array.from({ length: 6_000 }, (_, i) => [`property_${i}`, text] as const);
    expect(checkStrict(object(Object.fromEntries(names)), geminiSchemaRules)).toEqual([]);
    // Rules are stored and compared as JSON.
    expect(JSON.parse(JSON.stringify(geminiSchemaRules))).toEqual(geminiSchemaRules);
  });
});
