import {
  type Command,
  type Effect,
  effectKey,
  effectsDue,
  emptySnapshot,
  isFinished,
  type LiveBatch,
  nextDueMs,
  type Resolution,
  type RunId,
} from '../../../lib/core/internal.ts';
import type { Answer } from './answer.ts';
import { commit, type State, type Step } from './commit.ts';
import { randomConfig, inlined } from './config.ts';
import { below, between, withProbability, type Dice, diceOf, oneOf, weighted } from './dice.ts';
import { noiseCommand, userCommand } from './noise.ts';
import { abandon, perform } from './perform.ts';
import { adopting, withForeignBatches } from './foreign-batches.ts';
import { createWorld, type World } from './world.ts';

/** One run, from its creation to its end, with everything that came of every command. */
export interface History {
  /** Plays it again: `playHistory(seed)`. */
  readonly seed: number;
  readonly steps: readonly Step[];
  readonly last: State;
  readonly world: World;
  readonly endMs: number;
  /** Why the run stands still for ever, if it does. */
  readonly stuck: string | null;
  /** Moments between steps at which the world was copied, to ask what else could have happened. */
  readonly scenes: readonly Context[];
}

/** A moment of a history that may be continued differently. */
export interface Context {
  readonly state: State;
  readonly world: World;
  readonly atMs: number;
  readonly inFlight: readonly { readonly effect: Effect; readonly answer: Answer }[];
}

interface Play {
  readonly dice: Dice;
  readonly world: World;
  readonly steps: Step[];
  readonly past: Command[];
  readonly inFlight: Map<string, { readonly effect: Effect; readonly answer: Answer }>;
  readonly scenes: Context[];
  state: State;
  nowMs: number;
}

const startMs = 1_700_000_000_000;
/** Turns that a fair world needs at most for the longest of these runs. */
const fairTurnsMax = 3_000;
const crashProbability = 0.004;

export interface PlayOptions {
  /** Turns with failures, at most. */
  readonly turnsMax?: number;
  /** Whether scenes are kept: a copy of the world costs as much as a few turns. */
  readonly hasScenes?: boolean;
  /** The run is of batches that were created elsewhere. */
  readonly adopts?: boolean;
  /** The run is at a service whose creates carry the request lines. */
  readonly inline?: boolean;
}

/**
 * Failures and every kind of stale command, then a world without failures. The run is over at the
 * end, or the history says why not.
 */
export const playHistory = (
  seed: number,
  { turnsMax = 400, hasScenes = false, adopts = false, inline = false }: PlayOptions = {},
): History => {
  const dice = diceOf(seed);
  const play: Play = {
    dice,
    world: adopts
      ? withForeignBatches(createWorld(seed ^ 0x5eed, 30))
      : createWorld(seed ^ 0x5eed, 30),
    steps: [],
    past: [],
    inFlight: new Map(),
    scenes: [],
    state: { snapshot: emptySnapshot, rows: [] },
    nowMs: startMs,
  };
  const mayCancel = withProbability(dice, 0.4);
  if (withProbability(dice, 0.2)) send(play, { type: 'OpenRun', atMs: play.nowMs });
  const config = inline ? inlined(randomConfig(dice)) : randomConfig(dice);
  send(play, {
    type: 'CreateRun',
    atMs: play.nowMs,
    runId: 'run' as RunId,
    config: adopts ? adopting(config, play.world) : config,
  });
  for (
    let turns = between(dice, 0, turnsMax);
    turns > 0 && !isFinished(play.state.snapshot);
    turns -= 1
  ) {
    if (
      hasScenes &&
      withProbability(dice, play.state.snapshot.control.state === 'cancel_requested' ? 0.6 : 0.1)
    )
      recordContext(play);
    wildTurn(play, mayCancel);
  }
  play.world.isFair = true;
  const stuck = heal(play);
  for (let i = 0; i < 4; i += 1)
    send(
      play,
      withProbability(dice, 0.5)
        ? userCommand(dice, { snapshot: play.state.snapshot, atMs: play.nowMs }, true)
        : noise(play),
    );
  return {
    seed,
    steps: play.steps,
    last: play.state,
    world: play.world,
    endMs: play.nowMs,
    stuck,
    scenes: play.scenes,
  };
};

const send = (play: Play, command: Command): Step => {
  const step = commit(play.state, command);
  play.steps.push(step);
  play.past.push(command);
  play.state = step.after;
  return step;
};

const noise = (play: Play): Command =>
  noiseCommand(play.dice, play.past, { ...play.state, atMs: play.nowMs });

const startable = (play: Play): readonly Effect[] =>
  effectsDue(play.state.snapshot, play.nowMs).filter(
    (effect) => !play.inFlight.has(effectKey(effect)),
  );

const start = (play: Play, effect: Effect): void => {
  play.inFlight.set(effectKey(effect), {
    effect,
    answer: perform(play.world, effect, { ...play.state, atMs: play.nowMs }),
  });
};

const deliver = (play: Play, key: string): void => {
  const flight = play.inFlight.get(key);
  play.inFlight.delete(key);
  if (flight !== undefined) send(play, flight.answer({ ...play.state, atMs: play.nowMs }));
};

const isUnsent = ({ state }: Play): boolean =>
  state.snapshot.live.some(({ phase }) => phase === 'planned' || phase === 'uploaded');

const recordContext = ({ scenes, state, world, nowMs, inFlight }: Play): void => {
  scenes.push({
    state,
    world: structuredClone(world),
    atMs: nowMs,
    inFlight: [...inFlight.values()],
  });
};

