import { describe, expect, it } from 'vitest';
import { nextDueMs, type RunConfig } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  answerCreate,
  attempt,
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
  startRun,
  statuses,
  takeIn,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

const hourMs = 3_600_000;

/** Refused for capacity, with or without a stated limit; its rows wait. */
const refuse = (
  run: Scenario,
  name: string,
  stated: { tokens?: number; requests?: number } = {},
): void => {
  const rejection = rejected('over_capacity');
  endBatch(run, name, {
    ...rejection,
    rejection: {
      ...(rejection.rejection as NonNullable<typeof rejection.rejection>),
      statedTokensMax: stated.tokens ?? null,
      statedRequestsMax: stated.requests ?? null,
    },
  });
  settleRest(run, name);
};
/** Refused, and so much later its rows stand in line again. */
const refuseAndWait = (
  run: Scenario,
  name: string,
  stated: { tokens?: number; requests?: number } = {},
): void => {
  refuse(run, name, stated);
  const { backoff, queue } = run.state.snapshot;
  run.nowMs = Math.max(run.nowMs, backoff.at(-1)?.dueAtMs ?? 0, queue.refusals?.untilMs ?? 0);
  if (run.state.snapshot.control.state === 'running') requeueAll(run);
};
const sent = (run: Scenario, name: string): number => {
  toCreated(run, name);
  return batchOf(run, name).requests;
};
const rowsOf = (count: number, change: Parameters<typeof makeConfig>[0] = {}): Scenario => {
  const config: RunConfig = makeConfig({
    chunk: { requestsMax: 1_000, planAfterMs: 0 },
    ...change,
  });
  const run = startRun(config);
  accept(run, Array<number>(count).fill(10));
  return run;
};

describe('a refusal that states the limit', () => {
  it('is believed: what is sent from then on fits, and no row used an attempt or failed', () => {
    const run = rowsOf(100);
    expect(sent(run, 'a')).toBe(100);
    refuseAndWait(run, 'a', { tokens: 300 });
    expect(run.state.rows.every(({ charged, uncharged }) => charged === 0 && uncharged === 1)).toBe(
      true,
    );
    expect(sent(run, 'b')).toBe(30);
    expect(run.state.snapshot.queue).toMatchObject({ stated: { tokensMax: 300 }, guess: null });
    // The queue is full: the others wait for it, and nothing is planned.
    plan(run, 'c');
    expect(run.state.snapshot.live).toHaveLength(1);
    expect(dueTypes(run)).not.toContain('PlanBatch');
  });

  it('of requests is believed as well', () => {
    const run = rowsOf(100);
    toCreated(run, 'a');
    refuseAndWait(run, 'a', { requests: 7 });
    expect(sent(run, 'b')).toBe(7);
  });

  it('cuts what is planned and not sent, where it is larger', () => {
    const run = rowsOf(100, { chunk: { requestsMax: 50, planAfterMs: 0 } });
    toCreated(run, 'a');
    plan(run, 'b');
    refuse(run, 'a', { tokens: 300 });
    expect(dueTypes(run)).toContain('DropBatch');
    send(run, { type: 'DropBatch', batchKey: key('b') });
    expect(sent(run, 'c')).toBe(30);
  });

  it('is taken as the ratio and the headroom say', () => {
    const run = rowsOf(100, { enqueue: { targetRatio: 0.5, headroom: 10 } });
    toCreated(run, 'a');
    refuseAndWait(run, 'a', { tokens: 300 });
    expect(sent(run, 'b')).toBe(15);
  });

  it('is forgotten after two days, and when an operator resumes the run: limits are raised', () => {
    const run = rowsOf(100);
    toCreated(run, 'a');
    refuseAndWait(run, 'a', { tokens: 300 });
    run.nowMs += 48 * hourMs;
    expect(sent(run, 'b')).toBe(100);
    const other = rowsOf(100);
    toCreated(other, 'a');
    refuseAndWait(other, 'a', { tokens: 300 });
    send(other, { type: 'PauseRun', reason: 'manual', message: null }, { type: 'ResumeRun' });
    expect(sent(other, 'b')).toBe(100);
  });
});

