import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { Type } from 'io-ts';

/**
 * Zod, ArkType, or Valibot through `toStandardJsonSchema`: validates, and can say its JSON Schema.
 */
export interface StandardOutput<Output = unknown> {
  // What it takes is the model's business: any input will do.
  readonly '~standard': StandardSchemaV1.Props<any, Output> &
    StandardJSONSchemaV1.Props<any, Output>;
}

/** A codec of io-ts. */
export type IoTsOutput<Output = any> = Type<Output, any, unknown>;

/** A JSON Schema in the strict subset, written as a literal: the result's type is read off it. */
export interface JsonSchemaOutput {
  readonly type: 'object';
  readonly properties: { readonly [key: string]: unknown };
  readonly required: readonly string[];
  readonly additionalProperties: false;
  readonly $defs?: { readonly [key: string]: unknown };
  readonly title?: string;
  readonly description?: string;
  /** Keeps a bare Valibot schema, which also says `type: 'object'`, from being taken for one. */
  readonly '~standard'?: never;
}

/** What a job's `structuredOutput` may be: a Standard Schema, an io-ts codec or a JSON Schema. */
export type StructuredOutput = StandardOutput | IoTsOutput | JsonSchemaOutput;

/** The type of a completed result's `output` under this schema. */
export type OutputOf<S> = S extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : S extends { readonly _A: infer Output }
    ? Output
    : S extends JsonSchemaOutput
      ? FromJsonSchema<S, S>
      : never;

/** The TypeScript type that a strict-subset JSON Schema literal describes. */
export type FromJsonSchema<S, Root = S> = S extends { readonly $ref: infer Ref }
  ? Referred<Ref, Root>
  : S extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : S extends { readonly const: infer Value }
      ? Value
      : S extends { readonly anyOf: readonly (infer Option)[] }
        ? Option extends unknown
          ? FromJsonSchema<Option, Root>
          : never
        : S extends { readonly type: readonly (infer Name)[] }
          ? Name extends unknown
            ? Typed<Name, S, Root>
            : never
          : S extends { readonly type: infer Name }
            ? Typed<Name, S, Root>
            : unknown;

type Referred<Ref, Root> = Ref extends '#'
  ? FromJsonSchema<Root, Root>
  : Ref extends `#/$defs/${infer Name}`
    ? Root extends { readonly $defs: infer Definitions }
      ? Name extends keyof Definitions
        ? FromJsonSchema<Definitions[Name], Root>
        : unknown
      : unknown
    : unknown;

/** Members are worked out when they are asked for, so that a schema may contain itself. */
type Members<Properties, Root> = {
  -readonly [Key in keyof Properties]: FromJsonSchema<Properties[Key], Root>;
};

type Typed<Name, S, Root> = Name extends 'object'
  ? S extends { readonly properties: infer Properties }
    ? Members<Properties, Root>
    : object
  : Name extends 'array'
    ? S extends { readonly items: infer Items }
      ? FromJsonSchema<Items, Root>[]
      : unknown[]
    : Name extends keyof Plain
      ? Plain[Name]
      : unknown;

interface Plain {
  string: string;
  number: number;
  integer: number;
  boolean: boolean;
  null: null;
}
