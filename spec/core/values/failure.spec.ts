import { describe, expect, it } from 'vitest';
import {
  codeOfFailure,
  type FailureAction,
  failureAction,
  type FailureClass,
  failureClasses,
  failureOfCode,
  isFailureClass,
  isFailureOfBatch,
} from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  endBatch,
  ending,
  type Scenario,
  settleRest,
  startRun,
  statuses,
  send,
  toCreated,
} from '../../support/core/scenario.ts';

/** What the table says, said once more: a class that changes its meaning changes two files. */
const actions: Readonly<Record<FailureAction, readonly FailureClass[]>> = {
  retry_charged: [
    'rate_limited',
    'server_error',
    'request_timeout',
    'malformed_result',
    'invalid_json',
    'schema_mismatch',
    'empty_output',
    'fenced_json',
    'input_not_fetched',
  ],
  retry_uncharged: [
    'batch_expired',
    'batch_cancelled',
    'missing_result',
    'over_capacity',
    'batch_rejected',
  ],
  fail: [
    'truncated',
    'invalid_request',
    'context_too_long',
    'refusal',
    'content_filtered',
    'request_too_large',
    'run_cancelled',
    'invalid_row',
    'tool_call',
  ],
  pause: ['insufficient_quota'],
};
const config = makeConfig({ retry: { attemptsMax: 2, unchargedAttemptsMax: 2 } });

/** One row that fails in this way in its n-th batch, each before failing the same way. */
const failTimes = (failureClass: FailureClass, times: number, isCancelling = false): Scenario => {
  const run = startRun(config);
  accept(run, [10]);
  for (let time = 1; time <= times; time += 1) {
    toCreated(run, `b${time}`);
    if (isCancelling && time === times) send(run, { type: 'CancelRun' });
    endBatch(run, `b${time}`, ending());
    settleRest(run, `b${time}`, () => codeOfFailure(failureClass));
    if (time === times) break;
    if (run.state.snapshot.control.state === 'paused') send(run, { type: 'ResumeRun' });
    const dueAtMs = run.state.snapshot.backoff[0]?.dueAtMs ?? 0;
    run.nowMs = dueAtMs;
    send(run, {
      type: 'RequeueRows',
      dueAtMs,
      rows: { indexes: [0], bytes: [10], tokens: [10], isLast: true },
    });
  }
  return run;
};

describe('the failure table', () => {
  it('has an action for every class, and no class twice', () => {
    const listed = Object.values(actions).flat();
    expect(listed.toSorted()).toEqual(failureClasses.toSorted());
    for (const action of Object.keys(actions) as FailureAction[])
      expect(actions[action].map(failureAction)).toEqual(actions[action].map(() => action));
  });

  it('numbers its classes for the journal as it always has: new ones come last', () => {
    const journal = [
      'rate_limited',
      'server_error',
      'request_timeout',
      'batch_expired',
      'batch_cancelled',
      'missing_result',
      'over_capacity',
      'batch_rejected',
      'malformed_result',
      'truncated',
    ];
    const later = [
      'invalid_json',
      'schema_mismatch',
      'invalid_request',
      'context_too_long',
      'refusal',
      'content_filtered',
      'request_too_large',
      'insufficient_quota',
      'run_cancelled',
      'invalid_row',
      'empty_output',
      'fenced_json',
    ];
    expect(failureClasses.slice(0, 22)).toEqual([...journal, ...later]);
    for (const failureClass of failureClasses)
      expect(failureOfCode(codeOfFailure(failureClass))).toBe(failureClass);
  });

  it('knows its classes from other text', () => {
    expect(failureClasses.every(isFailureClass)).toBe(true);
    expect(['', 'toString', 'constructor', 'RATE_LIMITED'].some(isFailureClass)).toBe(false);
  });
});

describe.each(actions.retry_charged)('a row that fails as %s', (failureClass) => {
  it('goes again, one attempt charged, while it has attempts left', () => {
    expect(failTimes(failureClass, 1).state.rows[0]).toMatchObject({
      status: 'failed_retryable',
      charged: 1,
      uncharged: 0,
    });
  });
  it('fails as what it is once they are used up', () => {
    expect(failTimes(failureClass, 2).state.rows[0]).toMatchObject({
      status: 'failed_permanent',
      failure: failureClass,
      charged: 2,
      uncharged: 0,
    });
  });
  it('fails as cancelled while the run is cancelled', () => {
    expect(failTimes(failureClass, 1, true).state.rows[0]).toMatchObject({
      status: 'failed_permanent',
      failure: 'run_cancelled',
    });
  });
});

describe.each([...actions.retry_uncharged, ...actions.pause])(
  'a row that fails as %s',
  (failureClass) => {
    it('goes again without charge, while it has such attempts left', () => {
      expect(failTimes(failureClass, 1).state.rows[0]).toMatchObject({
        status: 'failed_retryable',
        charged: 0,
        uncharged: 1,
      });
    });
    it('fails as what it is once they are used up; continues where its whole batch was refused', () => {
      expect(failTimes(failureClass, 2).state.rows[0]).toMatchObject(
        isFailureOfBatch(failureClass)
          ? { status: 'failed_retryable', charged: 0, uncharged: 2 }
          : { status: 'failed_permanent', failure: failureClass, charged: 0, uncharged: 2 },
      );
    });
    it('fails as cancelled while the run is cancelled', () => {
      expect(failTimes(failureClass, 1, true).state.rows[0]).toMatchObject({
        status: 'failed_permanent',
        failure: 'run_cancelled',
      });
    });
  },
);

describe.each(actions.fail)('a row that fails as %s', (failureClass) => {
  it('fails at once, whether the run is cancelled or not', () => {
    expect(statuses(failTimes(failureClass, 1))).toEqual([`failed_permanent: ${failureClass}`]);
    expect(statuses(failTimes(failureClass, 1, true))).toEqual([
      `failed_permanent: ${failureClass}`,
    ]);
  });
});

describe('a row that fails for want of money', () => {
  it('pauses the run, and goes again when it is resumed', () => {
    const run = failTimes('insufficient_quota', 1);
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'insufficient_quota',
    });
  });
  it('only leaves a note while the run is cancelled', () => {
    const { events } = (() => {
      const run = startRun(config);
      accept(run, [10]);
      toCreated(run, 'b');
      send(run, { type: 'CancelRun' });
      endBatch(run, 'b', ending());
      return settleRest(run, 'b', () => codeOfFailure('insufficient_quota'));
    })();
    expect(events.map((event) => event.type)).toEqual([
      'ItemsSettled',
      'BatchSettled',
      'ReasonNoted',
      'RunFinished',
    ]);
  });
});
