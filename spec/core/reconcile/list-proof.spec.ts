import { describe, expect, it } from 'vitest';
import {
  effectsDue,
  nextDueMs,
  type ProviderBatchId,
  type SweepReport,
} from '../../../lib/core/internal.ts';
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
  type Scenario,
  settleRest,
  startRun,
  listingOf,
  listedBatch,
  send,
  toCreated,
  toCreating,
} from '../../support/core/scenario.ts';

const graceMs = 600_000;
const known = 'at-a' as ProviderBatchId;
/** Batch a is at work at the provider, and the answer to the create of b was lost. */
const beside = (): Scenario => {
  const run = startRun(makeConfig({ createGraceMs: graceMs, chunk: { requestsMax: 1 } }));
  accept(run, [10, 10]);
  toCreated(run, 'a');
  toCreating(run, 'b');
  send(run, { type: 'RecordCreateUnclear', batchKey: key('b'), createAttempt: 1, message: 'lost' });
  return run;
};
const toNextCheck = (run: Scenario): void => {
  for (let i = 0; i < 1_000 && !dueTypes(run).includes('SweepBatches'); i += 1) {
    const next = nextDueMs(run.state.snapshot, run.nowMs);
    if (next === null) return;
    run.nowMs = next;
  }
};
/** Reads the list, until the batch leaves `looking` or is held; how often. */
const readList = (run: Scenario, report: Partial<SweepReport>, readingsMax = 100): number => {
  for (let readings = 1; ; readings += 1) {
    send(run, listingOf(run, 'b', report));
    const { held, doubt } = batchOf(run, 'b');
    if (held !== null || doubt?.stage !== 'looking' || readings >= readingsMax) return readings;
    toNextCheck(run);
  }
};

