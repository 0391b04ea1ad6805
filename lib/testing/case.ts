/** One law of a contract, as data: any test runner can run it. */
export interface ContractCase {
  /** The law, as the title of a test. */
  readonly name: string;
  /** Why the subject cannot be held to it; absent: it can. */
  readonly skip?: string;
  /** Rejects with an `AssertionError` where the subject breaks the law. */
  readonly run: () => Promise<void>;
}

/** What a test runner has: vitest, jest and `node:test` fit. */
export interface TestRunner {
  readonly describe: (name: string, define: () => void) => unknown;
  readonly it: {
    (name: string, run: () => Promise<void>): unknown;
    readonly skip: (name: string, run: () => Promise<void>) => unknown;
  };
}

/** Registers each case as a test; one that cannot be asked of the subject, as a skipped test. */
export const describeCases = (
  name: string,
  cases: readonly ContractCase[],
  { describe, it }: TestRunner,
): void => {
  describe(name, () => {
    const { skip } = it;
    for (const each of cases) {
      if (each.skip === undefined) it(each.name, () => each.run());
      else skip(`${each.name} (not asked: ${each.skip})`, () => Promise.resolve());
    }
  });
};
