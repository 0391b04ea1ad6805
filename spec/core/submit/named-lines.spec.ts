import { describe, expect, it } from 'vitest';
import { nextDueMs } from '../../../lib/core/internal.ts';
import { makeConfig, type Overrides } from '../../support/core/config.ts';
import {
  accept,
  answerCreate,
  dueTypes,
  endBatch,
  key,
  plan,
  rejected,
  requeueAll,
  type Scenario,
  settleRest,
  startRun,
  statuses,
  send,
} from '../../support/core/scenario.ts';

const start = (rows: number, overrides: Overrides = {}): Scenario => {
  const run = startRun(makeConfig(overrides));
  accept(
    run,
    Array.from({ length: rows }, () => 10),
  );
  return run;
};
interface Named {
  readonly lines?: readonly number[];
  readonly code?: string;
}
/** One more batch, of whatever is pending, that the provider refuses. */
const refuse = (
  run: Scenario,
  name: string,
  how: 'invalid_lines' | 'other',
  { lines = [1], code = name }: Named = {},
): void => {
  for (let i = 0; i < 50 && !dueTypes(run).includes('PlanBatch'); i += 1) {
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
    requeueAll(run);
  }
  plan(run, name);
  send(run, {
    type: 'RecordUpload',
    batchKey: key(name),
    createAttempt: 1,
    inputFileId: `file-${name}`,
    expiresAtMs: null,
  });
  for (let i = 0; i < 50 && !dueTypes(run).includes('BeginCreate'); i += 1)
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
  send(run, { type: 'BeginCreate', batchKey: key(name) });
  answerCreate(run, name);
  endBatch(run, name, rejected(how, how === 'invalid_lines' ? lines : [], code));
  settleRest(run, name);
};
const dropped = (run: Scenario): number =>
  statuses(run).filter((status) => status === 'failed_permanent: invalid_request').length;

