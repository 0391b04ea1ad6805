/** Thrown when a law of the core is broken: always a bug in batchor. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Throws `InvariantViolation` unless the law holds. */
export function invariant(holds: boolean, law: string): asserts holds {
  if (!holds) throw new InvariantViolation(law);
}
