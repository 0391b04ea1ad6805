import type { WorldOptions } from '../../../lib/sim/index.ts';

export const minuteMs = 60_000;
/** A provider that takes minutes. */
export const quick: WorldOptions = {
  seed: 8,
  turnaroundMs: { min: 10 * minuteMs, max: 20 * minuteMs },
};
export const chunks = { maxRequests: 10 };

/** Collects what an async iterable gives, without waiting for it. */
export const collect = <A>(
  values: AsyncIterable<A>,
): { readonly got: A[]; readonly end: () => string } => {
  const got: A[] = [];
  let end = 'open';
  void (async () => {
    try {
      for await (const value of values) got.push(value);
      end = 'complete';
    } catch (error) {
      end = `error: ${error instanceof Error ? error.message : String(error)}`;
    }
  })();
  return { got, end: () => end };
};

/** The code of the error that it rejects with; `none` when it resolves. */
export const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
  );
