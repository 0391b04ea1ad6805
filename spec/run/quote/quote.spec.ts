import { describe, expect, it } from 'vitest';
import { openai } from '../../../adapters/openai/index.ts';
import type { Storage } from '../../../lib/ports/run-store.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { priceTable } from '../../../lib/run/job/price-book.ts';
import { fakeTokens } from '../../../lib/sim/fake-tokens.ts';
import { createWorld } from '../../../lib/sim/world.ts';
import { unevenTexts } from './uneven-rows.ts';

const prices = {
  inputUsdPerMillion: 1,
  cachedInputUsdPerMillion: 0.5,
  outputUsdPerMillion: 4,
  asOf: '2026-11-01',
  source: 'spec',
};
const book = priceTable({ priced: prices });
/** Touching it is a mistake. */
const noStorage = new Proxy(
  {},
  {
    get: (_, key) => {
      throw new Error(`a quote opened the store (${String(key)})`);
    },
  },
) as Storage<'local'>;
const runner = new BatchRunner({ storage: noStorage, prices: book, tokenCounter: fakeTokens });
const itemsOf = (
  texts: readonly string[],
): { readonly itemId: string; readonly payload: string }[] =>
  texts.map((payload, i) => ({ itemId: `r${i}`, payload }));
const buildPrompt = ({ payload }: { readonly payload: string }): string => payload;
const few = itemsOf(['one', 'two', 'three']);
const bounded = openai({ model: 'priced', params: { max_output_tokens: 100 } });

