import type { RefusedLineClass } from '../../../lib/core/model/batch.ts';
import { describe, expect, it } from 'vitest';
import type { CommandOf } from '../../../lib/core/model/command.ts';
import { effectsDue } from '../../../lib/core/internal.ts';
import { makeConfig, type Overrides } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  toCreated,
  settleRest,
  rejected,
  endBatch,
  key,
  plan,
  type Scenario,
  startRun,
  statuses,
  send,
  toCreating,
} from '../../support/core/scenario.ts';

const start = (sizes: readonly number[], overrides: Overrides = {}): Scenario => {
  const run = startRun(makeConfig(overrides));
  accept(run, sizes);
  return run;
};
type Refusal = Partial<Omit<CommandOf<'RecordInputRefused'>, 'type' | 'atMs'>>;
const refuse = (run: Scenario, name: string, refusal: Refusal): void => {
  const { phase, createAttempt } = batchOf(run, name);
  const attemptNow = phase === 'planned' ? createAttempt + 1 : createAttempt;
  const none = { message: 'no', isTooLarge: false, statedBytesMax: null, said: [], indexes: [] };
  send(run, {
    type: 'RecordInputRefused',
    batchKey: key(name),
    createAttempt: attemptNow,
    ...none,
    ...refusal,
  });
};
const tooLarge = (run: Scenario, name: string, statedBytesMax: number | null = null): void =>
  refuse(run, name, { isTooLarge: true, statedBytesMax });
/** The line of the batch, whose rows are those that are not dropped yet. */
const refuseLine = (run: Scenario, name: string, line: number, index: number, code = 'bad'): void =>
  refuse(run, name, {
    said: [{ line, code, message: 'No.', param: null, failureClass: null }],
    indexes: [index],
  });
/** Plans until a batch is there: refused rows are dropped first. */
const planNext = (run: Scenario, name: string): void => {
  for (
    let i = 0;
    i < 5 &&
    dueTypes(run).includes('PlanBatch') &&
    !run.state.snapshot.live.some(({ batchKey }) => batchKey === name);
    i += 1
  )
    plan(run, name);
};
const failedAs = (run: Scenario, failure: string): number =>
  statuses(run).filter((status) => status === `failed_permanent: ${failure}`).length;

