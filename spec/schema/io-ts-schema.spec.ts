import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { openaiSchemaRules } from '../../adapters/openai/config/schema-rules.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { described, withJsonSchema } from '../../lib/schema/annotate.ts';
import { checkStrict } from '../../lib/schema/strict-check.ts';
import { structureOfCodec } from '../../lib/schema/structure.ts';

const strict = (codec: t.Mixed): JsonObject => {
  const { structure, problems } = structureOfCodec(codec);
  expect([...problems, ...checkStrict(structure.jsonSchema, openaiSchemaRules)]).toEqual([]);
  return structure.jsonSchema;
};
const member = (codec: t.Mixed): unknown =>
  (strict(t.type({ a: codec }))['properties'] as JsonObject)['a'];
const object = (properties: JsonObject): JsonObject => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const text = { type: 'string' };

interface Tree {
  readonly label: string;
  readonly children: readonly Tree[];
}
const Tree: t.Type<Tree> = t.recursion('Tree', () =>
  t.strict({ label: t.string, children: t.readonlyArray(Tree) }),
);
interface PositiveBrand {
  readonly Positive: unique symbol;
}
const Positive = t.brand(t.number, (n): n is t.Branded<number, PositiveBrand> => n > 0, 'Positive');

describe('the JSON Schema of a codec', () => {
  it.each<[string, t.Mixed, unknown]>([
    ['text', t.string, text],
    ['a number', t.number, { type: 'number' }],
    ['a whole number', t.Int, { type: 'integer' }],
    ['a truth', t.boolean, { type: 'boolean' }],
    ['null', t.null, { type: 'null' }],
    ['a literal', t.literal('x'), { type: 'string', const: 'x' }],
    ['a number as literal', t.literal(3), { type: 'number', const: 3 }],
    ['keys', t.keyof({ x: null, y: null }), { type: 'string', enum: ['x', 'y'] }],
    ['a list', t.array(t.string), { type: 'array', items: text }],
    ['a readonly list', t.readonlyArray(t.string), { type: 'array', items: text }],
    ['an object', t.type({ b: t.string }), object({ b: text })],
    ['a strict object', t.strict({ b: t.string }), object({ b: text })],
    ['a readonly object', t.readonly(t.exact(t.type({ b: t.string }))), object({ b: text })],
    [
      'a partial object: null may stand for what is absent',
      t.partial({ b: t.string }),
      object({ b: { type: ['string', 'null'] } }),
    ],
    [
      'undefined in a union: the same',
      t.type({ b: t.union([t.string, t.undefined]) }),
      object({ b: { type: ['string', 'null'] } }),
    ],
    ['a union', t.union([t.string, t.number]), { anyOf: [text, { type: 'number' }] }],
    [
      'a union of unions',
      t.union([t.string, t.union([t.number, t.null])]),
      { anyOf: [text, { type: 'number' }, { type: 'null' }] },
    ],
    [
      'a named union that may be absent',
      t.type({ b: t.union([t.union([t.string, t.undefined], 'Maybe'), t.number]) }),
      object({ b: { anyOf: [text, { type: 'number' }, { type: 'null' }] } }),
    ],
    [
      'a readonly union that may be absent',
      t.type({ b: t.readonly(t.union([t.string, t.undefined])) }),
      object({ b: { type: ['string', 'null'] } }),
    ],
    [
      'a union of literals',
      t.union([t.literal('x'), t.literal('y')]),
      { type: 'string', enum: ['x', 'y'] },
    ],
    [
      'an optional enum',
      t.partial({ b: t.keyof({ x: null }) }),
      object({ b: { anyOf: [{ type: 'string', enum: ['x'] }, { type: 'null' }] } }),
    ],
    [
      'an intersection of objects',
      t.intersection([t.type({ b: t.string }), t.partial({ c: t.number })]),
      object({ b: text, c: { type: ['number', 'null'] } }),
    ],
    [
      'an intersection whose parts share an object',
      t.intersection([
        t.type({ o: t.type({ b: t.string }) }),
        t.type({ o: t.type({ c: t.string }) }),
      ]),
      object({ o: object({ b: text, c: text }) }),
    ],
    [
      'a record of known keys',
      t.record(t.keyof({ x: null, y: null }), t.string),
      object({ x: text, y: text }),
    ],
    ['a record of one literal', t.record(t.literal('x'), t.string), object({ x: text })],
    ['a brand: its base, and its name', Positive, { title: 'Positive', type: 'number' }],
    [
      'a brand twice: the same',
      t.intersection([Positive, Positive]),
      { title: 'Positive', type: 'number' },
    ],
    ['a name', t.type({ b: t.string }, 'Address'), { title: 'Address', ...object({ b: text }) }],
    [
      'a description',
      described(t.string, 'as it is written'),
      { type: 'string', description: 'as it is written' },
    ],
    [
      'an optional description',
      t.partial({ b: described(t.string, 'how') }),
      object({ b: { type: ['string', 'null'], description: 'how' } }),
    ],
    [
      'a schema given by hand',
      withJsonSchema(new t.Type('D', t.any.is, t.any.validate, String), {
        type: 'string',
        format: 'date',
      }),
      { title: 'D', type: 'string', format: 'date' },
    ],
  ])('says %s', (_title, codec, schema) => {
    expect(member(codec)).toEqual(schema);
  });

  it('leaves the codec that was described as it was', () => {
    described(t.string, 'a word');
    expect(member(t.string)).toEqual(text);
  });

  it('refers to itself where the codec does, at the root and below it', () => {
    expect(strict(Tree)).toEqual({
      title: 'Tree',
      ...object({ label: text, children: { type: 'array', items: { $ref: '#' } } }),
    });
    expect(strict(t.type({ tree: Tree, other: t.union([Tree, t.null]) }))).toEqual({
      ...object({
        tree: { $ref: '#/$defs/Tree' },
        other: { anyOf: [{ $ref: '#/$defs/Tree' }, { type: 'null' }] },
      }),
      $defs: {
        Tree: {
          title: 'Tree',
          ...object({ label: text, children: { type: 'array', items: { $ref: '#/$defs/Tree' } } }),
        },
      },
    });
  });

  it('keeps two recursive codecs of one name apart', () => {
    const other: t.Mixed = t.recursion('Tree', () =>
      t.type({ leaf: t.string, more: t.array(other) }),
    );
    const definitions = strict(t.type({ a: Tree, b: other }))['$defs'] as JsonObject;
    expect(Object.keys(definitions)).toEqual(['Tree', 'Tree_2']);
  });

  it.each<[string, t.Mixed, string, string]>([
    ['a tuple', t.tuple([t.string]), '$.a', 'one property for each place'],
    ['unknown', t.unknown, '$.a', 'say what it is'],
    ['any', t.any as unknown as t.Mixed, '$.a', 'say what it is'],
    ['undefined', t.undefined, '$.a', 't.null'],
    ['void', t.void, '$.a', 't.null'],
    ['a big integer', t.bigint, '$.a', 't.string'],
    ['a map', t.record(t.string, t.number), '$.a', '{ key, value }'],
    ['an object of anything', t.UnknownRecord, '$.a', 'name its properties'],
    ['an array of anything', t.UnknownArray, '$.a', 't.array'],
    ['a function', t.Function, '$.a', 'leave it out'],
    [
      'a codec of no kind that is known',
      new t.Type('DateFromISOString', t.any.is, t.any.validate, String),
      '$.a',
      'withJsonSchema',
    ],
    ['a piped codec', t.string.pipe(t.string), '$.a', 'withJsonSchema'],
    [
      'a tuple deep down',
      t.array(t.partial({ b: t.union([t.null, t.tuple([t.string])]) })),
      '$.a[].b|2',
      'one property',
    ],
    [
      'an intersection of no objects',
      t.intersection([t.string, t.type({ b: t.string })]),
      '$.a',
      'one object',
    ],
    [
      'properties beside cases',
      withJsonSchema(t.string, { type: 'object', properties: {}, anyOf: [{ type: 'string' }] }),
      '$.a',
      'in each case',
    ],
    [
      'an intersection that contradicts itself',
      t.intersection([t.type({ b: t.string }), t.type({ b: t.number })]),
      '$.a.b',
      'in one place',
    ],
  ])('refuses %s, and says where and what to write', (_title, codec, path, fix) => {
    const { problems } = structureOfCodec(t.type({ a: codec }));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.fix).toContain(fix);
  });

  it('names every place at once', () => {
    const { problems } = structureOfCodec(
      t.type({ a: t.unknown, b: t.tuple([t.string]), c: t.string }),
    );
    expect(problems.map(({ path }) => path)).toEqual(['$.a', '$.b']);
  });

  it('has an object at its root, or is refused', () => {
    const { structure } = structureOfCodec(
      t.union([t.type({ a: t.string }), t.type({ b: t.string })]),
    );
    expect(checkStrict(structure.jsonSchema, openaiSchemaRules).map(({ rule }) => rule)).toEqual([
      'root_is_object',
    ]);
  });
});
