import { describe, expect, it } from 'vitest';
import {
  type Effect,
  effectKey,
  effectsDue,
  isFinished,
  isStandingStill,
  nextDueMs,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import { commit } from '../../support/core/commit.ts';
import { breaches, recordHistories } from '../../support/core/histories.ts';
import { perform } from '../../support/core/perform.ts';
import type { Context } from '../../support/core/play.ts';

const histories = [
  ...recordHistories(280, { hasScenes: true }),
  ...recordHistories(60, { hasScenes: true, inline: true }),
];
const contexts = histories.flatMap((history) =>
  history.scenes.map((context) => ({ seed: history.seed, scene: context })),
);
const states = histories.flatMap((history) =>
  history.steps
    .filter((step) => step.events.length > 0)
    .map((step) => ({ atMs: step.command.atMs, snapshot: step.after.snapshot })),
);

/** Later than any due time. */
const evermore = Number.MAX_SAFE_INTEGER;
const typesDue = (snapshot: RunSnapshot, nowMs: number): readonly Effect['type'][] =>
  effectsDue(snapshot, nowMs).map((effect) => effect.type);

/** The part of the effect that is due again at once. */
const stillDue = (effect: Effect, after: readonly Effect[]): boolean =>
  after.some((other) => {
    if (effect.type === 'PollBatches' && other.type === 'PollBatches')
      return other.batches.some(({ batchKey }) =>
        effect.batches.some((asked) => asked.batchKey === batchKey),
      );
    if (effect.type === 'PollStrays' && other.type === 'PollStrays')
      return other.batches.some(({ providerBatchId }) =>
        effect.batches.some((asked) => asked.providerBatchId === providerBatchId),
      );
    if (effect.type === 'SweepBatches' && other.type === 'SweepBatches')
      return other.creates.some(({ batchKey, stage }) =>
        effect.creates.some((asked) => asked.batchKey === batchKey && asked.stage === stage),
      );
    return JSON.stringify(other) === JSON.stringify(effect);
  });

/** Plays the effect's answer at that very moment, in a copy of the world. */
const answerNow = (
  { state, world, atMs }: Context,
  effect: Effect,
  isFair: boolean,
): string | null => {
  const copy = { ...structuredClone(world), isFair };
  const step = commit(state, perform(copy, effect, { ...state, atMs })({ ...state, atMs }));
  if (step.events.length === 0)
    return `${JSON.stringify(effect)} was answered ${JSON.stringify(step.command)}: ${JSON.stringify(step.rejection ?? step.refusal ?? step.thrown)}`;
  if (step.moves.length > 0) return null;
  return stillDue(effect, effectsDue(step.after.snapshot, atMs))
    ? `${JSON.stringify(effect)} is due again after ${JSON.stringify(step.command)}`
    : null;
};

describe('effects due', () => {
  it.each([
    ['a fair world', true],
    ['a world with failures', false],
  ])('move the run on, or are due no more, once %s has answered', (_name, isFair) => {
    const types = new Set<Effect['type']>();
    const found: string[] = [];
    for (const { seed, scene } of contexts) {
      for (const effect of effectsDue(scene.state.snapshot, scene.atMs)) {
        types.add(effect.type);
        const breach = answerNow(scene, effect, isFair);
        if (breach !== null) found.push(`playHistory(${seed}): ${breach}`);
      }
    }
    expect(types.size).toBe(20);
    expect(found.slice(0, 3)).toEqual([]);
  });

  it('have a key each', () => {
    for (const { snapshot, atMs } of states) {
      for (const nowMs of [atMs, evermore]) {
        const keys = effectsDue(snapshot, nowMs).map(effectKey);
        if (new Set(keys).size !== keys.length) expect(keys).toEqual([...new Set(keys)]);
      }
    }
  });

  it('differ by time alone only when nextDueMs says so', () => {
    let compared = 0;
    for (const { snapshot, atMs } of states) {
      const next = nextDueMs(snapshot, atMs);
      const now = JSON.stringify(effectsDue(snapshot, atMs));
      const until = next === null ? evermore : next - 1;
      if (next !== null && next <= atMs) throw new Error(`${next} is not later than ${atMs}`);
      for (const laterMs of [until, Math.floor((atMs + until) / 2)]) {
        compared += 1;
        if (JSON.stringify(effectsDue(snapshot, laterMs)) !== now)
          expect({ at: laterMs, due: typesDue(snapshot, laterMs) }).toEqual({
            at: atMs,
            due: typesDue(snapshot, atMs),
          });
      }
    }
    expect(compared).toBeGreaterThan(10_000);
  });

  it('do not wake the engine for ever: asked from its own answer, nextDueMs comes to null', () => {
    for (const { snapshot, atMs } of states) {
      let nowMs: number | null = atMs;
      for (let wakes = 0; nowMs !== null; wakes += 1) {
        if (wakes > 100)
          throw new Error(`it wakes again and again: ${JSON.stringify(snapshot.faults)}`);
        nowMs = nextDueMs(snapshot, nowMs);
      }
    }
  });

  it('are none before the run is created, and none after its end', () => {
    const over = states.filter(({ snapshot }) => snapshot.version === 0 || isFinished(snapshot));
    expect(over.length).toBeGreaterThan(50);
    expect(over.flatMap(({ snapshot }) => effectsDue(snapshot, evermore))).toEqual([]);
  });
});

describe('a run that is not running', () => {
  it('ingests, plans, uploads and creates nothing new', () => {
    const stopped = states.filter(({ snapshot }) => snapshot.control.state !== 'running');
    expect(stopped.length).toBeGreaterThan(500);
    const forward: readonly string[] = ['IngestSlice', 'PlanBatch', 'UploadBatch', 'BeginCreate'];
    expect(
      stopped
        .flatMap(({ snapshot }) => typesDue(snapshot, evermore))
        .filter((type) => forward.includes(type)),
    ).toEqual([]);
    const law = (state: string, types: readonly string[]): string | null =>
      state === 'running'
        ? null
        : (types.find((type) => type === 'BatchPlanned' || type === 'CreateBegun') ?? null);
    expect(
      breaches(histories, ({ before, events }) =>
        law(
          before.snapshot.control.state,
          events.map((event) => event.type),
        ),
      ),
    ).toEqual([]);
  });

  it('polls and settles all the same: what was paid for does not expire unread', () => {
    const paused = states.filter(
      ({ snapshot }) => snapshot.control.state === 'paused' && !isFinished(snapshot),
    );
    expect(paused.length).toBeGreaterThan(300);
    for (const { snapshot } of paused) {
      const due = effectsDue(snapshot, evermore);
      const polled = due.flatMap((effect) =>
        effect.type === 'PollBatches' ? effect.batches.map((batch) => batch.batchKey) : [],
      );
      expect(polled).toEqual(
        snapshot.live
          .filter((batch) => batch.phase === 'created' && batch.held === null)
          .map((batch) => batch.batchKey),
      );
      const ended = snapshot.live.filter((batch) => batch.phase === 'ended' && batch.held === null);
      expect(
        due.filter((effect) => effect.type === 'StoreFiles' || effect.type === 'SettleSlice')
          .length,
      ).toBe(ended.length);
    }
  });

  it('stands still exactly when nothing will ever be due; without its key, polls do not count', () => {
    for (const { snapshot } of states) {
      if (snapshot.version === 0) continue;
      const isWithoutKey =
        snapshot.control.state === 'paused' && snapshot.control.reason === 'authentication_failed';
      const expected = isWithoutKey || effectsDue(snapshot, evermore).length === 0;
      expect({ atVersion: snapshot.version, still: isStandingStill(snapshot, true) }).toEqual({
        atVersion: snapshot.version,
        still: expected,
      });
    }
  });
});
