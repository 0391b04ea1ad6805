import { describe, expect, it } from 'vitest';
import { nextDueMs } from '../../../lib/core/internal.ts';
import { ingestKey, pollKey } from '../../../lib/core/model/effect.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  endBatch,
  ending,
  key,
  plan,
  settleRest,
  startRun,
  statuses,
  takeIn,
  send,
  toCreated,
  toCreating,
  listingOf,
  listedBatch,
} from '../../support/core/scenario.ts';

const nothingRead = { nextIndex: 0, position: null, beforeLastPosition: null };
const allPending = (indexes: readonly number[]) => ({
  indexes,
  bytes: indexes.map(() => 10),
  tokens: indexes.map(() => 10),
  isLast: true,
});

describe('a run without rows', () => {
  it('is completed when its source ends', () => {
    const run = startRun();
    send(run, { type: 'AcceptSlice', slice: null, checkpoint: nothingRead, isLast: true });
    expect(run.state.snapshot.status).toBe('completed');
  });

  it('is over when it is cancelled before anything was read', () => {
    const run = startRun();
    expect(attempt(run, { type: 'CancelRun' }).events.map((event) => event.type)).toEqual([
      'CancelRequested',
      'RunFinished',
    ]);
  });
});

describe('a run of bad rows only', () => {
  it('ends with failures, each with a result', () => {
    const run = startRun();
    accept(run, [0, 0, 0]);
    expect(run.state.snapshot).toMatchObject({
      status: 'completed_with_failures',
      resultSequence: 3,
    });
    expect(statuses(run)).toEqual(Array(3).fill('failed_permanent: invalid_row'));
  });
});

describe('cancel', () => {
  it('of a paused run drops what was not sent, and fails the rest', () => {
    const run = startRun();
    accept(run, [10, 10]);
    plan(run, 'a');
    send(run, { type: 'PauseRun', reason: 'manual', message: null }, { type: 'CancelRun' });
    expect(dueTypes(run)).toEqual(['DropBatch']);
    send(run, { type: 'DropBatch', batchKey: key('a') });
    expect(dueTypes(run)).toEqual(['FailPending']);
    send(run, {
      type: 'FailPending',
      generation: run.state.snapshot.backlog.generation,
      rows: allPending([0, 1]),
    });
    expect(run.state.snapshot.status).toBe('completed_with_failures');
    expect(statuses(run)).toEqual(Array(2).fill('failed_permanent: run_cancelled'));
  });

  it('waits for an unconfirmed create, and then cancels what it finds', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    send(
      run,
      { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' },
      { type: 'CancelRun' },
    );
    expect(dueTypes(run)).toEqual(['SweepBatches']);
    expect(attempt(run, { type: 'DropBatch', batchKey: key('a') }).rejection?.type).toBe(
      'wrong_phase',
    );
    send(run, listingOf(run, 'a', { found: [listedBatch('a', 1)] }));
    expect(dueTypes(run)).toContain('CancelBatch');
  });

  it('sends rows in backoff back at once, whatever their due time', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ type: 'expired' }));
    settleRest(run, 'a');
    expect(dueTypes(run)).toEqual([]);
    send(run, { type: 'CancelRun' });
    expect(dueTypes(run)).toEqual(['RequeueRows']);
    send(run, {
      type: 'RequeueRows',
      dueAtMs: run.state.snapshot.backoff[0]?.dueAtMs ?? 0,
      rows: allPending([0]),
    });
    expect(dueTypes(run)).toEqual(['FailPending']);
  });

  it('is no pause when the provider cancels before it has answered the cancel request', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    send(run, { type: 'CancelRun' });
    endBatch(run, 'a', ending({ type: 'cancelled' }));
    expect(run.state.snapshot.control).toEqual({
      state: 'cancel_requested',
      reason: null,
      message: null,
    });
  });

  it('that the provider refuses is asked for four times, however often the batch is polled in between; then its answers are waited for', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    send(run, { type: 'CancelRun' });
    const asked: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      if (dueTypes(run).includes('CancelBatch')) {
        asked.push(run.nowMs);
        send(run, {
          type: 'RecordFault',
          key: 'cancel:a' as never,
          fault: 'refused',
          message: 'too late',
          retryAfterMs: null,
        });
      }
      if (dueTypes(run).includes('PollBatches')) takeIn(run, 'a');
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    expect(asked).toHaveLength(4);
    const waits = asked.slice(1).map((ms, i) => ms - (asked[i] as number));
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(run.state.snapshot.control).toMatchObject({
      state: 'cancel_requested',
      reason: 'provider_refused',
    });
    expect(run.state.snapshot.control.message).toContain(
      'does not cancel batch at-a: what it answers is billed, and the run waits for its end, and keeps its answers',
    );
    endBatch(run, 'a', ending());
    settleRest(run, 'a');
    expect(run.state.snapshot.status).toBe('completed_with_failures');
  });

  it('holds a batch whose files the provider refuses, until an operator confirms that its answers are lost', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    send(run, { type: 'CancelRun' });
    endBatch(run, 'a', ending({ outputFileId: 'out' }));
    for (let i = 0; i < 4; i += 1) {
      expect(dueTypes(run)).toEqual(['StoreFiles']);
      send(run, {
        type: 'RecordFault',
        key: `batch:a` as never,
        fault: 'refused',
        message: 'no such file',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(run.state.snapshot.control).toMatchObject({
      state: 'cancel_requested',
      reason: 'results_unavailable',
    });
    expect(batchOf(run, 'a').held).toBe('no such file');
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    settleRest(run, 'a');
    expect(run.state.snapshot.status).toBe('completed_with_failures');
  });
});