describe('an input file that is too large for the service', () => {
  it('is cut in half until it is taken, without a pause and without a row lost', () => {
    const run = start(Array.from({ length: 64 }, () => 10));
    const sizes: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      planNext(run, `b${n}`);
      const { inputBytes } = batchOf(run, `b${n}`);
      sizes.push(inputBytes);
      if (inputBytes <= 100) break;
      tooLarge(run, `b${n}`);
    }
    expect(sizes).toEqual([640, 320, 160, 80]);
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      fileLimit: { bytesMax: 80, refusedBytes: 160 },
    });
    expect(run.state.snapshot.totals).toMatchObject({
      pending: 56,
      queued_local: 8,
      failed_permanent: 0,
    });
  });

  it('is cut to what the service states, where that explains the refusal', () => {
    const run = start(Array.from({ length: 64 }, () => 10));
    planNext(run, 'a');
    tooLarge(run, 'a', 500);
    planNext(run, 'b');
    expect(batchOf(run, 'b').inputBytes).toBe(500);
    // Nor does it take that: what it states is not the whole story.
    tooLarge(run, 'b', 500);
    planNext(run, 'c');
    expect(batchOf(run, 'c').inputBytes).toBe(250);
  });

  it('at the create, too: its file is left to be deleted, and batches that are planned already are cut unsent', () => {
    const run = start(
      Array.from({ length: 60 }, () => 10),
      { chunk: { requestsMax: 20 }, deletesInputFiles: true },
    );
    toCreating(run, 'a');
    plan(run, 'b');
    tooLarge(run, 'a');
    expect(run.state.snapshot.litter).toEqual(['file-a']);
    expect(effectsDue(run.state.snapshot, run.nowMs)).toContainEqual({
      type: 'DropBatch',
      batchKey: 'b',
    });
  });

  it('with a single request fails that row, and no smaller one with it', () => {
    const run = start([10, 900, 10]);
    planNext(run, 'a');
    tooLarge(run, 'a', 100);
    planNext(run, 'b');
    expect(batchOf(run, 'b').requests).toBe(1);
    planNext(run, 'c');
    expect(batchOf(run, 'c')).toMatchObject({ requests: 1, inputBytes: 900 });
    refuse(run, 'c', {
      isTooLarge: true,
      said: [{ line: 1, code: 'file_too_large', message: 'no', param: null, failureClass: null }],
      indexes: [1],
    });
    planNext(run, 'd');
    expect(statuses(run)[1]).toBe('failed_permanent: request_too_large');
    expect(batchOf(run, 'd').requests).toBe(1);
    expect(run.state.snapshot.control.state).toBe('running');
  });

  it('is no reason to call a line too large that is refused by name: each row fails by what was said of it', () => {
    const run = start([10, 10, 10, 10]);
    planNext(run, 'a');
    const line = (line: number, failureClass: RefusedLineClass | null) => ({
      line: line,
      code: 'no',
      message: 'No.',
      param: null,
      failureClass,
    });
    const said = [line(1, 'content_filtered'), line(3, null), line(4, 'content_filtered')];
    refuse(run, 'a', { said, indexes: [0, 2, 3] });
    planNext(run, 'b');
    const filtered = 'failed_permanent: content_filtered';
    expect(statuses(run)).toEqual([
      filtered,
      'queued_local',
      'failed_permanent: invalid_request',
      filtered,
    ]);
  });

  it('at validation, too: no row is lost, and a single request that is too large fails', () => {
    const run = start(Array.from({ length: 4 }, () => 10));
    toCreated(run, 'a');
    endBatch(run, 'a', rejected('too_large', [1], 'file_too_large'));
    settleRest(run, 'a');
    expect(run.state.snapshot).toMatchObject({
      fileLimit: { bytesMax: 20 },
      rejectedStreak: 0,
      control: { state: 'running' },
    });
    expect(run.state.snapshot.totals).toMatchObject({ failed_retryable: 4 });
    const alone = start([10]);
    toCreated(alone, 'a');
    endBatch(alone, 'a', rejected('too_large', [1], 'file_too_large'));
    settleRest(alone, 'a');
    expect(statuses(alone)).toEqual(['failed_permanent: request_too_large']);
  });

  it('is tried whole again once the run is resumed', () => {
    const run = start(Array.from({ length: 64 }, () => 10));
    planNext(run, 'a');
    tooLarge(run, 'a');
    send(run, { type: 'PauseRun', reason: 'manual', message: null }, { type: 'ResumeRun' });
    planNext(run, 'b');
    expect(batchOf(run, 'b').inputBytes).toBe(640);
  });
});

describe('limits that are made smaller', () => {
  it.each([
    ['bytes', { inputBytesMax: 50 }],
    ['requests', { requestsMax: 5 }],
    ['tokens', { inputTokensMax: 50 }],
  ] as const)(
    'in %s cut the batches that are planned and not created, uploaded ones too',
    (_unit, chunk) => {
      const run = start(
        Array.from({ length: 40 }, () => 10),
        { chunk: { requestsMax: 20 } },
      );
      plan(run, 'a');
      plan(run, 'b');
      send(run, {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 1,
        inputFileId: 'file-a',
        expiresAtMs: null,
      });
      const { operation } = run.state.snapshot.config;
      send(run, {
        type: 'ChangeOperation',
        operation: { ...operation, chunk: { ...operation.chunk, ...chunk } },
      });
      for (const name of ['a', 'b']) {
        expect(effectsDue(run.state.snapshot, run.nowMs)).toContainEqual({
          type: 'DropBatch',
          batchKey: name,
        });
        send(run, { type: 'DropBatch', batchKey: key(name) });
      }
      planNext(run, 'c');
      expect(batchOf(run, 'c').requests).toBe(5);
    },
  );
});

