import { describe, expect, it } from 'vitest';
import { reconcileKey } from '../../../lib/core/model/effect.ts';
import { effectsDue, nextDueMs, type ProviderBatchId } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  batchOf,
  dueTypes,
  endBatch,
  ending,
  key,
  plan,
  type Scenario,
  startRun,
  listingOf,
  listedBatch,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

const graceMs = 600_000;
const dayMs = 86_400_000;
const unconfirmed = (): Scenario => {
  const run = startRun(makeConfig({ createGraceMs: graceMs }));
  accept(run, [10, 10]);
  toCreating(run, 'a');
  send(run, { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' });
  return run;
};
const toNextDue = (run: Scenario): void => {
  run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
};
const fault = (run: Scenario, name: string, kind: 'refused' | 'transient'): void => {
  send(run, {
    type: 'RecordFault',
    key: name as never,
    fault: kind,
    message: 'no',
    retryAfterMs: null,
  });
  run.nowMs += 10_000_000;
};

describe('a new input file', () => {
  it.each([
    ['in the past', -dayMs],
    ['at once', 0],
    ['within a day', dayMs / 2],
  ])('that expires %s, as its provider says, is not uploaded again and again', (_title, inMs) => {
    const run = startRun(makeConfig());
    accept(run, [10]);
    plan(run, 'a');
    const expiresAtMs = run.nowMs + inMs;
    send(run, {
      type: 'RecordUpload',
      batchKey: key('a'),
      createAttempt: 1,
      inputFileId: 'file-a',
      expiresAtMs,
    });
    expect(dueTypes(run)).toEqual(['BeginCreate']);
  });
});

describe('an operator’s confirmation that a batch was never created', () => {
  it('is enough where no file can be deleted and no list be read', () => {
    const run = unconfirmed();
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'never_created' } });
    expect(dueTypes(run)).toEqual(['FenceCreate']);
    fault(run, 'batch:a', 'refused');
    expect(dueTypes(run)).toEqual(['SweepBatches']);
    fault(run, reconcileKey, 'refused');
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'planned',
      createAttempt: 1,
      held: null,
      doubt: null,
    });
  });

  it('waits for the list where there are only transient failures', () => {
    const run = unconfirmed();
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'never_created' } });
    send(run, { type: 'RecordFenced', batchKey: key('a'), createAttempt: 1 });
    fault(run, reconcileKey, 'transient');
    expect(dueTypes(run)).toEqual(['SweepBatches']);
  });
});

describe('a duplicate batch that the provider will not cancel', () => {
  it('is watched to its end like any other, and stops nothing', () => {
    const run = unconfirmed();
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
    for (let i = 0; i < 4; i += 1) fault(run, 'stray:q', 'refused');
    expect(run.state.snapshot.control.state).toBe('running');
    expect(dueTypes(run)).toContain('PollStrays');
    expect(dueTypes(run)).not.toContain('CancelStray');
  });
});

describe('the list, behind the fence', () => {
  it('is read back behind the input file though our clock goes ahead: the provider reported its time while it existed', () => {
    const run = unconfirmed();
    const fileMs = run.nowMs - 5 * 3_600_000;
    const files = [{ inputFileId: 'file-a', createdAtMs: fileMs }];
    for (
      let readings = 0;
      batchOf(run, 'a').doubt?.stage === 'looking' && readings < 100;
      readings += 1
    ) {
      send(run, listingOf(run, 'a', { files }));
      toNextDue(run);
    }
    send(run, { type: 'RecordFenced', batchKey: key('a'), createAttempt: 1 });
    const listing = effectsDue(run.state.snapshot, run.nowMs).find(
      (effect) => effect.type === 'SweepBatches',
    );
    expect(listing?.sinceMs).toBeLessThanOrEqual(fileMs);
  });
});

describe('a cancel', () => {
  it('whose answers cannot be read waits for an operator, and says so', () => {
    const run = startRun(makeConfig());
    accept(run, [10, 10]);
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ outputFileId: 'o' }));
    send(run, { type: 'CancelRun' });
    for (let i = 0; i < 4; i += 1) fault(run, 'batch:a', 'refused');
    expect(batchOf(run, 'a').held).toBe('no');
    expect(effectsDue(run.state.snapshot, Infinity)).toEqual([]);
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'results_lost' } });
    expect(dueTypes(run)).toEqual(['SettleSlice']);
  });
});