describe('a list of batches', () => {
  it('is read for the batches that the run knows, too', () => {
    const run = beside();
    expect(
      effectsDue(run.state.snapshot, run.nowMs).find(({ type }) => type === 'SweepBatches'),
    ).toMatchObject({ known: [known] });
  });

  it.each<[string, Partial<SweepReport>]>([
    ['is empty', { found: [], shown: [] }],
    ['shows other batches only', { found: [], shown: [], readBackToMs: 1_000 }],
  ])(
    'that %s while a known batch lives is no evidence: the list is read again, then the create is held with the reason',
    (_title, report) => {
      const run = beside();
      const fromMs = run.nowMs;
      const readings = readList(run, report);
      expect(readings).toBeGreaterThan(4);
      expect(readings).toBeLessThan(20);
      expect(run.nowMs - fromMs).toBeGreaterThan(2 * graceMs);
      expect(batchOf(run, 'b')).toMatchObject({
        phase: 'indeterminate',
        createAttempt: 1,
        doubt: { stage: 'looking', absentAtMs: null },
      });
      expect(batchOf(run, 'b').held).toContain('lacks at-a, which this run knows to exist');
      expect(batchOf(run, 'b').held).toContain(
        'batchor resolve --run-id run --batch b --exists ID',
      );
      expect(run.state.snapshot.control).toMatchObject({
        state: 'paused',
        reason: 'batch_unresolved',
      });
    },
  );

  it('that lags heals: once it shows what is known, its silence counts again', () => {
    const run = beside();
    readList(run, { shown: [] }, 4);
    expect(batchOf(run, 'b').doubt?.absentAtMs).toBeNull();
    const provesFromMs = run.nowMs;
    readList(run, {});
    expect(batchOf(run, 'b').doubt).toMatchObject({ stage: 'absent', absentAtMs: provesFromMs });
    expect(run.nowMs - provesFromMs).toBeGreaterThanOrEqual(graceMs);
    expect(batchOf(run, 'b').held).toBeNull();
  });

  it('that lacks a known batch and shows the unconfirmed one is evidence', () => {
    const run = beside();
    send(run, listingOf(run, 'b', { shown: [], found: [listedBatch('b', 1)] }));
    expect(batchOf(run, 'b').phase).toBe('created');
  });

  it('proves nothing behind the fence either: the batch is not sent again', () => {
    const run = beside();
    readList(run, {});
    send(run, { type: 'RecordFenced', batchKey: key('b'), createAttempt: 1 });
    run.nowMs += 2 * graceMs;
    send(run, listingOf(run, 'b', { files: [], shown: [] }));
    expect(batchOf(run, 'b')).toMatchObject({ phase: 'indeterminate', doubt: { stage: 'fenced' } });
  });

  it('is held against batches that are settled, too, so that their end makes no empty list true', () => {
    const run = beside();
    endBatch(run, 'a', ending());
    settleRest(run, 'a');
    toNextCheck(run);
    expect(
      effectsDue(run.state.snapshot, run.nowMs).find(({ type }) => type === 'SweepBatches'),
    ).toMatchObject({ known: [known] });
    readList(run, { shown: [] });
    expect(batchOf(run, 'b').held).toContain('lacks at-a');
  });

  it('is not held against what it was not asked for: a batch that was created while it was read', () => {
    const run = beside();
    send(run, listingOf(run, 'b', { shown: [] }, run.nowMs, []));
    expect(batchOf(run, 'b').doubt?.absentAtMs).toBe(run.nowMs);
  });

  it('is not held against batches that are older than it was read back to', () => {
    const run = beside();
    const files = [{ inputFileId: 'file-b', createdAtMs: run.nowMs }];
    send(run, listingOf(run, 'b', { shown: [], files, readBackToMs: run.nowMs - 1_000 }));
    expect(batchOf(run, 'b').doubt?.absentAtMs).toBe(run.nowMs);
  });

  it('is not needed for what an operator has confirmed', () => {
    const run = beside();
    readList(run, { shown: [] });
    send(run, { type: 'ResolveBatch', batchKey: key('b'), resolution: { type: 'never_created' } });
    send(run, { type: 'RecordFenced', batchKey: key('b'), createAttempt: 1 });
    send(run, listingOf(run, 'b', { files: [], shown: [] }));
    expect(batchOf(run, 'b')).toMatchObject({ phase: 'planned', held: null });
  });

  it('that is never read far enough back holds the create, instead of being read for ever', () => {
    const run = beside();
    readList(run, { readBackToMs: run.nowMs });
    expect(batchOf(run, 'b').held).toContain('was not read far enough back');
  });

  it('that the provider refuses to give holds what it was to confirm, so that the run stands still and says why', () => {
    const run = beside();
    for (let i = 0; i < 4; i += 1) {
      send(run, {
        type: 'RecordFault',
        key: 'sweep' as never,
        fault: 'refused',
        message: 'not a list',
        retryAfterMs: null,
      });
      toNextCheck(run);
    }
    expect(batchOf(run, 'b').held).toContain(
      "the provider's list of batches cannot be read: not a list",
    );
    expect(dueTypes(run)).not.toContain('SweepBatches');
    send(run, { type: 'ResumeRun' });
    expect(dueTypes(run)).toContain('SweepBatches');
  });
});

describe('the id of another batch of the run', () => {
  it.each([
    ['alive', false],
    ['settled', true],
  ])(
    'that is %s, as the answer to a create, leaves the create unconfirmed',
    (_title, isSettled) => {
      const run = startRun(makeConfig({ chunk: { requestsMax: 1 } }));
      accept(run, [10, 10]);
      toCreated(run, 'a');
      if (isSettled) {
        endBatch(run, 'a', ending());
        settleRest(run, 'a');
      }
      toCreating(run, 'b');
      const answer = {
        type: 'RecordCreated',
        batchKey: key('b'),
        createAttempt: 1,
        providerBatchId: known,
        providerStatus: 'x',
      } as const;
      send(run, answer);
      expect(batchOf(run, 'b')).toMatchObject({ phase: 'indeterminate', providerBatchId: null });
      expect(attempt(run, answer).rejection?.type).toBe('nothing_to_change');
    },
  );

  it('is neither adopted nor cancelled when the list shows it under our key', () => {
    const run = beside();
    send(
      run,
      listingOf(run, 'b', {
        found: [listedBatch('b', 1, { providerBatchId: known }), listedBatch('b', 1)],
      }),
    );
    expect(batchOf(run, 'b').providerBatchId).toBe('p');
    expect(run.state.snapshot.strays).toEqual([]);
  });
});

