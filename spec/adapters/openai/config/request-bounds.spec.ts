import { describe, expect, it } from 'vitest';
import { startEmulator } from '../../../../adapters/emulator/index.ts';
import {
  createOpenAI,
  openaiEndpoints,
  type OpenAIEndpoint,
  openaiLimits,
} from '../../../../adapters/openai/index.ts';
import { openaiPriceOf, openaiPrices } from '../../../../adapters/openai/config/prices.ts';
import { outputTokensMaxOf } from '../../../../adapters/openai/config/request-bounds.ts';
import { createRenderer } from '../../../../adapters/openai/requests/request-line.ts';
import { BatchRunner } from '../../../../lib/index.ts';
import { memoryStore } from '../../../../lib/sim/index.ts';

const renderer = (endpoint: OpenAIEndpoint, params = {}) =>
  createRenderer({
    model: 'm',
    endpoint,
    params,
    jsonSchema: null,
    schemaName: null,
    raisedOutputTokensMax: null,
  });

describe('the bound of an answer', () => {
  it.each<[OpenAIEndpoint, object, number | null]>([
    ['responses', { max_output_tokens: 300 }, 300],
    ['responses', {}, null],
    ['responses', { max_tokens: 300 }, null],
    ['chat.completions', { max_completion_tokens: 200, max_tokens: 900 }, 200],
    ['chat.completions', { max_tokens: 900, n: 3 }, 2_700],
    ['chat.completions', { n: 3 }, null],
    ['completions', { max_tokens: 10, n: 2, best_of: 5 }, 50],
    ['embeddings', {}, 0],
    ['moderations', {}, 0],
  ])('%s with %j is %s', (endpoint, body, bound) => {
    expect(outputTokensMaxOf(endpoint, body as never)).toBe(bound);
  });

  it('is reported where the prompt itself sets it', () => {
    const render = renderer('responses', { max_output_tokens: 100 });
    expect(render('row-0', 'plain')).not.toHaveProperty('outputTokensMax');
    expect(render('row-0', { body: { input: 'x' } })).not.toHaveProperty('outputTokensMax');
    expect(render('row-0', { body: { input: 'x', max_output_tokens: 5_000 } })).toMatchObject({
      outputTokensMax: 5_000,
    });
    expect(renderer('chat.completions')('row-0', { body: { messages: [], n: 4 } })).toMatchObject({
      outputTokensMax: null,
    });
  });
});

describe('the inputs of a request', () => {
  it('are the texts that it embeds: a list of numbers is one', () => {
    const render = renderer('embeddings');
    expect(render('row-0', 'one text')).not.toHaveProperty('inputs');
    expect(render('row-0', { input: ['a', 'b', 'c'] })).toMatchObject({ inputs: 3 });
    expect(render('row-0', { input: [1, 2, 3] as never })).toMatchObject({ inputs: 1 });
    expect(render('row-0', { input: [[1, 2], [3]] as never })).toMatchObject({ inputs: 2 });
    expect(render('row-0', { body: { input: ['a', 'b'] } })).toMatchObject({ inputs: 2 });
  });

  it('fill batches, and a request with more than a batch may have fails alone', async () => {
    const emulator = await startEmulator({ turnaroundMs: { min: 0, max: 0 } });
    const connection = createOpenAI({ baseURL: emulator.baseURL, apiKey: 'sk-emulator' });
    await using runner = new BatchRunner({ storage: memoryStore(), providers: [connection] });
    const inputsMax = openaiLimits.inputsMax ?? 0;
    const counts = [inputsMax * 0.6, inputsMax * 0.4, inputsMax * 0.5, inputsMax + 1, inputsMax];
    const run = await runner.start({
      items: counts.map((count, i) => ({
        itemId: `row${i}`,
        payload: Array<string>(count).fill('x'),
      })),
      buildPrompt: ({ payload }) => ({ input: payload }),
      providerConfig: connection({
        model: 'text-embedding-3-small',
        endpoint: 'embeddings',
        params: { dimensions: 1 },
        pollIntervalMs: 50,
      }),
    });
    const { itemCounts, batchCount } = await run.wait();
    expect(itemCounts).toMatchObject({ completed: 4, failed_permanent: 1 });
    // 0.6 and 0.4 fill one to the last input; 0.5 has no room for 1 beside it.
    expect(batchCount).toBe(3);
    const failed = (await run.results().toArray()).filter(
      ({ status }) => status === 'failed_permanent',
    );
    expect(failed).toMatchObject([{ itemId: 'row3', error: { errorClass: 'request_too_large' } }]);
    await emulator.close();
  });
});

describe('the prices that are known', () => {
  it('are batch prices of a day and a place, with cached input never dearer than input', () => {
    expect(Object.keys(openaiPrices).length).toBeGreaterThan(8);
    for (const price of Object.values(openaiPrices)) {
      expect(price.asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(price.source).not.toBe('');
      expect(price.cachedInputUsdPerMillion).toBeLessThanOrEqual(price.inputUsdPerMillion);
      expect(price.inputUsdPerMillion).toBeGreaterThan(0);
    }
    expect(openaiPriceOf('gpt-4.1-mini')).toMatchObject({
      inputUsdPerMillion: 0.2,
      outputUsdPerMillion: 0.8,
    });
  });

  it('hold for dated snapshots, and for no model that is only called alike', () => {
    expect(openaiPriceOf('gpt-4.1-mini-2025-04-14')).toBe(openaiPrices['gpt-4.1-mini']);
    for (const model of [
      'gpt-4.1-mini-turbo',
      'ft:gpt-4.1-mini:acme::1',
      'gpt-4.1-micro',
      'toString',
      '__proto__',
      '',
    ])
      expect(openaiPriceOf(model)).toBeNull();
  });

  it('are those of a provider config, and null where they are not known', () => {
    const connection = createOpenAI({ apiKey: 'sk-nothing-0123' });
    expect(connection({ model: 'gpt-4o' }).prices).toBe(openaiPrices['gpt-4o']);
    expect(connection({ model: 'house-model' }).prices).toBeNull();
    expect(openaiEndpoints.length).toBeGreaterThan(3);
  });
});
