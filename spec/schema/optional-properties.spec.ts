import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anthropicSchemaRules } from '../../adapters/anthropic/config/schema-rules.ts';
import { openaiSchemaRules } from '../../adapters/openai/config/schema-rules.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { checkStrict } from '../../lib/schema/strict-check.ts';
import { sentSchema, storedForm, structureOfStandard } from '../../lib/schema/structure.ts';

const text = { type: 'string' } as const;
const object = (properties: JsonObject, required = Object.keys(properties)): JsonObject => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const many = (count: number, property: JsonObject): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, property]));

const broken = (schema: JsonObject): readonly string[] =>
  checkStrict(schema, anthropicSchemaRules).map(({ rule, path }) => `${rule} ${path}`);

const cases: readonly (readonly [string, JsonObject, readonly string[]])[] = [
  ['closed, all required', object({ a: text }), []],
  ['24 optional properties', object(many(24, text), []), []],
  ['25 optional properties', object(many(25, text), []), ['optional_max $']],
  ['16 unions', object(many(16, { type: ['string', 'null'] })), []],
  ['17 unions', object(many(17, { anyOf: [text, { type: 'null' }] })), ['unions_max $']],
  ['an open object', { type: 'object', properties: { a: text } }, ['closed_objects $']],
  ['a default', object({ a: { ...text, default: 'x' } }), []],
  ['a uri', object({ a: { ...text, format: 'uri' } }), []],
  ['an unknown format', object({ a: { ...text, format: 'iri' } }), ['known_formats $.a']],
  ['a minimum', object({ a: { type: 'number', minimum: 1 } }), ['known_keywords $.a']],
  ['a length', object({ a: { ...text, maxLength: 3 } }), ['known_keywords $.a']],
  ['one item at least', object({ a: { type: 'array', items: text, minItems: 1 } }), []],
  [
    'two items at least',
    object({ a: { type: 'array', items: text, minItems: 2 } }),
    ['usable_values $.a'],
  ],
  [
    'at most two items',
    object({ a: { type: 'array', items: text, maxItems: 2 } }),
    ['known_keywords $.a'],
  ],
  ['a pattern', object({ a: { ...text, pattern: '^[a-z\\d]+[\\b]$' } }), []],
  ['a lookahead', object({ a: { ...text, pattern: '^(?=a)' } }), ['known_keywords $.a']],
  ['a backreference', object({ a: { ...text, pattern: '(a)\\1' } }), ['known_keywords $.a']],
  ['a word boundary', object({ a: { ...text, pattern: '\\ba' } }), ['known_keywords $.a']],
  [
    'a definition used twice',
    { ...object({ a: { $ref: '#/$defs/n' }, b: { $ref: '#/$defs/n' } }), $defs: { n: text } },
    [],
  ],
  [
    'a definition that contains itself',
    {
      ...object({ a: { $ref: '#/$defs/n' } }),
      $defs: { n: object({ c: { type: 'array', items: { $ref: '#/$defs/n' } } }) },
    },
    ['no_recursion $defs.n'],
  ],
  [
    'a root that contains itself',
    object({ a: { type: 'array', items: { $ref: '#' } } }),
    ['no_recursion $'],
  ],
  ['a reference elsewhere', object({ a: { $ref: 'https://a.example/b' } }), ['local_refs $.a']],
];

describe("a schema under Anthropic's rules", () => {
  it.each(cases)('is taken or refused as the guide says: %s', (_title, schema, rules) => {
    expect(broken(schema)).toEqual(rules);
  });

  it('says what to do about each refusal', () => {
    for (const [, schema] of cases)
      for (const { message, fix } of checkStrict(schema, anthropicSchemaRules))
        expect([message, fix].every((words) => words.length > 5)).toBe(true);
  });
});

describe('a schema of a library with optional properties', () => {
  const { structure } = structureOfStandard(
    z.object({ name: z.string(), note: z.string().optional() }),
  );

  it('goes out with all of them required to a provider that takes no others', () => {
    expect(sentSchema(structure, openaiSchemaRules)['required']).toEqual(['name', 'note']);
    expect(checkStrict(sentSchema(structure, openaiSchemaRules), openaiSchemaRules)).toEqual([]);
  });

  it('goes out with them optional, and without unions, to a provider that takes those', () => {
    const sent = sentSchema(structure, anthropicSchemaRules);
    expect(sent['required']).toEqual(['name']);
    expect(sent['properties']).toEqual({ name: text, note: text });
    expect(checkStrict(sent, anthropicSchemaRules)).toEqual([]);
    expect(sentSchema(structure, undefined)).toEqual(structure.jsonSchema);
  });

  it('reads answers of either form alike', async () => {
    for (const [answer, output] of [
      ['{"name":"a"}', { name: 'a' }],
      ['{"name":"a","note":null}', { name: 'a' }],
      ['{"name":"a","note":"b"}', { name: 'a', note: 'b' }],
    ] as const)
      expect(await structure.read(answer)).toMatchObject({ type: 'fits', output });
  });

  it('is compared in the form that the run stored', () => {
    const sent = sentSchema(structure, anthropicSchemaRules);
    expect(storedForm(structure, sent)).toEqual(sent);
    expect(storedForm(structure, structure.jsonSchema)).toEqual(structure.jsonSchema);
    expect(storedForm(structure, null)).toEqual(structure.jsonSchema);
  });
});
