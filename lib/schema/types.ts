import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { Type } from 'io-ts';

/** Zod, ArkType, or Valibot through `toStandardJsonSchema`: validates, and can say its JSON Schema. */
export interface StandardOutput<Output = unknown> {
  // What it takes is the model's business: any input will do.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly '~standard': StandardSchemaV1.Props<any, Output> & StandardJSONSchemaV1.Props<any, Output>;
}

/** A codec of io-ts. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
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
export type FromJsonSchema<S, Root = S> = S extends { readonly $ref: '#' }
  ? FromJsonSchema<Root, Root>
  : S extends { readonly $ref: `#/$defs/${infer Name}` }
    ? Root extends { readonly $defs: infer Definitions }
      ? Name extends keyof Definitions
        ? FromJsonSchema<Definitions[Name], Root>
        : unknown
      : unknown
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
              ? FromJsonSchema<Omit<S, 'type'> & { readonly type: Name }, Root>
              : never
            : S extends { readonly type: 'object'; readonly properties: infer Properties }
              ? { [Key in keyof Properties]: FromJsonSchema<Properties[Key], Root> } extends infer Members
                ? { -readonly [Key in keyof Members]: Members[Key] }
                : never
              : S extends { readonly type: 'array'; readonly items: infer Items }
                ? FromJsonSchema<Items, Root>[]
                : S extends { readonly type: 'string' }
                  ? string
                  : S extends { readonly type: 'number' | 'integer' }
                    ? number
                    : S extends { readonly type: 'boolean' }
                      ? boolean
                      : S extends { readonly type: 'null' }
                        ? null
                        : unknown;
