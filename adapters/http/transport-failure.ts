/**
 * Why a request of ours came to nothing. Its words never say "timed out": the SDK would take it for
 * its own timeout, and drop it.
 */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  /** True when no byte of the request was sent, so it had no effect. */
  readonly neverSent: boolean;
  /** The system's code, such as ECONNREFUSED; or what we call it. */
  readonly code: string;
  /** For messages: what happened, or the code where no words are better. */
  readonly reason: string;
  constructor(code: string, neverSent: boolean, reason: string = code) {
    super(`request failed (${code.replace(/timed?out/giu, 'LATE')})`);
    this.reason = reason;
    this.code = code;
    this.neverSent = neverSent;
  }
}

/** The first failure of ours in a chain of causes. */
export const transportFailureIn = (thrown: unknown): TransportFailure | null =>
  causes(thrown).find((cause): cause is TransportFailure => cause instanceof TransportFailure) ??
  null;

/** The first system error code in a chain of causes: what other transports leave behind. */
export const systemCodeIn = (thrown: unknown): string | null => {
  for (const cause of causes(thrown)) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (typeof code === 'string' && /^[A-Z][A-Z0-9_]{2,}$/u.test(code)) return code;
  }
  return null;
};

/**
 * A thrown thing and what caused it, outermost first. Several addresses of one host fail as an
 * AggregateError.
 */
export const causes = (thrown: unknown): readonly unknown[] => {
  const chain: unknown[] = [];
  const queue: unknown[] = [thrown];
  while (queue.length > 0 && chain.length < 20) {
    const next = queue.shift();
    if (next === undefined || next === null || chain.includes(next)) continue;
    chain.push(next);
    if (next instanceof AggregateError) queue.push(...(next.errors as readonly unknown[]));
    if (next instanceof Error) queue.push(next.cause);
  }
  return chain;
};
