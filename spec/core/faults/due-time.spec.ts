import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pollKey } from '../../../lib/core/model/effect.ts';
import { batchEffectKey, nextDueMs, type RunSnapshot } from '../../../lib/core/internal.ts';
import { effectiveDueMs } from '../../../lib/core/faults/due-time.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  key,
  startRun,
  listingOf,
  send,
  toCreated,
  toCreating,
  type Scenario,
} from '../../support/core/scenario.ts';

const dayMs = 86_400_000;
const yearsMs = 40 * 365 * dayMs;
const batchBackoff = { initialMs: 1_000, factor: 2, maxMs: 900_000 };
const waitMsMax = batchBackoff.maxMs * 1.25;
const graceMs = 600_000;

const created = (): Scenario => {
  const run = startRun(makeConfig({ createGraceMs: graceMs, retry: { batchBackoff } }));
  accept(run, [10, 10]);
  toCreated(run, 'a');
  return run;
};
const unconfirmed = (): Scenario => {
  const run = startRun(makeConfig({ createGraceMs: graceMs, retry: { batchBackoff } }));
  accept(run, [10, 10]);
  toCreating(run, 'a');
  send(run, { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' });
  return run;
};
const change = (run: Scenario, changed: Partial<RunSnapshot>): void => {
  run.state = { ...run.state, snapshot: { ...run.state.snapshot, ...changed } };
};

describe('what the provider asks to wait', () => {
  const asked = (retryAfterMs: number): Scenario => {
    const run = created();
    send(run, {
      type: 'RecordFault',
      key: pollKey,
      fault: 'transient',
      message: 'too many requests',
      retryAfterMs,
    });
    return run;
  };
  const waitOf = (run: Scenario): number =>
    (run.state.snapshot.faults[0]?.dueAtMs ?? NaN) - run.nowMs;

  it('is obeyed up to the longest wait of the policy', () => {
    expect(waitOf(asked(600_000))).toBe(600_000);
    expect(asked(600_000).state.snapshot.faults[0]?.message).toBe('too many requests');
  });

  it.each([
    ['years', yearsMs, waitMsMax, /it asked to wait 1261440000 s; batchor waits at most 1125 s/u],
    ['for ever', Infinity, waitMsMax, /^too many requests/u],
    ['no length of time', NaN, 1_250, /^too many requests/u],
    ['less than nothing', -5_000, 1_250, /^too many requests/u],
  ])('is clamped to the policy where it is %s', (_name, retryAfterMs, atMost, message) => {
    const run = asked(retryAfterMs);
    expect(waitOf(run)).toBeGreaterThanOrEqual(1);
    expect(waitOf(run)).toBeLessThanOrEqual(atMost);
    expect(run.state.snapshot.faults[0]?.message).toMatch(message);
  });
});

describe('a due time further ahead than its policy sets any', () => {
  it('is due now, and does not recede as time passes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (nowMs, waitMax, beyondMs, laterMs) => {
        const dueAtMs = nowMs + laterMs + waitMax + 1 + beyondMs;
        expect(effectiveDueMs(dueAtMs, waitMax, nowMs)).toBe(nowMs);
        expect(effectiveDueMs(dueAtMs, waitMax, nowMs + laterMs)).toBe(nowMs + laterMs);
        // Of the farthest that a policy sets nothing is cut off.
        expect(effectiveDueMs(nowMs + waitMax, waitMax, nowMs)).toBe(nowMs + waitMax);
      }),
    );
  });

  it.each([
    [
      'a poll',
      created,
      'PollBatches',
      (s: RunSnapshot) => ({
        live: s.live.map((batch) => ({ ...batch, dueAtMs: batch.dueAtMs + dayMs })),
      }),
    ],
    [
      'a fault',
      created,
      'PollBatches',
      (s: RunSnapshot) => ({
        faults: [
          {
            key: pollKey,
            count: 3,
            answeredCount: 0,
            dueAtMs: s.updatedAtMs + yearsMs,
            message: '',
          },
        ],
      }),
    ],
    [
      'a fault of one batch',
      created,
      'PollBatches',
      (s: RunSnapshot) => ({
        faults: [
          {
            key: batchEffectKey(key('a')),
            count: 1,
            answeredCount: 0,
            dueAtMs: s.updatedAtMs + dayMs,
            message: '',
          },
        ],
      }),
    ],
    [
      'a list reading for a lost create',
      unconfirmed,
      'SweepBatches',
      (s: RunSnapshot) => ({
        live: s.live.map((batch) => ({
          ...batch,
          doubt: batch.doubt && { ...batch.doubt, dueAtMs: batch.doubt.dueAtMs + dayMs },
        })),
      }),
    ],
    [
      'a duplicate batch',
      created,
      'PollStrays',
      (s: RunSnapshot) => ({
        strays: [
          {
            providerBatchId: 'b' as never,
            batchKey: key('z'),
            isCancelAsked: true,
            isEnded: false,
            dueAtMs: s.updatedAtMs + dayMs,
            looks: 0,
            polls: 0,
            foundAtMs: null,
            isLate: false,
            givenUp: null,
          },
        ],
      }),
    ],
  ])(
    'holds up neither %s, nor the next time that anything is due',
    (_name, made, effect, changed) => {
      const run = made();
      send(run, { type: 'OpenRun' });
      change(run, changed(run.state.snapshot));
      expect(dueTypes(run)).toContain(effect);
      expect(nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs).toBeLessThan(run.nowMs + dayMs);
    },
  );

  it('holds up no rows in backoff, not even behind rows that wait for less', () => {
    const run = created();
    const { nowMs } = run;
    change(run, {
      backoff: [
        { dueAtMs: nowMs + 60_000, count: 1 },
        { dueAtMs: nowMs + dayMs, count: 1 },
      ],
    });
    expect(dueTypes(run)).toContain('RequeueRows');
  });

  it('is no reason to take the next failure, or the next quiet poll, for one that was reported before', () => {
    const run = created();
    send(run, {
      type: 'RecordFault',
      key: pollKey,
      fault: 'transient',
      message: 'm',
      retryAfterMs: null,
    });
    change(run, {
      faults: run.state.snapshot.faults.map((record) => ({
        ...record,
        dueAtMs: record.dueAtMs + dayMs,
      })),
    });
    send(run, {
      type: 'RecordFault',
      key: pollKey,
      fault: 'transient',
      message: 'm',
      retryAfterMs: null,
    });
    expect(run.state.snapshot.faults[0]?.count).toBe(2);
    expect(run.state.snapshot.faults[0]?.dueAtMs).toBeLessThan(run.nowMs + dayMs);
  });
});

