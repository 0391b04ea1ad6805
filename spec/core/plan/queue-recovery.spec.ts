import { describe, expect, it } from 'vitest';
import type { CommandOf } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  answerCreate,
  attempt,
  batchOf,
  dueTypes,
  key,
  plan,
  type Scenario,
  startRun,
  takeIn,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';
import { planWindow } from '../../support/core/slices.ts';

const hourMs = 3_600_000;
const refusal = {
  type: 'over_capacity',
  message: 'queue full',
  retryAfterMs: null,
  statedTokensMax: null,
  statedRequestsMax: null,
} as const;

const rowsOf = (count: number, tokens: number): Scenario => {
  const run = startRun(makeConfig({ chunk: { requestsMax: 1_000, planAfterMs: 0 } }));
  accept(run, Array<number>(count).fill(tokens));
  return run;
};
/** Refused at its create, and waited for until it may be tried again. */
const refuseCreate = (run: Scenario, name: string): void => {
  const { createAttempt } = batchOf(run, name);
  send(run, { type: 'RecordCreateRefused', batchKey: key(name), createAttempt, refusal });
  run.nowMs += 20 * 60_000;
};
/** Until no more than one request is asked for at once. */
const refuseToTheLast = (run: Scenario): string => {
  for (let i = 0; ; i += 1) {
    const name = `r${i}`;
    toCreating(run, name);
    refuseCreate(run, name);
    if (batchOf(run, name).requests === 1) return name;
    send(run, { type: 'DropBatch', batchKey: key(name) });
  }
};

describe('a queue that refused everything for a while', () => {
  it('is filled again by accepted batches, though one request at a time was all that the guess admitted', () => {
    const run = rowsOf(64, 129);
    const last = refuseToTheLast(run);
    send(run, { type: 'BeginCreate', batchKey: key(last) });
    answerCreate(run, last);
    takeIn(run, last);
    // What was refused lies there now: the refusal says nothing any more, and the next batches need
    // not wait for this one's end.
    for (let i = 0; run.state.snapshot.totals.pending > 0 && i < 12; i += 1) {
      toCreated(run, `b${i}`);
      takeIn(run, `b${i}`);
    }
    expect(run.state.snapshot.totals).toMatchObject({ pending: 0, submitted: 64 });
  });

  it('is filled again though a whole number of requests is less than most of the guess', () => {
    const run = rowsOf(64, 129);
    const last = refuseToTheLast(run);
    // The process slept: that refusal is forgotten.
    run.nowMs += 2 * hourMs;
    send(run, { type: 'BeginCreate', batchKey: key(last) });
    answerCreate(run, last);
    takeIn(run, last);
    for (let i = 0; run.state.snapshot.totals.pending > 0 && i < 12; i += 1) {
      toCreated(run, `b${i}`);
      takeIn(run, `b${i}`);
    }
    expect(run.state.snapshot.totals.pending).toBe(0);
  });
});

describe('a batch that is refused beside others that only reserve capacity', () => {
  const others = { tokens: 5_000, requests: 50, stated: null, wants: [] };
  const planBeside = (
    run: Scenario,
    name: string,
    seen: CommandOf<'PlanBatch'>['others'],
  ): void => {
    const window = planWindow(run.state.rows, run.state.snapshot.backlog.generation, 1_000);
    attempt(run, {
      type: 'PlanBatch',
      newBatchKey: key(name),
      window,
      ...(seen === undefined ? {} : { others: seen }),
    });
  };

  it('is planned anew, which checks them again: it is not sent for ever at the size that was refused', () => {
    const run = rowsOf(50, 100);
    planBeside(run, 'a', others);
    send(
      run,
      {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 1,
        inputFileId: 'file-a',
        expiresAtMs: null,
      },
      { type: 'BeginCreate', batchKey: key('a') },
    );
    refuseCreate(run, 'a');
    expect(dueTypes(run)).toEqual(['DropBatch']);
    send(run, { type: 'DropBatch', batchKey: key('a') });
    planBeside(run, 'b', { tokens: 5_000, requests: 50, stated: null, wants: [] });
    expect(batchOf(run, 'b').requests).toBe(25);
  });

  it('gives up after three days as well, with nothing of its own there', () => {
    const run = rowsOf(1, 100);
    planBeside(run, 'a', others);
    send(run, {
      type: 'RecordUpload',
      batchKey: key('a'),
      createAttempt: 1,
      inputFileId: 'file-a',
      expiresAtMs: null,
    });
    for (let i = 0; i < 400 && run.state.snapshot.control.state === 'running'; i += 1) {
      send(run, { type: 'BeginCreate', batchKey: key('a') });
      refuseCreate(run, 'a');
    }
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });
});

describe('a request that is larger than the whole queue', () => {
  it('stops the run at once: others of the scope may never be done', () => {
    const run = startRun(
      makeConfig({
        chunk: { requestsMax: 10, planAfterMs: 0 },
        enqueue: { enqueuedTokenLimit: 500 },
      }),
    );
    accept(run, [900]);
    const window = planWindow(run.state.rows, run.state.snapshot.backlog.generation, 1_000);
    send(run, {
      type: 'PlanBatch',
      newBatchKey: key('a'),
      window,
      others: { tokens: 300, requests: 3, stated: null, wants: [] },
    });
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'budget_exhausted',
      message:
        'the next request (item_index 0) needs 900 tokens, and the whole enqueue budget is 500',
    });
  });
});

describe('two limits of one queue', () => {
  it('both count, whichever of them was stated last', () => {
    const run = rowsOf(100, 10);
    for (const [name, stated] of [
      ['a', { statedTokensMax: 600, statedRequestsMax: null }],
      ['b', { statedTokensMax: null, statedRequestsMax: 7 }],
    ] as const) {
      toCreating(run, name);
      send(run, {
        type: 'RecordCreateRefused',
        batchKey: key(name),
        createAttempt: 1,
        refusal: { ...refusal, ...stated },
      });
      run.nowMs += 20 * 60_000;
      send(run, { type: 'DropBatch', batchKey: key(name) });
    }
    expect(run.state.snapshot.queue.stated).toMatchObject({ tokensMax: 600, requestsMax: 7 });
  });
});

describe('the pace of creates, where the clock goes back', () => {
  it('is kept from then on: no batch waits for the earlier time', () => {
    const run = startRun(
      makeConfig({
        chunk: { requestsMax: 1, planAfterMs: 0 },
        createsPerHourMax: 40,
        enqueue: { enqueuedTokenLimit: 1e9 },
      }),
    );
    accept(run, Array<number>(100).fill(10));
    toCreated(run, 'a');
    run.nowMs -= 24 * hourMs;
    const startedMs = run.nowMs;
    let count = 0;
    for (let i = 0; run.nowMs < startedMs + hourMs; i += 1) {
      plan(run, `b${i}`);
      send(run, {
        type: 'RecordUpload',
        batchKey: key(`b${i}`),
        createAttempt: 1,
        inputFileId: `file-${i}`,
        expiresAtMs: null,
      });
      while (
        run.nowMs < startedMs + hourMs &&
        attempt(run, { type: 'BeginCreate', batchKey: key(`b${i}`) }).rejection !== null
      )
        run.nowMs += 10_000;
      if (run.nowMs >= startedMs + hourMs) break;
      count += 1;
      answerCreate(run, `b${i}`);
    }
    expect(count).toBeGreaterThan(30);
    expect(count).toBeLessThanOrEqual(40);
  });
});
