import fc from 'fast-check';
import { interval, lastValueFrom, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { openai } from '../../../adapters/openai/index.ts';
import { historyText } from '../../../cli/print/history-text.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchJob } from '../../../lib/run/job/job.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { createWorld, memoryStore, type World } from '../../../lib/sim/index.ts';

const providerConfig = openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 60 } });
const jobOf = (
  prompts: readonly string[],
  more: Pick<BatchJob, 'chunkPolicy' | 'reusePolicy'> = {},
) => ({
  items: prompts.map((payload, i) => ({ itemId: `r${i}`, payload, metadata: { place: i } })),
  buildPrompt: ({ payload }: { readonly payload: string }) => payload,
  providerConfig,
  reusePolicy: { duplicates: 'send_once' as const },
  ...more,
});
const resultsOf = async (world: World, runId: string) => {
  const run = await world.runner.getRun(runId);
  return world.until(run.results({ order: 'input' }).toArray());
};
const firstOf = (prompts: readonly string[]): readonly number[] =>
  prompts.map((prompt) => prompts.indexOf(prompt));

/**
 * Six rows that ask the same, with a day between any two: the batch of the row before is over by
 * then.
 */
const slowSource = ({ scheduler }: World) => ({
  kind: 'slow',
  ref: 'slow',
  fingerprint: () => Promise.resolve('1'),
  async *read(from: unknown) {
    for (let row = Number(from ?? 0); row < 6; row += 1) {
      await lastValueFrom(interval(86_400_000, scheduler).pipe(take(1)));
      yield { item: { itemId: `r${row}`, payload: 'the same' }, position: row + 1 };
    }
  },
});

