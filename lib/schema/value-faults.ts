import type { JsonObject, JsonValue } from '../core/json/json.ts';
import { isPattern } from './patterns.ts';
import type { JsonTypeName } from './strict-rules.ts';
import { isOfType } from './value-type.ts';

export interface ValueFault {
  readonly message: string;
  readonly fix: string;
}

const isCount = (value: JsonValue): boolean => Number.isInteger(value) && (value as number) >= 0;
const isNumber = (value: JsonValue): boolean => typeof value === 'number';
const isText = (value: JsonValue): boolean => typeof value === 'string';

/** What the value of a keyword has to be. */
const needs: Readonly<Record<string, readonly [(value: JsonValue) => boolean, string]>> = {
  minItems: [isCount, 'a whole number, not below 0'],
  maxItems: [isCount, 'a whole number, not below 0'],
  minLength: [isCount, 'a whole number, not below 0'],
  maxLength: [isCount, 'a whole number, not below 0'],
  minimum: [isNumber, 'a number'],
  maximum: [isNumber, 'a number'],
  exclusiveMinimum: [isNumber, 'a number'],
  exclusiveMaximum: [isNumber, 'a number'],
  multipleOf: [(value) => typeof value === 'number' && value > 0, 'a number above 0'],
  pattern: [isPattern, 'a regular expression'],
  title: [isText, 'a text'],
  description: [isText, 'a text'],
};

/** Values of keywords that say nothing, or what no value can satisfy. */
export const valueFaults = (
  node: JsonObject,
  types: readonly JsonTypeName[],
): readonly ValueFault[] => {
  const faults: ValueFault[] = [];
  const add = (message: string, fix: string): void => void faults.push({ message, fix });
  for (const [keyword, [isGood, what]] of Object.entries(needs)) {
    const value = node[keyword];
    if (value !== undefined && !isGood(value))
      add(`"${keyword}" is ${JSON.stringify(value)}`, `it is ${what}`);
  }
  const { enum: values, const: constant, required, type } = node;
  if (values !== undefined && (!Array.isArray(values) || values.length === 0))
    add('"enum" is not a list of values', 'give at least one value');
  for (const [name, list] of [
    ['enum', values],
    ['required', required],
    ['type', type],
  ] as const)
    if (Array.isArray(list) && hasDoubles(list as readonly JsonValue[]))
      add(`"${name}" names a value twice`, 'name each once');
  const said = [
    ...(Array.isArray(values) ? (values as readonly JsonValue[]) : []),
    ...('const' in node ? [constant ?? null] : []),
  ];
  const strange = said.find((value) => !types.some((each) => isOfType(each, value)));
  if (strange !== undefined)
    add(
      `${JSON.stringify(strange)} is no ${types.join(' or ')}`,
      'give values of the type, or another type',
    );
  return faults;
};

const hasDoubles = (list: readonly JsonValue[]): boolean =>
  new Set(list.map((value) => JSON.stringify(value))).size < list.length;
