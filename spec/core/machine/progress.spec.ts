import { describe, expect, it } from 'vitest';
import {
  duplicatesKey,
  duplicateEffectKey,
  pollKey,
  reconcileKey,
  deleteFileKey,
} from '../../../lib/core/model/effect.ts';
import {
  batchEffectKey,
  type BatchKey,
  canProgress,
  type ControlReason,
  controlReasons,
  type EffectKey,
  effectsDue,
  type ProviderBatchId,
  stuckFaults,
} from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  endBatch,
  ending,
  key,
  type Scenario,
  startRun,
  listingOf,
  listedBatch,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

/** A run with one batch in the phase. */
const runIn: Readonly<Record<'creating' | 'indeterminate' | 'created' | 'ended', () => Scenario>> =
  {
    creating: () => begun((run) => toCreating(run, 'a')),
    indeterminate: () =>
      begun((run) => {
        toCreating(run, 'a');
        send(run, {
          type: 'RecordCreateUnclear',
          batchKey: key('a'),
          createAttempt: 1,
          message: 'lost',
        });
      }),
    created: () => begun((run) => toCreated(run, 'a')),
    ended: () =>
      begun((run) => {
        toCreated(run, 'a');
        endBatch(run, 'a', ending({ outputFileId: 'o' }));
      }),
  };
type Phase = keyof typeof runIn;
const begun = (lead: (run: Scenario) => void): Scenario => {
  const run = startRun(makeConfig());
  accept(run, [10, 10]);
  lead(run);
  return run;
};
const keysOf: Readonly<Record<Phase, readonly EffectKey[]>> = {
  creating: [],
  indeterminate: [reconcileKey, batchEffectKey('a' as BatchKey)],
  created: [pollKey, batchEffectKey('a' as BatchKey)],
  ended: [batchEffectKey('a' as BatchKey)],
};

const pause = (run: Scenario, reason: ControlReason): void =>
  send(run, { type: 'PauseRun', reason, message: null });
/** The snapshot with a fault of this kind at the key, as `FaultRecorded` leaves it. */
const withFault = (
  run: Scenario,
  name: EffectKey,
  fault: { readonly count: number; readonly answeredCount: number; readonly dueInMs: number },
) => ({
  ...run.state.snapshot,
  faults: [
    {
      key: name,
      count: fault.count,
      answeredCount: fault.answeredCount,
      dueAtMs: run.nowMs + fault.dueInMs,
      message: 'no',
    },
  ],
});

const faults = [
  {
    title: 'a first transient failure',
    count: 1,
    answeredCount: 0,
    dueInMs: 1_000,
    isStuck: false,
  },
  { title: 'five transient failures', count: 5, answeredCount: 0, dueInMs: 16_000, isStuck: false },
  { title: 'six transient failures', count: 6, answeredCount: 0, dueInMs: 32_000, isStuck: true },
  {
    title: 'six transient failures whose next try is due',
    count: 6,
    answeredCount: 0,
    dueInMs: 0,
    isStuck: false,
  },
  {
    title: 'two failures that ask for a long wait',
    count: 2,
    answeredCount: 0,
    dueInMs: 900_000,
    isStuck: false,
  },
  {
    title: 'three failures that ask for a long wait',
    count: 3,
    answeredCount: 0,
    dueInMs: 900_000,
    isStuck: true,
  },
  { title: 'three refusals', count: 3, answeredCount: 3, dueInMs: 4_000, isStuck: false },
  { title: 'four refusals', count: 4, answeredCount: 4, dueInMs: 8_000, isStuck: true },
  {
    title: 'four refusals whose next try is due',
    count: 4,
    answeredCount: 4,
    dueInMs: -1,
    isStuck: false,
  },
] as const;
const phases = Object.keys(runIn) as readonly Phase[];

