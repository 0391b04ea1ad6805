import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { defaultAnswer } from '../../../lib/sim/provider/index.ts';
import { createLab, line, outputTextOf, rowsOf } from './lab.ts';

const ajv = new Ajv({ strict: false, validateSchema: false });
addFormats.default(ajv);

const answerTo = (schema: JsonObject, prompt: string): unknown =>
  JSON.parse(
    defaultAnswer(
      { text: { format: { type: 'json_schema', name: 'x', strict: true, schema } } },
      prompt,
      1,
    ),
  );

const satisfies = (schema: JsonObject, prompt: string): boolean => {
  const isGood = ajv.validate(schema, answerTo(schema, prompt));
  if (!isGood)
    throw new Error(
      `${JSON.stringify(schema)} ${JSON.stringify(answerTo(schema, prompt))} ${ajv.errorsText()}`,
    );
  return isGood;
};

/** Ajv ignores a property of this name, and would report it as additional. */
const propertyName = fc.string().filter((name) => name !== '__proto__');
const bounded = fc.tuple(fc.integer({ min: -1_000, max: 1_000 }), fc.nat(1_000));
const schemaArbitrary: fc.Arbitrary<JsonObject> = fc.letrec<{
  schema: JsonObject;
  leaf: JsonObject;
  object: JsonObject;
}>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<JsonObject>(
      { type: 'boolean' },
      { type: 'null' },
      { type: 'string' },
      { type: 'integer' },
      { type: 'number' },
    ),
    fc
      .array(fc.string(), { minLength: 1, maxLength: 5 })
      .map((options) => ({ type: 'string', enum: options })),
    fc.oneof(fc.string(), fc.integer(), fc.boolean()).map((value) => ({ const: value })),
    bounded.map(([minimum, width]) => ({ type: 'integer', minimum, maximum: minimum + width })),
    bounded.map(([exclusiveMinimum, width]) => ({
      type: 'number',
      exclusiveMinimum,
      exclusiveMaximum: exclusiveMinimum + width + 1,
    })),
    fc
      .integer({ min: 1, max: 50 })
      .map((multipleOf) => ({ type: 'integer', minimum: 0, multipleOf })),
    fc
      .tuple(fc.nat(20), fc.nat(40))
      .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
    fc
      .constantFrom(
        'date-time',
        'date',
        'time',
        'duration',
        'email',
        'hostname',
        'ipv4',
        'ipv6',
        'uuid',
      )
      .map((format) => ({ type: 'string', format })),
    fc
      .constantFrom(
        '^[A-Z]{3}-\\d{4}$',
        '^(red|green)+$',
        '^\\w+@\\w+\\.com$',
        '^[^a-z]{2,5}$',
        '^(?:a|bc)?x*$',
        '^\\+?[0-9 ]{5,}$',
      )
      .map((pattern) => ({ type: 'string', pattern })),
    fc.constant({ type: ['string', 'null'] }),
  ),
  object: fc.dictionary(propertyName, tie('schema'), { maxKeys: 4 }).map((properties) => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  })),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    tie('object'),
    fc.tuple(tie('schema'), fc.nat(3), fc.nat(3)).map(([items, minItems, more]) => ({
      type: 'array',
      items,
      minItems,
      maxItems: minItems + more,
    })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
})).object;

describe('an answer to a schema', () => {
  it('satisfies it, whatever the strict subset says', () => {
    fc.assert(
      fc.property(schemaArbitrary, fc.string(), (schema, prompt) => satisfies(schema, prompt)),
      { numRuns: 300 },
    );
  });

  it('has a property called __proto__ where the schema wants one', () => {
    const schema = JSON.parse(
      '{"type":"object","properties":{"__proto__":{"const":1}},"required":["__proto__"]}',
    ) as JsonObject;
    expect(JSON.stringify(answerTo(schema, 'x'))).toBe('{"__proto__":1}');
  });

  it('ends, even where the schema recurs', () => {
    const node: JsonObject = {
      type: 'object',
      properties: {
        name: { type: 'string' },
        children: { type: 'array', items: { $ref: '#/$defs/node' } },
        next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
      },
      required: ['name', 'children', 'next'],
      additionalProperties: false,
    };
    for (const prompt of ['a', 'b', 'c', 'd']) satisfies({ ...node, $defs: { node } }, prompt);
  });

  it('depends on the prompt and holds its words', () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { topic: { type: 'string' } },
      required: ['topic'],
      additionalProperties: false,
    };
    expect(JSON.stringify(answerTo(schema, 'volcanoes'))).toContain('volcanoes');
    const answers = new Set(
      ['one', 'two', 'three'].map((prompt) => JSON.stringify(answerTo(schema, prompt))),
    );
    expect(answers.size).toBe(3);
  });

  it('arrives as text in responses and in chat completions', async () => {
    const schema: JsonObject = {
      type: 'object',
      properties: { n: { type: 'integer' } },
      required: ['n'],
      additionalProperties: false,
    };
    const lab = createLab();
    const batch = await lab.finish([
      line('a', 'count', {
        text: { format: { type: 'json_schema', name: 'x', strict: true, schema } },
      }),
    ]);
    const [row] = rowsOf(await lab.text(batch.output_file_id));
    expect(ajv.validate(schema, JSON.parse(outputTextOf(row)))).toBe(true);
    const chat = defaultAnswer(
      {
        response_format: { type: 'json_schema', json_schema: { name: 'x', strict: true, schema } },
      },
      'count',
      1,
    );
    expect(ajv.validate(schema, JSON.parse(chat))).toBe(true);
    expect(
      () =>
        void JSON.parse(defaultAnswer({ response_format: { type: 'json_object' } }, 'as JSON', 1)),
    ).not.toThrow();
  });
});
