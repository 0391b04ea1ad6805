import { describe, expect, it } from 'vitest';
import { deleteFileKey, reconcileKey } from '../../../lib/core/model/effect.ts';
import { nextDueMs, type ProviderBatchId } from '../../../lib/core/internal.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  endBatch,
  ending,
  key,
  plan,
  settleRest,
  startRun,
  statuses,
  listingOf,
  listedBatch,
  send,
  toCreated,
  toCreating,
  type Scenario,
} from '../../support/core/scenario.ts';

const graceMs = 600_000;
const unconfirmed = (): Scenario => {
  const run = startRun(makeConfig({ createGraceMs: graceMs }));
  accept(run, [10, 10]);
  toCreating(run, 'a');
  send(run, { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' });
  return run;
};
const faultOf = (run: Scenario, name: string) =>
  run.state.snapshot.faults.find((fault) => fault.key === name);
const toNextDue = (run: Scenario): void => {
  run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
};
/** List readings that do not show it, until the create counts as absent; how many. */
const toAbsent = (run: Scenario): number => {
  for (let readings = 1; ; readings += 1) {
    send(run, listingOf(run, 'a'));
    if (batchOf(run, 'a').doubt?.stage === 'absent' || readings > 100) return readings;
    toNextDue(run);
  }
};
const toFenced = (run: Scenario): void => {
  toAbsent(run);
  send(run, { type: 'RecordFenced', batchKey: key('a'), createAttempt: 1 });
};
/** List readings behind the fence that do not show it, for a grace period. */
const toReplanned = (run: Scenario): void => {
  while (batchOf(run, 'a').phase === 'indeterminate') {
    send(run, listingOf(run, 'a', { files: [] }));
    toNextDue(run);
  }
};

describe('a create whose answer was lost', () => {
  it('is adopted when the list shows this very attempt, or a batch made from its input file', () => {
    const byAttempt = unconfirmed();
    send(byAttempt, listingOf(byAttempt, 'a', { found: [listedBatch('a', 1)] }));
    expect(batchOf(byAttempt, 'a')).toMatchObject({
      phase: 'created',
      providerBatchId: 'p',
      doubt: null,
    });
    const byFile = unconfirmed();
    send(
      byFile,
      listingOf(byFile, 'a', {
        found: [listedBatch('a', 0, { batchKey: null, inputFileId: 'file-a' })],
      }),
    );
    expect(batchOf(byFile, 'a').phase).toBe('created');
    expect(statuses(byFile)).toEqual(['submitted', 'submitted']);
  });

  it('takes a late answer to its create', () => {
    const run = unconfirmed();
    send(run, {
      type: 'RecordCreated',
      batchKey: key('a'),
      createAttempt: 1,
      providerBatchId: 'p' as never,
      providerStatus: 'validating',
    });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', doubt: null });
  });

  it('is absent once two lists, a grace period apart, did not show it; readings in between grow slower and prove nothing', () => {
    const run = unconfirmed();
    const from = run.nowMs;
    const waits: number[] = [];
    for (let stage = 'looking'; stage === 'looking'; stage = batchOf(run, 'a').doubt?.stage ?? '') {
      expect(dueTypes(run)).toEqual(['SweepBatches']);
      send(run, listingOf(run, 'a'));
      const next = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
      if (next > run.nowMs) waits.push(next - run.nowMs);
      run.nowMs = next;
    }
    expect(run.nowMs - from).toBeGreaterThanOrEqual(graceMs);
    expect(waits.length).toBeGreaterThan(3);
    expect(waits.slice(0, -1)).toEqual(waits.slice(0, -1).toSorted((a, b) => a - b));
    expect(dueTypes(run)).toEqual(['FenceCreate']);
    expect(run.state.snapshot.control.state).toBe('running');
  });

  it('counts its grace from the last moment at which it may have been sent: from the restart, after a crash', () => {
    const run = startRun(makeConfig({ createGraceMs: graceMs }));
    accept(run, [10]);
    toCreating(run, 'a');
    run.nowMs += 10 * graceMs;
    send(run, { type: 'OpenRun' }, listingOf(run, 'a'));
    expect(batchOf(run, 'a').doubt).toMatchObject({
      stage: 'looking',
      sinceMs: run.nowMs,
      absentAtMs: run.nowMs,
    });
  });

  it('counts the same reading once, and no reading that began before it was due', () => {
    const run = unconfirmed();
    const reading = listingOf(run, 'a');
    send(run, reading);
    expect(attempt(run, reading).rejection?.type).toBe('nothing_to_change');
    run.nowMs += 2 * graceMs;
    expect(attempt(run, reading).rejection?.type).toBe('nothing_to_change');
  });

  it('proves nothing by a list that was not read back behind its input file', () => {
    const run = unconfirmed();
    send(run, listingOf(run, 'a', { readBackToMs: 5_000 }));
    expect(batchOf(run, 'a').doubt?.absentAtMs).toBeNull();
    toNextDue(run);
    send(run, listingOf(run, 'a', { readBackToMs: 4_999 }));
    expect(batchOf(run, 'a').doubt?.absentAtMs).toBe(run.nowMs);
  });

  it('is held, and says why, where this key cannot read its input file: another key, project or address proves nothing', () => {
    const run = unconfirmed();
    for (let reading = 1; reading <= 4; reading += 1) {
      expect(batchOf(run, 'a').held).toBeNull();
      send(run, listingOf(run, 'a', { files: [], isRunSeen: false }));
      toNextDue(run);
    }
    expect(batchOf(run, 'a').held).toMatch('this key cannot read its input file file-a');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'batch_unresolved',
    });
    expect(dueTypes(run)).toEqual([]);
    expect(statuses(run)).toEqual(['queued_local', 'queued_local']);
  });

  it('whose input file has expired is proved absent by any other batch of the run that this key can see', () => {
    const run = startRun(makeConfig({ createGraceMs: graceMs, filesExpireAfterMs: 3_600_000 }));
    accept(run, [10]);
    plan(run, 'a');
    const expiresAtMs = run.nowMs + 3_600_000;
    send(
      run,
      {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 1,
        inputFileId: 'file-a',
        expiresAtMs,
      },
      { type: 'BeginCreate', batchKey: key('a') },
    );
    run.nowMs = expiresAtMs + 1;
    send(run, { type: 'OpenRun' }, listingOf(run, 'a', { files: [], isRunSeen: false }));
    expect(faultOf(run, 'batch:a')).toMatchObject({ count: 1 });
    toNextDue(run);
    send(run, listingOf(run, 'a', { files: [], isRunSeen: true }));
    expect(batchOf(run, 'a').doubt?.absentAtMs).toBe(run.nowMs);
  });

  it('does not count earlier refusals as list readings', () => {
    const run = startRun();
    accept(run, [10]);
    toCreating(run, 'a');
    for (let createAttempt = 1; createAttempt <= 3; createAttempt += 1) {
      const refusal = {
        type: 'refused',
        message: 'no',
        retryAfterMs: null,
        statedTokensMax: null,
        statedRequestsMax: null,
      } as const;
      send(run, { type: 'RecordCreateRefused', batchKey: key('a'), createAttempt, refusal });
      run.nowMs += 10_000_000;
      send(run, { type: 'BeginCreate', batchKey: key('a') });
    }
    send(run, { type: 'OpenRun' }, listingOf(run, 'a', { files: [], isRunSeen: false }));
    expect(faultOf(run, 'batch:a')).toMatchObject({ count: 1, answeredCount: 1 });
    expect(batchOf(run, 'a').held).toBeNull();
  });

  it('ends the count of failed lists when a list could be read', () => {
    const run = unconfirmed();
    send(run, {
      type: 'RecordFault',
      key: reconcileKey,
      fault: 'transient',
      message: 'down',
      retryAfterMs: null,
    });
    toNextDue(run);
    send(run, listingOf(run, 'a'));
    expect(faultOf(run, reconcileKey)).toBeUndefined();
  });
});

