import { describe, expect, it } from 'vitest';
import {
  nextDueMs,
  type ProviderBatchId,
  stampOf,
  type UndecidedBatch,
} from '../../../lib/core/internal.ts';
import { inlined, inlineTraits, makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  dueTypes,
  key,
  listingOf,
  plan,
  type Scenario,
  send,
  startRun,
  statuses,
} from '../../support/core/scenario.ts';

const graceMs = 600_000;
const mark = 'newest' as ProviderBatchId;
const idOf = (text: string): ProviderBatchId => text as ProviderBatchId;
const config = inlined(makeConfig({ createGraceMs: graceMs }));

/** A create of two rows whose answer was lost. */
const unconfirmed = (traits = inlineTraits): Scenario => {
  const run = startRun({ ...config, traits });
  accept(run, [10, 10]);
  plan(run, 'a');
  send(
    run,
    { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
    { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' },
  );
  return run;
};

const listed = (change: Partial<UndecidedBatch> = {}): UndecidedBatch => ({
  providerBatchId: idOf('p'),
  providerStatus: 'in_progress',
  createdAtMs: 5_000,
  requests: 2,
  ending: null,
  customId: null,
  ...change,
});
const ended = (customId: string | null): UndecidedBatch =>
  listed({ providerStatus: 'ended', ending: 'completed', customId });
const ownId = `r${config.customIds?.nonce ?? ''}-1_${stampOf(1, 1)}`;

/** A reading of the list; the mark is in it unless it says otherwise. */
const read = (
  run: Scenario,
  undecided: readonly UndecidedBatch[],
  shown: readonly ProviderBatchId[] = [mark],
): void => {
  send(run, { ...listingOf(run, 'a', { files: [], shown, undecided }), known: [mark] });
};
const toNextDue = (run: Scenario): void => {
  run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
};
/** Readings until the batch is no longer unconfirmed, or is held; how many. */
const readOn = (run: Scenario, undecided: readonly UndecidedBatch[]): number => {
  for (let readings = 1; readings < 100; readings += 1) {
    read(run, undecided);
    const { phase, held } = batchOf(run, 'a');
    if (phase !== 'indeterminate' || held !== null) return readings;
    toNextDue(run);
  }
  return 100;
};

describe('a batch whose create carries its lines', () => {
  it('is not uploaded: its intent, with the newest batch of the list, and its create are due', () => {
    const run = startRun(config);
    accept(run, [10, 10]);
    plan(run, 'a');
    expect(dueTypes(run)).toEqual(['BeginCreate']);
    send(run, { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'creating', newestBatchId: mark });
    expect(dueTypes(run)).toEqual(['CreateBatch']);
  });

  it('is refused and sent again without an upload', () => {
    const run = startRun(config);
    accept(run, [10]);
    plan(run, 'a');
    send(run, { type: 'BeginCreate', batchKey: key('a') });
    const refusal = {
      type: 'unreachable' as const,
      message: 'no',
      retryAfterMs: null,
      statedTokensMax: null,
      statedRequestsMax: null,
    };
    send(run, { type: 'RecordCreateRefused', batchKey: key('a'), createAttempt: 1, refusal });
    toNextDue(run);
    expect(dueTypes(run)).toEqual(['BeginCreate']);
  });
});

describe('an unconfirmed create that only answers can prove', () => {
  it('is asked for with its number of requests and the newest batch before it', () => {
    const run = unconfirmed();
    const due = dueTypes(run);
    expect(due).toEqual(['SweepBatches']);
    expect(batchOf(run, 'a').newestBatchId).toBe(mark);
  });

  it('waits while a batch that may be it is in progress, past any grace, and sends nothing', () => {
    const run = unconfirmed();
    const from = run.nowMs;
    for (let reading = 0; reading < 40; reading += 1) {
      read(run, [listed()]);
      toNextDue(run);
    }
    expect(run.nowMs - from).toBeGreaterThan(3 * graceMs);
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'indeterminate', held: null });
    expect(
      batchOf(run, 'a').doubt?.candidates.map(({ providerBatchId }) => providerBatchId),
    ).toEqual(['p']);
    read(run, [ended(ownId)]);
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', providerBatchId: 'p' });
    expect(statuses(run)).toEqual(['submitted', 'submitted']);
  });

  it('takes the oldest of several that its answers prove, and counts the others as duplicates', () => {
    const run = unconfirmed();
    read(run, [
      { ...ended(ownId), providerBatchId: idOf('later'), createdAtMs: 9_000 },
      ended(ownId),
    ]);
    expect(batchOf(run, 'a').providerBatchId).toBe('p');
    expect(run.state.snapshot.strays.map(({ providerBatchId }) => providerBatchId)).toEqual([
      'later',
    ]);
  });

  it('is sent again, without a fence, once two lists a grace apart show nothing that may be it', () => {
    const run = unconfirmed();
    const from = run.nowMs;
    const foreign = 'r00000000-1_0000101';
    const others = [
      ended(foreign),
      listed({ providerBatchId: idOf('larger'), requests: 3 }),
      ended('their-own-id'),
      listed({ providerBatchId: idOf('failed'), ending: 'rejected' }),
    ];
    expect(readOn(run, others)).toBeGreaterThan(1);
    expect(run.nowMs - from).toBeGreaterThanOrEqual(graceMs);
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'uploaded', createAttempt: 1, doubt: null });
    expect(dueTypes(run)).toEqual(['BeginCreate']);
  });

  it('is held, with the batches named, where no answer of an ended one can be read', () => {
    const run = unconfirmed();
    readOn(run, [ended(null), listed({ providerBatchId: idOf('q'), ending: 'cancelled' })]);
    const { held, phase } = batchOf(run, 'a');
    expect(phase).toBe('indeterminate');
    expect(held).toContain('p (ended), q (in_progress) may be it');
    expect(run.state.snapshot.control).toMatchObject({
      state: 'paused',
      reason: 'batch_unresolved',
    });
  });

  it('is held where a batch that may be it is long past its end', () => {
    const run = unconfirmed();
    run.nowMs += 27 * 3_600_000;
    readOn(run, [listed()]);
    expect(batchOf(run, 'a').held).toContain('p (in_progress) may be it');
  });

  it('is not proved absent by a list without the batch that was there before it', () => {
    const run = unconfirmed();
    for (let reading = 0; reading < 60 && batchOf(run, 'a').held === null; reading += 1) {
      read(run, [], []);
      toNextDue(run);
    }
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'indeterminate' });
    expect(batchOf(run, 'a').held).toContain('lacks newest, which it showed before the create');
  });

  it('is resolved by an operator: as one of the batches, or as never created', () => {
    const exists = unconfirmed();
    readOn(exists, [ended(null)]);
    const found = {
      batchKey: null,
      createAttempt: 0,
      inputFileId: null,
      providerBatchId: idOf('p'),
      providerStatus: 'ended',
      createdAtMs: 5_000,
      ending: 'completed' as const,
    };
    send(exists, {
      type: 'ResolveBatch',
      batchKey: key('a'),
      resolution: { type: 'exists', found },
    });
    expect(batchOf(exists, 'a')).toMatchObject({ phase: 'created', providerBatchId: 'p' });
    const never = unconfirmed();
    readOn(never, [ended(null)]);
    send(never, {
      type: 'ResolveBatch',
      batchKey: key('a'),
      resolution: { type: 'never_created' },
    });
    expect(batchOf(never, 'a')).toMatchObject({ phase: 'uploaded', held: null });
    expect(dueTypes(never)).toEqual(['BeginCreate']);
  });

  it('is held at once where nothing says whose a batch is', () => {
    const run = unconfirmed({ ...inlineTraits, correlates: 'none' });
    read(run, []);
    expect(batchOf(run, 'a').held).toContain(
      "nothing in the provider's list says whose a batch is",
    );
  });
});

