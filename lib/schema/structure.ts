import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type * as t from 'io-ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json/json.ts';
import { withoutNulls } from './absent.ts';
import { schemaOfCodec } from './io-ts-schema.ts';
import { codecIssue } from './io-ts-issue.ts';
import { type AnswerFault, answerFault, parseAnswer } from './parse-answer.ts';
import { atItems, atProperty, type SchemaProblem } from './problem.ts';
import { strictForm } from './strict-form.ts';
import type { StrictRules } from './strict-rules.ts';

/** What words are under a schema. */
export type OutputReading =
  { readonly type: 'fits'; readonly output: unknown; readonly json: JsonValue } | AnswerFault;

/** The structure of answers: its schema for the provider, and how to read answers by it. */
export interface Structure {
  readonly jsonSchema: JsonObject;
  /**
   * The same, but that properties which may be absent are not required, for providers that take
   * such; absent: there is no other form.
   */
  readonly looseSchema?: JsonObject;
  /** The schema's own name; null where it has none. */
  readonly name: string | null;
  /**
   * Loads what reading needs, where that is not loaded yet; the first reading would else wait for
   * it.
   */
  readonly prepare?: () => Promise<void>;
  /** Never throws, nor rejects. A promise only where the schema's own validation is one. */
  readonly read: (text: string | null) => OutputReading | Promise<OutputReading>;
}

/** Compiles a JSON Schema; answers, of a value, what is wrong with it, or null. */
export type SchemaCompiler = (schema: JsonObject) => (value: JsonValue) => string | null;

/** A structure, or why there is none of it. `vendor`: whose schema it is. */
export interface MadeStructure {
  readonly vendor: string;
  readonly structure: Structure;
  readonly problems: readonly SchemaProblem[];
}

/**
 * Told apart by shape: a Standard Schema, a codec of io-ts; anything else is no schema with code of
 * its own.
 */
export const isStandard = (
  schema: unknown,
): schema is {
  readonly '~standard': StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props>;
} =>
  (typeof schema === 'object' || typeof schema === 'function') &&
  schema !== null &&
  isJsonObject((schema as Record<string, unknown>)['~standard']);
export const isCodec = (schema: unknown): schema is t.Mixed =>
  typeof schema === 'object' &&
  schema !== null &&
  typeof (schema as Partial<t.Mixed>).decode === 'function' &&
  typeof (schema as Partial<t.Mixed>).encode === 'function';

export const structureOfCodec = (codec: t.Mixed): MadeStructure => {
  const { schema, problems, name } = schemaOfCodec(codec);
  const form = strictForm(schema);
  const decode = (value: JsonValue): OutputReading => {
    const decoded = codec.decode(value);
    return decoded._tag === 'Right'
      ? { type: 'fits', output: decoded.right as unknown, json: value }
      : mismatch(codecIssue(decoded.left));
  };
  return {
    vendor: 'io-ts',
    structure: structureOf(name, form.loose, form.schema, decode),
    problems: [...problems, ...form.problems],
  };
};

export const structureOfStandard = (schema: {
  readonly '~standard': StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props>;
}): MadeStructure => {
  const { vendor, jsonSchema, validate } = schema['~standard'];
  const messages = jsonSchemaOf(vendor, jsonSchema);
  const decode = (value: JsonValue): OutputReading | Promise<OutputReading> => {
    const result = validate(value);
    return result instanceof Promise
      ? result.then((done) => standardReading(done, value))
      : standardReading(result, value);
  };
  if ('problem' in messages)
    return { vendor, structure: structureOf(null, {}, {}, decode), problems: [messages.problem] };
  const form = strictForm(messages.schema);
  const { title } = messages.schema;
  return {
    vendor,
    structure: structureOf(
      typeof title === 'string' ? title : null,
      form.loose,
      form.schema,
      decode,
    ),
    problems: form.problems,
  };
};

/**
 * A JSON Schema, unchanged; null stays null. Its compiler is loaded when the first answer is read.
 */
export const structureOfJsonSchema = (
  schema: JsonObject,
  loadCompiler: () => Promise<SchemaCompiler>,
): MadeStructure => {
  const { title } = schema;
  let check: ((value: JsonValue) => string | null) | null = null;
  const prepare = async (): Promise<void> => {
    check ??= (await loadCompiler())(schema);
  };
  const decode = (value: JsonValue): OutputReading | Promise<OutputReading> => {
    if (check === null) return prepare().then(() => decode(value));
    const wrong = check(value);
    return wrong === null ? { type: 'fits', output: value, json: value } : mismatch(wrong);
  };
  const structure = {
    ...structureOf(typeof title === 'string' ? title : null, {}, schema, decode),
    prepare,
  };
  return { vendor: 'json-schema', structure, problems: [] };
};

