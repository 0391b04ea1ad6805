import { describe, expect, it } from 'vitest';
import { createWorld } from '../../../lib/sim/index.ts';
import { chunks, codeOf, collect, minuteMs, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { waitFor } from '../../support/wait-for.ts';

/** No key for the address: the run pauses before it sends anything. */
const noKey = {
  ...quick,
  faults: [{ type: 'http_error', operation: 'create_file', statusCode: 401 }] as const,
};

describe('following results', () => {
  it('rejects as wait does, once the run is paused and nothing is in flight', async () => {
    await using world = await createWorld(noKey);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks));
    const followed = codeOf(run.results({ follow: true }).toArray());
    const pushed = codeOf(run.results$.forEach(() => undefined));
    const waited = await world.until(run.wait().catch((error: unknown) => error));
    expect(waited).toMatchObject({
      code: 'run_paused',
      hint: expect.stringContaining(`batchor resume --run-id ${run.runId} --wait`) as string,
    });
    expect(await world.until(followed)).toBe('run_paused');
    expect(await world.until(pushed)).toBe('run_paused');
    expect(run.isDrivenHere).toBe(true);
  });

  it('yields what batches in flight still answer, and rejects after it', async () => {
    await using world = await createWorld(quick);
    const job = jobOf(world.connection, itemsOf(40), chunks);
    const run = await world.runner.start({ ...job, canary: { items: 10 } });
    await world.advance(minuteMs);
    await run.pause();
    const inFlight = 10;
    expect(run.summary().liveBatches).toHaveLength(1);
    const followed = collect(run.results({ follow: true }));
    expect(await world.until(codeOf(run.wait()))).toBe('run_paused');
    await waitFor('the follower ends', () => followed.end() !== 'open');
    expect(followed.end()).toMatch(/^error: run \S+ is paused \(manual\)/);
    expect(followed.got).toHaveLength(inFlight);

    await run.resume();
    const afterSequence = followed.got.at(-1)?.sequence ?? 0;
    const rest = run.results({ follow: true, afterSequence }).toArray();
    expect(await world.until(rest)).toHaveLength(40 - inFlight);
  });

  it('sits out pauses on request', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks));
    await run.pause();
    const followed = collect(run.results({ follow: true, onPaused: 'wait' }));
    expect(await world.until(codeOf(run.wait()))).toBe('run_paused');
    expect(followed.end()).toBe('open');
    await run.resume();
    await world.settle(run);
    await waitFor('the follower ends', () => followed.end() !== 'open');
    expect(followed.end()).toBe('complete');
    expect(followed.got).toHaveLength(10);
  });

  it('reads on beyond a page without a selected row', async () => {
    await using world = await createWorld(quick);
    const twins = Array.from({ length: 1_500 }, () => ({ itemId: 'twin', payload: 'prompt' }));
    const job = jobOf(world.connection, twins, chunks, { badRows: 'record' });
    const run = await world.runner.start(job);
    await world.settle(run);
    const completed = await run.results({ follow: true, only: 'completed' }).toArray();
    expect(completed.map(({ itemId }) => itemId)).toEqual(['twin']);
  });
});