describe('a refusal of a create', () => {
  it('teaches what it states, and the batch is cut before it is sent again', () => {
    const run = rowsOf(100);
    toCreating(run, 'a');
    const refusal = {
      type: 'over_capacity',
      message: 'queue full',
      retryAfterMs: null,
      statedTokensMax: 300,
      statedRequestsMax: null,
    } as const;
    send(run, { type: 'RecordCreateRefused', batchKey: key('a'), createAttempt: 1, refusal });
    expect(dueTypes(run)).toEqual([]);
    run.nowMs += 20 * 60_000;
    expect(dueTypes(run)).toEqual(['DropBatch']);
    send(run, { type: 'DropBatch', batchKey: key('a') });
    expect(sent(run, 'b')).toBe(30);
    expect(statuses(run).every((status) => status === 'submitted' || status === 'pending')).toBe(
      true,
    );
  });

  it('is waited over, a minute at first, where the batch is as small as it may be', () => {
    const run = rowsOf(1);
    toCreating(run, 'a');
    const refusal = {
      type: 'over_capacity',
      message: 'queue full',
      retryAfterMs: null,
      statedTokensMax: null,
      statedRequestsMax: null,
    } as const;
    send(run, { type: 'RecordCreateRefused', batchKey: key('a'), createAttempt: 1, refusal });
    expect((nextDueMs(run.state.snapshot, run.nowMs) ?? 0) - run.nowMs).toBeGreaterThan(40_000);
    run.nowMs += 20 * 60_000;
    expect(dueTypes(run)).toEqual(['BeginCreate']);
  });
});

describe('a refusal that states nothing', () => {
  it('halves the budget where the batch was alone, and after that hour accepted batches raise it', () => {
    const run = rowsOf(400);
    const sizes = ['a', 'b', 'c'].map((name) => {
      const size = sent(run, name);
      refuseAndWait(run, name);
      return size;
    });
    expect(sizes).toEqual([400, 200, 100]);
    run.nowMs += hourMs;
    expect(sent(run, 'd')).toBe(50);
    takeIn(run, 'd');
    // A little more than what was refused; then by half with each accepted batch.
    expect(run.state.snapshot.queue).toMatchObject({
      guess: { max: 1_050, good: 500, refused: null },
      refusals: null,
    });
    expect(sent(run, 'e')).toBe(55);
    takeIn(run, 'e');
    expect(run.state.snapshot.queue.guess).toMatchObject({ max: 1_575, good: 1_050 });
  });

  it('beside others that were accepted searches between what fits and what did not, and is not tried again for long', () => {
    const run = rowsOf(400, { chunk: { requestsMax: 100, planAfterMs: 0 } });
    toCreated(run, 'a');
    takeIn(run, 'a');
    toCreated(run, 'b');
    refuseAndWait(run, 'b');
    expect(run.state.snapshot.queue.guess).toMatchObject({
      max: 1_500,
      refused: 2_000,
      doublings: 1,
    });
    expect(sent(run, 'c')).toBe(50);
    takeIn(run, 'c');
    expect(run.state.snapshot.queue.guess?.max).toBe(1_750);
    // Near enough.
    for (const name of ['d', 'e']) {
      toCreated(run, name);
      takeIn(run, name);
    }
    expect(run.state.snapshot.queue.guess?.max).toBeGreaterThan(1_850);
    expect(run.state.snapshot.queue.guess?.max).toBeLessThan(2_000);
  });

  it('never stops a single request, however small the budget has become', () => {
    const run = rowsOf(2);
    for (const name of ['a', 'b', 'c', 'd']) {
      expect(sent(run, name)).toBe(name === 'a' ? 2 : 1);
      refuseAndWait(run, name);
    }
    expect(run.state.snapshot.control.state).toBe('running');
    expect(run.state.snapshot.queue.guess?.max).toBeLessThan(10);
    expect(sent(run, 'e')).toBe(1);
  });

  it('does not run hot: the waits grow to the longest of the policy', () => {
    const run = rowsOf(1);
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      toCreated(run, `a${i}`);
      refuse(run, `a${i}`);
      const dueMs = run.state.snapshot.backoff[0]?.dueAtMs ?? 0;
      waits.push(dueMs - run.nowMs);
      run.nowMs = dueMs;
      requeueAll(run);
    }
    expect(waits[0]).toBeGreaterThan(40_000);
    expect(Math.min(...waits.slice(5))).toBeGreaterThan(600_000);
  });

  it('lets nothing more be created for ever longer, once four in a row were refused and nothing of the run is at work', () => {
    const run = rowsOf(400, { chunk: { requestsMax: 1, planAfterMs: 0 } });
    const createdMs: number[] = [];
    for (let i = 0; createdMs.length < 12; i += 1) {
      const uploaded = run.state.snapshot.live.find(({ phase }) => phase === 'uploaded');
      const name = uploaded?.batchKey ?? `a${i}`;
      if (uploaded === undefined) {
        plan(run, name);
        send(run, {
          type: 'RecordUpload',
          batchKey: key(name),
          createAttempt: 1,
          inputFileId: `file-${name}`,
          expiresAtMs: null,
        });
      }
      while (!dueTypes(run).includes('BeginCreate'))
        run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? Infinity;
      send(run, { type: 'BeginCreate', batchKey: key(name) });
      createdMs.push(run.nowMs);
      answerCreate(run, name);
      refuse(run, name);
    }
    const waits = createdMs.slice(1).map((atMs, i) => atMs - (createdMs[i] ?? 0));
    expect(Math.max(...waits.slice(0, 3))).toBe(0);
    expect(waits[5]).toBeGreaterThan(90_000);
    expect(Math.min(...waits.slice(9))).toBeGreaterThan(600_000);
  });

  it('pauses the run after three days in which no batch was accepted, and says so', () => {
    const run = rowsOf(1);
    for (let i = 0; run.state.snapshot.control.state === 'running' && i < 400; i += 1) {
      toCreated(run, `a${i}`);
      refuseAndWait(run, `a${i}`);
    }
    const { control, queue } = run.state.snapshot;
    expect(control).toMatchObject({ state: 'paused', reason: 'circuit_open' });
    expect(control.message).toContain('accepted no batch for three days');
    expect(run.nowMs - (queue.refusals?.sinceMs ?? 0)).toBeGreaterThanOrEqual(
      72 * hourMs - 20 * 60_000,
    );
    expect(statuses(run)).toEqual(['failed_retryable']);
  });

  it('counts for nothing against the row, and is over with the first batch that is accepted', () => {
    const run = rowsOf(1);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      toCreated(run, name);
      refuseAndWait(run, name);
    }
    toCreated(run, 'z');
    takeIn(run, 'z');
    expect(run.state.snapshot.queue.refusals).toBeNull();
    expect(run.state.snapshot.rejectedStreak).toBe(0);
  });
});

