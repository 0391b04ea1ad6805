import { describe, expect, it } from 'vitest';
import {
  effectKey,
  effectsDue,
  nextDueMs,
  type ProviderBatchId,
  type SweptBatch,
  stampOf,
  type UndecidedBatch,
} from '../../../lib/core/internal.ts';
import { unfencedMax } from '../../../lib/core/reconcile/unfenced.ts';
import { canProgress } from '../../../lib/core/machine/progress.ts';
import { inlined, inlineTraits, makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
  key,
  listingOf,
  plan,
  type Scenario,
  send,
  startRun,
} from '../../support/core/scenario.ts';

const graceMs = 600_000;
const hourMs = 3_600_000;
const mark = 'newest' as ProviderBatchId;
const idOf = (text: string): ProviderBatchId => text as ProviderBatchId;
const config = inlined(makeConfig({ createGraceMs: graceMs }));
const named = { ...inlineTraits, correlates: 'display_name' as const };

/** A create whose answer was lost, proved absent by two lists, and sent again. */
const sentAgain = (traits = inlineTraits): Scenario => {
  const run = startRun({ ...config, traits });
  accept(run, [10, 10]);
  plan(run, 'a');
  send(
    run,
    { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
    { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' },
  );
  for (let reading = 0; reading < 100; reading += 1) {
    send(run, { ...listingOf(run, 'a', { files: [], shown: [mark] }), known: [mark] });
    if (batchOf(run, 'a').phase !== 'indeterminate') break;
    toNextDue(run);
  }
  expect(batchOf(run, 'a').phase).toBe('uploaded');
  return run;
};
const toNextDue = (run: Scenario): void => {
  run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
};
/** Its second create is answered. */
const created = (run: Scenario): Scenario => {
  send(
    run,
    { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
    {
      type: 'RecordCreated',
      batchKey: key('a'),
      createAttempt: 2,
      providerBatchId: idOf('second'),
      providerStatus: 'in_progress',
    },
  );
  return run;
};
/** It is dropped unsent, and every row ends. */
const ended = (run: Scenario): Scenario => {
  send(run, { type: 'CancelRun' }, { type: 'DropBatch', batchKey: key('a') });
  const { generation } = run.state.snapshot.backlog;
  const rows = { indexes: [0, 1], bytes: [10, 10], tokens: null, isLast: true };
  send(run, { type: 'FailPending', generation, rows });
  return run;
};

const sought = (run: Scenario) =>
  effectsDue(run.state.snapshot, run.nowMs).flatMap((effect) =>
    effect.type === 'SweepBatches' && effectKey(effect) === 'unfenced' ? [effect] : [],
  );
/** The list is read for what was sent again, as soon as it is due. */
const look = (
  run: Scenario,
  report: { found?: readonly SweptBatch[]; undecided?: readonly UndecidedBatch[] },
): void => {
  for (let steps = 0; sought(run).length === 0 && steps < 50; steps += 1) toNextDue(run);
  const [effect] = sought(run);
  if (effect === undefined) throw new Error('the list is not due');
  const silent = { found: [], files: [], readBackToMs: null, isRunSeen: false, shown: [] };
  send(run, {
    type: 'RecordSweep',
    readFromMs: run.nowMs,
    asked: effect.creates,
    known: effect.known,
    report: { ...silent, ...report },
  });
};

const ownId = `r${config.customIds?.nonce ?? ''}-1_${stampOf(1, 1)}`;
const listed = (change: Partial<UndecidedBatch> = {}): UndecidedBatch => ({
  providerBatchId: idOf('late'),
  providerStatus: 'in_progress',
  createdAtMs: 5_000,
  requests: 2,
  ending: null,
  customId: null,
  ...change,
});
const swept = (change: Partial<SweptBatch> = {}): SweptBatch => ({
  batchKey: key('a'),
  createAttempt: 1,
  inputFileId: null,
  providerBatchId: idOf('late'),
  providerStatus: 'in_progress',
  createdAtMs: 5_000,
  ending: null,
  ...change,
});

describe('a create that was sent again without a fence', () => {
  it('is searched for a grace later, beside its second create, and then after growing waits', () => {
    const run = created(sentAgain());
    const from = run.nowMs;
    expect(run.state.snapshot.unfenced).toMatchObject([
      { batchKey: key('a'), createAttempt: 1, requests: 2, newestBatchId: mark },
    ]);
    const waits: number[] = [];
    for (let last = from; waits.length < 6; last = run.nowMs) {
      look(run, {});
      waits.push(run.nowMs - last);
    }
    expect(waits.map((waitMs) => waitMs / graceMs)).toEqual([1, 1, 2, 4, 6, 6]);
  });

  it('is found under its name, cancelled, and counted as a duplicate, while its rows stay submitted', () => {
    const run = created(sentAgain(named));
    look(run, { found: [swept(), swept({ createAttempt: 2, providerBatchId: idOf('second') })] });
    expect(run.state.snapshot.strays).toMatchObject([
      { providerBatchId: 'late', isLate: true, isCancelAsked: false, isEnded: false },
    ]);
    expect(effectsDue(run.state.snapshot, run.nowMs)).toContainEqual({
      type: 'CancelStray',
      providerBatchId: 'late',
    });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', providerBatchId: 'second' });
    look(run, { found: [swept()] });
    expect(run.state.snapshot.strays).toHaveLength(1);
  });

  it('is named as long as nothing proves it, and counted once an answer does', () => {
    const run = created(sentAgain());
    look(run, { undecided: [listed()] });
    expect(run.state.snapshot.unfenced).toMatchObject([
      { candidates: [{ providerBatchId: 'late', requests: 2 }] },
    ]);
    expect(run.state.snapshot.strays).toEqual([]);
    look(run, { undecided: [listed({ ending: 'completed', customId: ownId })] });
    expect(run.state.snapshot.unfenced).toMatchObject([{ candidates: [] }]);
    expect(run.state.snapshot.strays).toMatchObject([
      { providerBatchId: 'late', isLate: true, isCancelAsked: true },
    ]);
  });

  it('is no batch of another attempt, of another run, or one that was refused', () => {
    const run = created(sentAgain());
    const second = `r${config.customIds?.nonce ?? ''}-1_${stampOf(1, 2)}`;
    look(run, {
      undecided: [
        listed({ ending: 'completed', customId: second, providerBatchId: idOf('second') }),
        listed({ ending: 'completed', customId: 'theirs' }),
        listed({ ending: 'rejected' }),
        listed({ requests: 3 }),
      ],
      found: [swept({ createAttempt: 2, providerBatchId: idOf('other') })],
    });
    expect(run.state.snapshot.strays).toEqual([]);
    expect(run.state.snapshot.unfenced).toMatchObject([{ candidates: [] }]);
  });

  it('is searched for once more before the run ends, and then the run waits no longer', () => {
    const run = ended(sentAgain());
    expect(run.state.snapshot).toMatchObject({ live: [], status: 'running' });
    expect(sought(run)).toHaveLength(1);
    look(run, { undecided: [listed()] });
    expect(run.state.snapshot.status).not.toBe('running');
    expect(run.state.snapshot.unfenced).toMatchObject([
      { dueAtMs: null, candidates: [{ providerBatchId: 'late' }] },
    ]);
  });

  it('keeps no run from its end for long where the list cannot be read', () => {
    const run = ended(sentAgain());
    let tries = 0;
    for (; run.state.snapshot.status === 'running' && tries < 20; tries += 1) {
      toNextDue(run);
      send(run, {
        type: 'RecordFault',
        key: 'unfenced',
        fault: 'transient',
        message: 'down',
        retryAfterMs: null,
      });
    }
    expect(tries).toBe(3);
    expect(run.state.snapshot.unfenced).toEqual([]);
  });

  it('is forgotten once its window has passed', () => {
    const run = created(sentAgain());
    run.nowMs += 30 * hourMs;
    look(run, {});
    expect(run.state.snapshot.unfenced).toEqual([]);
    expect(batchOf(run, 'a').phase).toBe('created');
  });

  it('does not keep a paused run from standing still', () => {
    const run = created(sentAgain());
    send(run, { type: 'RecordPoll', asked: [key('a')], observations: [] });
    attempt(run, { type: 'PauseRun', reason: 'manual', message: null });
    const { snapshot } = run.state;
    const others = { ...snapshot, live: [] };
    expect(canProgress(others, true, run.nowMs + 100 * hourMs)).toBe(false);
  });

  it('is watched among the newest ones only', () => {
    expect(unfencedMax).toBeGreaterThan(16);
    const run = sentAgain();
    const [create] = run.state.snapshot.unfenced;
    if (create === undefined) throw new Error('none');
    const many = Array.from({ length: unfencedMax }, (_, i) => ({ ...create, batchNo: 100 + i }));
    const full: Scenario = {
      ...run,
      state: { ...run.state, snapshot: { ...run.state.snapshot, unfenced: many } },
    };
    send(
      full,
      { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
      { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 2, message: 'lost' },
      { type: 'ResolveBatch', batchKey: key('a'), resolution: { type: 'never_created' } },
    );
    expect(full.state.snapshot.unfenced).toHaveLength(unfencedMax);
    expect(full.state.snapshot.unfenced.at(-1)).toMatchObject({ batchNo: 1, createAttempt: 2 });
  });
});

describe('a create of which one batch is proved while another may be its as well', () => {
  it('is adopted, and its twin is counted as a duplicate once its answers prove it', () => {
    const run = startRun(config);
    accept(run, [10, 10]);
    plan(run, 'a');
    send(
      run,
      { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
      { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' },
    );
    const undecided = [
      listed({ providerBatchId: idOf('first'), ending: 'completed', customId: ownId }),
      listed(),
    ];
    send(run, { ...listingOf(run, 'a', { files: [], shown: [mark], undecided }), known: [mark] });
    expect(batchOf(run, 'a')).toMatchObject({ phase: 'created', providerBatchId: 'first' });
    expect(run.state.snapshot.unfenced).toMatchObject([
      { candidates: [{ providerBatchId: 'late' }] },
    ]);
    look(run, { undecided: [listed({ ending: 'completed', customId: ownId })] });
    expect(run.state.snapshot.strays).toMatchObject([{ providerBatchId: 'late', isLate: true }]);
  });
});

describe('a cancelled run', () => {
  it('does not wait for a batch that may be its own: a grace later its rows end, and it is named', () => {
    const run = startRun(config);
    accept(run, [10, 10]);
    plan(run, 'a');
    send(
      run,
      { type: 'BeginCreate', batchKey: key('a'), newestBatchId: mark },
      { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' },
      { type: 'CancelRun' },
    );
    const from = run.nowMs;
    for (let reading = 0; reading < 100; reading += 1) {
      if (batchOf(run, 'a').phase !== 'indeterminate') break;
      const listing = listingOf(run, 'a', { files: [], shown: [mark], undecided: [listed()] });
      send(run, { ...listing, known: [mark] });
      if (batchOf(run, 'a').phase === 'indeterminate') toNextDue(run);
    }
    expect(batchOf(run, 'a').phase).toBe('uploaded');
    expect(run.nowMs - from).toBe(graceMs);
    expect(run.state.snapshot.unfenced).toMatchObject([
      { createAttempt: 1, candidates: [{ providerBatchId: 'late' }] },
    ]);
    expect(effectsDue(run.state.snapshot, run.nowMs).map(({ type }) => type)).toEqual([
      'DropBatch',
    ]);
  });
});
