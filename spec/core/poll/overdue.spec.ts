import { describe, expect, it } from 'vitest';
import {
  type BatchObservation,
  eventCodec,
  isFinished,
  nextDueMs,
  type ProviderBatchId,
  snapshotCodec,
} from '../../../lib/core/internal.ts';
import { openaiTraits } from '../../../lib/core/values/service-traits.ts';
import { summaryOf } from '../../../lib/run/view/summary.ts';
import type { Step } from '../../support/core/commit.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  key,
  type Scenario,
  settleRest,
  startRun,
  statuses,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

const hourMs = 3_600_000;
type Shown = Partial<Omit<BatchObservation, 'batchKey' | 'providerBatchId' | 'isAccepted'>>;

const created = (): Scenario => {
  const run = startRun(makeConfig());
  accept(run, [10, 10, 10]);
  toCreated(run, 'a');
  return run;
};
const shown = (change: Shown = {}): BatchObservation => ({
  batchKey: key('a'),
  providerBatchId: 'at-a' as ProviderBatchId,
  providerStatus: 'in_progress',
  isAccepted: true,
  progress: { total: 3, completed: 0, failed: 0 },
  ending: null,
  stage: 'in_progress',
  ...change,
});
const pollOnce = (run: Scenario, change: Shown = {}): Step =>
  attempt(run, { type: 'RecordPoll', asked: [key('a')], observations: [shown(change)] });
/** Polled when it is due, until so much time has passed. */
const polled = (run: Scenario, forMs: number, change: Shown = {}): void => {
  for (const endMs = run.nowMs + forMs; run.nowMs < endMs;) {
    pollOnce(run, change);
    run.nowMs = Math.min(endMs, nextDueMs(run.state.snapshot, run.nowMs) ?? endMs);
  }
  pollOnce(run, change);
};
const warnings = (run: Scenario): readonly string[] =>
  summaryOf(run.state.snapshot).troubles.map(({ message }) => message);

