/**
 * What one provider takes as a strict JSON Schema: data, so that another provider needs no code.
 */
export interface StrictRules {
  /** Who says so, for messages. */
  readonly provider: string;
  /** The schema's name, where it has one: a pattern and a length. */
  readonly namePattern: string;
  readonly nameCharsMax: number;
  /** Keywords beside `type`, by type. */
  readonly keywords: Readonly<Record<JsonTypeName, readonly string[]>>;
  /** Keywords that say nothing of values and may stand anywhere but beside `$ref`. */
  readonly annotations: readonly string[];
  readonly formats: readonly string[];
  /** True where patterns that look ahead or behind are taken. */
  readonly takesLookaround: boolean;
  /** False where patterns may not refer back to their groups, nor name word boundaries. */
  readonly takesBackreferences?: boolean;
  /**
   * False where a definition may not lead back to itself; `through_optional`: only by properties
   * that are not required.
   */
  readonly takesRecursion?: boolean | 'through_optional';
  /** Largest value of `minItems`; absent: any. */
  readonly minItemsMax?: number;
  /**
   * Properties of all objects together that may be left out of an answer; absent: none, every
   * property is required.
   */
  readonly optionalPropertiesMax?: number;
  /** Unions in all, as `anyOf` or as a list of types; absent: any number. */
  readonly unionsMax?: number;
  /** Levels of objects and arrays inside each other, the root being the first. */
  readonly depthMax: number;
  /** Properties of all objects together. */
  readonly propertiesMax: number;
  /** Characters of all property and definition names, enum values and constants together. */
  readonly nameCharsMaxTotal: number;
  /** Values of all enums together. */
  readonly enumValuesMax: number;
  /** An enum of strings with more values than `values` may have so many characters. */
  readonly largeEnum: { readonly values: number; readonly charsMax: number };
}

export type JsonTypeName =
  'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
export const jsonTypeNames: readonly JsonTypeName[] = [
  'object',
  'array',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
];
export const isJsonTypeName = (value: unknown): value is JsonTypeName =>
  jsonTypeNames.includes(value as JsonTypeName);