describe('the fence', () => {
  it('goes up before the batch is sent again, with a file and an attempt of its own, and the list is read for a grace more', () => {
    const run = unconfirmed();
    toAbsent(run);
    expect(attempt(run, listingOf(run, 'a')).rejection?.type).toBe('nothing_to_change');
    send(run, { type: 'RecordFenced', batchKey: key('a'), createAttempt: 1 });
    expect(dueTypes(run)).toEqual(['SweepBatches']);
    const fencedAtMs = run.nowMs;
    toReplanned(run);
    expect(run.nowMs).toBeGreaterThanOrEqual(fencedAtMs + graceMs);
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'planned',
      inputFileId: null,
      createAttempt: 1,
      doubt: null,
    });
    expect(dueTypes(run)).toEqual(['UploadBatch']);
    send(
      run,
      {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 2,
        inputFileId: 'file-2',
        expiresAtMs: null,
      },
      { type: 'BeginCreate', batchKey: key('a') },
    );
    expect(batchOf(run, 'a').createAttempt).toBe(2);
    expect(statuses(run)).toEqual(['queued_local', 'queued_local']);
  });

  it('survives a crash at each of its steps', () => {
    const run = unconfirmed();
    toAbsent(run);
    send(run, { type: 'OpenRun' });
    expect(dueTypes(run)).toEqual(['FenceCreate']);
    send(run, { type: 'RecordFenced', batchKey: key('a'), createAttempt: 1 }, { type: 'OpenRun' });
    expect(dueTypes(run)).toEqual(['SweepBatches']);
  });

  it('adopts what came through before it, and passes over what failed because of it', () => {
    const came = unconfirmed();
    toFenced(came);
    send(came, listingOf(came, 'a', { found: [listedBatch('a', 1)] }));
    expect(batchOf(came, 'a').phase).toBe('created');
    const failed = unconfirmed();
    toFenced(failed);
    toNextDue(failed);
    failed.nowMs += graceMs;
    send(failed, listingOf(failed, 'a', { found: [listedBatch('a', 1, { ending: 'rejected' })] }));
    expect(batchOf(failed, 'a').phase).toBe('planned');
    expect(failed.state.snapshot.strays).toEqual([]);
  });

  it('takes no list that was read before it went up', () => {
    const run = unconfirmed();
    const early = listingOf(run, 'a');
    toFenced(run);
    const step = attempt(run, {
      ...early,
      asked: [{ ...(early.asked[0] as (typeof early.asked)[0]), stage: 'fenced' }],
    });
    expect(step.rejection?.type).toBe('nothing_to_change');
  });

  it('that the provider refuses holds the batch; a transient failure only slows it down', () => {
    const run = unconfirmed();
    toAbsent(run);
    for (let i = 0; i < 6; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'batch:a' as never,
        fault: 'transient',
        message: 'down',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(batchOf(run, 'a').held).toBeNull();
    for (let i = 0; i < 4; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'batch:a' as never,
        fault: 'refused',
        message: 'files cannot be deleted here',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(batchOf(run, 'a').held).toBe('files cannot be deleted here');
    expect(run.state.snapshot.control.reason).toBe('batch_unresolved');
  });

  it('gives the rows back while the run is cancelled', () => {
    const run = unconfirmed();
    send(run, { type: 'CancelRun' });
    toFenced(run);
    toReplanned(run);
    expect(dueTypes(run)).toEqual(['DropBatch']);
    send(run, { type: 'DropBatch', batchKey: key('a') });
    expect(statuses(run)).toEqual(['pending', 'pending']);
  });
});