describe('a clock that jumps', () => {
  const jump = (run: Scenario, byMs: number): void => {
    run.nowMs += byMs;
    send(run, { type: 'RecordClockJump', byMs });
  };

  it.each([dayMs, -dayMs])(
    'by %i ms takes nothing from the grace of a lost create, and adds nothing',
    (byMs) => {
      const run = unconfirmed();
      send(run, listingOf(run, 'a'));
      const before = batchOf(run, 'a').doubt;
      run.nowMs += 60_000;
      jump(run, byMs);
      const after = batchOf(run, 'a').doubt;
      expect(after?.sinceMs).toBe((before?.sinceMs ?? 0) + byMs);
      expect(after?.absentAtMs).toBe((before?.absentAtMs ?? 0) + byMs);
      send(run, listingOf(run, 'a'));
      expect(batchOf(run, 'a').doubt?.stage).toBe('looking');
      run.nowMs += graceMs - 60_000;
      send(run, listingOf(run, 'a'));
      expect(batchOf(run, 'a').doubt?.stage).toBe('absent');
    },
  );

  it('makes the answer to a question that was asked before it worth nothing', () => {
    const run = unconfirmed();
    send(run, listingOf(run, 'a'));
    run.nowMs += graceMs;
    const asked = listingOf(run, 'a');
    jump(run, -dayMs);
    expect(attempt(run, asked).rejection).toEqual({ type: 'nothing_to_change' });
    expect(batchOf(run, 'a').doubt?.stage).toBe('looking');
  });

  it('is counted, with the last of them', () => {
    const run = created();
    expect(run.state.snapshot.clock).toBeNull();
    jump(run, dayMs);
    jump(run, -60_000);
    expect(run.state.snapshot.clock).toEqual({ jumps: 2, byMs: -60_000, atMs: run.nowMs });
  });

  it('is noticed by the next owner where it went back, before anything is stamped by it', () => {
    const run = created();
    run.nowMs -= dayMs;
    send(run, { type: 'OpenRun' });
    expect(run.state.snapshot.clock?.byMs).toBe(-dayMs);
    expect(dueTypes(run)).toContain('PollBatches');
  });

  it.each([0, 0.5, NaN, Infinity])('by %d ms is none', (byMs) => {
    const run = created();
    expect(attempt(run, { type: 'RecordClockJump', byMs }).rejection).toMatchObject({
      type: 'malformed_command',
    });
    expect(run.state.snapshot.clock).toBeNull();
  });
});
