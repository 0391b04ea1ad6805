import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { CliFailure } from './failure.ts';

/** The value of a flag that must be there. */
export const required = (flag: string, value: string | undefined, hint: string): string => {
  if (value === undefined) throw new CliFailure(`${flag} is missing`, { hint });
  if (value.trim() === '') throw new CliFailure(`${flag} is empty`, { hint });
  return value;
};

/** One of the allowed words. */
export const choice = <const Word extends string>(flag: string, value: string, words: readonly Word[]): Word => {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new CliFailure(`${flag} ${JSON.stringify(value)}: allowed are ${words.join(', ')}`);
  return found;
};

/** A whole number of at least `min`; null where the flag is absent. */
export const wholeNumber = (flag: string, value: string | undefined, min = 1): number | null => {
  if (value === undefined) return null;
  const number = /^\d+$/u.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= min) return number;
  throw new CliFailure(`${flag} ${JSON.stringify(value)}: a whole number of at least ${min} is needed`);
};

/** A number as people write it, without sign or exponent; NaN for any other text. */
export const numberIn = (text: string): number => (/^\d+(\.\d+)?$/u.test(text) ? Number(text) : Number.NaN);

/** A number of at least `min`, decimals allowed; null where the flag is absent. */
export const decimal = (flag: string, value: string | undefined, min: number, unit: string): number | null => {
  if (value === undefined) return null;
  const number = numberIn(value);
  if (number >= min) return number;
  throw new CliFailure(`${flag} ${JSON.stringify(value)}: a number of ${unit}, at least ${min}, is needed`);
};

/** `key=json`, repeated, as one object of body parameters. */
export const params = (values: readonly string[]): JsonObject => {
  const entries = values.map((value): readonly [string, JsonValue] => {
    const at = value.indexOf('=');
    if (at < 1)
      throw new CliFailure(`--param ${JSON.stringify(value)}: key=json is needed`, { hint: `For example --param temperature=0.2` });
    const [key, text] = [value.slice(0, at), value.slice(at + 1)];
    try {
      return [key, JSON.parse(text) as JsonValue];
    } catch {
      throw new CliFailure(`--param ${key}: ${text} is not JSON`, {
        hint: `A text is written with its quotes: --param '${key}=${JSON.stringify(text)}'`,
      });
    }
  });
  const twice = entries.find(([key], i) => entries.findIndex(([other]) => other === key) !== i);
  if (twice !== undefined) throw new CliFailure(`--param ${twice[0]} is given twice`);
  return Object.fromEntries(entries);
};

/** A run id is a folder's name, so not every text will do. */
export const invalidRunId = (runId: string): CliFailure =>
  new CliFailure(`--run-id ${JSON.stringify(runId)} is no run id`, {
    hint: 'A run id has 1 to 120 of A-Z a-z 0-9 . _ - and begins with a letter or digit.',
  });
