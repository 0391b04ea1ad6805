import { describe, expect, it } from 'vitest';
import { createOpenAI, openai } from '../../../adapters/openai/index.ts';
import { indexInCustomId } from '../../../lib/core/values/custom-ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import type { BatchJob } from '../../../lib/run/job/job.ts';
import { isBatchorError } from '../../../lib/run/api/errors.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { memoryStore } from '../../../lib/sim/index.ts';
import { createWorld } from '../../../lib/sim/world.ts';

const itemsOf = (count: number): { readonly itemId: string; readonly payload: string }[] =>
  Array.from({ length: count }, (_, i) => ({ itemId: `r${i}`, payload: `prompt ${i}` }));
/** Tokens of the fake are four characters each. */
const answerOf = (row: number): string => 'word'.repeat([40, 100, 900][row % 3] ?? 0);
const model = 'gpt-4.1-mini';
const jobOf = (
  more: JsonObject = {},
  retryPolicy: BatchJob['retryPolicy'] = { raiseOutputTokensTo: 400 },
) => ({
  items: itemsOf(30),
  buildPrompt: ({ payload }: { readonly payload: string }) => payload,
  providerConfig: openai({ model, params: { max_output_tokens: 60, ...more } }),
  retryPolicy,
});
const messageOf = async (job: BatchJob): Promise<string> => {
  const refused = new BatchRunner({
    providers: [createOpenAI({ apiKey: 'sk-none' })],
    storage: memoryStore(),
  }).start(job, {
    runId: 'none',
  });
  const error = await refused.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return isBatchorError(error, 'invalid_config') ? error.message : String(error);
};