const wildTurn = (play: Play, mayCancel: boolean): void => {
  const { dice } = play;
  if (withProbability(dice, crashProbability)) return crash(play);
  // A paused run is resumed soon.
  if (withProbability(dice, 0.03)) send(play, { type: 'ReleaseRun', atMs: play.nowMs });
  if (play.state.snapshot.control.state === 'paused' && withProbability(dice, 0.12))
    send(play, { type: 'ResumeRun', atMs: play.nowMs });
  // A cancel is most interesting while something is planned and not sent.
  if (mayCancel && isUnsent(play) && withProbability(dice, 0.02))
    send(play, { type: 'CancelRun', atMs: play.nowMs });
  // Not drawn from the dice: histories without such batches do not change.
  if (
    mayCancel &&
    (play.state.snapshot.config.adopted ?? []).length > 0 &&
    play.steps.length % 53 === 52
  )
    send(play, {
      type: 'CancelRun',
      atMs: play.nowMs,
      cancelsAdopted: play.steps.length % 2 === 0,
    });
  const due = startable(play);
  switch (weighted(dice, { start: 10, deliver: 10, user: 0.5, abandon: 0.2, noise: 2, wait: 2 })) {
    case 'start':
      if (due.length > 0) start(play, oneOf(dice, due));
      else if (play.inFlight.size === 0) advance(play);
      return;
    case 'deliver':
      if (play.inFlight.size > 0) deliver(play, oneOf(dice, [...play.inFlight.keys()]));
      return;
    case 'user':
      send(play, userCommand(dice, { snapshot: play.state.snapshot, atMs: play.nowMs }, mayCancel));
      return;
    case 'abandon': {
      const created = play.state.snapshot.live.filter(({ phase }) => phase === 'created');
      const batch = created.length === 0 ? null : oneOf(dice, created);
      const resolution =
        batch === null ? null : abandon(play.world, batch, withProbability(dice, 0.5));
      if (batch === null || resolution === null) return;
      const { rejection } = send(play, {
        type: 'ResolveBatch',
        atMs: play.nowMs,
        batchKey: batch.batchKey,
        resolution,
      });
      const known = play.world.batches.find(
        ({ providerBatchId }) => providerBatchId === batch.providerBatchId,
      );
      if (known !== undefined && rejection === null) known.isGivenUp = true;
      return;
    }
    case 'noise':
      send(play, noise(play));
      return;
    case 'wait':
      if (withProbability(dice, 0.5)) play.nowMs += below(dice, 20_000);
      else advance(play, 3_600_000);
  }
};

/**
 * The process dies: what the world did stays done, its answers are lost, and the state is what the
 * store reads.
 */
const crash = (play: Play): void => {
  play.inFlight.clear();
  play.state = {
    ...play.state,
    snapshot: JSON.parse(JSON.stringify(play.state.snapshot)) as State['snapshot'],
  };
  send(play, { type: 'OpenRun', atMs: play.nowMs });
};

/** Time passes until something may be due, at most so long; false when nothing ever will be. */
const advance = (play: Play, msMax = Infinity): boolean => {
  const next = nextDueMs(play.state.snapshot, play.nowMs);
  if (next !== null) play.nowMs = Math.min(next, play.nowMs + msMax);
  return next !== null;
};

/** Nothing goes wrong any more, and a paused run is resumed. */
const heal = (play: Play): string | null => {
  for (let turn = 0; turn < fairTurnsMax; turn += 1) {
    const { snapshot } = play.state;
    if (isFinished(snapshot)) return null;
    const held = snapshot.live.filter((batch) => batch.held !== null);
    // A cancel resumes nothing: an operator has to resolve held batches.
    if (snapshot.control.state === 'cancel_requested' && held[0] !== undefined)
      send(play, {
        type: 'ResolveBatch',
        atMs: play.nowMs,
        batchKey: held[0].batchKey,
        resolution: resolutionOf(play, held[0]),
      });
    if (snapshot.control.state === 'paused') {
      if (snapshot.control.reason === 'budget_exhausted') widen(play);
      const batch =
        held.length > 0 && withProbability(play.dice, 0.5) ? oneOf(play.dice, held) : null;
      if (batch === null) send(play, { type: 'ResumeRun', atMs: play.nowMs });
      else
        send(play, {
          type: 'ResolveBatch',
          atMs: play.nowMs,
          batchKey: batch.batchKey,
          resolution: resolutionOf(play, batch),
        });
    }
    const due = startable(play);
    for (const effect of due) start(play, effect);
    const keys = [...play.inFlight.keys()];
    for (const key of keys) deliver(play, key);
    if (keys.length === 0 && !advance(play)) return 'nothing is due, and nothing ever will be';
  }
  return 'it does not end';
};

/** Files that cannot be read, or do not show, are tried again, or given up. */
const resolutionOf = (play: Play, { unreadable, held }: LiveBatch): Resolution => {
  const isLost = unreadable !== null || held?.includes('shows no output file') === true;
  return isLost
    ? { type: oneOf(play.dice, ['results_lost', 'read_again'] as const) }
    : { type: 'retry' };
};

/** What a person does when the budget is smaller than a request. */
const widen = (play: Play): void => {
  const { operation } = play.state.snapshot.config;
  send(play, {
    type: 'ChangeOperation',
    atMs: play.nowMs,
    operation: {
      ...operation,
      enqueue: { ...operation.enqueue, enqueuedTokenLimit: null, enqueuedRequestLimit: null },
      money: { ...operation.money, costUsdMax: null },
    },
  });
};
