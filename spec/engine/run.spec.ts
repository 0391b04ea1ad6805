import { describe, expect, it } from 'vitest';
import type { RunEvent, RunSummary } from '../../lib/index.ts';
import { createWorld } from '../../lib/sim/index.ts';
import { chunks, codeOf, collect, minuteMs, quick } from '../support/sim/handles.ts';
import { itemsOf, jobOf } from '../support/sim/jobs.ts';

describe('waiting', () => {
  it('resolves with the summary once the run is finished, for every handle', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks), {
      runId: 'r',
    });
    const other = await world.runner.getRun('r');
    const both = await world.until(Promise.all([run.wait(), other.wait()]));
    expect(both.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect((await run.wait()).status).toBe('completed');
    expect(world.ledger.batchesCreated).toBe(2);
  });

  it('rejects with run_paused when the run stands still, and not before what is in flight has come in', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [{ type: 'rows_fail', batch: 1, ratio: 1, statusCode: 500 }],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks));
    await world.advance(minuteMs);
    await run.pause();
    const atMs = world.now().getTime();
    await expect(world.until(run.wait())).rejects.toMatchObject({
      code: 'run_paused',
      details: { reason: 'manual' },
    });
    expect(world.now().getTime() - atMs).toBeGreaterThan(5 * minuteMs);
    expect(run.summary().itemCounts).toMatchObject({ completed: 10, failed_retryable: 10 });
  });

  it('waits through a pause when it is asked to', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks));
    await run.pause();
    const waiting = run.wait({ onPaused: 'wait' });
    await world.advance(2 * 60 * minuteMs);
    expect(run.controlState).toBe('paused');
    await run.resume();
    expect((await world.until(waiting)).status).toBe('completed');
  });

  it('stops when it is aborted or out of time, by the clock of the scheduler; the run continues', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks));
    const abort = new AbortController();
    const aborted = codeOf(run.wait({ signal: abort.signal }));
    const late = codeOf(run.wait({ timeoutMs: minuteMs }));
    abort.abort(new Error('enough'));
    expect(await world.until(aborted)).toContain('enough');
    const atMs = world.now().getTime();
    expect(await world.until(late)).toBe('wait_timed_out');
    expect(world.now().getTime() - atMs).toBe(minuteMs);
    expect((await world.settle(run)).status).toBe('completed');
  });

  it('rejects with batch_unresolved when a create cannot be decided, naming it', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [
        { type: 'drop_create', batch: 2 },
        { type: 'http_error', operation: 'delete_file', statusCode: 400 },
      ],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks));
    const held = await world.until(run.wait().catch((error: unknown) => error));
    const batchKey = run.summary().liveBatches.find((batch) => batch.held !== null)?.batchKey ?? '';
    expect(held).toMatchObject({ code: 'batch_unresolved', details: { batchKeys: [batchKey] } });
    await run.resume();
    expect(await world.until(codeOf(run.wait()))).toBe('batch_unresolved');
    expect(run.summary().itemCounts).toMatchObject({ completed: 10, queued_local: 10 });
    await expect(run.resolve('bk_nobody', 'retry')).rejects.toMatchObject({
      code: 'batch_not_resolved',
    });
    await expect(run.resolve(batchKey, { exists: 'batch_nobody' })).rejects.toMatchObject({
      code: 'batch_not_resolved',
    });
    const [other] = world.provider.ledger.batches;
    await expect(run.resolve(batchKey, { exists: other?.id ?? '' })).rejects.toThrow(
      /carries the key/,
    );
    await run.resolve(batchKey, 'never_created');
    expect((await world.settle(run)).status).toBe('completed');
  });

  it('rejects with source_required when the rest of the input is not at hand', async () => {
    await using world = await createWorld(quick);
    const job = jobOf(world.connection, itemsOf(20), chunks, { badRows: 'fail' });
    const run = await world.runner.start(
      {
        ...job,
        buildPrompt: ({ payload }) =>
          payload === 'prompt 15' ? (5 as unknown as string) : payload,
      },
      { runId: 'half' },
    );
    expect(await world.until(codeOf(run.wait()))).toBe('run_paused');
    const reborn = await world.crash();
    const bare = await reborn.getRun('half');
    await bare.resume({ badRows: 'record' });
    expect(await world.until(codeOf(bare.wait()))).toBe('source_required');
    expect(bare.summary().itemCounts.completed).toBe(15);
    // The other callers can still reach it: they continue.
    expect(bare.isDrivenHere).toBe(false);
    expect((await world.settle(await reborn.getRun('half', { job }))).status).toBe('completed');
  });
});

describe('a closed runner', () => {
  it('returns at once, and returns the run unchanged', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks), {
      runId: 'given-back',
    });
    const waited = codeOf(run.wait());
    const events = collect(run.events());
    await world.advance(minuteMs);
    await world.runner.close();
    await world.advance(1);
    expect(events.end()).toBe('complete');
    expect(await world.until(waited)).toBe('runner_closed');
    expect(await codeOf(world.runner.getRun('given-back'))).toBe('runner_closed');
    const next = await world.crash();
    const again = await next.getRun('given-back');
    expect((await world.settle(again)).status).toBe('completed');
  });
});

