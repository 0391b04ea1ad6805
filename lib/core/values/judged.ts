import { type FailureClass, failureOfCode } from './failure.ts';
import type { BatchKey } from './ids.ts';

/** How many rows failed, by failure code: the evidence that a pause shows. */
export type FailureCounts = readonly { readonly code: number; readonly count: number }[];

/** Where a line is in the payload store: `offset` and `length` in bytes. */
export interface LineSpan {
  readonly object: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * How many rows have ended as one failure class, and the line of the first of them that has one:
 * what the provider said.
 */
export interface FailureTally {
  /** `codeOfFailure`. */
  readonly code: number;
  readonly count: number;
  /** Null: none of them has a line. */
  readonly line: LineSpan | null;
}

/**
 * Rows that were judged since the last check of the success rate. Expired and missing rows do not
 * count.
 */
export interface JudgedRows {
  readonly passed: number;
  readonly failures: FailureCounts;
}
/** No row has been judged by the circuit breaker. */
export const nothingJudged: JudgedRows = { passed: 0, failures: [] };

/** The batch that is sent alone, and whether one of its kind has passed. */
export interface CanaryState {
  readonly batchKey: BatchKey | null;
  readonly isPassed: boolean;
}
/** No canary batch has been sent, and none has passed. */
export const noCanary: CanaryState = { batchKey: null, isPassed: false };

/** Failures of both, counted by class, the most frequent first. */
export const addFailures = (known: FailureCounts, more: FailureCounts): FailureCounts => {
  const counts = new Map(known.map(({ code, count }) => [code, count]));
  for (const { code, count } of more) counts.set(code, (counts.get(code) ?? 0) + count);
  return [...counts]
    .map(([code, count]) => ({ code, count }))
    .sort((a, b) => b.count - a.count || a.code - b.code);
};

/** How many failures are counted. */
export const failedIn = (failures: FailureCounts): number =>
  failures.reduce((sum, { count }) => sum + count, 0);

/** The model has answered, and the answer was billed, but it is unusable. */
const answeredClasses: ReadonlySet<FailureClass> = new Set([
  'truncated',
  'empty_output',
  'fenced_json',
  'invalid_json',
  'schema_mismatch',
  'tool_call',
  'refusal',
  'content_filtered',
]);

/** Rows whose lines report their usage: answers, and failures that are answers too. */
export const answeredIn = ({
  completedRows,
  failures,
}: {
  readonly completedRows: number;
  readonly failures: FailureCounts;
}): number =>
  failures.reduce(
    (sum, { code, count }) => sum + (answeredClasses.has(failureOfCode(code)) ? count : 0),
    completedRows,
  );

/** Failures that count as attempts: the others say nothing of their rows. */
export const judgedIn = ({
  codes,
  charged,
}: {
  readonly codes: ArrayLike<number>;
  readonly charged: ArrayLike<number>;
}): FailureCounts => {
  const counts = new Map<number, number>();
  for (let i = 0; i < codes.length; i += 1)
    if (charged[i] === 1) counts.set(codes[i] as number, (counts.get(codes[i] as number) ?? 0) + 1);
  return [...counts].map(([code, count]) => ({ code, count }));
};

/**
 * What the canary says once its batch is settled; `unjudged` where not a row of it could be:
 * another one follows.
 */
export type CanaryVerdict = 'passed' | 'failed' | 'unjudged';
