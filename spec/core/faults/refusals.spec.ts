import { describe, expect, it } from 'vitest';
import {
  type Command,
  type Effect,
  effectKey,
  effectsDue,
  type FaultKind,
  isStandingStill,
  nextDueMs,
  type ProviderBatchId,
} from '../../../lib/core/internal.ts';
import { summaryOf } from '../../../lib/run/view/summary.ts';
import { makeConfig } from '../../support/core/config.ts';
import {
  accept,
  attempt,
  batchOf,
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

const duplicate = 'stray' as ProviderBatchId;

const planned = (): Scenario => {
  const run = startRun(makeConfig({ deletesInputFiles: true }));
  accept(run, [10]);
  plan(run, 'a');
  return run;
};
const creating = (): Scenario => {
  const run = startRun(makeConfig({ deletesInputFiles: true }));
  accept(run, [10]);
  toCreating(run, 'a');
  return run;
};
const unconfirmed = (): Scenario => {
  const run = creating();
  send(run, { type: 'RecordCreateUnclear', batchKey: key('a'), createAttempt: 1, message: 'lost' });
  return run;
};
const absent = (): Scenario => {
  const run = unconfirmed();
  for (
    let readings = 0;
    batchOf(run, 'a').doubt?.stage === 'looking' && readings < 100;
    readings += 1
  ) {
    send(run, listingOf(run, 'a'));
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
  }
  return run;
};
const created = (): Scenario => {
  const run = startRun(makeConfig({ deletesInputFiles: true }));
  accept(run, [10]);
  toCreated(run, 'a');
  return run;
};
const cancelling = (): Scenario => {
  const run = created();
  send(run, { type: 'CancelRun' });
  return run;
};
const ended = (): Scenario => {
  const run = created();
  endBatch(run, 'a', ending({ outputFileId: 'out' }));
  return run;
};
const settled = (): Scenario => {
  const run = created();
  endBatch(run, 'a', ending());
  settleRest(run, 'a');
  return run;
};
const doubled = (): Scenario => {
  const run = unconfirmed();
  const found = [
    listedBatch('a', 1),
    listedBatch('a', 1, { providerBatchId: duplicate, createdAtMs: 7_000 }),
  ];
  send(run, listingOf(run, 'a', { found }));
  return run;
};
const cancelled = (): Scenario => {
  const run = doubled();
  send(run, { type: 'RecordStrayCancelled', providerBatchId: duplicate });
  return run;
};

/**
 * Where each question to a provider is due. A download's refusals are recorded for the batch whose
 * files it is.
 */
const callSites: readonly (readonly [Effect['type'], () => Scenario])[] = [
  ['UploadBatch', planned],
  ['CreateBatch', creating],
  ['SweepBatches', unconfirmed],
  ['FenceCreate', absent],
  ['PollBatches', created],
  ['CancelBatch', cancelling],
  ['StoreFiles', ended],
  ['DeleteFile', settled],
  ['CancelStray', doubled],
  ['PollStrays', cancelled],
];

/**
 * What an answer that never changes comes to. `stands`: the run stands still until an operator does
 * something; `waits`: it is asked again, ever more rarely, by itself; `continues`: without the
 * answer.
 */
type End = 'stands' | 'waits' | 'continues';
const kinds: readonly FaultKind[] = [
  'refused',
  'insufficient_quota',
  'authentication_failed',
  'transient',
];
const endOf = (effect: Effect['type'], kind: FaultKind): End => {
  // Files to delete block nothing, whatever the answer is.
  if (effect === 'DeleteFile') return 'continues';
  if (kind === 'transient') return 'waits';
  if (kind === 'authentication_failed') return effect === 'CancelBatch' ? 'waits' : 'stands';
  // What is at work at the provider is asked for while the run is paused, too: the first answer
  // helps.
  if (kind === 'insufficient_quota')
    return effect === 'UploadBatch' || effect === 'CreateBatch' ? 'stands' : 'waits';
  if (effect === 'PollBatches') return 'waits';
  return effect === 'CancelBatch' || effect === 'CancelStray' || effect === 'PollStrays'
    ? 'continues'
    : 'stands';
};

const said = 'the message of the provider';
const dueOf = (run: Scenario, type: Effect['type']): Effect | undefined =>
  effectsDue(run.state.snapshot, run.nowMs).find((effect) => effect.type === type);

/** The answer as the engine reports it. */
const answerOf = (run: Scenario, effect: Effect, fault: FaultKind): Command => {
  if (effect.type !== 'CreateBatch')
    return {
      type: 'RecordFault',
      atMs: run.nowMs,
      key: effectKey(effect),
      fault,
      message: said,
      retryAfterMs: null,
    };
  const type =
    fault === 'transient' ? 'unreachable' : fault === 'source_unreadable' ? 'refused' : fault;
  const refusal = {
    type,
    message: said,
    retryAfterMs: null,
    statedTokensMax: null,
    statedRequestsMax: null,
  } as const;
  return {
    type: 'RecordCreateRefused',
    atMs: run.nowMs,
    batchKey: effect.batchKey,
    createAttempt: effect.createAttempt,
    refusal,
  };
};

/** Answers the same to the same question, time after time; the moments at which it was asked. */
const answerFor = (run: Scenario, type: Effect['type'], kind: FaultKind): readonly number[] => {
  const asked: number[] = [];
  for (let step = 0; step < 200 && asked.length < 12; step += 1) {
    const begin = dueOf(run, 'BeginCreate');
    if (type === 'CreateBatch' && begin?.type === 'BeginCreate') send(run, begin);
    const effect = dueOf(run, type);
    if (effect === undefined) {
      const next = nextDueMs(run.state.snapshot, run.nowMs);
      if (next === null || isStandingStill(run.state.snapshot, true)) break;
      run.nowMs = next;
      continue;
    }
    asked.push(run.nowMs);
    expect(attempt(run, answerOf(run, effect, kind)).rejection).toBeNull();
    if (isStandingStill(run.state.snapshot, true)) break;
  }
  return asked;
};

const cases = callSites.flatMap(([type, scenarioOf]) =>
  kinds.map((kind) => [type, kind, endOf(type, kind), scenarioOf] as const),
);

describe('an answer that a provider gives for ever', () => {
  it('is tried at every question and of every kind', () => {
    expect(cases).toHaveLength(40);
    expect(new Set(cases.map(([, , end]) => end)).size).toBe(3);
  });

  it.each(cases)('to %s, of kind %s: %s', (type, kind, end, scenarioOf) => {
    const run = scenarioOf();
    const asked = answerFor(run, type, kind);
    const { snapshot } = run.state;
    const waits = asked.slice(1).map((atMs, i) => atMs - (asked[i] as number));
    // It never spins: each wait is a real one, and they grow.
    expect(waits.every((ms) => ms >= 500)).toBe(true);
    if (waits.length > 4) expect(waits[3]).toBeGreaterThan(2 * (waits[0] as number));
    const { controlMessage, liveBatches, troubles } = summaryOf(snapshot);
    const inStatus = [
      controlMessage,
      ...liveBatches.map(({ held }) => held),
      ...troubles.map(({ message }) => message),
    ].join('\n');
    switch (end) {
      case 'waits':
        expect(asked).toHaveLength(12);
        expect(inStatus).toContain(said);
        return;
      case 'continues':
        expect(asked.length).toBeLessThanOrEqual(4);
        expect(snapshot.live.every(({ held }) => held === null)).toBe(true);
        expect(snapshot.control.state).toBe(
          type === 'CancelBatch' ? 'cancel_requested' : 'running',
        );
        expect(dueOf(run, type)).toBeUndefined();
        return;
      case 'stands':
        expect(asked.length).toBeLessThanOrEqual(4);
        expect(isStandingStill(snapshot, true)).toBe(true);
        expect(snapshot.control.state).toBe('paused');
        expect(inStatus).toContain(said);
        // Once the provider says yes again, `resume` is enough: the question, or a new upload
        // before it, is due.
        send(run, { type: 'ResumeRun' });
        expect(effectsDue(run.state.snapshot, run.nowMs).map((effect) => effect.type)).toContain(
          type === 'CreateBatch' ? (kind === 'refused' ? 'UploadBatch' : 'BeginCreate') : type,
        );
    }
  });
});
