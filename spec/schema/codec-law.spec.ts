import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openaiSchemaRules } from '../../adapters/openai/config/schema-rules.ts';
import { type JsonObject, type JsonValue, isJsonObject } from '../../lib/core/json/json.ts';
import { checkStrict } from '../../lib/schema/strict-check.ts';
import { structureOfCodec } from '../../lib/schema/structure.ts';
import { type Case, caseOf } from './codecs.ts';

/** An independent reader of JSON Schema. */
const accepts = (schema: JsonObject, value: JsonValue): string | null => {
  // Without allErrors it takes the name '' for none missing.
  const ajv = new Ajv({ strict: false, allErrors: true });
  return ajv.validate(schema, value) ? null : ajv.errorsText();
};

const kinds = new Set<string>();
const note = (codec: unknown): void => {
  if (typeof codec !== 'object' || codec === null || !('_tag' in codec)) return;
  kinds.add(String(codec._tag));
  const { type, types, props } = codec as {
    type?: unknown;
    types?: readonly unknown[];
    props?: Readonly<Record<string, unknown>>;
  };
  if (codec._tag !== 'RecursiveType') note(type);
  types?.forEach(note);
  Object.values(props ?? {}).forEach(note);
};

/** True where the codec asks what no JSON Schema says. */
const isRefined = (codec: unknown, seen: Set<unknown> = new Set()): boolean => {
  if (typeof codec !== 'object' || codec === null || seen.has(codec)) return false;
  seen.add(codec);
  const {
    name,
    type,
    types = [],
    props = {},
  } = codec as {
    readonly name?: string;
    readonly type?: unknown;
    readonly types?: readonly unknown[];
    readonly props?: Readonly<Record<string, unknown>>;
  };
  return (
    name === 'Even' ||
    [type, ...types, ...Object.values(props)].some((each) => isRefined(each, seen))
  );
};

describe('the JSON Schema of any codec', () => {
  it('accepts what the codec encodes, once absent keys are written as null, and the codec reads it back', () => {
    fc.assert(
      fc.property(caseOf, ({ codec, value, written }: Case) => {
        note(codec);
        const { structure, problems } = structureOfCodec(codec);
        expect(problems).toEqual([]);
        expect(checkStrict(structure.jsonSchema, openaiSchemaRules)).toEqual([]);
        expect(accepts(structure.jsonSchema, written)).toBeNull();
        const reading = structure.read(JSON.stringify(written));
        if (reading instanceof Promise || reading.type === 'fault')
          throw new Error(JSON.stringify(reading));
        expect(reading.output).toEqual(value);
        expect(codec.is(reading.output)).toBe(true);
      }),
      { numRuns: 120 },
    );
    expect([...kinds].sort()).toEqual(
      expect.arrayContaining([
        'ArrayType',
        'BooleanType',
        'ExactType',
        'InterfaceType',
        'IntersectionType',
        'KeyofType',
        'LiteralType',
        'NullType',
        'NumberType',
        'PartialType',
        'ReadonlyArrayType',
        'ReadonlyType',
        'RecursiveType',
        'RefinementType',
        'StringType',
        'UnionType',
      ]),
    );
  });

  it('refuses what the codec refuses, but for what only a refinement asks', () => {
    let refused = 0;
    fc.assert(
      fc.property(caseOf, fc.jsonValue(), fc.nat(), ({ codec, written }, other, place) => {
        const { structure } = structureOfCodec(codec);
        const broken = planted(written, other as JsonValue, place);
        if (accepts(structure.jsonSchema, broken) !== null) {
          refused += 1;
          return;
        }
        if (isRefined(codec)) return;
        expect(structure.read(JSON.stringify(broken))).toMatchObject({ type: 'fits' });
      }),
      { numRuns: 150 },
    );
    expect(refused).toBeGreaterThan(20);
  });
});

/** The value with another in some place of it. */
const planted = (value: JsonValue, other: JsonValue, place: number): JsonValue => {
  if (!isJsonObject(value) && !Array.isArray(value)) return other;
  const keys = Object.keys(value);
  const key = keys[place % (keys.length + 1)];
  if (key === undefined) return other;
  if (Array.isArray(value))
    return (value as readonly JsonValue[]).map((each, i) =>
      String(i) === key ? planted(each, other, Math.floor(place / 2)) : each,
    );
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === key ? planted(each ?? null, other, Math.floor(place / 2)) : (each ?? null),
    ]),
  );
};