describe('a batch that takes longer than is usual', () => {
  it('has no expiry that does not lie behind its creation: services say 0 where they know none', () => {
    const run = created();
    for (const expiresAtMs of [0, 1_000, run.nowMs - 1]) {
      pollOnce(run, { createdAtMs: run.nowMs, expiresAtMs });
      expect(batchOf(run, 'a').overdue).toBeNull();
    }
  });

  it('is judged by the provider’s clock: a machine whose clock is ahead calls no batch overdue', () => {
    const run = created();
    const createdAtMs = run.nowMs;
    const times = { createdAtMs, expiresAtMs: createdAtMs + 24 * hourMs };
    run.nowMs = createdAtMs + 48 * hourMs;
    const providerNowMs = createdAtMs + hourMs;
    pollOnce(run, {
      ...times,
      stage: 'validating',
      statusSinceMs: createdAtMs,
      progress: null,
      providerNowMs,
    });
    expect(batchOf(run, 'a').overdue).toBeNull();
    pollOnce(run, { ...times, providerNowMs: createdAtMs + 25 * hourMs });
    expect(batchOf(run, 'a').overdue?.reason).toBe('past_expiry');
    // A service whose clock is wrong: the earlier of the two counts.
    const other = created();
    const begunMs = other.nowMs;
    pollOnce(other, {
      createdAtMs: begunMs,
      expiresAtMs: begunMs + 24 * hourMs,
      providerNowMs: begunMs + 1_000 * hourMs,
    });
    expect(batchOf(other, 'a').overdue).toBeNull();
  });

  it('past its expiry is overdue an hour later, and its age is reported', () => {
    const run = created();
    const createdAtMs = run.nowMs;
    const times = { createdAtMs, expiresAtMs: createdAtMs + 24 * hourMs };
    polled(run, 20 * hourMs, { ...times, progress: { total: 3, completed: 1, failed: 0 } });
    expect(batchOf(run, 'a').overdue?.reason).toBe('unchanged');
    run.nowMs = createdAtMs + 24 * hourMs;
    pollOnce(run, times);
    expect(batchOf(run, 'a').overdue).toBeNull();
    polled(run, 49 * hourMs, times);
    expect(batchOf(run, 'a').overdue).toEqual({
      reason: 'past_expiry',
      sinceMs: createdAtMs + 24 * hourMs,
    });
    expect(warnings(run)).toEqual([
      expect.stringMatching(
        /^batch at-a is "in_progress", 3 days after its creation: it should have expired 2 days ago\./u,
      ),
    ]);
    expect(warnings(run)[0]).toContain('`batchor resolve --run-id run --batch a --take-files`');
    expect(summaryOf(run.state.snapshot).liveBatches[0]).toMatchObject({
      submittedAt: new Date(createdAtMs),
      expiresAt: new Date(createdAtMs + 24 * hourMs),
      overdue: { reason: 'past_expiry' },
    });
  });

  it('is overdue at once where the provider shows times that are long past', () => {
    const run = created();
    pollOnce(run, { createdAtMs: run.nowMs - 72 * hourMs, expiresAtMs: run.nowMs - 48 * hourMs });
    expect(warnings(run)[0]).toContain(
      '3 days after its creation: it should have expired 2 days ago',
    );
  });

  it('is held against its window where the service reports no expiry, and against our own clock where it reports no times', () => {
    const run = created();
    pollOnce(run, { createdAtMs: run.nowMs - 26 * hourMs, expiresAtMs: null });
    expect(batchOf(run, 'a').overdue?.reason).toBe('past_expiry');
    const other = created();
    polled(other, 24 * hourMs, { stage: 'unknown', progress: null });
    expect(batchOf(other, 'a').overdue?.reason).toBe('unchanged');
    polled(other, 2 * hourMs, { stage: 'unknown', progress: null });
    expect(batchOf(other, 'a').overdue?.reason).toBe('past_expiry');
  });

  it('is no older than batches are: a time that cannot be is none', () => {
    const run = created();
    pollOnce(run, { createdAtMs: 1_000 });
    expect(batchOf(run, 'a').overdue).toBeNull();
    expect(summaryOf(run.state.snapshot).liveBatches[0]?.submittedAt).toEqual(
      new Date(batchOf(run, 'a').sentAtMs ?? 0),
    );
  });

  it.each([
    ['finalizing', 1],
    ['cancelling', 1],
    ['validating', 6],
    ['in_progress', 6],
    ['unknown', 6],
  ] as const)(
    'does not change in %s: that is reported after %i hours, and no sooner',
    (stage, hours) => {
      const run = created();
      const progress = { total: 3, completed: 1, failed: 0 };
      polled(run, hours * hourMs - 60_000, { stage, providerStatus: stage, progress });
      expect(batchOf(run, 'a').overdue).toBeNull();
      polled(run, 20 * 60_000, { stage, providerStatus: stage, progress });
      expect(batchOf(run, 'a').overdue?.reason).toBe('unchanged');
      expect(warnings(run)).toHaveLength(1);
    },
  );

  it('is believed about how long it has been in a status, where its counts say nothing else', () => {
    const run = created();
    pollOnce(run, {
      stage: 'cancelling',
      providerStatus: 'cancelling',
      statusSinceMs: run.nowMs - 5 * hourMs,
    });
    expect(warnings(run)[0]).toContain(
      'neither its status nor its counts have changed for 5 hours',
    );
    const moving = created();
    pollOnce(moving, {
      statusSinceMs: moving.nowMs - 20 * hourMs,
      progress: { total: 3, completed: 2, failed: 0 },
    });
    expect(batchOf(moving, 'a').overdue).toBeNull();
    // Services were seen that say 0, which would be since 1970.
    const timeless = created();
    pollOnce(timeless, { statusSinceMs: 0 });
    expect(batchOf(timeless, 'a').overdue).toBeNull();
  });

  it('lacks requests that were added to it: that is reported after an hour', () => {
    const container = { ...openaiTraits, input: 'container', fence: 'container' } as const;
    const run = startRun({ ...makeConfig(), traits: container });
    accept(run, [10, 10, 10]);
    toCreated(run, 'a');
    const empty = { total: 0, completed: 0, failed: 0 };
    const shownAs = { stage: 'validating', providerStatus: 'empty', progress: empty } as const;
    polled(run, hourMs - 60_000, shownAs);
    expect(batchOf(run, 'a').overdue).toBeNull();
    polled(run, 20 * 60_000, shownAs);
    expect(warnings(run)).toEqual([
      expect.stringContaining('it counts 0 of the 3 requests that were sent'),
    ]);
    pollOnce(run, { progress: { total: 3, completed: 0, failed: 0 } });
    expect(warnings(run)).toEqual([]);
  });

  it('has answered everything, by its counts, in an unknown status: that is reported at once', () => {
    const run = created();
    pollOnce(run, {
      stage: 'unknown',
      providerStatus: 'finalized',
      progress: { total: 3, completed: 2, failed: 1 },
    });
    expect(batchOf(run, 'a').overdue?.reason).toBe('unknown_status');
    expect(warnings(run)[0]).toContain(
      'all of its 3 requests are counted as answered or failed, and batchor does not know this status',
    );
    expect(batchOf(run, 'a').phase).toBe('created');
  });

  it('names a file of answers, in an unknown status: that is reported at once, too', () => {
    const run = created();
    const named = { outputFileId: 'o', errorFileId: null };
    pollOnce(run, { stage: 'unknown', providerStatus: 'done', progress: null, named });
    expect(warnings(run)[0]).toContain(
      'it has a file of answers, and batchor does not know this status',
    );
    const known = created();
    pollOnce(known, { progress: null, named });
    expect(batchOf(known, 'a').overdue).toBeNull();
  });

  it('is recorded once for each reason, and once when it moves again', () => {
    const run = created();
    const events: (string | null)[] = [];
    const note = ({ events: recorded }: Step): void => {
      for (const event of recorded)
        if (event.type === 'BatchOverdue') events.push(event.overdue?.reason ?? null);
    };
    for (const progress of [0, 0, 0, 1, 1]) {
      note(pollOnce(run, { progress: { total: 3, completed: progress, failed: 0 } }));
      run.nowMs += 7 * hourMs;
    }
    expect(events).toEqual(['unchanged', null, 'past_expiry']);
  });

  it('is none in a snapshot of before', () => {
    const run = created();
    pollOnce(run);
    const { newsAtMs, providerTimes, overdue, ...before } = batchOf(run, 'a');
    expect([newsAtMs, providerTimes, overdue]).toEqual([
      run.nowMs,
      { createdAtMs: null, expiresAtMs: null },
      null,
    ]);
    const stored = JSON.parse(
      JSON.stringify(snapshotCodec.encode({ ...run.state.snapshot, live: [before as never] })),
    ) as unknown;
    const read = snapshotCodec.decode(stored);
    if (read._tag === 'Left') throw new Error(String(read.left));
    expect(read.right.live[0]).toMatchObject({
      newsAtMs: null,
      providerTimes: { createdAtMs: null, expiresAtMs: null },
      overdue: null,
    });
    run.state = { ...run.state, snapshot: read.right };
    run.nowMs += 20 * hourMs;
    // The last change was not recorded: the time counts from the first poll.
    pollOnce(run, { progress: batchOf(run, 'a').progress });
    expect(batchOf(run, 'a').overdue).toBeNull();
  });
});