describe('a batch that fails validation on lines that the provider names', () => {
  it('goes again without them, and does not count toward the refusals in a row that open the circuit', () => {
    const run = start(9);
    refuse(run, 'a', 'other');
    refuse(run, 'b', 'other');
    for (const name of ['c', 'd', 'e', 'f']) refuse(run, name, 'invalid_lines');
    expect(run.state.snapshot).toMatchObject({ control: { state: 'running' }, rejectedStreak: 2 });
    expect(dropped(run)).toBe(4);
    refuse(run, 'g', 'other');
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
  });

  it('as often as it has rows, comes to an end: each refusal costs an upload and a create, and drops a row for good', () => {
    const run = start(6);
    for (let refusals = 1; run.state.snapshot.status === 'running' && refusals <= 50; refusals += 1)
      refuse(run, `batch-${refusals}`, 'invalid_lines');
    expect(run.state.snapshot).toMatchObject({ status: 'completed_with_failures', batchCount: 6 });
    expect(dropped(run)).toBe(6);
  });

  it('and again and again, while no row passes, opens the circuit once so many rows were dropped as are judged together', () => {
    const run = start(40, { circuitBreaker: { judgedRowsMin: 5, passRatioMin: 0.1 } });
    for (
      let refusals = 1;
      run.state.snapshot.control.state === 'running' && refusals <= 50;
      refusals += 1
    )
      refuse(run, `batch-${refusals}`, 'invalid_lines');
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
    expect(dropped(run)).toBe(5);
    expect(run.state.snapshot.control.message).toContain('invalid_request 5');
  });

  it('counts toward those refusals once one code comes again for the rows that are left, so that a code that all share drops few of them', () => {
    const run = start(50);
    for (
      let refusals = 1;
      run.state.snapshot.control.state === 'running' && refusals <= 50;
      refusals += 1
    )
      refuse(run, `batch-${refusals}`, 'invalid_lines', { code: 'unsupported_model' });
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'paused', reason: 'circuit_open' },
      batchCount: 3,
    });
    expect(run.state.snapshot.control.message).toMatch(
      /3 batches in a row.*"unsupported_model".*because of invalid_lines/u,
    );
    expect(dropped(run)).toBe(3);
    send(run, { type: 'ResumeRun' });
    expect(run.state.snapshot.named).toBeNull();
  });

  it('does so wherever the lines stand in a batch whose rows were all refused before', () => {
    const run = start(50);
    for (
      let refusals = 1;
      run.state.snapshot.control.state === 'running' && refusals <= 50;
      refusals += 1
    )
      refuse(run, `batch-${refusals}`, 'invalid_lines', {
        code: 'unsupported_model',
        lines: [5, 9],
      });
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'paused', reason: 'circuit_open' },
      batchCount: 3,
    });
  });

  it.each([
    ['the first of what is left, each time', () => [1]],
    ['1, 2, 3 and so on', (n: number) => [n]],
    ['two at a time, for a reason each', (n: number) => [2 * n - 1, 2 * n]],
  ])(
    'for one reason after the other opens it, too, when it continues for twice as long (%s)',
    (_title, linesOf) => {
      const run = start(50);
      for (let n = 1; run.state.snapshot.control.state === 'running' && n <= 50; n += 1)
        refuse(run, `batch-${n}`, 'invalid_lines', { code: `reason-${n}`, lines: linesOf(n) });
      expect(run.state.snapshot).toMatchObject({
        control: { state: 'paused', reason: 'circuit_open' },
        batchCount: 6,
      });
      expect(run.state.snapshot.control.message).toMatch(
        /6 batches in a row were refused for one reason after the other/u,
      );
    },
  );

  it('of which each is the one in front of the line that was dropped opens it at once: the provider may count from 0', () => {
    const run = start(50);
    for (let n = 1; run.state.snapshot.control.state === 'running' && n <= 50; n += 1)
      refuse(run, `batch-${n}`, 'invalid_lines', { code: `reason-${n}`, lines: [20 - n] });
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'paused', reason: 'circuit_open' },
      batchCount: 2,
    });
    expect(run.state.snapshot.control.message).toMatch(
      /line 19, and then, without it, line 18: does it count lines from 0\?/u,
    );
  });

  it('does not where fresh batches have bad lines of one kind here and there: each goes again without them', () => {
    const run = start(50, { chunk: { requestsMax: 5 } });
    const names = Array.from({ length: 8 }, (_, i) => `fresh-${i}`);
    for (const name of names) {
      plan(run, name);
      send(run, {
        type: 'RecordUpload',
        batchKey: key(name),
        createAttempt: 1,
        inputFileId: `file-${name}`,
        expiresAtMs: null,
      });
      for (let i = 0; i < 50 && !dueTypes(run).includes('BeginCreate'); i += 1)
        run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
      send(run, { type: 'BeginCreate', batchKey: key(name) });
      answerCreate(run, name);
      endBatch(run, name, rejected('invalid_lines', [3], 'invalid_request'));
      settleRest(run, name);
    }
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      named: { count: 1, total: 8 },
    });
    expect(dropped(run)).toBe(8);
  });

  it('and names all of them for one reason is refused as a whole: no row is dropped', () => {
    const run = start(4);
    for (
      let refusals = 1;
      run.state.snapshot.control.state === 'running' && refusals <= 50;
      refusals += 1
    )
      refuse(run, `batch-${refusals}`, 'invalid_lines', {
        code: 'unsupported_model',
        lines: [1, 2, 3, 4],
      });
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'paused', reason: 'circuit_open' },
      batchCount: 3,
    });
    expect(dropped(run)).toBe(0);
  });

  it.each([
    ['beyond its end', [99]],
    ['before its first', [0]],
  ])(
    'that are %s is refused as a whole, whatever the code: it would go again as it was without end',
    (_title, lines) => {
      const run = start(8);
      for (
        let refusals = 1;
        run.state.snapshot.control.state === 'running' && refusals <= 50;
        refusals += 1
      )
        refuse(run, `batch-${refusals}`, 'invalid_lines', { lines });
      expect(run.state.snapshot).toMatchObject({
        control: { state: 'paused', reason: 'circuit_open' },
        batchCount: 3,
      });
      expect(run.state.snapshot.control.message).toContain('3 batches in a row failed validation');
      expect(dropped(run)).toBe(0);
    },
  );

  it('of which one is its own is taken by that one', () => {
    const run = start(8);
    refuse(run, 'a', 'invalid_lines', { lines: [2, 99] });
    expect(run.state.snapshot).toMatchObject({ control: { state: 'running' }, rejectedStreak: 0 });
    expect(dropped(run)).toBe(1);
  });

  it('says nothing of the canary: another one follows, without those lines', () => {
    const run = start(20, { canary: { items: 5, passRatioMin: 0.9 } });
    refuse(run, 'a', 'invalid_lines');
    expect(run.state.snapshot).toMatchObject({
      control: { state: 'running' },
      canary: { batchKey: null, isPassed: false },
    });
    refuse(run, 'b', 'invalid_lines');
    expect(run.state.snapshot.control.state).toBe('running');
  });
});
