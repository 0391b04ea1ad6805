import { describe, expect, it } from 'vitest';
import { openai } from '../../adapters/openai/index.ts';
import { createWorld, ProcessKilled, type World, type WorldOptions } from '../../lib/sim/world.ts';

/** What a script without batchor does: a file of requests, and a batch over it. */
const createBatch = async ({ provider }: World, names: readonly string[]): Promise<string> => {
  const lines = names.map((name) =>
    JSON.stringify({
      custom_id: name,
      method: 'POST',
      url: '/v1/responses',
      body: { model: 'gpt-4.1-mini', input: `What is ${name}?` },
    }),
  );
  const content = (async function* () {
    yield new TextEncoder().encode(`${lines.join('\n')}\n`);
  })();
  const file = await provider.createFile({ filename: 'mine.jsonl', purpose: 'batch', content });
  if (file.type !== 'done') throw new Error('no file');
  const batch = await provider.createBatch({
    input_file_id: file.value.id,
    endpoint: '/v1/responses',
    completion_window: '24h',
  });
  if (batch.type !== 'done') throw new Error('no batch');
  return batch.value.id;
};

const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `${i % 2 === 0 ? 'task' : 'ünit'} ${i}`);

/** The same command, typed again. */
const adopt = async (
  world: World,
  ids: readonly string[],
  more: { readonly retryAdopted?: boolean } = {},
) => {
  const found = await world.runner.findBatches(ids, { connection: 'fake' });
  const providerConfig = openai({ model: 'gpt-4.1-mini', endpoint: 'responses' });
  return world.runner.adopt({ fromBatches: found, providerConfig, ...more }, { runId: 'adopted' });
};

describe('batches that were created elsewhere', () => {
  it('are a run, wherever its process is killed', async () => {
    let ordinal = 0;
    // Once a process lives to its end, there are no points left.
    for (let isOver = false; !isOver;) {
      ordinal += 1;
      const point = ordinal;
      let isStruck = false;
      const options: WorldOptions = {
        seed: 7,
        turnaroundMs: { min: 100_000, max: 100_000 },
        faults: [{ type: 'rows_fail', batch: 2, ratio: 0.4, statusCode: 500 }],
        crashAt: ({ ordinal: reached }) => {
          const strikes = !isStruck && reached === point;
          isStruck ||= strikes;
          return strikes;
        },
      };
      await using world = await createWorld(options);
      // One is over by then, the other in progress.
      const ids = [await createBatch(world, namesOf(5))];
      await world.advance(200_000);
      ids.push(await createBatch(world, namesOf(7)));
      const { batchesCreated } = world.ledger;
      const attempt = async () => {
        const run = await world.until(adopt(world, ids));
        return { run, summary: await world.settle(run) };
      };
      const { run, summary } = await attempt().catch(async (error: unknown) => {
        if (!(error instanceof ProcessKilled)) throw error;
        await world.crash();
        return attempt();
      });
      isOver = !isStruck;
      const where = `killed at point ${ordinal}`;
      expect(summary.status, where).not.toBe('running');
      const results = await world.until(run.results({ order: 'input' }).toArray());
      expect(
        results.map(({ itemId }) => itemId),
        where,
      ).toEqual(
        ids.flatMap((id, place) => namesOf([5, 7][place] ?? 0).map((name) => `${id}:${name}`)),
      );
      expect((await world.until(run.verify())).isSound, where).toBe(true);
      expect(world.ledger.batchesCreated, where).toBe(batchesCreated);
    }
    expect(ordinal).toBeGreaterThan(40);
  });
});