/** The form of the schema that a provider with such rules is sent. */
export const sentSchema = (structure: Structure, rules: StrictRules | undefined): JsonObject =>
  rules?.optionalPropertiesMax === undefined
    ? structure.jsonSchema
    : (structure.looseSchema ?? structure.jsonSchema);

/** The form that equals a stored schema; the strict one where neither does. */
export const storedForm = (structure: Structure, stored: JsonValue): JsonObject => {
  const { looseSchema, jsonSchema } = structure;
  return looseSchema !== undefined && JSON.stringify(looseSchema) === JSON.stringify(stored)
    ? looseSchema
    : jsonSchema;
};

const jsonSchemaOf = (
  vendor: string,
  converter: StandardJSONSchemaV1.Converter | undefined,
): { readonly schema: JsonObject } | { readonly problem: SchemaProblem } => {
  const problem = (message: string, fix: string): { readonly problem: SchemaProblem } => ({
    problem: { path: '$', rule: 'no_meaning', message, fix },
  });
  if (converter === undefined)
    return problem(
      `this ${vendor} schema cannot say its JSON Schema`,
      vendor === 'valibot'
        ? 'wrap it: toStandardJsonSchema of @valibot/to-json-schema'
        : 'use a version of the library that has ~standard.jsonSchema, or give the JSON Schema itself',
    );
  try {
    // What the model writes is what the schema takes in; what the run gives is what comes out of
    // it.
    return {
      schema: JSON.parse(
        JSON.stringify(converter.input({ target: 'draft-2020-12' })),
      ) as JsonObject,
    };
  } catch (error) {
    return problem(
      error instanceof Error ? error.message : String(error),
      `${vendor} has no JSON Schema for it: take a plain type, and convert it afterwards`,
    );
  }
};

const structureOf = (
  name: string | null,
  loose: JsonObject,
  jsonSchema: JsonObject,
  decode: (value: JsonValue) => OutputReading | Promise<OutputReading>,
): Structure => {
  const readingsOf = withoutNulls(loose);
  return {
    name,
    jsonSchema,
    ...(Object.keys(loose).length === 0 ? {} : { looseSchema: loose }),
    read(text) {
      const parsed = parseAnswer(text);
      if (parsed.type === 'fault') return parsed;
      try {
        const reading = firstThatFits(readingsOf(parsed.value)[Symbol.iterator](), decode);
        return reading instanceof Promise
          ? reading.then((done) => asWritten(done, parsed.value), threw)
          : asWritten(reading, parsed.value);
      } catch (error) {
        return threw(error);
      }
    },
  };
};

type Decode = (value: JsonValue) => OutputReading | Promise<OutputReading>;

/**
 * Of the ways to read a value the first that the schema takes; of none, what is wrong with the
 * likeliest.
 */
const firstThatFits = (
  values: Iterator<JsonValue>,
  decode: Decode,
  fault: AnswerFault | null = null,
): OutputReading | Promise<OutputReading> => {
  for (let firstFault = fault, next = values.next(); ; next = values.next()) {
    if (next.done === true) return firstFault ?? mismatch('it cannot be read');
    const reading = decode(next.value);
    if (reading instanceof Promise)
      return reading.then((done) =>
        done.type === 'fits' ? done : firstThatFits(values, decode, firstFault ?? done),
      );
    if (reading.type === 'fits') return reading;
    firstFault ??= reading;
  }
};

const asWritten = (reading: OutputReading, json: JsonValue): OutputReading =>
  reading.type === 'fits' ? { ...reading, json } : reading;

const mismatch = (what: string): AnswerFault =>
  answerFault('schema_mismatch', `the answer does not satisfy the schema: ${what}`);
const threw = (error: unknown): AnswerFault =>
  mismatch(`its check failed: ${error instanceof Error ? error.message : String(error)}`);

const standardReading = (
  result: StandardSchemaV1.Result<unknown>,
  json: JsonValue,
): OutputReading => {
  if (result.issues === undefined) return { type: 'fits', output: result.value, json };
  const [issue, ...more] = result.issues;
  return mismatch(
    `${pathOf(issue?.path ?? [])}: ${issue?.message ?? 'refused'}${more.length === 0 ? '' : `, and ${more.length} more`}`,
  );
};

const pathOf = (path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string =>
  path.reduce<string>((at, segment) => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'number'
      ? `${atItems(at).slice(0, -1)}${key}]`
      : atProperty(at, String(key));
  }, '$');
