import { describe, expect, it } from 'vitest';
import { openai } from '../../../adapters/openai/index.ts';
import { indexInCustomId } from '../../../lib/core/values/custom-ids.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { createWorld } from '../../../lib/sim/world.ts';
import { readAll, stored } from '../../contract/source-contract.ts';

const providerConfig = openai({ model: 'gpt-4.1-mini', params: { max_output_tokens: 60 } });
const first = {
  items: Array.from({ length: 2_500 }, (_, i) => ({
    itemId: i === 7 ? '' : `r${i}`,
    payload: `p${i}`,
    metadata: { rank: i },
  })),
  buildPrompt: ({ payload }: { readonly payload: string }) => ({
    prompt: payload,
    systemPrompt: 'Be short.',
  }),
  providerConfig,
  badRows: 'record' as const,
};
/** A third of the answers is cut, at the limit of the first run. */
const worldOf = () =>
  createWorld({
    seed: 5,
    answer: ({ customId, body }) =>
      'word'.repeat(
        (indexInCustomId(customId) ?? -1) % 3 === 0 && body['max_output_tokens'] === 60 ? 90 : 20,
      ),
  });

describe('the rows of a finished run', () => {
  it('are the source of another one: the same requests under the same ids, with a lineage that names the run', async () => {
    await using world = await worldOf();
    const run = await world.runner.start(first, { runId: 'first' });
    expect((await world.settle(run)).itemCounts).toMatchObject({
      completed: 1_665,
      failed_permanent: 835,
    });
    const source = run.source();
    const job = {
      source,
      buildPrompt: ({ payload }: { readonly payload: { readonly body: JsonObject } }) => ({
        body: { ...payload.body, max_output_tokens: 200 },
      }),
      providerConfig: openai({ model: 'gpt-4.1' }),
    };
    const again = await world.runner.start(job, { runId: 'again' });
    expect((await world.settle(again)).itemCounts).toMatchObject({
      completed: 834,
      failed_permanent: 0,
    });
    const failed = (await world.until(run.results({ order: 'input' }).toArray())).filter(
      (result) => result.status !== 'completed',
    );
    const results = await world.until(again.results({ order: 'input' }).toArray());
    expect(results.map(({ itemId }) => itemId)).toEqual(
      failed.flatMap(({ itemId, itemIndex }) => (itemIndex === 7 ? [] : [itemId])),
    );
    expect(results[0]?.metadata).toEqual({
      rank: 0,
      batchor_lineage: {
        source_ref: 'run:first',
        source_item_index: 0,
        source_primary_key: 'r0',
        source_namespace: null,
      },
    });
    expect(results[2]?.metadata.batchor_lineage?.source_item_index).toBe(6);
    const { attempts } = await world.until(again.inspect('r3'));
    expect(attempts.length).toBe(1);
  });

  it('are read again from any place, by class, or all of them', async () => {
    await using world = await worldOf();
    const run = await world.runner.start(first, { runId: 'first' });
    await world.settle(run);
    const source = run.source();
    const { entries } = await world.until(readAll(source));
    expect(entries).toHaveLength(834);
    expect(entries[0]).toMatchObject({
      item: {
        itemId: 'r0',
        payload: {
          errorClass: 'truncated',
          attemptCount: 1,
          body: { instructions: 'Be short.', input: 'p0', max_output_tokens: 60 },
        },
      },
      primaryKey: 'r0',
    });
    expect(
      'model' in (entries[0] as { item: { payload: { body: object } } }).item.payload.body,
    ).toBe(false);
    for (const at of [0, 1, 400, 832, 833])
      expect(
        (await world.until(readAll(source, stored(entries[at]?.position ?? null)))).entries,
      ).toEqual(entries.slice(at + 1));
    expect((await world.until(readAll(run.source({ only: 'all' })))).entries).toHaveLength(2_499);
    expect((await world.until(readAll(run.source({ only: ['refusal'] })))).entries).toEqual([]);
    const [bad] = (await world.until(readAll(run.source({ only: ['invalid_row'] })))).entries;
    expect(bad).toMatchObject({
      bad: { reason: expect.stringContaining('has no request') as string },
    });
    const signal = new AbortController().signal;
    expect(await source.fingerprint({ signal })).not.toBe(
      await run.source({ only: 'all' }).fingerprint({ signal }),
    );
  });

  it('are not to be had once its requests were pruned, and no run is made that would wait for them', async () => {
    await using world = await worldOf();
    const run = await world.runner.start(first, { runId: 'first' });
    await world.settle(run);
    await world.until(run.pruneArtifacts());
    const job = { source: run.source(), buildPrompt: () => 'x', providerConfig };
    await expect(world.until(world.runner.start(job, { runId: 'again' }))).rejects.toMatchObject({
      code: 'source_unreadable',
      message: expect.stringContaining('its request lines were pruned') as string,
    });
    await expect(world.until(world.runner.getRun('again'))).rejects.toMatchObject({
      code: 'run_not_found',
    });
  });

  it('are not to be had where no row has a request that is wanted, and no empty run is made', async () => {
    await using world = await worldOf();
    const items = [{ itemId: '', payload: 'p', metadata: { rank: 0 } }];
    const run = await world.runner.start({ ...first, items }, { runId: 'first' });
    await world.settle(run);
    const wanted = [undefined, ['invalid_row'], ['refusal']] as const;
    const said = ['1 row was a bad row (invalid_row)', '1 row was', 'none of its 1 rows failed as'];
    for (const [at, only] of wanted.entries()) {
      const source = run.source(only === undefined ? {} : { only });
      const job = { source, buildPrompt: () => 'x', providerConfig };
      await expect(world.until(world.runner.start(job, { runId: 'again' }))).rejects.toMatchObject({
        code: 'source_unreadable',
        message: expect.stringContaining(said[at] ?? '?') as string,
      });
    }
    await expect(world.until(world.runner.getRun('again'))).rejects.toMatchObject({
      code: 'run_not_found',
    });
  });

  it('are not to be had before the run is finished', async () => {
    await using world = await worldOf();
    const run = await world.runner.start(first, { runId: 'first' });
    const signal = new AbortController().signal;
    await expect(run.source().fingerprint({ signal })).rejects.toMatchObject({
      code: 'run_not_finished',
    });
    const again = world.runner.start({
      source: run.source(),
      buildPrompt: ({ payload }) => ({ body: payload.body }),
      providerConfig,
    });
    await expect(again).rejects.toMatchObject({
      code: 'run_not_finished',
      hint: expect.stringContaining('Wait for it'),
    });
    await world.settle(run);
  });
});