describe('full batches on their way to such a service', () => {
  it('have different numbers of requests', () => {
    const run = startRun(inlined(makeConfig({ chunk: { requestsMax: 4 } })));
    accept(
      run,
      Array.from({ length: 12 }, () => 10),
    );
    for (const name of ['a', 'b', 'c']) plan(run, name);
    expect(['a', 'b', 'c'].map((name) => batchOf(run, name).requests)).toEqual([4, 3, 2]);
  });
});

describe('an ended batch', () => {
  const created = (traits = inlineTraits): Scenario => {
    const run = startRun({ ...config, traits });
    accept(run, [10, 10]);
    plan(run, 'a');
    send(
      run,
      { type: 'BeginCreate', batchKey: key('a') },
      {
        type: 'RecordCreated',
        batchKey: key('a'),
        createAttempt: 1,
        providerBatchId: idOf('p'),
        providerStatus: 'in_progress',
      },
    );
    return run;
  };
  const observe = (run: Scenario, change: object): void => {
    const observation = {
      batchKey: key('a'),
      providerBatchId: idOf('p'),
      providerStatus: 'ended',
      isAccepted: true,
      progress: { total: 2, completed: 1, failed: 1 },
      ending: {
        type: 'completed' as const,
        outputFileId: 'all',
        errorFileId: null,
        rejection: null,
      },
      ...change,
    };
    attempt(run, { type: 'RecordPoll', asked: [key('a')], observations: [observation] });
  };

  it('needs no error file for its failures where one file holds all, and one where there are two', () => {
    const single = created();
    observe(single, {});
    expect(dueTypes(single)).toEqual(['StoreFiles']);
    const split = created({ ...inlineTraits, answers: 'split' });
    observe(split, {});
    expect(batchOf(split, 'a').phase).toBe('created');
  });

  it('is asked again while its service says that files are to come', () => {
    const run = created();
    observe(run, { areFilesPending: true });
    expect(batchOf(run, 'a').phase).toBe('created');
    observe(run, { areFilesPending: false });
    expect(batchOf(run, 'a').phase).toBe('ended');
  });

  it('of a service that keeps nothing of what expires is not waited for, whatever it counted', () => {
    const run = created({ ...inlineTraits, keepsPartialAnswers: false });
    const ending = { type: 'expired', outputFileId: null, errorFileId: null, rejection: null };
    observe(run, { ending });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'ended', held: null });
    expect(dueTypes(run)).toEqual(['SettleSlice']);
  });
});
