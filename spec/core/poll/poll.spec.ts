import { describe, expect, it } from 'vitest';
import {
  type BatchEnding,
  censusOfRows,
  effectsDue,
  nextDueMs,
} from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  ending,
  key,
  type Scenario,
  settleRest,
  startRun,
  statuses,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

const hourMs = 3_600_000;
const created = (): Scenario => {
  const run = startRun();
  accept(run, [10, 10]);
  toCreated(run, 'a');
  return run;
};
const pollOnce = (
  run: Scenario,
  how: BatchEnding,
  completed: number,
  failed = 0,
  times: { readonly statusSinceMs?: number; readonly providerNowMs?: number } = {},
) => {
  const { providerBatchId } = batchOf(run, 'a');
  if (providerBatchId === null) throw new Error('it was never created');
  const progress = { total: 2, completed, failed };
  const observation = {
    batchKey: key('a'),
    providerBatchId,
    providerStatus: how.type,
    isAccepted: how.type !== 'rejected',
    progress,
    ending: how,
    createdAtMs: 1_600_000_000_000,
    ...times,
  };
  return attempt(run, {
    type: 'RecordPoll',
    asked: [key('a')],
    observations: [observation],
  }).events.map((event) => event.type);
};
/** Time passes until the batch is checked again; false where it never is. */
const untilDue = (run: Scenario): boolean => {
  const dueMs = nextDueMs(run.state.snapshot, run.nowMs);
  if (dueMs === null) return false;
  run.nowMs = Math.max(run.nowMs + 1, dueMs);
  return effectsDue(run.state.snapshot, run.nowMs).some((effect) => effect.type === 'PollBatches');
};

describe('an ended batch that counts answers and shows no file for them', () => {
  it.each([
    ['completed', ending(), 2, 0, 'created'],
    ['completed, its failures without a file', ending({ outputFileId: 'o' }), 1, 1, 'ended'],
    ['expired', ending({ type: 'expired' }), 1, 0, 'created'],
    ['cancelled', ending({ type: 'cancelled' }), 1, 0, 'created'],
  ] as const)(
    'is checked again, for about an hour, before it is settled or held: %s',
    (_title, how, completed, failed, phase) => {
      const run = created();
      const begunMs = run.nowMs;
      let polls = 0;
      for (
        let events = pollOnce(run, how, completed, failed);
        events.includes('FaultRecorded');
        events = pollOnce(run, how, completed, failed)
      ) {
        polls += 1;
        expect(batchOf(run, 'a').phase).toBe('created');
        expect(run.state.snapshot.faults[0]?.message).toContain('cannot be seen yet');
        expect(statuses(run)).toEqual(['submitted', 'submitted']);
        while (!untilDue(run));
      }
      expect(polls).toBe(13);
      expect(run.nowMs - begunMs).toBeGreaterThan(hourMs / 2);
      expect(run.nowMs - begunMs).toBeLessThan(2 * hourMs);
      expect(batchOf(run, 'a').phase).toBe(phase);
      // What was paid for is never bought again without the operator; a lost list of failures is no
      // such thing.
      const { control, faults } = run.state.snapshot;
      if (phase === 'ended') expect([control.state, faults]).toEqual(['running', []]);
      else {
        expect(control).toMatchObject({ state: 'paused', reason: 'results_unreadable' });
        expect(batchOf(run, 'a').held).toContain('shows no output file after 13 checks');
        expect(effectsDue(run.state.snapshot, Infinity)).toEqual([]);
      }
    },
  );

  it('is checked again once the operator asks for it, and settled from its files', () => {
    const run = created();
    for (
      let events = pollOnce(run, ending(), 2);
      events.includes('FaultRecorded');
      events = pollOnce(run, ending(), 2)
    )
      while (!untilDue(run));
    expect(batchOf(run, 'a').held).not.toBeNull();
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'read_again' } });
    expect(run.state.snapshot.control.state).toBe('running');
    expect(effectsDue(run.state.snapshot, run.nowMs).map(({ type }) => type)).toContain(
      'PollBatches',
    );
    expect(pollOnce(run, ending(), 2)).toEqual(['FaultRecorded']);
    while (!untilDue(run));
    expect(pollOnce(run, ending({ outputFileId: 'late' }), 2)).toEqual(['BatchEnded']);
  });

  it('is settled from its files as soon as they show', () => {
    const run = created();
    pollOnce(run, ending(), 2);
    while (!untilDue(run));
    expect(pollOnce(run, ending({ outputFileId: 'late' }), 2)).toEqual(['BatchEnded']);
    expect(batchOf(run, 'a').files).toBeNull();
  });

  it('is believed at once where it counts nothing, or says nothing', () => {
    expect(pollOnce(created(), ending({ type: 'expired' }), 0)).toEqual([
      'BatchEnded',
      'FilesStored',
    ]);
    expect(pollOnce(created(), ending({ outputFileId: 'o' }), 2)).toEqual(['BatchEnded']);
  });

  it('counts the same poll once when it is reported twice', () => {
    const run = created();
    expect(pollOnce(run, ending(), 2)).toEqual(['FaultRecorded']);
    expect(pollOnce(run, ending(), 2)).toEqual([]);
  });
});

