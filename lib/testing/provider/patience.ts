import assert from 'node:assert/strict';

const caseTimeoutMs = 600_000;

/** The bounded wait of a case: an adapter that hangs fails with what gives no answer. */
export interface Patience {
  /** Notes that the operation gives no answer before the work settles. */
  during<A>(operation: string, work: Promise<A>): Promise<A>;
  /** The work of the case. Rejects with an `AssertionError` once it takes too long. */
  until(work: Promise<void>): Promise<void>;
  /** True once the case took too long: what it waits for may never come. */
  isOver(): boolean;
}

/** The wait of one case, for at most so many ms. */
export const patienceOf = (limitMs = caseTimeoutMs): Patience => {
  const unanswered = new Set<{ readonly operation: string }>();
  let isOver = false;
  const whatHangs = (): string =>
    unanswered.size === 0
      ? 'every operation has answered: the chunks of a download, or the double, give nothing more'
      : `no answer from ${[...unanswered].map(({ operation }) => operation).join(', ')}`;
  return {
    during: (operation, work) => {
      const entry = { operation };
      unanswered.add(entry);
      return work.finally(() => unanswered.delete(entry));
    },
    until: async (work) => {
      let timer: NodeJS.Timeout | undefined;
      const over = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => {
          isOver = true;
          const message = `the case has not ended after ${limitMs} ms: ${whatHangs()}`;
          reject(new assert.AssertionError({ message }));
        }, limitMs);
      });
      await Promise.race([work, over]).finally(() => {
        clearTimeout(timer);
      });
    },
    isOver: () => isOver,
  };
};
