/** How a case ended. `repaired`: refused in words, then repaired to exactly what could be proved. */
export type Outcome = 'opened' | 'refused' | 'repaired';

/** One thing that a disk, or another process, may do to a run. Plays throw `Wrong` where a law is broken. */
export interface Case {
  readonly kind: string;
  /** Tells it from the others of its kind: what is done, and where. */
  readonly name: string;
  play(): Promise<Outcome>;
}

/** A law that does not hold. */
export class Wrong extends Error {
  override readonly name = 'Wrong';
}

export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Wrong(what);
}
