import { describe, expect, it } from 'vitest';
import { sweepKey } from '../../lib/core/effect.ts';
import { nextDueMs } from '../../lib/core/index.ts';
import { makeConfig } from '../support/core/config.ts';
import { accept, attempt, batchOf, dueTypes, key, plan, startRun, tell, toCreated, toCreating } from '../support/core/scenario.ts';

const swept = (createAttempt: number) => ({
  batchKey: key('a'),
  createAttempt,
  providerBatchId: 'p' as never,
  providerStatus: 'in_progress',
  isAlive: true,
});
const faultOf = (run: ReturnType<typeof startRun>, name: string) => run.state.snapshot.faults.find((fault) => fault.key === name);

describe('an unclear create', () => {
  const unclear = () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    tell(run, { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' });
    return run;
  };

  it('is adopted when the provider lists this very attempt, and no other', () => {
    const run = unclear();
    tell(run, { type: 'RecordSweep', asked: [key('a')], found: [swept(2)] });
    expect(batchOf(run, 'a').phase).toBe('indeterminate');
    tell(run, { type: 'RecordSweep', asked: [key('a')], found: [swept(2), swept(1)] });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', providerBatchId: 'p' });
  });

  it('is looked for slower and slower, and held after four looks; the same look told twice counts once', () => {
    const run = unclear();
    const waits: number[] = [];
    for (let look = 1; look <= 4; look += 1) {
      expect(batchOf(run, 'a').held).toBeNull();
      expect(dueTypes(run)).toEqual(['SweepBatches']);
      tell(run, { type: 'RecordSweep', asked: [key('a')], found: [] });
      if (look < 4) expect(attempt(run, { type: 'RecordSweep', asked: [key('a')], found: [] }).rejection?.type).toBe('nothing_to_change');
      const next = nextDueMs(run.state.snapshot, run.nowMs) ?? 0;
      waits.push(next - run.nowMs);
      run.nowMs = next;
    }
    expect(batchOf(run, 'a').held).toMatch('whether it exists is not known');
    expect(waits.slice(0, 3)).toEqual(waits.slice(0, 3).toSorted((a, b) => a - b));
  });

  it('takes a late answer to its create', () => {
    const run = unclear();
    tell(run, { type: 'RecordCreated', batchKey: key('a'), createAttempt: 1, providerBatchId: 'p' as never, providerStatus: 'validating' });
    expect(batchOf(run, 'a').phase).toBe('created');
  });

  it('is not counted as looked for by the refusals that its create got before', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    for (let createAttempt = 1; createAttempt <= 3; createAttempt += 1) {
      tell(run, {
        type: 'RecordCreateRefused',
        batchKey: key('a'),
        createAttempt,
        refusal: { type: 'refused', message: 'no', retryAfterMs: null },
      });
      run.nowMs += 10_000_000;
      tell(run, { type: 'BeginCreate', batchKey: key('a') });
    }
    tell(run, { type: 'OpenRun' }, { type: 'RecordSweep', asked: [key('a')], found: [] });
    expect(faultOf(run, 'batch:a')).toMatchObject({ count: 1, answeredCount: 1 });
    expect(batchOf(run, 'a').held).toBeNull();
  });

  it('ends the count of failed lists when a list could be read', () => {
    const run = unclear();
    tell(run, { type: 'RecordFault', key: sweepKey, fault: 'transient', message: 'down', retryAfterMs: null });
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? 0;
    tell(run, { type: 'RecordSweep', asked: [key('a')], found: [] });
    expect(faultOf(run, sweepKey)).toBeUndefined();
  });
});

describe('a refused create', () => {
  const refuse = (
    type: 'refused' | 'rate_limited' | 'unreachable' | 'over_capacity' | 'insufficient_quota' | 'authentication_failed',
    times: number,
    retryAfterMs: number | null = null,
  ) => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    for (let createAttempt = 1; createAttempt <= times; createAttempt += 1) {
      if (createAttempt > 1) tell(run, { type: 'BeginCreate', batchKey: key('a') });
      tell(run, { type: 'RecordCreateRefused', batchKey: key('a'), createAttempt, refusal: { type, message: type, retryAfterMs } });
      if (createAttempt < times) run.nowMs += 10_000_000;
    }
    return run;
  };

  it.each(['rate_limited', 'unreachable', 'over_capacity'] as const)('as %s slows down, and never stops the run', (type) => {
    const run = refuse(type, 12);
    expect(run.state.snapshot.control.state).toBe('running');
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'uploaded', held: null });
    expect(dueTypes(run)).toEqual([]);
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? 0;
    expect(dueTypes(run)).toEqual(['BeginCreate']);
  });

  it.each(['insufficient_quota', 'authentication_failed'] as const)('as %s pauses the run at once', (type) => {
    expect(refuse(type, 1).state.snapshot.control).toMatchObject({ state: 'paused', reason: type });
  });

  it('as refused is held, and pauses the run, at the fourth time', () => {
    expect(batchOf(refuse('refused', 3), 'a').held).toBeNull();
    const run = refuse('refused', 4);
    expect(batchOf(run, 'a').held).toBe('refused');
    expect(run.state.snapshot.control).toMatchObject({ state: 'paused', reason: 'provider_refused' });
  });

  it('waits at least as long as the provider says', () => {
    const run = refuse('rate_limited', 1, 500_000);
    expect((nextDueMs(run.state.snapshot, run.nowMs) ?? 0) - run.nowMs).toBeGreaterThanOrEqual(500_000);
  });
});

describe('polling', () => {
  it('takes the same look twice for one: no news before the next look is due changes nothing', () => {
    const run = startRun();
    accept(run, [10]);
    toCreated(run, 'a');
    const look = {
      type: 'RecordPoll',
      asked: [key('a')],
      observations: [{ batchKey: key('a'), providerBatchId: 'at-a' as never, providerStatus: 'validating', progress: null, ending: null }],
    } as const;
    tell(run, look);
    expect(batchOf(run, 'a').quietPolls).toBe(1);
    expect(attempt(run, look).rejection?.type).toBe('nothing_to_change');
    run.nowMs = batchOf(run, 'a').dueAtMs;
    tell(run, look);
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
    [{ enqueuedTokenLimit: 9 }, 'the next request needs 10 tokens, and the whole enqueue budget is 9'],
    [{ enqueuedRequestLimit: 0 }, 'the enqueue budget admits no request at all'],
  ])('as %j pauses the run and says so', (enqueue, message) => {
    expect(starved(enqueue).state.snapshot.control).toEqual({ state: 'paused', reason: 'budget_exhausted', message });
  });

  it('pauses it again when it is resumed as it was, and plans when the limit was raised', () => {
    const run = starved({ enqueuedTokenLimit: 9 });
    tell(run, { type: 'ResumeRun' });
    expect(dueTypes(run)).toEqual(['PlanBatch']);
    plan(run, 'a');
    expect(run.state.snapshot.control.reason).toBe('budget_exhausted');
    tell(run, { type: 'ChangeOperation', operation: makeConfig({ enqueue: { enqueuedTokenLimit: 10 } }).operation }, { type: 'ResumeRun' });
    plan(run, 'a');
    expect(batchOf(run, 'a').requests).toBe(1);
  });
});
