import { isDeepStrictEqual } from 'node:util';
import { isLeft, isRight } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import {
  type Command,
  decide,
  type Effect,
  effectKey,
  effectsDue,
  type Event,
  evolve,
  isFinished,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import { reconcileKey } from '../../../lib/core/model/effect.ts';
import { commit, type State, type Step } from '../../support/core/commit.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import type { Context } from '../../support/core/play.ts';

const histories = [
  ...recordHistories(260, { hasScenes: true }),
  ...recordHistories(60, { hasScenes: true, inline: true }),
];
const steps = histories.flatMap((history) => history.steps);
const accepted = steps.filter((step) => step.events.length > 0);
const contexts = histories.flatMap((history) =>
  history.scenes.map((context) => ({ seed: history.seed, scene: context })),
);

/**
 * The snapshot but for the version, and for how many owners opened it: what a repeated answer may
 * not change.
 */
const essence = (snapshot: RunSnapshot): string =>
  JSON.stringify({ ...snapshot, version: 0, lostOwners: 0 });
const sameState = (a: State, b: State): boolean =>
  a === b ||
  (a.rows.every((row, i) => row === b.rows[i]) && essence(a.snapshot) === essence(b.snapshot));

/** Commands that are valid only once: a slice at its position, an answer to one attempt. */
const isOnceOnly: ReadonlySet<Command['type']> = new Set<Command['type']>([
  'CreateRun',
  'AcceptSlice',
  'PlanBatch',
  'FailPending',
  'RecordUpload',
  'RecordFenced',
  'RecordCreated',
  'RecordCreateRefused',
  'RecordCreateUnclear',
  'RecordCancelAsked',
  'RecordFiles',
  'SettleSlice',
  'SettleRest',
  'DropBatch',
  'CancelRun',
]);

/**
 * A plan without capacity takes no rows, so its window is still valid. Unreadable files are read
 * again, also after the operator was asked.
 */
const isOnlyDeferred = (events: readonly Event[]): boolean =>
  events.some((event) => event.type === 'AnswersUnreadable') ||
  events.every(
    (event) =>
      event.type === 'PlanDeferred' ||
      event.type === 'OthersSeen' ||
      event.type === 'RunPaused' ||
      event.type === 'FaultRecorded',
  );

describe('the same command twice', () => {
  it('changes nothing the second time', () => {
    const types = new Set(accepted.map((step) => step.command.type));
    expect(types.size).toBeGreaterThanOrEqual(28);
    const law = ({ command, after, events }: Step): string | null => {
      const again = commit(after, command);
      return events.length === 0 || sameState(after, again.after)
        ? null
        : `again: ${JSON.stringify(again.events)}`;
    };
    expect(breaches(histories, law)).toEqual([]);
  });

  it('is rejected for ever, where it was a slice or an answer to one attempt', () => {
    let compared = 0;
    const found: string[] = [];
    for (const { seed, steps: all } of histories) {
      const last = all.at(-1)?.after;
      for (const [i, { command, events }] of all.entries()) {
        if (
          events.length === 0 ||
          !isOnceOnly.has(command.type) ||
          isOnlyDeferred(events) ||
          last === undefined
        )
          continue;
        // A few of the states that come after: each of them costs a decision.
        for (const later of [i + 1, i + 5, i + 25]
          .flatMap((at) => all[at]?.after ?? [])
          .concat(last)) {
          compared += 1;
          if (isRight(decide(later.snapshot, command)))
            found.push(`playHistory(${seed}) step ${i}: ${command.type} was taken again later`);
        }
      }
    }
    expect(compared).toBeGreaterThan(3_000);
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('is all that item rows ever have to refuse themselves: a slice of backoff rows, or of another batch', () => {
    /**
     * The core does not know which rows are a batch's: it accepts them from the reader, and the
     * store checks them.
     */
    const isOfAnother = ({ command, before }: Step): boolean => {
      if (command.type !== 'SettleRest') return false;
      const batchNo = before.snapshot.live.find(
        ({ batchKey }) => batchKey === command.batchKey,
      )?.batchNo;
      return Array.from(command.rows.indexes).some(
        (index) => before.rows[index]?.batchNo !== batchNo,
      );
    };
    expect(
      breaches(histories, (step) =>
        step.command.type === 'RequeueRows' || isOfAnother(step) ? null : step.refusal,
      ),
    ).toEqual([]);
  });
});

describe('what comes at the wrong time', () => {
  it('is answered, and changes nothing, once the run is finished', () => {
    const late = steps.filter((step) => isFinished(step.before.snapshot));
    expect(late.length).toBeGreaterThan(100);
    // What is over may still be written out, and pruned.
    const others = late.filter(
      ({ command }) => command.type !== 'RecordExported' && command.type !== 'PruneArtifacts',
    );
    expect(others.filter((step) => step.rejection?.type !== 'run_finished')).toEqual([]);
  });

  it('is answered, and changes nothing, before the run is created', () => {
    const early = steps.filter(
      (step) => step.before.snapshot.version === 0 && step.command.type !== 'CreateRun',
    );
    expect(early.length).toBeGreaterThan(5);
    expect(early.filter((step) => step.rejection?.type !== 'not_created')).toEqual([]);
  });

  it('is rejected when it answers another attempt to create than the one that is out', () => {
    const strange = steps.filter(
      ({ command }) =>
        command.type === 'RecordCreated' && command.providerBatchId === 'batch_nobody',
    );
    expect(strange.length).toBeGreaterThan(20);
    expect(strange.filter((step) => step.events.length > 0)).toEqual([]);
  });

  it('is rejected when it is about an unknown batch', () => {
    const strange = steps.filter(
      (step) =>
        'batchKey' in step.command &&
        step.command.batchKey === 'unknown' &&
        step.before.snapshot.version > 0,
    );
    expect(strange.length).toBeGreaterThan(50);
    expect(strange.filter((step) => step.events.length > 0)).toEqual([]);
  });
});

describe('answers about different batches', () => {
  /**
   * What order may not change. Sequences and the due times of whole-batch refusals follow the
   * order.
   */
  const outcome = ({ snapshot, rows }: State): string =>
    JSON.stringify([
      snapshot.totals,
      snapshot.backlog.bytes,
      snapshot.backlog.tokens,
      rows.map(({ status, charged, uncharged, batchNo, failure }) => [
        status,
        charged,
        uncharged,
        batchNo,
        failure,
      ]),
    ]);
  const isAboutBatch = (effect: Effect): boolean =>
    effectKey(effect).startsWith('batch:') && effect.type !== 'BeginCreate';

  it('commute on rows and totals', () => {
    let compared = 0;
    const found: string[] = [];
    for (const { seed, scene } of contexts) {
      const flights = scene.inFlight.filter(({ effect }) => isAboutBatch(effect));
      for (const a of flights) {
        for (const b of flights) {
          if (a === b) continue;
          compared += 1;
          const play = (order: readonly (typeof a)[]): State =>
            order.reduce(
              (state, { answer }) => commit(state, answer({ ...state, atMs: scene.atMs })).after,
              scene.state,
            );
          if (outcome(play([a, b])) !== outcome(play([b, a])))
            found.push(`playHistory(${seed}): ${a.effect.type} and ${b.effect.type}`);
        }
      }
    }
    expect(compared).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });
});

describe('after a reload', () => {
  const reload = (snapshot: RunSnapshot): RunSnapshot =>
    JSON.parse(JSON.stringify(snapshot)) as RunSnapshot;
  const open = (context: Context): RunSnapshot => {
    const opened = decide(reload(context.state.snapshot), { type: 'OpenRun', atMs: context.atMs });
    return isLeft(opened)
      ? context.state.snapshot
      : opened.right.reduce(evolve, reload(context.state.snapshot));
  };

  it('the snapshot is what it was, and so are the effects due', () => {
    expect(contexts.length).toBeGreaterThan(800);
    for (const { scene } of contexts) {
      const { snapshot } = scene.state;
      expect(isDeepStrictEqual(reload(snapshot), snapshot)).toBe(true);
      expect(
        isDeepStrictEqual(
          effectsDue(reload(snapshot), scene.atMs),
          effectsDue(snapshot, scene.atMs),
        ),
      ).toBe(true);
    }
  });

  it('the effects due once the run is opened are those before, except that a create in flight is reconciled', () => {
    let creatingCount = 0;
    for (const { scene } of contexts) {
      const before = effectsDue(scene.state.snapshot, scene.atMs);
      const after = effectsDue(open(scene), scene.atMs);
      const creating = scene.state.snapshot.live
        .filter((batch) => batch.phase === 'creating')
        .map((batch) => batch.batchKey);
      creatingCount += creating.length;
      expect(after.filter((effect) => effect.type === 'CreateBatch')).toEqual([]);
      for (const effect of after) {
        if (effect.type === 'SweepBatches')
          expect(effect.creates.map(({ batchKey }) => batchKey)).toEqual(
            expect.arrayContaining(creating),
          );
        // An unconfirmed create is no longer in flight, so there may be capacity to plan.
        else if (effect.type !== 'PlanBatch') expect(before).toContainEqual(effect);
      }
      const isReconcileWaiting = scene.state.snapshot.faults.some(
        (fault) => fault.key === reconcileKey,
      );
      if (creating.length > 0 && !isReconcileWaiting)
        expect(after.map((effect) => effect.type)).toContain('SweepBatches');
      // More unconfirmed creates may stop new ones: no other effect may be missing.
      const gone = before.filter(
        (effect) =>
          !['CreateBatch', 'SweepBatches', 'BeginCreate', 'ReplanBatch'].includes(effect.type) &&
          !after.some((other) => JSON.stringify(other) === JSON.stringify(effect)),
      );
      expect(gone).toEqual([]);
    }
    expect(creatingCount).toBeGreaterThan(10);
  });
});