describe('a paused run', () => {
  const paused = controlReasons.flatMap((reason) =>
    phases.map((phase) => {
      const run = runIn[phase]();
      pause(run, reason);
      return { reason, phase, run };
    }),
  );

  it('progresses while nothing failed, whatever it is paused for, unless it has no key', () => {
    expect(paused.length).toBeGreaterThan(40);
    for (const { reason, phase, run } of paused)
      expect({
        reason,
        phase,
        progresses: canProgress(run.state.snapshot, true, run.nowMs),
      }).toEqual({
        reason,
        phase,
        progresses: reason !== 'authentication_failed',
      });
  });

  const faulty = paused.flatMap(({ phase, ...rest }) =>
    keysOf[phase].flatMap((name) => faults.map((fault) => ({ phase, name, ...rest, ...fault }))),
  );
  it('is stuck exactly where all that is in flight is refused, or fails time and again', () => {
    expect(faulty.length).toBeGreaterThan(400);
    for (const { reason, phase, name, title, isStuck, run, ...fault } of faulty) {
      const snapshot = withFault(run, name, fault);
      expect({
        reason,
        phase,
        name,
        title,
        progresses: canProgress(snapshot, true, run.nowMs),
      }).toEqual({
        reason,
        phase,
        name,
        title,
        progresses: !isStuck && reason !== 'authentication_failed',
      });
      expect(stuckFaults(snapshot, run.nowMs)).toHaveLength(isStuck ? 1 : 0);
    }
  });

  it('progresses while one of several batches does', () => {
    const run = begun((inner) => toCreated(inner, 'a'));
    accept2(run);
    pause(run, 'manual');
    const stuck = withFault(run, batchEffectKey(key('a')), {
      count: 6,
      answeredCount: 0,
      dueInMs: 32_000,
    });
    expect(canProgress(stuck, true, run.nowMs)).toBe(true);
    const held = {
      ...stuck,
      live: stuck.live.map((batch) => (batch.batchKey === 'b' ? { ...batch, held: 'why' } : batch)),
    };
    expect(canProgress(held, true, run.nowMs)).toBe(false);
  });

  it('waits neither for files whose deletion fails nor for duplicate batches', () => {
    const run = runIn.indeterminate();
    const duplicate = 'q' as ProviderBatchId;
    send(
      run,
      listingOf(run, 'a', {
        found: [
          listedBatch('a', 1),
          listedBatch('a', 1, { providerBatchId: duplicate, createdAtMs: 7_000 }),
        ],
      }),
    );
    pause(run, 'manual');
    const { snapshot } = run.state;
    const alone = { ...snapshot, live: [], litter: ['file-a'] };
    expect(canProgress(alone, true, run.nowMs)).toBe(true);
    const records = [deleteFileKey('file-a'), duplicateEffectKey(duplicate), duplicatesKey].map(
      (name) => ({
        key: name,
        count: 1,
        answeredCount: 0,
        dueAtMs: run.nowMs,
        message: 'no',
      }),
    );
    const failing = { ...alone, faults: records };
    expect(effectsDue(failing, Infinity).map(({ type }) => type)).toEqual([
      'DeleteFile',
      'CancelStray',
    ]);
    expect(canProgress(failing, true, run.nowMs)).toBe(false);
    send(run, { type: 'RecordStrayCancelled', providerBatchId: duplicate });
    const watched = { ...run.state.snapshot, live: [], litter: [] };
    expect(effectsDue(watched, Infinity).map(({ type }) => type)).toEqual(['PollStrays']);
    expect(canProgress(watched, true, run.nowMs)).toBe(false);
  });
});

describe('a run that is not paused', () => {
  it.each(['running', 'cancel_requested'] as const)('retries for ever while it is %s', (state) => {
    const run = runIn.created();
    if (state === 'cancel_requested') send(run, { type: 'CancelRun' });
    const snapshot = withFault(run, pollKey, { count: 60, answeredCount: 60, dueInMs: 900_000 });
    expect(canProgress(snapshot, true, run.nowMs)).toBe(true);
  });

  it('does not progress where it needs a source that is not attached', () => {
    const run = startRun(makeConfig());
    expect(canProgress(run.state.snapshot, true, run.nowMs)).toBe(true);
    expect(canProgress(run.state.snapshot, false, run.nowMs)).toBe(false);
  });
});

const accept2 = (run: Scenario): void => {
  const { snapshot } = run.state;
  const [first] = snapshot.live;
  if (first === undefined) throw new Error('no batch is live');
  const second = { ...first, batchKey: key('b'), providerBatchId: 'at-b' as ProviderBatchId };
  run.state = { ...run.state, snapshot: { ...snapshot, live: [first, second] } };
};