describe('a job that raises the output limit', () => {
  it('gets the rest of its truncated answers, each paid for once more', async () => {
    const asked: (readonly [string, unknown])[] = [];
    await using world = await createWorld({
      seed: 5,
      answer: ({ customId, body }) => {
        asked.push([customId, body['max_output_tokens']]);
        return answerOf(indexInCustomId(customId) ?? -1);
      },
    });
    const run = await world.runner.start(jobOf());
    const { itemCounts } = await world.settle(run);
    expect(itemCounts).toMatchObject({ completed: 20, failed_permanent: 10 });
    const results = await world.until(run.results({ order: 'input' }).toArray());
    expect(results.map(({ attemptCount }) => attemptCount)).toEqual(
      results.map((_, i) => (i % 3 === 0 ? 1 : 2)),
    );
    results.forEach((result, i) => {
      if (result.status === 'completed') expect(result.output).toBe(answerOf(i));
      else
        expect([result.error.errorClass, result.outputText?.length]).toEqual(['truncated', 1_600]);
    });
    // Each row once with its own limit, and those that were cut once with the raised one.
    const limits = new Map(
      asked.map(([customId]) => [
        customId,
        asked.filter(([id]) => id === customId).map(([, limit]) => limit),
      ]),
    );
    for (const [customId, told] of limits)
      expect(told).toEqual((indexInCustomId(customId) ?? -1) % 3 === 0 ? [60] : [60, 400]);
    expect(world.ledger.requestsBilled).toBe(50);
    expect((await world.until(run.verify())).isSound).toBe(true);
    const attempts = (await world.until(run.inspect('r1'))).attempts;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['retried', 'completed']);
  });

  it.each(['model_length', 'pause_turn', 'tea_break', 'RECITATION'])(
    'pays once for an answer that ends with %s: no output limit cut it',
    async (reason) => {
      await using world = await createWorld({
        seed: 5,
        faults: [{ type: 'rows_end_with', ratio: 1, reason }],
        answer: () => answerOf(0),
      });
      const params = { max_completion_tokens: 60 };
      const providerConfig = {
        ...world.connection({ model, endpoint: 'chat.completions', params }),
        outputTokensMax: 60,
      };
      const run = await world.runner.start({ ...jobOf(), providerConfig });
      expect((await world.settle(run)).itemCounts).toMatchObject({ failed_permanent: 30 });
      expect(world.ledger.requestsBilled).toBe(30);
    },
  );

  it('sends what it has packed, in batches of the size that was given', async () => {
    await using world = await createWorld({
      seed: 5,
      answer: ({ customId }) => answerOf(indexInCustomId(customId) ?? -1),
    });
    const run = await world.runner.start({ ...jobOf(), chunkPolicy: { maxRequests: 7 } });
    await world.settle(run);
    expect((await world.until(run.verify())).isSound).toBe(true);
    expect(world.ledger.requestsBilled).toBe(50);
  });

  it('keeps a cap that counts with the raised limit', async () => {
    await using world = await createWorld({ seed: 5, answer: () => answerOf(1) });
    const { runner } = world;
    const quoted = await Promise.all(
      [{}, { raiseOutputTokensTo: 600 }].map((retryPolicy) =>
        world.until(runner.quote(jobOf({}, retryPolicy), { outputTokensPerItem: 10 })),
      ),
    );
    expect(quoted.map(({ outputTokens }) => outputTokens.max)).toEqual([30 * 60, 30 * 600]);
  });

  it('is refused before anything is sent where there is nothing to raise', async () => {
    const open = { ...jobOf(), providerConfig: openai({ model }) };
    expect(await messageOf(open)).toBe(
      `retryPolicy.raiseOutputTokensTo requires requests with an output limit (max_output_tokens), but those to ${model} have none`,
    );
    expect(await messageOf(jobOf({ max_output_tokens: 400 }))).toBe(
      "retryPolicy.raiseOutputTokensTo must be above the requests' own limit of 400 (got 400)",
    );
    expect(await messageOf(jobOf({}, { raiseOutputTokensTo: 10 ** 9 }))).toContain(
      'must be at most 999999999',
    );
    expect(await messageOf(jobOf({}, { raiseOutputTokensTo: 1.5 }))).toContain(
      'a whole number of at least 1 (got 1.5)',
    );
    expect(await messageOf(jobOf({}, { raiseOutputTokensTo: 400, maxAttempts: 1 }))).toContain(
      'requires maxAttempts of at least 2',
    );
    const vectors = {
      ...jobOf(),
      providerConfig: openai({ model: 'text-embedding-3-small', endpoint: 'embeddings' }),
    };
    expect(await messageOf(vectors)).toContain('requires requests with an output limit');
  });

  it('is the same for the whole run: lines are written for it', async () => {
    await using world = await createWorld({ seed: 5, answer: () => answerOf(0) });
    await world.runner.start(jobOf(), { runId: 'fixed' });
    for (const retryPolicy of [{}, { raiseOutputTokensTo: 500 }])
      await expect(
        world.runner.start(jobOf({}, retryPolicy), { runId: 'fixed' }),
      ).rejects.toMatchObject({
        code: 'job_changed',
        details: { differences: [{ field: 'retryPolicy.raiseOutputTokensTo', stored: 400 }] },
      });
    await world.settle(await world.runner.start(jobOf(), { runId: 'fixed' }));
  });

  it('is refused where the provider cannot raise it', async () => {
    const plain = createOpenAI({ apiKey: 'sk-none' });
    const connection: ProviderConnection = {
      ...plain,
      connect: (config) => {
        const { raiseOutputTokens: _, ...rest } = plain.connect(config);
        return rest;
      },
    };
    const start = new BatchRunner({ providers: [connection], storage: memoryStore() }).start(
      jobOf(),
      { runId: 'none' },
    );
    await expect(start).rejects.toThrow('the provider openai cannot raise the output limit');
  });

  it.each<JsonObject>([{ max_completion_tokens: 60 }, { max_tokens: 60 }])(
    'gets it from chat completions, too, by %j',
    async (params) => {
      await using world = await createWorld({ seed: 5, answer: () => answerOf(1) });
      const providerConfig = world.connection({ model, endpoint: 'chat.completions', params });
      const run = await world.runner.start({
        ...jobOf(),
        providerConfig: { ...providerConfig, outputTokensMax: 60 },
      });
      expect((await world.settle(run)).itemCounts).toMatchObject({ completed: 30 });
    },
  );
});
