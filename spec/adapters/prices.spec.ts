import { describe, expect, it } from 'vitest';
import { anthropic } from '../../adapters/anthropic/index.ts';
import { gemini, geminiPrices } from '../../adapters/gemini/index.ts';
import { mistral, mistralPrices } from '../../adapters/mistral/index.ts';
import { compatible, openai, serviceProfiles } from '../../adapters/openai/index.ts';
import { xai, xaiPrices } from '../../adapters/xai/index.ts';

/** Configs of a model whose batch price is known, and that price: input and output. */
const known = [
  ['openai', openai({ model: 'gpt-4.1-mini' }), 0.2, 0.8],
  ['anthropic', anthropic({ model: 'claude-haiku-4-5', maxTokens: 5 }), 0.5, 2.5],
  ['gemini', gemini({ model: 'models/gemini-2.5-flash' }), 0.15, 1.25],
  ['mistral', mistral({ model: 'mistral-small-latest' }), 0.05, 0.15],
  ['xai', xai({ model: 'grok-4.3' }), 1, 2],
  ['groq', compatible('groq', { model: 'llama-3.3-70b-versatile' }), 0.295, 0.395],
  [
    'deepinfra',
    compatible('deepinfra', { model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo' }),
    0.08,
    0.256,
  ],
] as const;

const day = /^20\d\d-\d\d-\d\d$/u;

describe('the batch price of a model', () => {
  it.each(known)('at %s is dated and has a source', (_name, { prices }, input, output) => {
    expect(prices?.inputUsdPerMillion).toBeCloseTo(input, 12);
    expect(prices?.outputUsdPerMillion).toBeCloseTo(output, 12);
    expect(prices?.asOf).toMatch(day);
    expect(prices?.source).not.toBe('');
  });

  it('is unknown for other models, and no price is another service’s', () => {
    const others = [
      gemini({ model: 'gemini-9' }),
      mistral({ model: 'mistral-large-latest' }),
      xai({ model: 'grok-9' }),
      anthropic({ model: 'claude-9', maxTokens: 5 }),
      compatible('groq', { model: 'constructor' }),
      ...Object.keys(serviceProfiles).map((name) =>
        compatible(name as keyof typeof serviceProfiles, { model: 'gpt-4.1-mini' }),
      ),
    ];
    expect(others.map(({ prices }) => prices)).toEqual(others.map(() => null));
  });

  it('is never free of input, nor less for cached input than nothing', () => {
    const tables = [geminiPrices, mistralPrices, xaiPrices].flatMap((table) =>
      Object.entries(table),
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const [model, price] of tables) {
      expect([model, price.inputUsdPerMillion > 0]).toEqual([model, true]);
      expect([model, price.cachedInputUsdPerMillion > 0]).toEqual([model, true]);
      expect([model, price.outputUsdPerMillion > 0 || model.includes('embed')]).toEqual([
        model,
        true,
      ]);
    }
  });
});
