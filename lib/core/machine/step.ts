import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Command } from '../model/command.ts';
import type { Effect } from '../model/effect.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { effectsDue } from './due.ts';
import { type Transition, transition } from './transition.ts';

/** A transition, and the effects that are due after it at `nowMs`. */
export interface Step extends Transition {
  readonly effects: readonly Effect[];
}

/**
 * `transition` and `effectsDue` in one, for embedders with a loop of their own. Left: the rejection
 * of `transition`; nothing changed.
 */
export const step = (
  snapshot: RunSnapshot,
  command: Command,
  nowMs: number,
): Either<Rejection, Step> =>
  pipe(
    transition(snapshot, command),
    map((after) => ({ ...after, effects: effectsDue(after.snapshot, nowMs) })),
  );