describe('several batches of one create', () => {
  const id = (text: string): ProviderBatchId => text as ProviderBatchId;

  it('keep the oldest that has not failed; the others are cancelled, watched to their end, and their cost counted', () => {
    const run = unconfirmed();
    const found = [
      listedBatch('a', 1, { providerBatchId: id('young'), createdAtMs: 9_000 }),
      listedBatch('a', 1, { providerBatchId: id('old'), createdAtMs: 7_000 }),
      listedBatch('a', 1, {
        providerBatchId: id('oldest, failed'),
        createdAtMs: 6_000,
        ending: 'rejected',
      }),
    ];
    send(run, listingOf(run, 'a', { found }));
    expect(batchOf(run, 'a').providerBatchId).toBe('old');
    expect(run.state.snapshot.strays.map((duplicate) => duplicate.providerBatchId)).toEqual([
      'young',
    ]);
    expect(dueTypes(run)).toContain('CancelStray');
    send(run, { type: 'RecordStrayCancelled', providerBatchId: id('young') });
    expect(dueTypes(run)).toContain('PollStrays');
    const observation = {
      batchKey: key('a'),
      providerBatchId: id('young'),
      providerStatus: 'cancelled',
      isAccepted: true,
      progress: { total: 2, completed: 1, failed: 1 },
      ending: ending({ type: 'cancelled' }),
    };
    send(run, { type: 'RecordStrays', asked: [id('young')], observations: [observation] });
    expect(run.state.snapshot).toMatchObject({
      strays: [{ isEnded: true }],
      strayCost: { batches: 1, requests: 1 },
    });
    expect(dueTypes(run)).not.toContain('PollStrays');
  });

  it('of an earlier attempt that came through its fence are duplicates, never adopted', () => {
    const run = unconfirmed();
    toFenced(run);
    toReplanned(run);
    send(
      run,
      {
        type: 'RecordUpload',
        batchKey: key('a'),
        createAttempt: 2,
        inputFileId: 'file-2',
        expiresAtMs: null,
      },
      { type: 'BeginCreate', batchKey: key('a') },
    );
    send(run, {
      type: 'RecordCreateUnclear',
      batchKey: key('a'),
      createAttempt: 2,
      message: 'lost',
    });
    send(run, listingOf(run, 'a', { found: [listedBatch('a', 1, { inputFileId: 'file-a' })] }));
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'indeterminate' });
    expect(run.state.snapshot.strays).toMatchObject([{ providerBatchId: 'p' }]);
  });

  it('that are no longer visible are given up, their cost unknown', () => {
    const run = unconfirmed();
    send(
      run,
      listingOf(run, 'a', {
        found: [listedBatch('a', 1), listedBatch('a', 1, { providerBatchId: id('q') })],
      }),
    );
    send(run, { type: 'RecordStrayCancelled', providerBatchId: id('q') });
    for (let reading = 0; reading < 20; reading += 1) {
      send(run, { type: 'RecordStrays', asked: [id('q')], observations: [] });
      run.nowMs += 10_000_000;
    }
    expect(run.state.snapshot).toMatchObject({
      strays: [{ isEnded: true }],
      strayCost: { batches: 1, requests: 0 },
    });
  });
});

