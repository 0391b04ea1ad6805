import type { CandidateBatch, DuplicateBatch, UnfencedCreate } from '../../core/model/batch.ts';
import { isFinished, type RunSnapshot } from '../../core/model/snapshot.ts';
import type { Verification } from '../audit/verification.ts';
import type { RetryingError } from './warnings.ts';

/** Batches at the provider that the run's creates made and that it does not use. */
export interface DuplicatesSummary {
  /** Still being cancelled, or waited for. */
  readonly live: number;
  readonly ended: number;
  /** Requests that the ended ones answered. */
  readonly answeredCount: number;
  /** Each of them; `isLate`: it came to be after its rows had been sent again. */
  readonly batches: readonly {
    readonly providerBatchId: string;
    readonly batchKey: string;
    readonly isEnded: boolean;
    readonly isLate: boolean;
  }[];
}

/** The duplicate batches of a run, ended ones among them. */
export const duplicatesIn = (snapshot: RunSnapshot): readonly DuplicateBatch[] => snapshot.strays;

/** Counted, and each by its name. */
export const duplicatesSummary = (snapshot: RunSnapshot): DuplicatesSummary => {
  const duplicates = duplicatesIn(snapshot);
  const { batches: ended, requests: answeredCount } = snapshot.strayCost;
  return {
    live: duplicates.filter(({ isEnded }) => !isEnded).length,
    ended,
    answeredCount,
    batches: duplicates.map(({ providerBatchId, batchKey, isEnded, isLate }) => ({
      ...{ providerBatchId, batchKey, isEnded, isLate },
    })),
  };
};

/** What is billed beside the run's own batches, and what may be. */
export const verifiedDuplicates = (snapshot: RunSnapshot): Verification['duplicates'] => {
  const { batches, answeredCount } = duplicatesSummary(snapshot);
  const candidates = snapshot.unfenced.flatMap((create) => create.candidates);
  return {
    providerBatchIds: batches.map(({ providerBatchId }) => providerBatchId),
    answeredCount,
    undecidedIds: [...new Set(candidates.map(({ providerBatchId }) => providerBatchId))],
  };
};

/**
 * What may be paid for twice where no fence stops a create: batches that came through after they
 * had been sent again, and batches that may be such. They stay when the run is finished.
 */
export const unfencedWarnings = (snapshot: RunSnapshot): readonly RetryingError[] => [
  ...duplicatesIn(snapshot)
    .filter(({ isLate }) => isLate)
    .map((late) => lateWarning(snapshot, late)),
  ...snapshot.unfenced
    .filter(({ candidates }) => candidates.length > 0)
    .map((create) => undecidedWarning(snapshot, create)),
];

const lateWarning = (
  { updatedAtMs }: RunSnapshot,
  { providerBatchId, batchKey, isCancelAsked, isEnded, polls, dueAtMs }: DuplicateBatch,
): RetryingError => {
  const state = isEnded
    ? 'it has ended'
    : isCancelAsked
      ? 'batchor waits for its end'
      : 'batchor cancels it';
  return {
    what: `late:${providerBatchId}`,
    count: polls,
    message: `batch ${providerBatchId} is a second batch of ${batchKey}, whose create came through as well: its answers are billed and not used; ${state}`,
    retryAt: new Date(isEnded ? updatedAtMs : dueAtMs),
  };
};

const undecidedWarning = (
  snapshot: RunSnapshot,
  { batchKey, candidates, looks, dueAtMs }: UnfencedCreate,
): RetryingError => {
  const isOver = dueAtMs === null || isFinished(snapshot);
  const way = isOver
    ? 'Check at the provider, and cancel there what is not yours to keep: the run does not search for it any more'
    : 'batchor reads the list again';
  return {
    what: `undecided:${batchKey}`,
    count: looks,
    message: `the create of batch ${batchKey} got no answer and was given up; ${namesOf(candidates)} may be it, and then is billed as well. ${way}`,
    retryAt: new Date(dueAtMs ?? snapshot.updatedAtMs),
  };
};

const shownMax = 5;

const namesOf = (candidates: readonly CandidateBatch[]): string => {
  const shown = candidates.slice(0, shownMax).map(({ providerBatchId }) => providerBatchId);
  const more = candidates.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
