import { describe, expect, it } from 'vitest';
import type { BatchorError } from '../../../lib/index.ts';
import { createWorld, type FaultScript } from '../../../lib/sim/index.ts';
import { chunks, codeOf, minuteMs, quick } from '../../support/sim/handles.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';

/**
 * What the provider does for ever while a run is paused, and what keeps its batch from coming in.
 */
const stuckWorlds: readonly { readonly title: string; readonly faults: FaultScript }[] = [
  ...[400, 404, 500, 503].map((statusCode) => ({
    title: `answers lists with ${statusCode} while a create is unconfirmed`,
    faults: [
      { type: 'lose_create_reply', batch: 1 },
      { type: 'http_error', operation: 'list_batches', statusCode },
    ] as const,
  })),
  {
    title: 'answers lists with 429 and a long wait while a create is unconfirmed',
    faults: [
      { type: 'lose_create_reply', batch: 1 },
      {
        type: 'http_error',
        operation: 'list_batches',
        statusCode: 429,
        retryAfterMs: 5 * minuteMs,
      },
    ],
  },
  {
    title: 'breaks off every poll',
    faults: [
      { type: 'connection_lost', operation: 'list_batches' },
      { type: 'connection_lost', operation: 'retrieve_batch' },
    ],
  },
  {
    title: 'takes the key for a wrong one at every poll',
    faults: [
      { type: 'http_error', operation: 'list_batches', statusCode: 401 },
      { type: 'http_error', operation: 'retrieve_batch', statusCode: 401 },
    ],
  },
  {
    title: 'does not know the batch',
    faults: [
      { type: 'list_lags', forMs: 1e12 },
      { type: 'not_found_after_create', forMs: 1e12 },
    ],
  },
  {
    title: 'refuses every download',
    faults: [{ type: 'http_error', operation: 'file_content', statusCode: 403 }],
  },
  {
    title: 'breaks off every download',
    faults: [{ type: 'connection_lost', operation: 'file_content' }],
  },
];

describe('waiting for a paused run', () => {
  it.each(stuckWorlds)('ends where the provider $title', async ({ faults }) => {
    await using world = await createWorld({ ...quick, faults });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks));
    await world.advance(1_000);
    await run.pause();
    const begunMs = world.now().getTime();
    expect(await world.until(codeOf(run.wait()))).toMatch(/^(run_paused|batch_unresolved)$/);
    expect(world.now().getTime() - begunMs).toBeLessThan(40 * minuteMs);
    expect(run.controlState).toBe('paused');
    expect(run.isDrivenHere).toBe(true);
  });

  it('says what keeps work in flight from coming in, and when the next try is', async () => {
    const faults = stuckWorlds[2]?.faults ?? [];
    await using world = await createWorld({ ...quick, faults });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks));
    await world.advance(1_000);
    await run.pause();
    const error = (await world.until(
      run.wait().catch((thrown: unknown) => thrown),
    )) as BatchorError;
    expect(error.message).toMatch(
      /is paused \(manual\); batches in flight make no progress: \d+ failures in a row, the last one: /,
    );
    expect(error.hint).toMatch(/Batches in flight are retried after \d{4}-\d\d-\d\dT[\d:.]+Z/);
  });

  it('collects what comes in once the provider is back: a try that is due counts', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [
        { type: 'connection_lost', operation: 'list_batches', forMs: 60 * minuteMs },
        { type: 'connection_lost', operation: 'retrieve_batch', forMs: 60 * minuteMs },
      ],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks), {
      runId: 'back',
    });
    await world.advance(1_000);
    await run.pause();
    expect(await world.until(codeOf(run.wait()))).toBe('run_paused');
    for (let waits = 0; !run.isFinished && waits < 60; waits += 1) {
      await world.advance(5 * minuteMs);
      await world.until(codeOf(run.wait()));
    }
    expect(run.summary()).toMatchObject({ status: 'completed', itemCounts: { completed: 10 } });
  });
});

describe('waiting for a run that goes its way', () => {
  it('outlasts a provider that is away, and names the failure among the warnings', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [
        { type: 'connection_lost', operation: 'list_batches', forMs: 600 * minuteMs },
        { type: 'connection_lost', operation: 'retrieve_batch', forMs: 600 * minuteMs },
      ],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(10), chunks));
    const waited = run.wait();
    await world.advance(120 * minuteMs);
    expect(run.summary().troubles).toMatchObject([{ what: 'poll' }]);
    expect((await world.until(waited)).status).toBe('completed');
  });
});
