import type { TokenPrices } from '../../core/model/config.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import { invalid } from './job-limits.ts';
import { type PriceBook, priceTable } from './price-book.ts';

const keys: readonly string[] = [
  'input',
  'cached_input',
  'output',
  'as_of',
  'source',
  'batch_discount',
];

/**
 * Parses a price file: JSON, `{ "<model>": { "input": 0.4, "output": 1.6, "as_of": "2026-11-01" }
 * }`, in dollars per million tokens. Prices are those of the batch API, or with `"batch_discount":
 * 0.5` those of single requests, of which a batch costs half. `cached_input` defaults to `input`.
 * Throws `invalid_config`, which names file, model and key. Unknown keys are errors.
 */
export const parsePrices = (name: string, text: string): PriceBook => {
  const models = objectOf(name, text);
  return priceTable(
    Object.fromEntries(
      Object.entries(models).map(([model, row]) => [model, pricesOf(name, model, row)]),
    ),
  );
};

const objectOf = (name: string, text: string): JsonObject => {
  let value: unknown;
  try {
    // A byte order mark, as Windows editors write it.
    value = JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (error) {
    throw invalid(
      'prices',
      `${name} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (isJsonObject(value)) return value;
  throw invalid('prices', `${name}: expected an object with model names as keys`);
};

const pricesOf = (name: string, model: string, row: unknown): TokenPrices => {
  const fail = (key: string | null, what: string): never => {
    const field = `${JSON.stringify(model)}${key === null ? '' : `, ${JSON.stringify(key)}`}`;
    throw invalid('prices', `${name}: ${field}: ${what}`);
  };
  if (!isJsonObject(row)) return fail(null, `expected an object with ${keys.join(', ')}`);
  const strange = Object.keys(row).find((key) => !keys.includes(key));
  if (strange !== undefined) return fail(strange, `unknown key; known are ${keys.join(', ')}`);
  const number = (
    key: string,
    isRight: (value: number) => boolean,
    what: string,
  ): number | null => {
    const value = row[key];
    if (value === undefined) return null;
    return typeof value === 'number' && Number.isFinite(value) && isRight(value)
      ? value
      : fail(key, `expected ${what} (got ${JSON.stringify(value)})`);
  };
  const dollars = (key: string): number | null =>
    number(key, (value) => value >= 0, 'dollars per million tokens, 0 or more');
  const ratio =
    1 -
    (number('batch_discount', (value) => value >= 0 && value < 1, 'a ratio from 0 to below 1') ??
      0);
  const input = dollars('input') ?? fail('input', 'is missing');
  const { as_of: asOf, source = name } = row;
  if (typeof asOf !== 'string' || !isDay(asOf))
    return fail(
      'as_of',
      asOf === undefined
        ? 'is missing: the date of the price, such as 2026-11-01'
        : `expected a date such as 2026-11-01 (got ${JSON.stringify(asOf)})`,
    );
  if (typeof source !== 'string') return fail('source', 'expected a text');
  return {
    inputUsdPerMillion: input * ratio,
    cachedInputUsdPerMillion: (dollars('cached_input') ?? input) * ratio,
    outputUsdPerMillion: (dollars('output') ?? fail('output', 'is missing')) * ratio,
    asOf,
    source,
  };
};

const isDay = (text: string): boolean => {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  // February 31st matches the pattern, but is not a date.
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
};
