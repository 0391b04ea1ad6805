import { describe, expect, it } from 'vitest';
import { censusOfRows, codeOfFailure, type FailureClass } from '../../../lib/core/internal.ts';
import { makeConfig, type Overrides } from '../../support/core/config.ts';
import {
  accept,
  batchOf,
  dueTypes,
  ending,
  endBatch,
  key,
  plan,
  rejected,
  requeueAll,
  type Scenario,
  settleRest,
  settleSuccesses,
  startRun,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

const rowsOf = (count: number, overrides: Overrides): Scenario => {
  const run = startRun(makeConfig({ chunk: { requestsMax: 10, planAfterMs: 0 }, ...overrides }));
  accept(run, Array<number>(count).fill(10));
  return run;
};

/** Settles a created batch: the rows in front pass, the others fail by the class. */
const settle = (
  run: Scenario,
  name: string,
  passed: number,
  failure: FailureClass = 'invalid_request',
): void => {
  const { batchNo, requests } = batchOf(run, name);
  const first = run.state.rows.findIndex((row) => row.batchNo === batchNo);
  endBatch(run, name, ending({ outputFileId: 'o' }));
  send(run, {
    type: 'RecordFiles',
    batchKey: key(name),
    output: { object: 'out', bytes: 10 * requests },
    error: null,
    census: censusOfRows(1_000),
  });
  settleSuccesses(
    run,
    name,
    Array.from({ length: passed }, (_, i) => first + i),
  );
  settleRest(run, name, () => codeOfFailure(failure));
};
const sendBatch = (run: Scenario, name: string): number => {
  toCreated(run, name);
  return batchOf(run, name).requests;
};
const control = (run: Scenario): unknown => run.state.snapshot.control;

describe('a canary', () => {
  const canary = { items: 4, passRatioMin: 0.75 };

  it('goes alone, as many rows as it is, and the rest when enough of them pass', () => {
    const run = rowsOf(30, { canary });
    expect(sendBatch(run, 'a')).toBe(4);
    expect(dueTypes(run)).not.toContain('PlanBatch');
    expect(plan(run, 'b').rejection).not.toBeNull();
    settle(run, 'a', 3);
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      canary: { isPassed: true },
    });
    expect(sendBatch(run, 'b')).toBe(10);
    expect(sendBatch(run, 'c')).toBe(10);
  });

  it('that fails pauses the run with what was wrong, and the next one goes alone again', () => {
    const run = rowsOf(30, { canary });
    sendBatch(run, 'a');
    settle(run, 'a', 2);
    expect(control(run)).toEqual({
      state: 'paused',
      reason: 'circuit_open',
      message:
        'the canary batch at-a failed: 2 of 4 rows passed (50 %), at least 75 % must: invalid_request 2',
    });
    send(run, { type: 'ResumeRun' });
    expect(sendBatch(run, 'b')).toBe(4);
    expect(dueTypes(run)).not.toContain('PlanBatch');
    settle(run, 'b', 4);
    expect(sendBatch(run, 'c')).toBe(10);
  });

  it('is judged by rows that were judged: expired rows and capacity refusals do not count', () => {
    const run = rowsOf(30, { canary });
    sendBatch(run, 'a');
    endBatch(run, 'a', ending({ type: 'expired' }));
    settleRest(run, 'a');
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      canary: { isPassed: false, batchKey: null },
    });
    sendBatch(run, 'b');
    endBatch(run, 'b', rejected('over_capacity'));
    settleRest(run, 'b');
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      canary: { isPassed: false, batchKey: null },
    });
  });

  it('waits for its rows while the source still flows, and is no longer than the input', () => {
    const run = startRun(makeConfig({ canary, chunk: { planAfterMs: 60_000 } }));
    accept(run, [10, 10, 10], false);
    expect(dueTypes(run)).not.toContain('PlanBatch');
    accept(run, [10], false);
    expect(dueTypes(run)).toContain('PlanBatch');
    expect(sendBatch(run, 'a')).toBe(4);
    const short = rowsOf(2, { canary });
    expect(sendBatch(short, 'a')).toBe(2);
    settle(short, 'a', 2);
    expect(short.state.snapshot.status).toBe('completed');
  });

  it('that is asked for later goes next, though the first has passed', () => {
    const run = rowsOf(30, { canary });
    sendBatch(run, 'a');
    settle(run, 'a', 4);
    const { operation } = run.state.snapshot.config;
    send(run, {
      type: 'ChangeOperation',
      operation: { ...operation, canary: { items: 2, passRatioMin: 1 } },
    });
    expect(sendBatch(run, 'b')).toBe(2);
    settle(run, 'b', 2);
    expect(sendBatch(run, 'c')).toBe(10);
  });

  it('ends when the operation is changed', () => {
    const run = rowsOf(30, { canary });
    sendBatch(run, 'a');
    settle(run, 'a', 0);
    const { operation } = run.state.snapshot.config;
    send(
      run,
      { type: 'ChangeOperation', operation: { ...operation, canary: null } },
      { type: 'ResumeRun' },
    );
    expect(sendBatch(run, 'b')).toBe(10);
  });
});

