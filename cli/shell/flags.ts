import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { CliFailure } from './failure.ts';

/** The value of a required flag. */
export const required = (flag: string, value: string | undefined, hint: string): string => {
  if (value === undefined) throw new CliFailure(`${flag} is missing`, { hint });
  if (value.trim() === '') throw new CliFailure(`${flag} is empty`, { hint });
  return value;
};

/** One of the allowed values. */
export const choice = <const Choice extends string>(
  flag: string,
  value: string,
  allowed: readonly Choice[],
): Choice => {
  const found = allowed.find((each) => each === value);
  if (found === undefined)
    throw new CliFailure(
      `${flag} must be one of ${allowed.join(', ')} (got ${JSON.stringify(value)})`,
    );
  return found;
};

/** A whole number of at least `min`; null where the flag is absent. */
export const wholeNumber = (flag: string, value: string | undefined, min = 1): number | null => {
  if (value === undefined) return null;
  const number = /^\d+$/u.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(number) && number >= min) return number;
  throw new CliFailure(
    `${flag} must be a whole number of at least ${min} (got ${JSON.stringify(value)})`,
  );
};

/** A number as people write it, without sign or exponent; NaN for any other text. */
export const numberIn = (text: string): number =>
  /^\d+(\.\d+)?$/u.test(text) ? Number(text) : Number.NaN;

/** A number of at least `min`, decimals allowed; null where the flag is absent. */
export const decimal = (
  flag: string,
  value: string | undefined,
  min: number,
  unit: string,
): number | null => {
  if (value === undefined) return null;
  const number = numberIn(value);
  if (number >= min) return number;
  throw new CliFailure(
    `${flag} must be a number of ${unit}, at least ${min} (got ${JSON.stringify(value)})`,
  );
};

/** `key=json`, repeated, as one object of body parameters. */
export const params = (values: readonly string[]): JsonObject => {
  const entries = values.map((value): readonly [string, JsonValue] => {
    const at = value.indexOf('=');
    if (at < 1)
      throw new CliFailure(`--param ${JSON.stringify(value)}: must be key=json`, {
        hint: `For example --param temperature=0.2`,
      });
    const [key, text] = [value.slice(0, at), value.slice(at + 1)];
    try {
      return [key, JSON.parse(text) as JsonValue];
    } catch {
      throw new CliFailure(`--param ${key}: ${text} is not JSON`, {
        hint: `Write a string with its quotes: --param '${key}=${JSON.stringify(text)}'`,
      });
    }
  });
  const twice = entries.find(([key], i) => entries.findIndex(([other]) => other === key) !== i);
  if (twice !== undefined) throw new CliFailure(`--param ${twice[0]} is given twice`);
  return Object.fromEntries(entries);
};

/** The error for an invalid run id. Run ids name folders, so their characters are limited. */
export const invalidRunId = (runId: string): CliFailure =>
  new CliFailure(`--run-id ${JSON.stringify(runId)} is not a valid run id`, {
    hint: 'A run id has 1 to 120 characters of A-Z a-z 0-9 . _ - and begins with a letter or digit.',
  });
