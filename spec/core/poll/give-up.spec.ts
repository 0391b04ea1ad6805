import { describe, expect, it } from 'vitest';
import {
  type BatchObservation,
  type BatchRecord,
  censusOfRows,
  type Event,
  isFinished,
  nothingPresumed,
  type ProviderBatchId,
  recordsAfter,
  type Resolution,
  type SweptBatch,
  toRunEvents,
} from '../../../lib/core/internal.ts';
import { makeConfig, testPrices } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  ending,
  endBatch,
  key,
  requeueAll,
  type Scenario,
  settleRest,
  settleSuccesses,
  startRun,
  statuses,
  listedBatch,
  listingOf,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

const hourMs = 3_600_000;
/** A row of 10 tokens costs $10, and an answer at most another $10. */
const created = (rows = 4): Scenario => {
  const run = startRun(
    makeConfig({ chunk: { planAfterMs: 0 }, money: { prices: testPrices, outputTokensMax: 5 } }),
  );
  accept(run, Array<number>(rows).fill(10));
  toCreated(run, 'a');
  return run;
};
const atA = 'at-a' as ProviderBatchId;
const observation = (change: Partial<BatchObservation> = {}): BatchObservation => ({
  batchKey: key('a'),
  providerBatchId: atA,
  providerStatus: 'in_progress',
  isAccepted: true,
  progress: { total: 4, completed: 2, failed: 0 },
  ending: null,
  ...change,
});
const resolve = (run: Scenario, resolution: Resolution) =>
  attempt(run, { type: 'ResolveBatch', batchKey: key('a'), resolution });
const giveUp = (run: Scenario) => resolve(run, { type: 'give_up' });
const takeFiles = (run: Scenario, change: Partial<BatchObservation> = {}) =>
  resolve(run, {
    type: 'take_files',
    found: observation({ named: { outputFileId: 'o', errorFileId: null }, ...change }),
  });
const duplicatePoll = (run: Scenario, change: Partial<BatchObservation> = {}) =>
  attempt(run, { type: 'RecordStrays', asked: [atA], observations: [observation(change)] });
const types = (events: readonly Event[]): readonly string[] => events.map(({ type }) => type);