describe('a create that is never answered', () => {
  /** Proved absent, fenced, and proved absent again. */
  const lose = (run: Scenario): void => {
    const { createAttempt } = batchOf(run, 'b');
    readList(run, {});
    send(run, { type: 'RecordFenced', batchKey: key('b'), createAttempt });
    run.nowMs += 2 * graceMs;
    send(run, listingOf(run, 'b', { files: [] }));
  };
  const create = (run: Scenario): void => {
    const createAttempt = batchOf(run, 'b').createAttempt + 1;
    const inputFileId = `file-${createAttempt}`;
    send(run, {
      type: 'RecordUpload',
      batchKey: key('b'),
      createAttempt,
      inputFileId,
      expiresAtMs: null,
    });
    send(run, { type: 'BeginCreate', batchKey: key('b') });
    send(run, { type: 'RecordCreateUnclear', batchKey: key('b'), createAttempt, message: 'lost' });
  };
  const toHeld = (run: Scenario): number => {
    for (let creates = 1; creates < 50; creates += 1) {
      lose(run);
      if (batchOf(run, 'b').held !== null) return creates;
      create(run);
    }
    return Infinity;
  };

  it('is sent again three times, then held, with the number of creates and the way on; `--retry` sends it again', () => {
    const run = beside();
    expect(toHeld(run)).toBe(4);
    expect(batchOf(run, 'b')).toMatchObject({ phase: 'planned', createAttempt: 4, replans: 4 });
    expect(batchOf(run, 'b').held).toMatch(
      /^4 creates of batch b .*`batchor resolve --run-id run --batch b --retry`/u,
    );
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'batch_unresolved',
    });
    expect(dueTypes(run)).not.toContain('UploadBatch');
    send(run, { type: 'ResolveBatch', batchKey: key('b'), resolution: { type: 'retry' } });
    expect(run.state.snapshot.control.state).toBe('running');
    expect(dueTypes(run)).toContain('UploadBatch');
    create(run);
    expect(toHeld(run)).toBe(4);
  });

  it('gives its rows back, and holds nothing, while the run is cancelled', () => {
    const run = beside();
    for (let i = 0; i < 3; i += 1) {
      lose(run);
      create(run);
    }
    send(run, { type: 'CancelRun' });
    lose(run);
    expect(batchOf(run, 'b').held).toBeNull();
    expect(dueTypes(run)).toContain('DropBatch');
  });
});

describe('an input file that is gone while its create is unconfirmed', () => {
  it('leaves it to an operator, whatever the list shows: later batches of the run may be of another key', () => {
    const run = beside();
    readList(run, { files: [], isRunSeen: true });
    expect(batchOf(run, 'b').held).toContain('this key cannot read its input file file-b');
    expect(batchOf(run, 'b').held).toContain('or was the file deleted?');
    send(run, { type: 'ResolveBatch', batchKey: key('b'), resolution: { type: 'never_created' } });
    send(run, { type: 'RecordFenced', batchKey: key('b'), createAttempt: 1 });
    send(run, listingOf(run, 'b', { files: [] }));
    expect(batchOf(run, 'b').phase).toBe('planned');
  });

  it('that has expired wants a list that goes far enough back by our own clock, since its creation time cannot be read', () => {
    const expired = (): Scenario => {
      const run = startRun(makeConfig({ createGraceMs: graceMs, filesExpireAfterMs: 3_600_000 }));
      accept(run, [10]);
      plan(run, 'b');
      const expiresAtMs = run.nowMs + 3_600_000;
      send(run, {
        type: 'RecordUpload',
        batchKey: key('b'),
        createAttempt: 1,
        inputFileId: 'file-b',
        expiresAtMs,
      });
      send(run, { type: 'BeginCreate', batchKey: key('b') });
      run.nowMs = expiresAtMs + 1;
      send(run, { type: 'OpenRun' });
      return run;
    };
    const short = expired();
    send(
      short,
      listingOf(short, 'b', { files: [], readBackToMs: batchOf(short, 'b').plannedAtMs }),
    );
    expect(batchOf(short, 'b').doubt?.absentAtMs).toBeNull();
    const deep = expired();
    send(
      deep,
      listingOf(deep, 'b', { files: [], readBackToMs: batchOf(deep, 'b').plannedAtMs - 600_000 }),
    );
    expect(batchOf(deep, 'b').doubt?.absentAtMs).toBe(deep.nowMs);
  });
});
