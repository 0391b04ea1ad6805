import { type Either, map } from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import type { Command } from '../model/command.ts';
import { decide } from './decide.ts';
import { effectsDue } from './due.ts';
import type { Effect } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { evolve } from './evolve.ts';
import type { Rejection } from '../model/rejection.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

export interface Step {
  readonly events: readonly Event[];
  readonly snapshot: RunSnapshot;
  readonly effects: readonly Effect[];
}

/** decide, evolve and effectsDue in one, for embedders with a loop of their own. */
export const step = (snapshot: RunSnapshot, command: Command, nowMs: number): Either<Rejection, Step> =>
  pipe(
    decide(snapshot, command),
    map((events) => {
      const after = events.reduce(evolve, snapshot);
      return { events, snapshot: after, effects: effectsDue(after, nowMs) };
    }),
  );