describe('a batch that an operator gives up', () => {
  it('is cancelled at the provider, and its rows go again, uncharged; the worst is presumed of it', () => {
    const run = created();
    const { events } = giveUp(run);
    expect(types(events)).toEqual(['BatchGivenUp', 'FilesStored', 'StrayFound']);
    expect(dueTypes(run)).toEqual(['SettleSlice', 'CancelStray']);
    settleRest(run, 'a');
    expect(statuses(run)).toEqual(Array(4).fill('failed_retryable'));
    expect(run.state.rows.map(({ charged, uncharged }) => [charged, uncharged])).toEqual(
      Array(4).fill([0, 1]),
    );
    expect(run.state.snapshot.presumed).toEqual({ rows: 4, inputTokens: 40, outputTokens: 20 });
    expect(run.state.snapshot.control.state).toBe('running');
  });

  it('says in its event how many rows may be paid for twice, and how it stood', () => {
    const run = created();
    send(run, { type: 'RecordPoll', asked: [key('a')], observations: [observation()] });
    const { events } = giveUp(run);
    expect(
      toRunEvents('r' as never, 7, events).map(({ eventType, data }) => [eventType, data]),
    ).toEqual([
      [
        'batch_given_up',
        {
          batch_key: 'a',
          provider_batch_id: 'at-a',
          provider_status: 'in_progress',
          completed_count: 2,
          failed_count: 0,
          output_file_id: null,
          error_file_id: null,
          may_be_paid_twice_count: 4,
          by: 'operator',
        },
      ],
      [
        'batch_stray',
        {
          batch_key: 'a',
          provider_batch_id: 'at-a',
          provider_status: 'in_progress',
          is_given_up: true,
        },
      ],
    ]);
  });

  it('is remembered as given up', () => {
    const run = created();
    const before: BatchRecord = {
      ...({
        batchNo: 1,
        batchKey: key('a'),
        state: 'live',
        indexes: [0, 1, 2, 3],
        requests: 4,
        createAttempt: 1,
      } as const),
      ...{
        inputFileId: 'f',
        providerBatchId: atA,
        providerStatus: 'x',
        ending: null,
        files: null,
        inputTokens: 40,
      },
      ...{ usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, reasoningTokens: 0 } },
      ...{ completedCount: 0, failedCount: 0, retriedCount: 0 },
    };
    const after = recordsAfter(() => before, giveUp(run).events).get(key('a'));
    expect(after).toMatchObject({
      ending: { type: 'given_up' },
      files: { output: null, error: null },
    });
  });

  it('costs what it has answered once its end is seen, and not the worst', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    const { events } = duplicatePoll(run, {
      providerStatus: 'cancelled',
      progress: { total: 4, completed: 1, failed: 0 },
      ending: ending({ type: 'cancelled' }),
    });
    expect(events).toMatchObject([{ type: 'StrayEnded', answered: 1 }]);
    expect(run.state.snapshot.presumed).toEqual({ rows: 1, inputTokens: 10, outputTokens: 5 });
    expect(run.state.snapshot.strayCost).toEqual({ batches: 1, requests: 1 });
  });

  it('costs nothing where it turns out to have failed validation', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    duplicatePoll(run, { ending: ending({ type: 'rejected' }), progress: null });
    expect(run.state.snapshot.presumed).toEqual(nothingPresumed);
  });

  it('is not counted before what was read of it is settled', () => {
    const run = created();
    takeFiles(run);
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    expect(dueTypes(run)).not.toContain('PollStrays');
    expect(duplicatePoll(run, { ending: ending() }).rejection?.type).toBe('nothing_to_change');
  });

  it('keeps no run waiting: once it was asked to cancel, the run may end', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    run.nowMs += hourMs;
    requeueAll(run);
    toCreated(run, 'b');
    endBatch(run, 'b', ending({ outputFileId: 'o' }));
    send(run, {
      type: 'RecordFiles',
      batchKey: key('b'),
      output: { object: 'out', bytes: 40 },
      error: null,
      census: censusOfRows(4),
    });
    settleSuccesses(run, 'b', [0, 1, 2, 3]);
    settleRest(run, 'b');
    expect(isFinished(run.state.snapshot)).toBe(false);
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    expect(isFinished(run.state.snapshot)).toBe(true);
    expect(run.state.snapshot.presumed.rows).toBeGreaterThanOrEqual(4);
  });

  it('is watched ten times, and then presumed to have answered all of it', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    let polls = 0;
    for (; run.state.snapshot.strays[0]?.isEnded === false; polls += 1) {
      duplicatePoll(run);
      run.nowMs += hourMs;
    }
    expect(polls).toBe(10);
    expect(run.state.snapshot.presumed.rows).toBe(4);
  });

  it('is no batch that a list has to show, and none that a list shows anew', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    run.nowMs += hourMs;
    requeueAll(run);
    toCreating(run, 'b');
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('b'),
      createAttempt: 1,
      message: 'lost',
    });
    expect(listingOf(run, 'b').known).toEqual([]);
    const found: readonly SweptBatch[] = [
      listedBatch('a', 1, { providerBatchId: atA }),
      listedBatch('b', 1, { providerBatchId: 'new' as ProviderBatchId }),
    ];
    const { events } = attempt(run, listingOf(run, 'b', { found }));
    expect(types(events)).toEqual(['BatchCreated']);
    expect(batchOf(run, 'b').providerBatchId).toBe('new');
  });

  it('may be one that is held, whose run then continues', () => {
    const run = created();
    for (let polls = 0; polls < 200 && batchOf(run, 'a').held === null; polls += 1) {
      attempt(run, { type: 'RecordPoll', asked: [key('a')], observations: [] });
      run.nowMs += hourMs;
    }
    expect(run.state.snapshot.control.reason).toBe('batch_unresolved');
    expect(types(giveUp(run).events)).toEqual([
      'BatchReleased',
      'BatchGivenUp',
      'FilesStored',
      'StrayFound',
      'RunResumed',
    ]);
    expect(run.state.snapshot.control.state).toBe('running');
  });

  it('may not be one whose create is not answered: whether it exists is another question', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('a'),
      createAttempt: 1,
      message: 'lost',
    });
    expect(giveUp(run).rejection).toMatchObject({ type: 'wrong_phase', phase: 'indeterminate' });
  });

  it('ends a cancelled run at once, and is watched no longer where it was asked to cancel; it may be at work all the same', () => {
    const run = created();
    send(run, { type: 'CancelRun' }, { type: 'RecordCancelAsked', batchKey: key('a') });
    expect(types(giveUp(run).events)).toEqual(['BatchGivenUp', 'FilesStored', 'StrayFound']);
    settleRest(run, 'a');
    expect(isFinished(run.state.snapshot)).toBe(true);
    expect(run.state.snapshot.strays).toMatchObject([
      { providerBatchId: atA, isCancelAsked: true, isEnded: false },
    ]);
    expect(run.state.snapshot.presumed.rows).toBe(4);
  });

  it('is what it means to call its results lost, while it is there and only overdue', () => {
    const run = created();
    send(run, {
      type: 'RecordPoll',
      asked: [key('a')],
      observations: [
        observation({ createdAtMs: run.nowMs - 72 * hourMs, expiresAtMs: run.nowMs - 48 * hourMs }),
      ],
    });
    expect(types(resolve(run, { type: 'results_lost' }).events)).toEqual([
      'BatchGivenUp',
      'FilesStored',
      'StrayFound',
    ]);
  });
});