describe('control', () => {
  it('pauses at once: nothing more is planned or sent, answers still come in; resuming sends the rest', async () => {
    await using world = await createWorld({
      ...quick,
      faults: [{ type: 'create_refused', reason: 'over_capacity', batch: 2, times: 3 }],
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(30), chunks));
    await world.advance(100);
    expect((await run.pause()).controlState).toBe('paused');
    const { batchesCreated } = world.ledger;
    await world.advance(3 * 60 * minuteMs);
    expect(world.ledger.batchesCreated).toBe(batchesCreated);
    expect(batchesCreated).toBeLessThan(3);
    expect(run.summary().itemCounts.completed).toBe(10 * batchesCreated);
    expect((await run.resume()).controlState).toBe('running');
    expect((await world.settle(run)).itemCounts.completed).toBe(30);
  });

  it('is idempotent: a second pause, a resume of a running run change nothing', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(5), chunks));
    await run.resume();
    await run.pause();
    const { version } = run.snapshot();
    await run.pause();
    expect(run.snapshot().version).toBe(version);
  });

  it('cancels: what was answered is kept, every other row fails as run_cancelled, and the run is finished', async () => {
    await using world = await createWorld({
      ...quick,
      turnaroundMs: { min: 60 * minuteMs, max: 60 * minuteMs },
    });
    const run = await world.runner.start(jobOf(world.connection, itemsOf(50), { maxRequests: 10 }));
    await world.advance(30 * minuteMs);
    expect((await run.cancel()).controlState).toBe('cancel_requested');
    const summary = await world.settle(run);
    expect(summary.status).toBe('completed_with_failures');
    const results = await run.results().toArray();
    expect(results.length).toBe(50);
    const classes = new Set(
      results.map((result) =>
        result.status === 'completed' ? 'completed' : result.error.errorClass,
      ),
    );
    expect([...classes].toSorted()).toEqual(['completed', 'run_cancelled']);
    await expect(run.pause()).rejects.toMatchObject({ code: 'run_finished' });
  });

  it('reaches a run without an owner, and leaves it without one', async () => {
    await using world = await createWorld(quick);
    await world.runner.start(jobOf(world.connection, itemsOf(5), chunks), { runId: 'idle' });
    const reborn = await world.crash();
    const run = await reborn.getRun('idle');
    expect((await run.pause()).controlState).toBe('paused');
    expect(run.isDrivenHere).toBe(false);
    for await (const listed of reborn.listRuns()) expect(listed.owner).toBe(null);
  });
});

describe('events', () => {
  const sequencesOf = (events: readonly RunEvent[]): readonly number[] =>
    events.map(({ sequence }) => sequence);
  const isRising = (sequences: readonly number[]): boolean =>
    sequences.every((sequence, i) => i === 0 || sequence > (sequences[i - 1] ?? 0));

  it('are replayed from a sequence, then live, each once and in order, and complete with the run', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(50), chunks));
    const early = collect(run.events());
    await world.advance(12 * minuteMs);
    expect(early.got.length).toBeGreaterThan(10);
    const middle = early.got[6]?.sequence ?? 0;
    const late = collect(run.events({ afterSequence: middle }));
    const observed: RunEvent[] = [];
    let isComplete = false;
    run
      .events$()
      .subscribe({ next: (event) => observed.push(event), complete: () => (isComplete = true) });
    await world.settle(run);
    await world.advance(1_000);
    expect([early.end(), late.end(), isComplete]).toEqual(['complete', 'complete', true]);
    expect(isRising(sequencesOf(early.got))).toBe(true);
    expect(early.got.at(-1)?.eventType).toBe('run_finished');
    expect(observed).toEqual(early.got);
    expect(late.got).toEqual(early.got.slice(7));
    const afterwards = collect(run.events());
    await world.advance(1_000);
    expect(afterwards.got).toEqual(early.got);
    expect(afterwards.end()).toBe('complete');
  });

  it('of every run that the runner drives come through the runner', async () => {
    await using world = await createWorld(quick);
    const seen: RunEvent[] = [];
    world.runner.events$.subscribe((event) => seen.push(event));
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks));
    await world.settle(run);
    const stored: RunEvent[] = [];
    for await (const event of run.events()) stored.push(event);
    // The first two were true before the run was driven.
    expect(seen).toEqual(
      stored.filter(({ eventType }) => eventType !== 'run_created' && eventType !== 'run_opened'),
    );
  });

  it('end with their handle, and so does everything that it was subscribed to', async () => {
    await using world = await createWorld(quick);
    const run = await world.runner.start(jobOf(world.connection, itemsOf(20), chunks), {
      runId: 'kept',
    });
    const events = collect(run.events());
    const results = collect(run.results({ follow: true }));
    const summaries: RunSummary[] = [];
    run.summary$.subscribe((summary) => summaries.push(summary));
    const waited = codeOf(run.wait());
    await world.advance(minuteMs);
    await run[Symbol.asyncDispose]();
    await world.advance(1_000);
    expect([events.end(), results.end()]).toEqual(['complete', 'complete']);
    expect(await world.until(waited)).toBe('runner_closed');
    const counts = [events.got.length, summaries.length];
    // The run continues without the handle.
    const other = await world.runner.getRun('kept');
    expect((await world.settle(other)).status).toBe('completed');
    expect([events.got.length, summaries.length]).toEqual(counts);
    const afterwards = collect(run.events());
    await world.advance(1_000);
    expect(afterwards.end()).toBe('complete');
  });
});
