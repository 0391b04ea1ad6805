import { batchOf, withBatch, clearFault, doubtOf, withDoubt, withStray, clearBatchFault } from './changes.ts';
import { strayEffectKey, straysKey, sweepKey } from './effect.ts';
import type { Event } from './event.ts';
import type { RunSnapshot } from './snapshot.ts';
import { addPresumed } from './usage.ts';

type UnclearEvent = Extract<
  Event,
  { readonly type: `CreateNotFound` | `CreateAbsent` | `CreateFenced` | `BatchReplanned` | `Stray${string}` }
>;

/** What becomes of creates that got no answer, and of batches that nobody needs. */
export const applyUnclear = (s: RunSnapshot, event: UnclearEvent): RunSnapshot => {
  switch (event.type) {
    case 'CreateNotFound': {
      const { looks, absentAtMs } = doubtOf(s, event.batchKey);
      const { fileCreatedAtMs, dueAtMs, atMs } = event;
      return withDoubt(s, event.batchKey, { looks: looks + 1, absentAtMs: absentAtMs ?? atMs, fileCreatedAtMs, dueAtMs });
    }
    case 'CreateAbsent':
      return withDoubt(s, event.batchKey, { stage: 'absent', isSworn: event.isSworn, dueAtMs: event.atMs });
    case 'CreateFenced':
      return withDoubt(s, event.batchKey, { stage: 'fenced', sinceMs: event.atMs, looks: 0, dueAtMs: event.atMs });
    case 'BatchReplanned': {
      const { phase, createAttempt, replans, inputFileId } = batchOf(s, event.batchKey);
      const isTry = event.reason === 'create_lost' || event.reason === 'input_missing';
      const isUncreated = phase === 'uploaded' && (event.reason === null || event.reason === 'input_expires');
      const isLeft = phase === 'uploaded' && event.reason === 'released' && inputFileId !== null && s.config.operation.deletesInputFiles;
      const replanned = withBatch(clearFault(clearBatchFault(s, event.batchKey), sweepKey), event.batchKey, {
        phase: 'planned',
        replans: isTry ? replans + 1 : replans,
        // A file that was never created from has used up its attempt's number all the same.
        createAttempt: isUncreated ? createAttempt + 1 : createAttempt,
        inputFileId: null,
        inputExpiresAtMs: null,
        doubt: null,
        held: null,
      });
      return isLeft ? { ...replanned, litter: [...replanned.litter, inputFileId] } : replanned;
    }
    case 'StrayFound': {
      const { providerBatchId, batchKey, isAlive, atMs } = event;
      return {
        ...s,
        strays: [...s.strays, { providerBatchId, batchKey, isCancelAsked: !isAlive, isEnded: false, dueAtMs: atMs, looks: 0 }],
      };
    }
    case 'StrayCancelAsked':
      return withStray(clearFault(s, strayEffectKey(event.providerBatchId)), event.providerBatchId, {
        isCancelAsked: true,
        dueAtMs: event.atMs,
      });
    case 'StrayObserved': {
      const known = s.strays.find((stray) => stray.providerBatchId === event.providerBatchId)?.looks ?? 0;
      const looks = event.isSeen ? 0 : known + 1;
      return withStray(clearFault(s, straysKey), event.providerBatchId, { dueAtMs: event.dueAtMs, looks });
    }
    case 'StrayEnded': {
      const { providerBatchId, answered } = event;
      const calm = clearFault(clearFault(s, straysKey), strayEffectKey(providerBatchId));
      return {
        ...withStray(calm, providerBatchId, { isEnded: true }),
        presumed: addPresumed(s.presumed, event.presumed),
        strayCost: { batches: s.strayCost.batches + 1, requests: s.strayCost.requests + (answered ?? 0) },
      };
    }
  }
};