describe('a batch that was given up and cannot be cancelled', () => {
  it.each(['transient', 'refused'] as const)(
    'keeps no run waiting for the answer (%s)',
    (fault) => {
      const run = created();
      giveUp(run);
      settleRest(run, 'a');
      let tries = 0;
      for (; run.state.snapshot.strays[0]?.isCancelAsked === false; tries += 1) {
        attempt(run, {
          type: 'RecordFault',
          key: `stray:${atA}` as never,
          fault,
          message: 'no',
          retryAfterMs: null,
        });
        run.nowMs += hourMs;
      }
      expect(tries).toBe(fault === 'refused' ? 4 : 8);
    },
  );

  it('does not hold up a run that has nothing else to do: after four tries that failed it ends, and the worst stays presumed', () => {
    const run = created();
    giveUp(run);
    settleRest(run, 'a');
    run.nowMs += hourMs;
    requeueAll(run);
    toCreated(run, 'b');
    endBatch(run, 'b', ending({ outputFileId: 'o' }));
    send(run, {
      type: 'RecordFiles',
      batchKey: key('b'),
      output: { object: 'out', bytes: 40 },
      error: null,
      census: censusOfRows(4),
    });
    settleSuccesses(run, 'b', [0, 1, 2, 3]);
    settleRest(run, 'b');
    let tries = 0;
    for (; !isFinished(run.state.snapshot) && tries < 20; tries += 1) {
      send(run, {
        type: 'RecordFault',
        key: `stray:${atA}` as never,
        fault: 'transient',
        message: '500: boom',
        retryAfterMs: null,
      });
      run.nowMs += hourMs;
    }
    expect(tries).toBe(4);
    expect(run.state.snapshot.presumed.rows).toBeGreaterThanOrEqual(4);
  });
});