describe('events of before', () => {
  it('are read as they were meant', () => {
    const observed = {
      type: 'BatchObserved',
      atMs: 1,
      batchKey: 'a',
      providerStatus: 's',
      progress: null,
      dueAtMs: 2,
      isNews: true,
      isAccepted: true,
    };
    const found = {
      type: 'StrayFound',
      atMs: 1,
      batchKey: 'a',
      providerBatchId: 'p',
      providerStatus: 's',
      isAlive: true,
    };
    const read = [observed, found].map((event) => eventCodec.decode(event));
    expect(read).toMatchObject([
      { _tag: 'Right', right: { ...observed, times: { createdAtMs: null, expiresAtMs: null } } },
      { _tag: 'Right', right: { ...found, isGivenUp: false } },
    ]);
  });
});

describe('a cancelled run', () => {
  const cancelled = (): Scenario => {
    const run = created();
    send(run, { type: 'CancelRun' }, { type: 'RecordCancelAsked', batchKey: key('a') });
    return run;
  };

  it('ends though its batch never does, and buys nothing again', () => {
    const run = cancelled();
    const begunMs = run.nowMs;
    const change: Shown = { stage: 'cancelling', providerStatus: 'cancelling' };
    while (batchOf(run, 'a').phase === 'created') {
      pollOnce(run, change);
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    expect(run.nowMs - begunMs).toBeGreaterThan(hourMs);
    expect(run.nowMs - begunMs).toBeLessThan(3 * hourMs);
    expect(batchOf(run, 'a').ending?.type).toBe('given_up');
    settleRest(run, 'a');
    expect(statuses(run)).toEqual(Array(3).fill('failed_permanent: run_cancelled'));
    expect(isFinished(run.state.snapshot)).toBe(true);
    // It may answer yet.
    expect(run.state.snapshot.presumed.rows).toBe(3);
  });

  it('takes the files that such a batch names', () => {
    const run = cancelled();
    const change: Shown = {
      stage: 'cancelling',
      providerStatus: 'cancelling',
      named: { outputFileId: 'o', errorFileId: null },
    };
    polled(run, 2 * hourMs, change);
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'ended',
      files: null,
      ending: { type: 'given_up', outputFileId: 'o' },
    });
    expect(dueTypes(run)).toEqual(['StoreFiles']);
  });

  it('waits for a batch that takes no longer than is usual, however often it is asked', () => {
    const run = cancelled();
    const change: Shown = { stage: 'cancelling', providerStatus: 'cancelling' };
    polled(run, hourMs - 60_000, change);
    expect(batchOf(run, 'a').phase).toBe('created');
  });

  it('polls a batch past its expiry ten times after its cancel', () => {
    const run = created();
    const times = { createdAtMs: run.nowMs - 72 * hourMs, expiresAtMs: run.nowMs - 48 * hourMs };
    polled(run, hourMs, times);
    send(run, { type: 'CancelRun' }, { type: 'RecordCancelAsked', batchKey: key('a') });
    let polls = 0;
    for (; batchOf(run, 'a').phase === 'created'; polls += 1) {
      pollOnce(run, times);
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    expect(polls).toBe(10);
  });

  const asks = (run: Scenario, shown: Shown): number => {
    let count = 0;
    for (let step = 0; step < 60 && batchOf(run, 'a').phase === 'created'; step += 1) {
      const due = dueTypes(run);
      if (due.includes('CancelBatch')) {
        count += 1;
        send(run, {
          type: 'RecordFault',
          key: 'cancel:a' as never,
          fault: 'transient',
          message: '500: boom',
          retryAfterMs: null,
        });
      }
      if (due.includes('PollBatches')) pollOnce(run, shown);
      run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    }
    return count;
  };

  it('ends though the cancel of its overdue batch is answered with errors for ever: it is tried four times', () => {
    const run = created();
    const times = { createdAtMs: run.nowMs - 72 * hourMs, expiresAtMs: run.nowMs - 48 * hourMs };
    polled(run, hourMs, times);
    send(run, { type: 'CancelRun' });
    expect(asks(run, times)).toBe(4);
    expect(run.state.snapshot.control).toMatchObject({
      state: 'cancel_requested',
      reason: 'provider_refused',
    });
    expect(run.state.snapshot.control.message).toContain('failed 4 times');
    settleRest(run, 'a');
    expect(isFinished(run.state.snapshot)).toBe(true);
    expect(run.state.snapshot.presumed.rows).toBe(3);
  });

  it('asks again for as long as its batch is not overdue', () => {
    const run = created();
    send(run, { type: 'CancelRun' });
    expect(asks(run, {})).toBeGreaterThan(4);
    expect(batchOf(run, 'a').cancelAsked).toBe(false);
  });

  it('does not believe that a cancel is in vain while the provider cannot be reached at all', () => {
    const run = created();
    const times = { createdAtMs: run.nowMs - 72 * hourMs, expiresAtMs: run.nowMs - 48 * hourMs };
    polled(run, hourMs, times);
    send(run, { type: 'CancelRun' });
    for (let tries = 0; tries < 8; tries += 1) {
      for (const name of ['poll', 'cancel:a'])
        send(run, {
          type: 'RecordFault',
          key: name as never,
          fault: 'transient',
          message: 'down',
          retryAfterMs: null,
        });
      run.nowMs += hourMs;
    }
    expect(batchOf(run, 'a').cancelAsked).toBe(false);
  });
});
