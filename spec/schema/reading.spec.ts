import { toStandardJsonSchema } from '@valibot/to-json-schema';
import { type } from 'arktype';
import * as t from 'io-ts';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { compileJsonSchema } from '../../adapters/ajv/index.ts';
import { openaiSchemaRules } from '../../adapters/openai/config/schema-rules.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { withoutNulls } from '../../lib/schema/absent.ts';
import { strictForm } from '../../lib/schema/strict-form.ts';
import type { OutputReading, Structure } from '../../lib/schema/structure.ts';
import {
  structureOfCodec,
  structureOfJsonSchema,
  structureOfStandard,
} from '../../lib/schema/structure.ts';
import { checkStrict } from '../../lib/schema/strict-check.ts';

const ofStandard = (schema: Parameters<typeof structureOfStandard>[0]): Structure => {
  const { structure, problems } = structureOfStandard(schema);
  expect([...problems, ...checkStrict(structure.jsonSchema, openaiSchemaRules)]).toEqual([]);
  return structure;
};
const ofCodec = (codec: t.Mixed): Structure => structureOfCodec(codec).structure;
const outputOf = async (structure: Structure, text: string): Promise<unknown> => {
  const reading = await structure.read(text);
  if (reading.type === 'fault') throw new Error(`${reading.failureClass}: ${reading.message}`);
  return reading.output;
};
const label = ofCodec(t.strict({ label: t.string }, 'Label'));
const faultOf = (structure: Structure, text: string | null): string => {
  const reading = structure.read(text) as OutputReading;
  return reading.type === 'fault' ? reading.failureClass : 'none';
};