describe('files of a batch that is not over', () => {
  const answered = (run: Scenario, rows: number): void => {
    send(run, {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'out', bytes: 10 * rows },
      error: null,
      census: censusOfRows(rows),
    });
    settleSuccesses(
      run,
      'a',
      Array.from({ length: rows }, (_, i) => i),
      true,
      {
        ...{ inputTokens: 10 * rows, outputTokens: rows, cachedInputTokens: 0, reasoningTokens: 0 },
      },
    );
    settleRest(run, 'a');
  };

  it('are settled, and only what they do not answer goes again', () => {
    const run = created();
    expect(types(takeFiles(run).events)).toEqual(['BatchGivenUp', 'StrayFound']);
    expect(dueTypes(run)).toEqual(['StoreFiles', 'CancelStray']);
    answered(run, 2);
    expect(statuses(run)).toEqual([
      'completed',
      'completed',
      'failed_retryable',
      'failed_retryable',
    ]);
    expect(run.state.snapshot.presumed.rows).toBe(2);
  });

  it('are taken for what they are, whatever the counts promise', () => {
    const run = created();
    takeFiles(run, { progress: { total: 4, completed: 4, failed: 0 } });
    answered(run, 1);
    expect(run.state.snapshot.control.state).toBe('running');
    expect(statuses(run).filter((status) => status === 'failed_retryable')).toHaveLength(3);
  });

  it('count once: of a duplicate that ends with more answers only those beyond are presumed', () => {
    const run = created();
    takeFiles(run);
    answered(run, 2);
    send(run, { type: 'RecordStrayCancelled', providerBatchId: atA });
    const { events } = duplicatePoll(run, {
      progress: { total: 4, completed: 3, failed: 0 },
      ending: ending({ type: 'cancelled' }),
    });
    expect(events).toMatchObject([{ type: 'StrayEnded', answered: 1 }]);
    expect(run.state.snapshot.presumed.rows).toBe(1);
  });

  it('are none where it names none: it is not ended for nothing', () => {
    const run = created();
    const { rejection } = takeFiles(run, { named: { outputFileId: null, errorFileId: null } });
    expect(rejection).toMatchObject({
      type: 'malformed_command',
      message: expect.stringContaining('names no file') as string,
    });
    expect(batchOf(run, 'a').phase).toBe('created');
  });

  it('are not those of another batch', () => {
    const run = created();
    expect(takeFiles(run, { providerBatchId: 'other' as ProviderBatchId }).rejection?.type).toBe(
      'malformed_command',
    );
    expect(
      takeFiles(run, {
        providerBatchId: 'other' as ProviderBatchId,
        ending: ending({ outputFileId: 'o' }),
      }).rejection?.type,
    ).toBe('malformed_command');
  });

  it('are read in the usual way where it has ended meanwhile', () => {
    const run = created();
    const { events } = takeFiles(run, {
      providerStatus: 'completed',
      progress: { total: 4, completed: 4, failed: 0 },
      ending: ending({ outputFileId: 'o' }),
    });
    expect(types(events)).toEqual(['BatchEnded']);
    expect(run.state.snapshot.strays).toEqual([]);
  });

  it('that are no answers are read again, and asked about', () => {
    const run = created();
    takeFiles(run);
    const bad = { fileId: 'o', lines: 4, malformed: 4, unknown: 0, isCut: false, begins: '<html>' };
    for (let polls = 0; polls < 20 && batchOf(run, 'a').held === null; polls += 1) {
      attempt(run, {
        type: 'RecordFiles',
        batchKey: key('a'),
        output: { object: 'out', bytes: 40 },
        error: null,
        census: { rows: 0, spoilt: 0, output: bad, error: null, gone: null },
      });
      run.nowMs += hourMs;
    }
    expect(run.state.snapshot.control.reason).toBe('results_unreadable');
    expect(resolve(run, { type: 'results_lost' }).rejection).toBeNull();
  });
});

describe('a duplicate batch that never ends', () => {
  it('keeps no run waiting past its expiry', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('a'),
      createAttempt: 1,
      message: 'lost',
    });
    const found = [
      listedBatch('a', 1, { createdAtMs: 1 }),
      listedBatch('a', 1, { providerBatchId: 'q' as ProviderBatchId, createdAtMs: 2 }),
    ];
    send(run, listingOf(run, 'a', { found }), {
      type: 'RecordStrayCancelled',
      providerBatchId: 'q' as ProviderBatchId,
    });
    const begunMs = run.nowMs;
    while (run.state.snapshot.strays[0]?.isEnded === false) {
      const seen = observation({
        providerBatchId: 'q' as ProviderBatchId,
        expiresAtMs: begunMs + 24 * hourMs,
      });
      attempt(run, { type: 'RecordStrays', asked: ['q' as ProviderBatchId], observations: [seen] });
      run.nowMs += hourMs;
    }
    expect(run.nowMs - begunMs).toBeGreaterThan(24 * hourMs);
    expect(run.nowMs - begunMs).toBeLessThan(30 * hourMs);
  });
});
