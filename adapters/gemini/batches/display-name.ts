import type { BatchKey, RunId } from '../../../lib/core/values/ids.ts';

/** Whose a batch is, by its display name: the only thing that a create can say of it. */
export interface BatchMark {
  readonly runId: string;
  readonly batchKey: BatchKey;
  readonly createAttempt: number;
}

/** `batchor/RUN/KEY/ATTEMPT`; none of them holds a slash. */
export const displayNameOf = (runId: string, batchKey: BatchKey, createAttempt: number): string =>
  `batchor/${runId}/${batchKey}/${createAttempt}`;

const pattern = /^batchor\/([^/]{1,120})\/([^/]{1,100})\/([1-9]\d{0,8})$/u;

/** Null for a name that batchor gave to no batch. */
export const markIn = (displayName: string | null): BatchMark | null => {
  const [, runId, batchKey, attempt] = pattern.exec(displayName ?? '') ?? [];
  return runId === undefined || batchKey === undefined
    ? null
    : {
        runId: runId as RunId,
        batchKey: batchKey as BatchKey,
        createAttempt: Number(attempt),
      };
};
