import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../../lib/run/job/price-file.ts';

const priceOf = (text: string, model = 'm'): unknown =>
  parsePrices('prices.json', text)({ kind: 'openai', connection: 'openai', model });
const row = (fields: object): string =>
  JSON.stringify({ m: { input: 0.4, output: 1.6, as_of: '2026-11-01', ...fields } });

describe('a price file', () => {
  it('gives batch prices as they stand, and halves those of single requests where a discount says so', () => {
    expect(priceOf(row({ cached_input: 0.1, source: 'the contract' }))).toEqual({
      inputUsdPerMillion: 0.4,
      cachedInputUsdPerMillion: 0.1,
      outputUsdPerMillion: 1.6,
      asOf: '2026-11-01',
      source: 'the contract',
    });
    expect(priceOf(row({ batch_discount: 0.5 }))).toEqual({
      inputUsdPerMillion: 0.2,
      cachedInputUsdPerMillion: 0.2,
      outputUsdPerMillion: 0.8,
      asOf: '2026-11-01',
      source: 'prices.json',
    });
  });

  it('knows a dated snapshot by its model, and no other model', () => {
    expect(priceOf(row({}), 'm-2026-01-02')).toMatchObject({ inputUsdPerMillion: 0.4 });
    for (const model of ['m-mini', 'ft:m', 'toString', '__proto__'])
      expect(priceOf(row({}), model)).toBeNull();
    expect(priceOf('{}')).toBeNull();
    expect(priceOf(`\uFEFF${row({ input: 0 })}`)).toMatchObject({ inputUsdPerMillion: 0 });
  });

  it('names file, model and key of whatever is wrong', () => {
    const faults: readonly (readonly [string, string])[] = [
      ['{', 'prices.json is not JSON: '],
      ['[]', 'prices.json: expected an object'],
      ['{"m":3}', 'prices.json: "m": expected an object'],
      [row({ inptu: 1 }), 'prices.json: "m", "inptu": unknown key'],
      [
        row({ input: -1 }),
        'prices.json: "m", "input": expected dollars per million tokens, 0 or more (got -1)',
      ],
      [row({ output: '1.6' }), 'prices.json: "m", "output": expected dollars'],
      [row({ output: null }), 'prices.json: "m", "output": expected dollars'],
      [row({ cached_input: -0.1 }), 'prices.json: "m", "cached_input": expected dollars'],
      [row({ batch_discount: 1 }), 'prices.json: "m", "batch_discount": expected a ratio'],
      [row({ batch_discount: -0.5 }), 'prices.json: "m", "batch_discount": expected a ratio'],
      [row({ as_of: '1.11.2026' }), 'prices.json: "m", "as_of": expected a date'],
      [row({ as_of: '2026-02-31' }), 'prices.json: "m", "as_of": expected a date'],
      [row({ as_of: undefined }), 'prices.json: "m", "as_of": is missing'],
      [row({ input: undefined }), 'prices.json: "m", "input": is missing'],
      [row({ output: undefined }), 'prices.json: "m", "output": is missing'],
      [row({ source: 7 }), 'prices.json: "m", "source": expected a text'],
      [row({}).replace('0.4', '1e999'), 'prices.json: "m", "input": expected dollars'],
    ];
    for (const [text, message] of faults) {
      expect(() => priceOf(text)).toThrow(message);
      expect(() => priceOf(text)).toThrow(
        expect.objectContaining({ code: 'invalid_config', details: { field: 'prices' } }),
      );
    }
  });
});