describe('pause', () => {
  it('lets a create that is in flight answer', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    send(run, { type: 'PauseRun', reason: 'manual', message: null });
    send(run, {
      type: 'RecordCreated',
      batchKey: key('a'),
      createAttempt: 1,
      providerBatchId: 'p' as never,
      providerStatus: 'validating',
    });
    expect(dueTypes(run)).toEqual(['PollBatches']);
  });

  it('admits no create that was not begun', () => {
    const run = startRun();
    accept(run, [10]);
    plan(run, 'a');
    send(
      run,
      {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 1,
        inputFileId: 'f',
        expiresAtMs: null,
      },
      { type: 'PauseRun', reason: 'manual', message: null },
    );
    expect(attempt(run, { type: 'BeginCreate', batchKey: key('a') }).rejection?.type).toBe(
      'not_while',
    );
    expect(dueTypes(run)).toEqual([]);
  });

  it('is woken by no error of a stage that stands still', () => {
    const run = startRun();
    send(run, {
      type: 'RecordFault',
      key: ingestKey,
      fault: 'source_unreadable',
      message: 'gone',
      retryAfterMs: null,
    });
    expect(run.state.snapshot.control.state).toBe('paused');
    send(run, {
      type: 'RecordFault',
      key: pollKey,
      fault: 'transient',
      message: 'down',
      retryAfterMs: null,
    });
    expect(nextDueMs(run.state.snapshot, run.nowMs)).toBeNull();
  });

  it('says the first reason when one answer gives several', () => {
    const run = startRun(makeConfig({ chunk: { requestsMax: 1 } }));
    accept(run, [10, 10]);
    toCreated(run, 'a');
    toCreated(run, 'b');
    const pollOf = (name: string) => ({
      batchKey: key(name),
      providerBatchId: `at-${name}` as never,
      providerStatus: 'cancelled',
      isAccepted: true,
      progress: null,
      ending: ending({ type: 'cancelled' }),
    });
    const { events } = attempt(run, {
      type: 'RecordPoll',
      asked: [key('a'), key('b')],
      observations: [pollOf('a'), pollOf('b')],
    });
    expect(events.filter((event) => event.type === 'RunPaused')).toMatchObject([
      { reason: 'cancelled_at_provider', message: 'batch at-a was cancelled, and not by this run' },
    ]);
  });
});

describe('resume', () => {
  it('sends nothing again whose create is unconfirmed: at most it reads the list once more', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('a'),
      createAttempt: 1,
      message: 'lost',
    });
    for (let i = 0; i < 4; i += 1) {
      send(run, listingOf(run, 'a', { files: [] }));
      run.nowMs += 10_000_000;
    }
    expect(batchOf(run, 'a').held).not.toBeNull();
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'batch_unresolved',
    });
    send(run, { type: 'ResumeRun' });
    expect(batchOf(run, 'a').phase).toBe('indeterminate');
    expect(dueTypes(run).filter((type) => type !== 'SweepBatches')).toEqual([]);
  });

  it('releases what was refused', () => {
    const run = startRun();
    accept(run, [10]);
    plan(run, 'b');
    for (let i = 0; i < 4; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'batch:b' as never,
        fault: 'refused',
        message: 'bad file',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(batchOf(run, 'b').held).not.toBeNull();
    send(run, { type: 'ResumeRun' });
    expect(batchOf(run, 'b').held).toBeNull();
    expect(dueTypes(run)).toEqual(['UploadBatch']);
  });
});
