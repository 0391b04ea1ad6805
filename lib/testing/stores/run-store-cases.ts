import type { ContractCase } from '../case.ts';
import { historyLaws } from './history-laws.ts';
import { quotaLaws } from './quota-laws.ts';
import { runStoreLaws } from './run-store-laws.ts';
import { type OpenStorage, storeCase, type StoreLaw } from './store-law.ts';
import { workerLaws } from './worker-laws.ts';

/** A run store, to be held to the contract of run stores. */
export interface RunStoreSubject {
  /** A storage with nothing in it. Each case has its own. */
  create(): Promise<OpenStorage>;
  /** True of a store that does not say what other runs hold of a queue (`othersInScope`). */
  readonly sharesNoQueue?: boolean;
  /** Of the random draws (default 1). */
  readonly seed?: number;
}

/** Every law of a run store. */
export const runStoreCases = (subject: RunStoreSubject): readonly ContractCase[] => {
  const cases = (laws: readonly StoreLaw[]): readonly ContractCase[] =>
    laws.map((law) => storeCase(() => subject.create(), law));
  const quota = cases(quotaLaws);
  return [
    ...cases(runStoreLaws),
    ...cases(historyLaws(subject.seed ?? 1)),
    ...cases(workerLaws),
    ...(subject.sharesNoQueue === true
      ? quota.map((each) => ({ ...each, skip: 'the store shares no queue' }))
      : quota),
  ];
};
