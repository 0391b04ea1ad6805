/** Thrown on the impossible: our bug, never the world's fault nor the caller's. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws `InvariantViolation` unless the law holds. */
export function invariant(holds: boolean, law: string): asserts holds {
  if (!holds) throw new InvariantViolation(law);
}