describe('an answer that was promised in a structure', () => {
  it('is what the codec makes of it', async () => {
    expect(await outputOf(label, ' {"label":"x","more":1}\n')).toEqual({ label: 'x' });
    expect(label.name).toBe('Label');
  });

  it.each<[string, string | null, string]>([
    ['no words', null, 'empty_output'],
    ['white space', ' \n', 'empty_output'],
    ['half of it', '{"label":"x', 'invalid_json'],
    ['words around it', 'Here: {"label":"x"}', 'invalid_json'],
    ['a code fence', '```json\n{"label":"x"}\n```', 'fenced_json'],
    ['a fence of the other kind', '  ~~~\n{}', 'fenced_json'],
    ['another type', '{"label":1}', 'schema_mismatch'],
    ['nothing of it', '{}', 'schema_mismatch'],
    ['null', 'null', 'schema_mismatch'],
    ['a list of it', '[{"label":"x"}]', 'schema_mismatch'],
    [
      'what nests past any stack',
      `${'['.repeat(200_000)}${']'.repeat(200_000)}`,
      'schema_mismatch',
    ],
  ])('has a failure class of its own for %s', (_title, text, failureClass) => {
    expect(faultOf(label, text)).toBe(failureClass);
  });

  it('says where it is wrong', () => {
    const codec = ofCodec(
      t.type({ items: t.array(t.type({ price: t.union([t.number, t.null]) })) }),
    );
    expect(codec.read('{"items":[{"price":1},{"price":"2"}]}')).toMatchObject({
      message: expect.stringContaining('$.items[1].price') as string,
    });
    const zod = ofStandard(z.object({ items: z.array(z.object({ 'unit price': z.number() })) }));
    expect(zod.read('{"items":[{"unit price":1},{"unit price":"2"}]}')).toMatchObject({
      message: expect.stringContaining('$.items[1]["unit price"]') as string,
    });
  });

  it('has null for what may be absent, which comes back as absent exactly there', async () => {
    const codec = ofCodec(
      t.intersection([
        t.type({ kept: t.union([t.string, t.null]), maybe: t.union([t.string, t.undefined]) }),
        t.partial({
          gone: t.string,
          both: t.union([t.string, t.null]),
          deep: t.array(t.partial({ x: t.number })),
        }),
      ]),
    );
    const answer = '{"kept":null,"maybe":null,"gone":null,"both":null,"deep":[{"x":null},{"x":1}]}';
    expect(await outputOf(codec, answer)).toEqual({ kept: null, both: null, deep: [{}, { x: 1 }] });
    const zod = ofStandard(
      z.object({
        kept: z.string().nullable(),
        gone: z.string().optional(),
        both: z.string().nullish(),
        size: z.number().default(7),
      }),
    );
    expect(await outputOf(zod, '{"kept":null,"gone":null,"both":null,"size":null}')).toEqual({
      kept: null,
      both: null,
      size: 7,
    });
    const ark = ofStandard(type({ kept: 'string | null', 'gone?': 'string' }));
    expect(await outputOf(ark, '{"kept":null,"gone":null}')).toEqual({ kept: null });
    const vali = ofStandard(
      toStandardJsonSchema(
        v.object({ kept: v.nullable(v.string()), gone: v.optional(v.string()) }),
      ),
    );
    expect(await outputOf(vali, '{"kept":null,"gone":null}')).toEqual({ kept: null });
  });

  it('has it so in the branch of a union that was meant', async () => {
    const branches = z.object({
      result: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('a'), note: z.string().optional() }),
        z.object({ kind: z.literal('b'), note: z.string().nullable() }),
      ]),
    });
    const structure = ofStandard(branches);
    expect(await outputOf(structure, '{"result":{"kind":"a","note":null}}')).toEqual({
      result: { kind: 'a' },
    });
    expect(await outputOf(structure, '{"result":{"kind":"b","note":null}}')).toEqual({
      result: { kind: 'b', note: null },
    });
  });

  it('is read by the branch that takes it, where its shape alone does not tell', async () => {
    const first = z.object({ k: z.string().regex(/^a/), note: z.string().optional() });
    const second = z.object({ k: z.string(), note: z.string().nullable() });
    const structure = ofStandard(z.object({ r: z.array(z.union([first, second])) }));
    const answer = '{"r":[{"k":"b","note":null},{"k":"a","note":null}]}';
    expect(await outputOf(structure, answer)).toEqual({ r: [{ k: 'b', note: null }, { k: 'a' }] });
    expect(faultOf(structure, '{"r":[{"k":1,"note":null}]}')).toBe('schema_mismatch');
    const picky = t.union([
      t.intersection([
        t.type({ at: t.refinement(t.string, (at) => at === 'a') }),
        t.partial({ note: t.string }),
      ]),
      t.type({ at: t.string, note: t.union([t.string, t.null]) }),
    ]);
    expect(await outputOf(ofCodec(t.type({ r: picky })), '{"r":{"at":"b","note":null}}')).toEqual({
      r: { at: 'b', note: null },
    });
  });

  it('may have keys that were not asked for, in a union as outside of one', async () => {
    const result = z.union([
      z.object({ k: z.literal('a'), note: z.string().optional() }),
      z.object({ k: z.literal('b') }),
    ]);
    const structure = ofStandard(z.object({ result }));
    expect(await outputOf(structure, '{"result":{"k":"a","note":null,"extra":1}}')).toEqual({
      result: { k: 'a' },
    });
  });

  it('is read in time where unions nest, discriminated or not', async () => {
    type Op = z.ZodObject<{
      op: z.ZodLiteral<string>;
      arg: z.ZodType;
      note: z.ZodOptional<z.ZodString>;
    }>;
    const op = (name: string): Op =>
      z.object({
        op: z.literal(name),
        get arg() {
          return Expr;
        },
        note: z.string().optional(),
      }) as unknown as Op;
    const Expr: z.ZodType = z.discriminatedUnion('op', [
      op('a'),
      op('b'),
      op('c'),
      op('d'),
      z.object({ op: z.literal('lit'), n: z.number() }),
    ]);
    const chain = (depth: number): object =>
      depth === 0 ? { op: 'lit', n: 1 } : { op: 'd', arg: chain(depth - 1), note: null };
    expect(
      ofStandard(z.object({ root: Expr })).read(JSON.stringify({ root: chain(200) })),
    ).toMatchObject({ type: 'fits' });
    // Nothing but what lies below tells these apart; walked once for each way to read them, they
    // would take for ever.
    const member = { anyOf: [{ $ref: '#/$defs/E' }, { type: 'null' }] };
    const branch = {
      type: 'object',
      properties: { left: member, right: member, note: { type: 'string' } },
      required: ['left', 'right'],
    };
    const { loose } = strictForm({
      type: 'object',
      properties: { root: { $ref: '#/$defs/E' } },
      required: ['root'],
      $defs: { E: { anyOf: [branch, { ...branch }, { ...branch }] } },
    });
    const nest = (depth: number): JsonObject | null =>
      depth <= 0 ? null : { left: nest(depth - 1), right: nest(depth - 2), note: null };
    const [likeliest] = withoutNulls(loose)({ root: nest(12) });
    expect(JSON.stringify(likeliest)).not.toContain('note');
  });

  it('is transformed, and what was written stays beside it', async () => {
    const structure = ofStandard(z.object({ due: z.string().transform((text) => new Date(text)) }));
    const reading = await structure.read('{"due":"2026-04-03"}');
    expect(reading).toEqual({
      type: 'fits',
      output: { due: new Date('2026-04-03') },
      json: { due: '2026-04-03' },
    });
  });

  it('may be checked by code that waits, or that fails', async () => {
    const waiting = ofStandard(
      z.object({ a: z.string().refine(async (text) => Promise.resolve(text !== 'no')) }),
    );
    expect(await waiting.read('{"a":"yes"}')).toMatchObject({ type: 'fits' });
    expect(await waiting.read('{"a":"no"}')).toMatchObject({ failureClass: 'schema_mismatch' });
    const failing = ofStandard(
      z.object({
        a: z.string().refine(() => {
          throw new Error('planted');
        }),
      }),
    );
    expect(await failing.read('{"a":"x"}')).toMatchObject({
      failureClass: 'schema_mismatch',
      message: expect.stringContaining('planted') as string,
    });
  });

  it('may be a multiple of a fraction, by a plain JSON Schema', async () => {
    const price = {
      type: 'object',
      properties: { a: { type: 'number', multipleOf: 0.01 } },
      required: ['a'],
      additionalProperties: false,
    } as const;
    const { structure } = structureOfJsonSchema(
      { $schema: 'http://json-schema.org/draft-07/schema#', ...price },
      () => Promise.resolve(compileJsonSchema),
    );
    expect(await structure.read('{"a":19.99}')).toMatchObject({ type: 'fits' });
    expect(await structure.read('{"a":0.3}')).toMatchObject({ type: 'fits' });
    expect(await structure.read('{"a":0.305}')).toMatchObject({
      failureClass: 'schema_mismatch',
      message: expect.stringContaining('$.a') as string,
    });
    const dashed = { ...price, properties: { a: { type: 'string', pattern: '^\\d\\-\\d$' } } };
    const { structure: other } = structureOfJsonSchema(dashed, () =>
      Promise.resolve(compileJsonSchema),
    );
    expect(await other.read('{"a":"1-2"}')).toMatchObject({ type: 'fits' });
  });

  it('can recurse, be discriminated and be shared, in the schemas that Zod writes', () => {
    const Node = z.object({
      name: z.string(),
      get children() {
        return z.array(Node);
      },
    });
    for (const schema of [
      Node,
      z.object({ root: Node, again: Node }),
      z.object({
        a: z.int(),
        b: z.email(),
        c: z.iso.datetime(),
        d: z.enum(['x', 'y']),
        e: z.literal(['p', 'q']),
      }),
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.string().optional() })),
      z.strictObject({ a: z.string().describe('words') }),
      z.object({ a: z.record(z.enum(['x', 'y']), z.number()) }),
    ])
      ofStandard(schema);
  });

  it('is refused with a reason where its library has no JSON Schema for it', () => {
    const problemsOf = (schema: Parameters<typeof structureOfStandard>[0]): string => {
      const { structure, problems } = structureOfStandard(schema);
      return [
        ...problems,
        ...(problems.length > 0 ? [] : checkStrict(structure.jsonSchema, openaiSchemaRules)),
      ]
        .map(({ path, message, fix }) => `${path}: ${message}; ${fix}`)
        .join('\n');
    };
    expect(problemsOf(z.object({ a: z.date() }))).toContain('Date');
    expect(problemsOf(z.object({ a: z.record(z.string(), z.number()) }))).toContain(
      '$.a: its keys are not known beforehand',
    );
    expect(problemsOf(z.object({ a: z.any() }))).toContain('$.a: it');
    expect(problemsOf(z.looseObject({ a: z.string() }))).toContain(
      'it may have properties that it does not name',
    );
    expect(problemsOf(z.object({ a: z.tuple([z.string()]) }))).toContain(
      'one property for each place',
    );
    expect(problemsOf(z.discriminatedUnion('k', [z.object({ k: z.literal('a') })]))).toContain(
      'the root is a union',
    );
    expect(problemsOf(v.object({ a: v.string() }))).toContain('toStandardJsonSchema');
  });
});
