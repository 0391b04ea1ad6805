import { isLeft } from 'fp-ts/lib/Either.js';
import {
  applyToRows,
  type Command,
  decide,
  type Event,
  evolve,
  type Rejection,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import { foldRows, type RowMove, type Rows } from './row-table.ts';

/** A run as a store holds it. */
export interface State {
  readonly snapshot: RunSnapshot;
  readonly rows: Rows;
}

/** One command and what came of it. */
export interface Step {
  readonly command: Command;
  readonly before: State;
  readonly after: State;
  /** Empty when the command was rejected, or its commit refused. */
  readonly events: readonly Event[];
  readonly moves: readonly RowMove[];
  readonly rejection: Rejection | null;
  /** Why the rows refused the commit. */
  readonly refusal: string | null;
  /** What the core threw: our bug. */
  readonly thrown: string | null;
}

/** Decides, and commits snapshot and rows together or not at all. */
export const commit = (before: State, command: Command): Step => {
  const nothing: Step = {
    command,
    before,
    after: before,
    events: [],
    moves: [],
    rejection: null,
    refusal: null,
    thrown: null,
  };
  try {
    const decided = decide(before.snapshot, command);
    if (isLeft(decided)) return { ...nothing, rejection: decided.left };
    const folded = foldRows(before.rows, applyToRows(decided.right));
    if (isLeft(folded)) return { ...nothing, refusal: folded.left };
    return {
      ...nothing,
      events: decided.right,
      moves: folded.right.moves,
      after: { snapshot: decided.right.reduce(evolve, before.snapshot), rows: folded.right.rows },
    };
  } catch (error) {
    return { ...nothing, thrown: String(error) };
  }
};
