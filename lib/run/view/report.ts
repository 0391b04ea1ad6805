import { resultsAfter } from '../../rows/read-rows.ts';
import { isLeftAsItIs } from '../../core/model/adopted.ts';
import { endedRemedy, type FailureClass, failureOfCode } from '../../core/values/failure.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import type { ItemTotals } from '../../core/model/item.ts';
import type { BatchRecordState } from '../../core/model/batch-record.ts';
import type { TokenUsage } from '../../core/values/usage.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { spentUsd } from '../../core/money/money.ts';
import { must } from '../api/interop.ts';
import {
  type ClassSample,
  type FailureWords,
  type ResultOf,
  sampled,
  wordsOf,
} from './failure-words.ts';
import { createBatchBook } from '../results/batch-facts.ts';

/** An overview of a run's results. */
export interface RunReport {
  readonly runId: string;
  readonly jobName: string;
  readonly model: string;
  readonly isFinished: boolean;
  readonly itemCounts: ItemTotals;
  readonly resultCount: number;
  /** Rows that share an earlier row's request. They have no attempts of their own. */
  readonly sharedCount: number;
  /** Failures by class, most frequent first. */
  readonly failures: readonly FailureReport[];
  /** Number of results by charged attempts. */
  readonly attempts: readonly { readonly attemptCount: number; readonly resultCount: number }[];
  /** Usage that the provider reported, all attempts together. */
  readonly usage: TokenUsage;
  /** Null: the price is unknown. */
  readonly spentUsd: number | null;
  readonly batchCount: number;
  /** The slowest batches, slowest first; at most `slowestMax`. */
  readonly slowestBatches: readonly BatchReport[];
}

/**
 * The failures of one class: how many, an example, what to do, and the provider's most frequent
 * messages.
 */
export interface FailureReport {
  readonly errorClass: FailureClass;
  readonly count: number;
  /** The first one to end. */
  readonly exampleItemId: string;
  readonly remedy: string;
  /** Number of failures read for `said`, evenly spread; at most `sampleMax`. */
  readonly sampledCount: number;
  /** Distinct errors of those, most frequent first; at most `saidMax`. */
  readonly said: readonly FailureWords[];
}

/**
 * One batch in a report: its size, its times in milliseconds, how it ended and what became of its
 * rows.
 */
export interface BatchReport {
  readonly batchNo: number;
  readonly batchKey: string;
  readonly providerBatchId: string | null;
  readonly state: BatchRecordState;
  /** How it ended at the provider; null: not yet. */
  readonly ending: string | null;
  readonly latencyS: number;
  readonly requestCount: number;
  readonly completedCount: number;
  readonly failedCount: number;
  readonly retriedCount: number;
  readonly usage: TokenUsage;
}

export const slowestMax = 5;
const pageRows = 10_000;
const pageBatches = 1_000;

/** Counts results by their pointers: O(results). Reads only a bounded sample of failed lines. */
export const reportOf = async (
  reader: () => RunReader,
  resultOf: ResultOf,
  signal: AbortSignal | undefined,
): Promise<RunReport> => {
  const { snapshot } = reader();
  const { runId, config, totals, resultSequence, usage, batchCount } = snapshot;
  const failures = new Map<number, ClassSample>();
  const attempts = new Map<number, number>();
  for (let cursor = 0; cursor < resultSequence;) {
    signal?.throwIfAborted();
    const refs = await must(
      resultsAfter(reader(), cursor, Math.min(pageRows, resultSequence - cursor)),
      { runId },
    );
    const last = refs[refs.length - 1];
    if (last === undefined) break;
    for (const ref of refs) {
      const { status, code, charged } = ref;
      attempts.set(charged, (attempts.get(charged) ?? 0) + 1);
      if (status !== 'completed') failures.set(code, sampled(failures.get(code), ref));
    }
    cursor = last.sequence;
  }
  const isOfAdopted = isLeftAsItIs(config, 1);
  const failureReports: FailureReport[] = [];
  for (const [code, { count, example, kept }] of failures) {
    signal?.throwIfAborted();
    const errorClass = failureOfCode(code);
    const messages = await wordsOf(kept, resultOf);
    failureReports.push({
      errorClass,
      count,
      exampleItemId: example,
      remedy: endedRemedy(errorClass, isOfAdopted),
      ...messages,
    });
  }
  return {
    runId,
    jobName: config.jobName,
    model: config.provider.model,
    isFinished: isFinished(snapshot),
    itemCounts: totals,
    resultCount: resultSequence,
    sharedCount: snapshot.sharing.rows,
    failures: failureReports.sort(
      (a, b) => b.count - a.count || a.errorClass.localeCompare(b.errorClass),
    ),
    attempts: [...attempts]
      .map(([attemptCount, resultCount]) => ({ attemptCount, resultCount }))
      .sort((a, b) => a.attemptCount - b.attemptCount),
    usage,
    spentUsd: spentUsd(snapshot),
    batchCount,
    slowestBatches: await slowestOf(reader, batchCount),
  };
};

/** Reads a page at a time. Memory: one page. */
const slowestOf = async (
  reader: () => RunReader,
  batchCount: number,
): Promise<readonly BatchReport[]> => {
  const facts = await createBatchBook().read(reader());
  let slowest: readonly BatchReport[] = [];
  for (let from = 1; from <= batchCount; from += pageBatches) {
    const source = reader();
    const records = await must(source.batches(from, pageBatches), { runId: source.runId });
    const counted = records.flatMap((record): readonly BatchReport[] => {
      const { latencyS = null } = facts.get(record.batchKey) ?? {};
      if (latencyS === null) return [];
      const {
        batchNo,
        batchKey,
        providerBatchId,
        state,
        completedCount,
        failedCount,
        retriedCount,
        usage,
      } = record;
      const ending = record.ending?.type ?? null;
      const requestCount = record.requests;
      return [
        {
          batchNo,
          batchKey,
          providerBatchId,
          state,
          ending,
          latencyS,
          requestCount,
          completedCount,
          failedCount,
          retriedCount,
          usage,
        },
      ];
    });
    slowest = [...slowest, ...counted]
      .sort((a, b) => b.latencyS - a.latencyS || a.batchNo - b.batchNo)
      .slice(0, slowestMax);
  }
  return slowest;
};