describe('an input file', () => {
  it('is uploaded again before it expires', () => {
    const run = startRun(makeConfig({ filesExpireAfterMs: 3_600_000 }));
    accept(run, [10]);
    plan(run, 'a');
    send(run, {
      type: 'RecordUpload',
      batchKey: key('a'),
      createAttempt: 1,
      inputFileId: 'f',
      expiresAtMs: run.nowMs + 3_600_000,
    });
    expect(dueTypes(run)).toEqual(['BeginCreate']);
    expect(attempt(run, { type: 'ReplanBatch', batchKey: key('a') }).rejection?.type).toBe(
      'wrong_phase',
    );
    run.nowMs += 1_800_000;
    expect(dueTypes(run)).toEqual(['ReplanBatch']);
    expect(attempt(run, { type: 'BeginCreate', batchKey: key('a') }).rejection?.type).toBe(
      'not_while',
    );
    send(run, { type: 'ReplanBatch', batchKey: key('a') });
    expect(batchOf(run, 'a')).toMatchObject({
      phase: 'planned',
      inputFileId: null,
      createAttempt: 1,
    });
  });
});

describe('an input file whose batch is over', () => {
  const over = (deletesInputFiles: boolean): Scenario => {
    const run = startRun(makeConfig({ deletesInputFiles }));
    accept(run, [10]);
    toCreated(run, 'a');
    endBatch(run, 'a', ending({ type: 'expired' }));
    settleRest(run, 'a');
    return run;
  };

  it('is left to expire, unless the job wants it deleted', () => {
    expect(over(false).state.snapshot.litter).toEqual([]);
    const run = over(true);
    expect(run.state.snapshot.litter).toEqual(['file-a']);
    expect(dueTypes(run)).toEqual(['DeleteFile']);
    send(run, { type: 'RecordFileDeleted', fileId: 'file-a' });
    expect(run.state.snapshot.litter).toEqual([]);
    expect(attempt(run, { type: 'RecordFileDeleted', fileId: 'file-a' }).rejection?.type).toBe(
      'nothing_to_change',
    );
  });

  it('is left to expire too where it cannot be deleted: it pauses nothing, and no run waits for it for long', () => {
    const run = over(true);
    for (let tries = 1; tries <= 3; tries += 1) {
      expect(run.state.snapshot.litter).toEqual(['file-a']);
      send(run, {
        type: 'RecordFault',
        key: deleteFileKey('file-a'),
        fault: 'authentication_failed',
        message: '403',
        retryAfterMs: null,
      });
      run.nowMs += 10_000_000;
    }
    expect(run.state.snapshot).toMatchObject({ litter: [], control: { state: 'running' } });
    // Reported again after it was given up, it changes no other file.
    const again = {
      type: 'RecordFault',
      key: deleteFileKey('file-a'),
      fault: 'authentication_failed',
      message: '403',
    } as const;
    expect(attempt(run, { ...again, retryAfterMs: null }).rejection?.type).toBe(
      'nothing_to_change',
    );
  });
});