describe('rows with the same request, sent once', () => {
  it('each get the answer of the first, which alone is sent and billed, whatever the batches, and however often the process dies', async () => {
    const prompts = fc.array(
      fc.integer({ min: 0, max: 12 }).map((kind) => `kind ${kind}`),
      { minLength: 1, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(
        prompts,
        fc.integer({ min: 1, max: 9 }),
        fc.nat(1_000),
        fc.array(fc.nat(200), { maxLength: 3 }),
        async (asked, maxRequests, seed, crashes) => {
          let points = 0;
          await using world = await createWorld({
            seed,
            answer: ({ body }) => `to ${String(body['input'])}`,
            crashAt: () => crashes.includes((points += 1)),
          });
          const job = jobOf(asked, { chunkPolicy: { maxRequests } });
          for (;;) {
            try {
              await world.settle(await world.until(world.runner.start(job, { runId: 'once' })));
              break;
            } catch (error) {
              if (!world.isDown) throw error;
              await world.crash();
            }
          }
          const results = await resultsOf(world, 'once');
          expect(
            results.map((result) => (result.status === 'completed' ? result.output : result.error)),
          ).toEqual(asked.map((prompt) => `to ${prompt}`));
          expect(
            results.map(({ sharedWithIndex, itemIndex }) => sharedWithIndex ?? itemIndex),
          ).toEqual(firstOf(asked));
          expect(results.map(({ metadata }) => metadata['place'])).toEqual(asked.map((_, i) => i));
          expect(world.ledger.requestsBilled).toBe(new Set(asked).size);
          const summary = (await world.runner.getRun('once')).summary();
          expect(summary.shared.rowCount).toBe(asked.length - new Set(asked).size);
          // What the results say was used is what the run was billed for.
          const used = results.reduce((sum, { usage }) => sum + (usage?.outputTokens ?? 0), 0);
          expect(used).toBe(summary.usage.outputTokens);
          expect(
            (await world.until((await world.runner.getRun('once')).verify())).broken,
          ).toBeNull();
        },
      ),
      { numRuns: 40 },
    );
  });

  it('fail with the first, and by its class', async () => {
    await using world = await createWorld({
      seed: 3,
      answer: ({ body }) => (body['input'] === 'long' ? 'word'.repeat(90) : 'short'),
    });
    const run = await world.runner.start(jobOf(['long', 'b', 'long', 'long', 'b']), {
      runId: 'fails',
    });
    expect((await world.settle(run)).itemCounts).toMatchObject({
      completed: 2,
      failed_permanent: 3,
      shared: 0,
    });
    const results = await resultsOf(world, 'fails');
    expect(
      results.map((result) =>
        result.status === 'completed' ? 'completed' : result.error.errorClass,
      ),
    ).toEqual(['truncated', 'completed', 'truncated', 'truncated', 'completed']);
    expect(results.map(({ outputText }) => outputText?.length)).toEqual([180, 5, 180, 180, 5]);
    expect(results.map(({ attemptCount }) => attemptCount)).toEqual([1, 1, 0, 0, 0]);
    // As the source of another run each of them is a row of its own again.
    const again = await world.runner.start(
      {
        source: run.source(),
        buildPrompt: ({ payload }: { readonly payload: { readonly body: JsonObject } }) => ({
          body: payload.body,
        }),
        providerConfig,
      },
      { runId: 'again' },
    );
    expect((await world.settle(again)).itemCount).toBe(3);
    expect((await world.until(again.verify())).isSound).toBe(true);
  });

  it('end at once where the first has ended before they are read', async () => {
    await using world = await createWorld({ seed: 4 });
    const source = slowSource(world);
    const { items: _, ...job } = jobOf([]);
    const run = await world.runner.start({ ...job, source }, { runId: 'slow' });
    await world.settle(run, { virtualMsMax: 10 * 86_400_000 });
    const results = await resultsOf(world, 'slow');
    expect(results.map(({ sharedWithIndex }) => sharedWithIndex)).toEqual([
      undefined,
      0,
      0,
      0,
      0,
      0,
    ]);
    expect(results.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(world.ledger.requestsBilled).toBe(1);
  });

  it('are cancelled with the first', async () => {
    await using world = await createWorld({ seed: 5 });
    const run = await world.runner.start(jobOf(['a', 'a', 'b', 'a']), { runId: 'gone' });
    await world.until(run.cancel());
    const summary = await world.settle(run);
    expect(summary.itemCounts.shared).toBe(0);
    const results = await resultsOf(world, 'gone');
    for (const result of results)
      expect(result.status === 'failed_permanent' && result.error.errorClass).toBe('run_cancelled');
  });

  it('each are sent where sharing was not asked for', async () => {
    await using world = await createWorld({ seed: 6 });
    const run = await world.runner.start(
      jobOf(['a', 'a'], { reusePolicy: { duplicates: 'send_each' } }),
      { runId: 'each' },
    );
    expect((await world.settle(run)).shared).toEqual({ rowCount: 0, inputTokens: 0 });
    expect(world.ledger.requestsBilled).toBe(2);
  });

  it('name the row that was sent for them, where their history is asked for', async () => {
    await using world = await createWorld({ seed: 7 });
    const run = await world.runner.start(jobOf(['a', 'b', 'b']), { runId: 'told' });
    await world.settle(run);
    const told = await world.until(run.inspect('r2'));
    expect([told.sharedWith, told.attempts, told.requestLine]).toEqual([
      { itemIndex: 1, itemId: 'r1' },
      [],
      (await world.until(run.inspect('r1'))).requestLine,
    ]);
    expect((await world.until(run.inspect('r1'))).sharedWith).toBeNull();
    expect(historyText(told).at(-1)).toBe(
      '  was in no batch: it shares the request of row 1, item "r1"',
    );
  });

  it('have their column in a table, also where the rest of the run was sent one by one', async () => {
    await using world = await createWorld({ seed: 8 });
    const { items: _, ...job } = jobOf([]);
    const source = slowSource(world);
    await world.runner.start({ ...job, source }, { runId: 'half' });
    await world.advance(3.5 * 86_400_000);
    await world.crash();
    const each = {
      ...job,
      source: slowSource(world),
      reusePolicy: { duplicates: 'send_each' as const },
    };
    const run = await world.until(world.runner.start(each, { runId: 'half' }));
    await world.settle(run, { virtualMsMax: 10 * 86_400_000 });
    expect(world.ledger.requestsBilled).toBeGreaterThan(1);
    expect(run.summary().shared.rowCount).toBeGreaterThan(0);
    const table = await world.until(run.table());
    expect(table.columns.map(({ name }) => name)).toContain('shared_with_index');
  });

  it('count once in a quote', async () => {
    const runner = new BatchRunner({ storage: memoryStore() });
    const prompts = ['a', 'b', 'a', 'c', 'a'];
    const once = await runner.quote(jobOf(prompts));
    const apart = await runner.quote(jobOf(['a', 'b', 'c'], { reusePolicy: {} }));
    expect([once.items, once.sharedRows]).toEqual([5, 2]);
    expect(once.inputTokens.expected).toBe(apart.inputTokens.expected);
    expect(once.costUsd).toBe(apart.costUsd);
    await runner.close();
  });
});