describe('a line that the provider refuses before the batch is created', () => {
  it.each(['upload', 'create'] as const)(
    'at the %s drops its row, and the rest continues at once',
    (line) => {
      const run = start([10, 10, 10, 10]);
      if (line === 'create') toCreating(run, 'a');
      else planNext(run, 'a');
      refuseLine(run, 'a', 2, 1);
      expect(run.state.snapshot.refused).toEqual([
        { batchKey: 'a', batchNo: 1, code: expect.any(Number) as number, indexes: [1] },
      ]);
      planNext(run, 'b');
      expect(statuses(run)[1]).toBe('failed_permanent: invalid_request');
      expect(run.state.rows[1]).toMatchObject({ batchNo: 1, charged: 0 });
      expect(batchOf(run, 'b').requests).toBe(3);
      expect(run.state.snapshot).toMatchObject({ control: { state: 'running' }, refused: [] });
    },
  );

  it('one after the other, where the lines in front are good, continues for many of them, and ends', () => {
    const run = start(Array.from({ length: 200 }, () => 10));
    let steps = 0;
    for (; run.state.snapshot.control.state === 'running' && steps < 100; steps += 1) {
      planNext(run, `b${steps}`);
      refuseLine(run, `b${steps}`, 50, 49 + steps);
    }
    expect(steps).toBe(30);
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
    expect(run.state.snapshot.control.message).toMatch(/30 input files in a row.*"bad"/u);
  });

  it('and that is the first line, again and again, pauses the run like batches that fail validation', () => {
    const run = start(Array.from({ length: 200 }, () => 10));
    let steps = 0;
    for (; run.state.snapshot.control.state === 'running' && steps < 100; steps += 1) {
      planNext(run, `b${steps}`);
      refuseLine(run, `b${steps}`, 1, steps, 'unsupported_model');
    }
    expect(steps).toBe(3);
    send(run, { type: 'ResumeRun' });
    planNext(run, 'after');
    expect(failedAs(run, 'invalid_request')).toBe(3);
    expect(batchOf(run, 'after').requests).toBe(197);
  });

  it('for another reason each time pauses it after twice as many first lines, and as many others as of one reason', () => {
    const stepsTo = (line: number): number => {
      const run = start(Array.from({ length: 200 }, () => 10));
      let steps = 0;
      for (; run.state.snapshot.control.state === 'running' && steps < 100; steps += 1) {
        planNext(run, `b${steps}`);
        refuseLine(run, `b${steps}`, line, line - 1 + steps, `reason-${steps}`);
      }
      return steps;
    };
    expect(stepsTo(1)).toBe(6);
    expect(stepsTo(50)).toBe(30);
  });

  it('and then the one in front of it, in the same rows, pauses the run: the service may count from 0', () => {
    const run = start(Array.from({ length: 200 }, () => 10));
    planNext(run, 'a');
    refuseLine(run, 'a', 50, 49);
    planNext(run, 'b');
    refuseLine(run, 'b', 49, 48);
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
    expect(run.state.snapshot.control.message).toContain('does it count lines from 0?');
  });

  it('that no batch has is a refusal like any other', () => {
    const run = start([10, 10]);
    planNext(run, 'a');
    refuse(run, 'a', {
      said: [{ line: 9, code: null, message: 'No.', param: null, failureClass: null }],
      indexes: [],
    });
    expect(batchOf(run, 'a').phase).toBe('planned');
    expect(run.state.snapshot.faults).toMatchObject([{ key: 'batch:a', message: 'no' }]);
  });

  it('reported late, or twice, changes nothing', () => {
    const run = start([10, 10]);
    toCreating(run, 'a');
    const late = {
      type: 'RecordInputRefused',
      batchKey: key('a'),
      createAttempt: 7,
      message: 'no',
      isTooLarge: true,
      statedBytesMax: null,
    } as const;
    expect(attempt(run, { ...late, said: [], indexes: [] }).rejection).toMatchObject({
      type: 'wrong_phase',
    });
    tooLarge(run, 'a');
    expect(
      attempt(run, { ...late, createAttempt: 1, said: [], indexes: [] }).rejection,
    ).toMatchObject({ type: 'unknown_batch' });
  });

  it('of a run that is cancelled then ends as cancelled', () => {
    const run = start([10, 10, 10]);
    planNext(run, 'a');
    refuseLine(run, 'a', 2, 1);
    send(run, { type: 'CancelRun' });
    const rows = { indexes: [0, 1, 2], bytes: [10, 10, 10], tokens: [10, 10, 10], isLast: true };
    send(run, { type: 'FailPending', generation: run.state.snapshot.backlog.generation, rows });
    expect(run.state.snapshot).toMatchObject({ status: 'completed_with_failures', refused: [] });
  });
});