describe('a quote', () => {
  it('tells what a run then sends and is billed, whatever lengths its answers have', async () => {
    const answered = (body: { readonly input?: unknown }): string =>
      'ab'.repeat(20 + (String(body.input).length % 300));
    await using world = await createWorld({
      seed: 3,
      answer: ({ body }) => answered(body as { readonly input?: unknown }),
    });
    const job = {
      items: itemsOf(unevenTexts(6_000, 5)),
      buildPrompt,
      providerConfig: openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 200 } }),
      chunkPolicy: { maxRequests: 1_000 },
    };
    const quote = await world.runner.quote(job, { sampleRows: 500 });
    const run = await world.runner.start(job);
    const { usage, batchCount, itemCounts } = await world.settle(run);
    expect(itemCounts.completed).toBe(6_000);
    expect(quote.items).toBe(6_000);
    expect(quote.batches).toBe(batchCount);
    expect(quote.requestBytes).toBeGreaterThan(usage.inputTokens);
    expect(quote.inputTokens.isExact).toBe(false);
    expect(Math.abs(quote.inputTokens.expected / usage.inputTokens - 1)).toBeLessThan(0.02);
    expect(usage.outputTokens).toBeGreaterThanOrEqual(quote.outputTokens.min);
    expect(usage.outputTokens).toBeLessThanOrEqual(quote.outputTokens.max as number);
    const { inputUsdPerMillion, outputUsdPerMillion } = quote.prices as typeof prices;
    const billed =
      (usage.inputTokens * inputUsdPerMillion + usage.outputTokens * outputUsdPerMillion) / 1e6;
    expect(billed).toBeGreaterThan(quote.costRange.minUsd as number);
    expect(billed).toBeLessThan(quote.worstCaseUsd as number);
    expect(quote.costUsd).toBeNull();
    const foreseen = await world.runner.quote(job, {
      sampleRows: 500,
      outputTokensPerItem: usage.outputTokens / 6_000,
    });
    expect(Math.abs((foreseen.costUsd as number) / billed - 1)).toBeLessThan(0.02);
    const exact = await world.runner.quote(job, { exact: true });
    expect(exact.inputTokens).toMatchObject({
      expected: usage.inputTokens,
      min: usage.inputTokens,
      isExact: true,
      errorRatio: 0,
    });
  });

  it('needs no key and opens no store', async () => {
    const quote = await runner.quote(
      { items: few, buildPrompt, providerConfig: bounded },
      { outputTokensPerItem: 50 },
    );
    expect(quote).toMatchObject({
      items: 3,
      batches: 1,
      model: 'priced',
      prices,
      cap: null,
      hours: { from: 1, to: 24 },
    });
    expect(quote.inputTokens).toMatchObject({
      expected: 16,
      min: 16,
      max: 16,
      isExact: true,
      countedRows: 3,
      counter: 'fake',
    });
    expect(quote.outputTokens).toEqual({ min: 3, expected: 150, max: 300 });
    expect(quote.costUsd).toBeCloseTo((16 + 150 * 4) / 1e6, 12);
    expect(quote.costRange.minUsd).toBeCloseTo((16 * 0.5 + 3 * 4) / 1e6, 12);
    expect(quote.costRange.maxUsd).toBeCloseTo((16 + 300 * 4) / 1e6, 12);
    expect(quote.worstCaseUsd).toBe(quote.costRange.maxUsd);
    expect(quote.warnings).toContain('prices as of 2026-11-01 (spec)');
  });

  it('counts with the default counter where none is given', async () => {
    const providerConfig = openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 100 } });
    const quote = await new BatchRunner({ storage: noStorage }).quote({
      items: few,
      buildPrompt,
      providerConfig,
    });
    expect(quote.inputTokens).toMatchObject({ counter: 'tiktoken', isExact: true, isBound: true });
    expect(quote.warnings.join()).not.toContain('estimate');
  });

  it('calls tokens of pictures, and of models that it does not know, an estimate and no bound', async () => {
    const picture = {
      type: 'input_image',
      detail: 'high',
      image_url: 'https://example.com/a.png',
    } as const;
    const shown = { messages: [{ role: 'user' as const, content: [picture] }] };
    const known = openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 100 } });
    const tiktoken = new BatchRunner({
      storage: noStorage,
      prices: priceTable({ priced: prices, 'gpt-4.1-mini': prices }),
    });
    for (const costUsdMax of [1e-9, 1_000]) {
      const capped = { items: few, budget: { costUsdMax } };
      for (const quote of [
        await tiktoken.quote({ ...capped, providerConfig: bounded, buildPrompt }),
        await tiktoken.quote({ ...capped, providerConfig: known, buildPrompt: () => shown }),
      ]) {
        expect(quote.inputTokens).toMatchObject({
          counter: 'tiktoken',
          isExact: false,
          isBound: false,
        });
        expect(quote.cap?.verdict).toBe('may_be_reached');
        expect(quote.warnings.join()).toContain('input tokens are an estimate, not a bound');
      }
    }
  });

  it('does so where only rows that it does not count have pictures', async () => {
    const runner = new BatchRunner({ storage: noStorage });
    const picture = {
      type: 'input_image',
      detail: 'low',
      image_url: 'https://example.com/a.png',
    } as const;
    const items = Array.from({ length: 400 }, (_, i) => ({ itemId: `row${i}`, payload: i }));
    const providerConfig = openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 100 } });
    const quoted = (pictures: number) =>
      runner.quote(
        {
          items,
          providerConfig,
          // Long rows are counted, and short ones are not.
          buildPrompt: ({ payload }) =>
            payload === pictures
              ? { messages: [{ role: 'user' as const, content: [picture] }] }
              : 'long words '.repeat(200),
        },
        { sampleRows: 10 },
      );
    expect((await quoted(-1)).inputTokens).toMatchObject({ isBound: true, countedRows: 10 });
    expect((await quoted(390)).inputTokens).toMatchObject({ isBound: false, countedRows: 10 });
  });

  it('takes what is unknown for unknown, never for nothing', async () => {
    const unbounded = await runner.quote({
      items: few,
      buildPrompt,
      providerConfig: openai({ model: 'priced' }),
    });
    expect(unbounded.outputTokens).toEqual({ min: 3, expected: null, max: null });
    expect(unbounded).toMatchObject({
      costUsd: null,
      worstCaseUsd: null,
      costRange: { maxUsd: null },
    });
    expect(unbounded.costRange.minUsd).toBeGreaterThan(0);
    const unpriced = await runner.quote(
      {
        items: few,
        buildPrompt,
        providerConfig: openai({ model: 'nobody-knows' }),
        budget: { assumeOutputTokens: 10 },
      },
      { outputTokensPerItem: 5 },
    );
    expect(unpriced.outputTokens).toEqual({ min: 3, expected: 15, max: 30 });
    expect(unpriced).toMatchObject({
      prices: null,
      costUsd: null,
      worstCaseUsd: null,
      costRange: { minUsd: null, maxUsd: null },
    });
    expect(unpriced.warnings).toContain('no price is known for model nobody-knows');
  });

  it('expects no output of embeddings', async () => {
    const providerConfig = openai({ model: 'text-embedding-3-small', endpoint: 'embeddings' });
    const quote = await runner.quote({ items: few, buildPrompt, providerConfig });
    expect(quote.outputTokens).toEqual({ min: 0, expected: 0, max: 0 });
    expect(quote.costUsd).toBe(quote.worstCaseUsd);
    expect(quote.costUsd).toBeGreaterThan(0);
  });

  it('counts bad rows, and the ids that come again among them', async () => {
    const items = [
      ...itemsOf(['fine', 'bad', 'again']),
      { itemId: 'r0', payload: 'taken' },
      { itemId: '', payload: 'x' },
    ];
    const throwing = ({ payload }: { readonly payload: string }): string => {
      if (payload === 'bad') throw new Error('no prompt for it');
      return payload;
    };
    const quote = await runner.quote({ items, buildPrompt: throwing, providerConfig: bounded });
    expect(quote).toMatchObject({
      items: 2,
      badRows: { count: 3 },
      outputTokens: { min: 2, max: 200 },
    });
    expect(quote.badRows.messages).toEqual([
      'items, row 1: buildPrompt failed: no prompt for it',
      'items, row 3, field "itemId": the id "r0" is taken by an earlier row',
      'items, row 4, field "itemId": its item id is empty',
    ]);
    expect(quote.warnings.join('\n')).toContain('a run pauses at the first of them');
  });

  it('takes the bound of a request from the request, where it says one', async () => {
    const providerConfig = openai({ model: 'priced', params: { max_output_tokens: 100 } });
    const quote = await runner.quote({
      items: few,
      buildPrompt: ({ payload }: { readonly payload: string }) => ({
        body: { input: payload, ...(payload === 'two' ? { max_output_tokens: 7 } : {}) },
      }),
      providerConfig,
    });
    expect(quote.outputTokens.max).toBe(207);
  });

  it('packs as a run does, under budgets and behind a canary', async () => {
    const items = itemsOf(Array.from({ length: 1_000 }, () => 'x'.repeat(384)));
    const job = {
      items,
      buildPrompt,
      providerConfig: openai({ model: 'priced', params: { max_output_tokens: 1 } }),
    };
    // A hundred tokens a row.
    expect(await runner.quote(job)).toMatchObject({
      batches: 1,
      inputTokens: { expected: 100_000 },
      queue: { rounds: 1, tokensMax: null },
    });
    expect(await runner.quote({ ...job, chunkPolicy: { maxRequests: 300 } })).toMatchObject({
      batches: 4,
      queue: { rounds: 1 },
    });
    expect(await runner.quote({ ...job, canary: { items: 20 } })).toMatchObject({
      batches: 2,
      queue: { rounds: 2 },
    });
    const queue = { enqueuedTokenLimit: 50_000, targetRatio: 0.5, headroom: 1_000 };
    const under = openai({
      model: 'priced',
      params: { max_output_tokens: 1 },
      enqueueLimits: queue,
    });
    expect(await runner.quote({ ...job, providerConfig: under })).toMatchObject({
      batches: 4,
      queue: { rounds: 4, tokensMax: 25_000, scope: 'openai/priced' },
      hours: { from: 4, to: 96 },
    });
    const requests = openai({
      model: 'priced',
      params: { max_output_tokens: 1 },
      enqueueLimits: { enqueuedRequestLimit: 350 },
    });
    expect(
      await runner.quote(
        { ...job, providerConfig: requests, chunkPolicy: { maxRequests: 100 } },
        { batchHours: { from: 2, to: 3 } },
      ),
    ).toMatchObject({
      batches: 11,
      queue: { rounds: 3 },
      hours: { from: 6, to: 9 },
    });
    const tiny = openai({ model: 'priced', enqueueLimits: { enqueuedTokenLimit: 99 } });
    const stuck = await runner.quote({ ...job, providerConfig: tiny });
    expect(stuck.batches).toBe(0);
    expect(stuck.warnings.join('\n')).toContain(
      '1,000 rows are larger than the whole enqueue budget (99 tokens)',
    );
    const one = await runner.quote({
      ...job,
      items: job.items.slice(0, 1),
      providerConfig: tiny,
      budget: { costUsdMax: 1e-9 },
    });
    expect(one.warnings.join('\n')).toContain(
      '1 row is larger than the whole enqueue budget (99 tokens)',
    );
    expect(one.warnings.join('\n')).toContain('the cost cap of $0.000000001');
    expect(await runner.quote({ ...job, chunkPolicy: { maxFileBytes: 100 } })).toMatchObject({
      batches: 0,
      oversizedRows: 1_000,
    });
  });

  it('foresees about as many batches as a run makes under a budget in tokens', async () => {
    await using world = await createWorld({ seed: 2 });
    const enqueueLimits = { enqueuedTokenLimit: 60_000 };
    const job = {
      items: itemsOf(unevenTexts(1_500, 5)),
      buildPrompt,
      providerConfig: openai({
        model: 'gpt-4.1-mini',
        params: { max_output_tokens: 200 },
        enqueueLimits,
      }),
      chunkPolicy: { maxRequests: 100 },
    };
    const { batches, queue } = await world.runner.quote(job, { sampleRows: 300 });
    const { batchCount } = await world.settle(await world.runner.start(job));
    expect(queue.rounds).toBe(3);
    expect(batchCount).toBeGreaterThanOrEqual(batches);
    expect(batchCount).toBeLessThanOrEqual(batches * 1.4);
  });

  it('says what a cost cap would do, one that could not be kept included', async () => {
    const job = { items: few, buildPrompt, providerConfig: bounded };
    const verdict = async (costUsdMax: number, providerConfig = bounded): Promise<unknown> =>
      (await runner.quote({ ...job, providerConfig, budget: { costUsdMax } })).cap;
    expect(await verdict(1)).toEqual({ usd: 1, verdict: 'never_reached' });
    expect(await verdict(0.001)).toEqual({ usd: 0.001, verdict: 'may_be_reached' });
    expect(await verdict(0.00001)).toEqual({ usd: 0.00001, verdict: 'reached' });
    expect(await verdict(1, openai({ model: 'priced' }))).toEqual({ usd: 1, verdict: 'unknown' });
    expect(
      await verdict(1, openai({ model: 'nobody-knows', params: { max_output_tokens: 1 } })),
    ).toEqual({ usd: 1, verdict: 'unknown' });
  });

  it('is of an input without rows, too', async () => {
    const quote = await runner.quote({
      items: [],
      buildPrompt,
      providerConfig: openai({ model: 'priced' }),
    });
    expect(quote).toMatchObject({
      items: 0,
      batches: 0,
      requestBytes: 0,
      hours: { from: 0, to: 0 },
    });
    expect(quote.warnings).toContain('the input has no valid row');
  });

  it('refuses nonsense by name, and stops on request', async () => {
    const job = { items: few, buildPrompt, providerConfig: bounded };
    const fieldOf = (field: string): object => ({ code: 'invalid_config', details: { field } });
    await expect(runner.quote(job, { outputTokensPerItem: Number.NaN })).rejects.toMatchObject(
      fieldOf('outputTokensPerItem'),
    );
    await expect(runner.quote(job, { outputTokensPerItem: -1 })).rejects.toMatchObject(
      fieldOf('outputTokensPerItem'),
    );
    await expect(runner.quote(job, { sampleRows: 0 })).rejects.toMatchObject(fieldOf('sampleRows'));
    await expect(runner.quote(job, { batchHours: { from: 2, to: 1 } })).rejects.toMatchObject(
      fieldOf('batchHours'),
    );
    await expect(
      runner.quote({ ...job, budget: { costUsdMax: Number.NaN } }),
    ).rejects.toMatchObject(fieldOf('budget.costUsdMax'));
    await expect(runner.quote({ ...job, budget: { costUsdMax: -1 } })).rejects.toMatchObject(
      fieldOf('budget.costUsdMax'),
    );
    await expect(
      runner.quote(job, { signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    const source = {
      kind: 'broken',
      ref: 'broken',
      fingerprint: () => Promise.resolve(''),
      read: () => {
        throw new Error('no such file');
      },
    };
    await expect(
      runner.quote({ source, buildPrompt: () => 'x', providerConfig: bounded }),
    ).rejects.toMatchObject({
      code: 'source_unreadable',
    });
  });
});
