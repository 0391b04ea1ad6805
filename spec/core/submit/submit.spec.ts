import { describe, expect, it } from 'vitest';
import { nextDueMs } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  key,
  plan,
  startRun,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

describe('a refused create', () => {
  const refuse = (
    type:
      | 'refused'
      | 'rate_limited'
      | 'unreachable'
      | 'over_capacity'
      | 'insufficient_quota'
      | 'authentication_failed',
    times: number,
    retryAfterMs: number | null = null,
  ) => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    for (let createAttempt = 1; createAttempt <= times; createAttempt += 1) {
      if (createAttempt > 1) send(run, { type: 'BeginCreate', batchKey: key('a') });
      send(run, {
        type: 'RecordCreateRefused',
        batchKey: key('a'),
        createAttempt,
        refusal: {
          type,
          message: type,
          retryAfterMs,
          statedTokensMax: null,
          statedRequestsMax: null,
        },
      });
      if (createAttempt < times) run.nowMs += 10_000_000;
    }
    return run;
  };

  it.each(['rate_limited', 'unreachable', 'over_capacity'] as const)(
    'as %s slows down, and never stops the run',
    (type) => {
      const run = refuse(type, 12);
      expect(run.state.snapshot.control.state).toBe('running');
      expect(batchOf(run, 'a')).toMatchObject({ phase: 'uploaded', held: null });
      expect(dueTypes(run)).toEqual([]);
      // The wait of the effect, and that of the queue.
      for (let i = 0; i < 3 && dueTypes(run).length === 0; i += 1)
        run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? 0;
      expect(dueTypes(run)).toEqual(['BeginCreate']);
    },
  );

  it.each(['insufficient_quota', 'authentication_failed'] as const)(
    'as %s pauses the run at once',
    (type) => {
      expect(refuse(type, 1).state.snapshot.control).toMatchObject({
        state: 'paused',
        reason: type,
      });
    },
  );

  it('as refused is held, and pauses the run, at the fourth time', () => {
    expect(batchOf(refuse('refused', 3), 'a').held).toBeNull();
    const run = refuse('refused', 4);
    expect(batchOf(run, 'a').held).toBe('refused');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'provider_refused',
    });
  });

  it('waits at least as long as the provider says', () => {
    const run = refuse('rate_limited', 1, 500_000);
    expect((nextDueMs(run.state.snapshot, run.nowMs) ?? 0) - run.nowMs).toBeGreaterThanOrEqual(
      500_000,
    );
  });
});

describe('polling', () => {
  it('counts the same poll once: no news before the next poll is due changes nothing', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    const poll = {
      type: 'RecordPoll',
      asked: [key('a')],
      observations: [
        {
          batchKey: key('a'),
          providerBatchId: 'at-a' as never,
          providerStatus: 'validating',
          isAccepted: false,
          progress: null,
          ending: null,
        },
      ],
    } as const;
    send(run, poll);
    expect(batchOf(run, 'a').quietPolls).toBe(1);
    expect(attempt(run, poll).rejection?.type).toBe('nothing_to_change');
    run.nowMs = batchOf(run, 'a').dueAtMs;
    send(run, poll);
    expect(batchOf(run, 'a').quietPolls).toBe(2);
  });
});

describe('a budget that no request fits', () => {
  const starved = (enqueue: object) => {
    const run = startRun(makeConfig({ enqueue }));
    accept(run, [10]);
    plan(run, 'a');
    return run;
  };

  it.each([
    [
      { enqueuedTokenLimit: 9 },
      'the next request (item_index 0) needs 10 tokens, and the whole enqueue budget is 9',
    ],
    [{ enqueuedRequestLimit: 0 }, 'the enqueue budget admits no request at all'],
  ])('as %j pauses the run and says so', (enqueue, message) => {
    expect(starved(enqueue).state.snapshot.control).toEqual({
      state: 'paused',
      reason: 'budget_exhausted',
      message,
    });
  });

  it('pauses it again when it is resumed as it was, and plans when the limit was raised', () => {
    const run = starved({ enqueuedTokenLimit: 9 });
    send(run, { type: 'ResumeRun' });
    expect(dueTypes(run)).toEqual(['PlanBatch']);
    plan(run, 'a');
    expect(run.state.snapshot.control.reason).toBe('budget_exhausted');
    send(
      run,
      {
        type: 'ChangeOperation',
        operation: makeConfig({ enqueue: { enqueuedTokenLimit: 10 } }).operation,
      },
      { type: 'ResumeRun' },
    );
    plan(run, 'a');
    expect(batchOf(run, 'a').requests).toBe(1);
  });
});