describe('while no limit is known', () => {
  it('two batches are tried at first, then a few at a time', () => {
    const run = rowsOf(30, { chunk: { requestsMax: 1, planAfterMs: 0 } });
    const names = Array.from({ length: 12 }, (_, i) => `b${i}`);
    const createdInRound = (): number => {
      let count = 0;
      for (const name of names) {
        const batch = run.state.snapshot.live.find(({ batchKey }) => batchKey === key(name));
        if (batch !== undefined) continue;
        plan(run, name);
        send(run, {
          type: 'RecordUpload',
          batchKey: key(name),
          createAttempt: 1,
          inputFileId: `file-${name}`,
          expiresAtMs: null,
        });
        if (attempt(run, { type: 'BeginCreate', batchKey: key(name) }).rejection !== null) break;
        answerCreate(run, name);
        count += 1;
      }
      return count;
    };
    expect(createdInRound()).toBe(2);
    const waiting = run.state.snapshot.live.filter(({ phase }) => phase === 'uploaded');
    expect(waiting).toHaveLength(1);
    // An hour later a batch that is still validated blocks no other.
    expect(nextDueMs(run.state.snapshot, run.nowMs + 60_001)).not.toBeNull();
    run.nowMs += hourMs;
    expect(dueTypes(run)).toContain('BeginCreate');
  });

  it('as many go as fit where one is configured', () => {
    const run = rowsOf(30, {
      chunk: { requestsMax: 1, planAfterMs: 0 },
      enqueue: { enqueuedTokenLimit: 80 },
    });
    for (let i = 0; i < 8; i += 1) toCreated(run, `b${i}`);
    plan(run, 'more');
    expect(run.state.snapshot.live).toHaveLength(8);
  });
});

describe('the pace of creates', () => {
  it('lets a twentieth of the hour go at once, and in no hour more than the provider takes', () => {
    const run = rowsOf(200, {
      chunk: { requestsMax: 1, planAfterMs: 0 },
      createsPerHourMax: 40,
      enqueue: { enqueuedTokenLimit: 1e9 },
    });
    const startedMs: number[] = [];
    const untilMs = run.nowMs + 3 * hourMs;
    for (let i = 0; run.nowMs < untilMs && i < 200;) {
      if (!run.state.snapshot.live.some(({ phase }) => phase === 'uploaded')) {
        plan(run, `b${i}`);
        send(run, {
          type: 'RecordUpload',
          batchKey: key(`b${i}`),
          createAttempt: 1,
          inputFileId: `file-${i}`,
          expiresAtMs: null,
        });
      }
      if (!dueTypes(run).includes('BeginCreate')) {
        run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? untilMs;
        continue;
      }
      send(run, { type: 'BeginCreate', batchKey: key(`b${i}`) });
      startedMs.push(run.nowMs);
      answerCreate(run, `b${i}`);
      endBatch(run, `b${i}`, ending({ outputFileId: 'o' }));
      i += 1;
    }
    const busiest = Math.max(
      ...startedMs.map((from) => startedMs.filter((at) => at >= from && at < from + hourMs).length),
    );
    expect(busiest).toBeLessThanOrEqual(40);
    expect(busiest).toBeGreaterThanOrEqual(38);
    expect(startedMs.filter((at) => at === startedMs[0])).toHaveLength(2);
  });
});