describe('the circuit breaker', () => {
  it('opens after so many batches in a row that fail validation, and forgets them with one that does not', () => {
    const run = rowsOf(2, { circuitBreaker: { failedBatchesMax: 2 } });
    const fail = (name: string): void => {
      toCreated(run, name);
      endBatch(run, name, rejected('other'));
      settleRest(run, name);
      run.nowMs = run.state.snapshot.backoff[0]?.dueAtMs ?? run.nowMs;
      if (run.state.snapshot.control.state === 'running') requeueAll(run);
    };
    fail('a');
    expect(control(run)).toMatchObject({ state: 'running' });
    fail('b');
    expect(control(run)).toMatchObject({
      state: 'paused',
      reason: 'circuit_open',
      message: '2 batches in a row failed validation: because of other',
    });
    send(run, { type: 'ResumeRun' });
    requeueAll(run);
    fail('c');
    expect(control(run)).toMatchObject({ state: 'running' });
  });

  it('is not moved by capacity refusals: they are not about the rows', () => {
    const run = rowsOf(2, { circuitBreaker: { failedBatchesMax: 2 } });
    for (const [i, type] of (
      ['other', 'over_capacity', 'over_capacity', 'over_capacity', 'other'] as const
    ).entries()) {
      expect(control(run)).toMatchObject({ state: 'running' });
      toCreated(run, `b${i}`);
      endBatch(run, `b${i}`, rejected(type));
      settleRest(run, `b${i}`);
      run.nowMs = run.state.snapshot.backoff.at(-1)?.dueAtMs ?? run.nowMs;
      if (run.state.snapshot.control.state === 'running') requeueAll(run);
    }
    expect(control(run)).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });

  it('opens when too few of the last rows pass, and shows why', () => {
    const run = rowsOf(60, { circuitBreaker: { passRatioMin: 0.5, judgedRowsMin: 20 } });
    sendBatch(run, 'a');
    settle(run, 'a', 4, 'refusal');
    expect(control(run)).toMatchObject({ state: 'running' });
    sendBatch(run, 'b');
    settle(run, 'b', 4);
    expect(control(run)).toEqual({
      state: 'paused',
      reason: 'circuit_open',
      message:
        'too many rows fail: 8 of 20 rows passed (40 %), at least 50 % must: invalid_request 6, refusal 6',
    });
    // Each group of rows is checked once: after a resume the next group is judged.
    send(run, { type: 'ResumeRun' });
    sendBatch(run, 'c');
    settle(run, 'c', 0);
    expect(control(run)).toMatchObject({ state: 'running' });
  });

  it('checks each group of rows by itself: earlier successes do not count', () => {
    const run = rowsOf(60, { circuitBreaker: { passRatioMin: 0.5, judgedRowsMin: 20 } });
    for (const name of ['a', 'b']) {
      sendBatch(run, name);
      settle(run, name, 10);
    }
    for (const name of ['c', 'd']) {
      sendBatch(run, name);
      settle(run, name, 0);
    }
    expect(control(run)).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });
});