describe('a batch that the provider does not know', () => {
  const absent = (run: Scenario) =>
    attempt(run, { type: 'RecordPoll', asked: [key('a')], observations: [] });

  it('is polled slower and slower, for about a day; then it is held, and the run pauses', () => {
    const run = created();
    const begunMs = run.nowMs;
    let polls = 0;
    while (batchOf(run, 'a').held === null && polls < 1_000) {
      polls += 1;
      absent(run);
      while (batchOf(run, 'a').held === null && !untilDue(run));
    }
    expect(run.nowMs - begunMs).toBeGreaterThan(12 * hourMs);
    expect(run.nowMs - begunMs).toBeLessThan(48 * hourMs);
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'batch_unresolved',
    });
    expect(effectsDue(run.state.snapshot, Infinity)).toEqual([]);
  });

  it('is given up when an operator confirms that its answers are lost: its rows are sent again', () => {
    const run = created();
    absent(run);
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'ended',
      files: { output: null, error: null },
    });
    settleRest(run, 'a');
    expect(statuses(run)).toEqual(['failed_retryable', 'failed_retryable']);
    expect(run.state.snapshot.defects.missing).toBe(2);
  });
});

describe('a batch that had ended a day before it was seen', () => {
  /** By how many hours before, by the clock of the provider, which may be behind ours. */
  const tries = (hours: number, behindHours = 0) => {
    const run = created();
    run.nowMs += 1_000 * hourMs;
    const providerNowMs = (): number => run.nowMs - behindHours * hourMs;
    const times = { statusSinceMs: providerNowMs() - hours * hourMs };
    const poll = (how: BatchEnding) =>
      pollOnce(run, how, 2, 0, { ...times, providerNowMs: providerNowMs() });
    let checks = 0;
    for (; poll(ending()).includes('FaultRecorded'); checks += 1) while (!untilDue(run));
    const { held } = batchOf(run, 'a');
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'read_again' } });
    poll(ending({ outputFileId: 'o' }));
    let reads = 0;
    for (; batchOf(run, 'a').files === null; reads += 1) {
      send(run, {
        type: 'RecordFiles',
        batchKey: key('a'),
        output: { object: 'o', bytes: 10 },
        error: null,
        census: censusOfRows(1),
      });
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    return { checks, reads, held };
  };

  it('is checked and read once more, and no longer', () => {
    expect(tries(24)).toEqual({
      checks: 1,
      reads: 2,
      held: expect.stringContaining('shows no output file after 1 check.') as unknown,
    });
    // Our own clock, which may be ahead, does not age a batch.
    expect(tries(1, 100)).toMatchObject({ checks: 13, reads: 9 });
  });
});

describe('files that are shorter than the counts', () => {
  it('are read again a few times, slower and slower, before what they lack is missing', () => {
    const run = created();
    pollOnce(run, ending({ outputFileId: 'o' }), 2);
    const files = {
      type: 'RecordFiles',
      batchKey: key('a'),
      output: { object: 'o', bytes: 10 },
      error: null,
      census: censusOfRows(1),
    } as const;
    const begunMs = run.nowMs;
    let reads = 0;
    while (batchOf(run, 'a').files === null) {
      reads += 1;
      send(run, files);
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    expect(reads).toBe(9);
    expect(run.nowMs - begunMs).toBeGreaterThan(60_000);
    expect(run.state.snapshot.faults).toEqual([]);
  });

  it('cannot be had: the batch is held, and the run says results_unavailable', () => {
    const run = created();
    pollOnce(run, ending({ outputFileId: 'o' }), 2);
    for (let i = 0; i < 4; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'batch:a' as never,
        fault: 'refused',
        message: 'no such file',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(batchOf(run, 'a').held).toBe('no such file');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'results_unavailable',
    });
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    expect(run.state.snapshot.control.state).toBe('running');
    expect(effectsDue(run.state.snapshot, run.nowMs).map(({ type }) => type)).toContain(
      'SettleSlice',
    );
  });
});

describe('a provider that asks to wait before the next poll', () => {
  const waitAfter = (retryAfterMs: number | null, pollIntervalMs = 1_000): number => {
    const run = startRun(makeConfig({ pollIntervalMs }));
    accept(run, [10]);
    toCreated(run, 'a');
    const { providerBatchId } = batchOf(run, 'a');
    if (providerBatchId === null) throw new Error('it was never created');
    const observation = {
      batchKey: key('a'),
      providerBatchId,
      providerStatus: 'in_progress',
      isAccepted: true,
      progress: null,
      ending: null,
      retryAfterMs,
    };
    send(run, { type: 'RecordPoll', asked: [key('a')], observations: [observation] });
    return batchOf(run, 'a').dueAtMs - run.nowMs;
  };

  it('is asked no sooner, but within the longest interval of the run; and as usual where it asks for less', () => {
    const usual = waitAfter(null);
    expect(usual).toBeLessThanOrEqual(1_100);
    expect(waitAfter(5_000)).toBe(5_000);
    expect(waitAfter(0)).toBe(usual);
    expect(waitAfter(86_400_000)).toBe(8_800);
    expect(waitAfter(10_000, 60_000)).toBe(waitAfter(null, 60_000));
  });

  it.each(['transient', 'refused'] as const)(
    'with an error (%s) is asked again no sooner than that',
    (fault) => {
      const run = created();
      const retryAfterMs = 40_000;
      send(run, { type: 'RecordFault', key: 'poll', fault, message: '503', retryAfterMs });
      const from = run.nowMs;
      expect(untilDue(run)).toBe(true);
      expect(run.nowMs - from).toBeGreaterThanOrEqual(retryAfterMs);
    },
  );
});