describe('an operator’s command for a batch', () => {
  const held = (): Scenario => {
    const run = unconfirmed();
    for (let reading = 1; reading <= 4; reading += 1) {
      send(run, listingOf(run, 'a', { files: [], isRunSeen: false }));
      toNextDue(run);
    }
    return run;
  };

  it('that it exists is taken for a batch that can be it, and for no other: its answers would land on the wrong rows', () => {
    const run = held();
    const claim = (found: ReturnType<typeof listedBatch>) =>
      attempt(run, {
        type: 'ResolveBatch',
        batchKey: key('a'),
        resolution: { type: 'exists', found },
      });
    expect(claim(listedBatch('b', 1)).rejection).toMatchObject({
      message: 'batch p carries the key b, and not a',
    });
    expect(claim(listedBatch('a', 1, { batchKey: null })).rejection).toMatchObject({
      type: 'malformed_command',
    });
    expect(claim(listedBatch('a', 1)).rejection).toBeNull();
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', held: null });
    expect(run.state.snapshot.control.state).toBe('running');
  });

  it('that it was never created fences it, and sends it again, even where nothing can be deleted', () => {
    const run = held();
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'never_created' } });
    expect(dueTypes(run)).toEqual(['FenceCreate']);
    send(run, {
      type: 'RecordFault',
      key: 'batch:a' as never,
      fault: 'refused',
      message: 'no',
      retryAfterMs: null,
    });
    send(run, listingOf(run, 'a', { files: [], isRunSeen: false }));
    expect(batchOf(run, 'a').phase).toBe('planned');
  });

  it('to retry releases it, and resumes a run that waited for nothing else', () => {
    const run = held();
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'retry' } });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'indeterminate', held: null });
    expect(run.state.snapshot.control.state).toBe('running');
    expect(dueTypes(run)).toEqual(['SweepBatches']);
  });

  it('does not resume a run that an operator paused', () => {
    const run = unconfirmed();
    send(run, { type: 'PauseRun', reason: 'manual', message: null });
    send(run, { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'never_created' } });
    expect(run.state.snapshot.control.state).toBe('paused');
  });
});
