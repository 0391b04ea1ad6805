/**
 * The outcome of a case. `repaired`: refused with an error, then repaired to exactly what could be
 * proved.
 */
export type Outcome = 'opened' | 'refused' | 'repaired';

/**
 * One change that a disk or another process may make to a run. `play` throws `Wrong` when a law is
 * broken.
 */
export interface Case {
  readonly kind: string;
  /** Distinguishes the case from others of its kind: what is changed, and where. */
  readonly name: string;
  play(): Promise<Outcome>;
}

/** A broken law. */
export class Wrong extends Error {
  override readonly name = 'Wrong';
}

export function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Wrong(what);
}
