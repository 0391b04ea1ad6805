import {
  batchOf,
  withBatch,
  clearFault,
  unconfirmedOf,
  withUnconfirmed,
  withDuplicate,
  clearBatchFault,
  markedUnconfirmed,
} from '../model/changes.ts';
import { duplicateEffectKey, duplicatesKey, reconcileKey } from '../model/effect.ts';
import type { DuplicateBatch } from '../model/batch.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { traitsOf, unsentPhase } from '../values/service-traits.ts';
import { unfencedAfter, withUnfenced } from './unfenced.ts';
import { addPresumed, nothingPresumed, withoutPresumed } from '../values/usage.ts';

export type ReconcileEvent = EventOf<
  | 'UnfencedSought'
  | `Create${'Unclear' | 'NotFound' | 'Undecided' | 'Absent' | 'Fenced'}`
  | `Batch${'Replanned' | 'Held' | 'Released'}`
  | `Stray${'Found' | 'CancelAsked' | 'Observed' | 'Ended'}`
>;

/**
 * Unconfirmed creates are checked in the list, fenced and planned anew; duplicate batches are
 * polled until they end.
 */
export const evolveReconcile = (s: RunSnapshot, event: ReconcileEvent): RunSnapshot => {
  switch (event.type) {
    case 'CreateUnclear':
      return markedUnconfirmed(s, event.batchKey, event.atMs);
    case 'BatchHeld':
      return withBatch(s, event.batchKey, { held: event.message });
    case 'BatchReleased':
      return withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        held: null,
        unreadable: null,
        replans: 0,
      });
    case 'CreateNotFound': {
      const { looks, absentAtMs } = unconfirmedOf(s, event.batchKey);
      const { fileCreatedAtMs, dueAtMs, atMs } = event;
      return withUnconfirmed(s, event.batchKey, {
        looks: looks + 1,
        absentAtMs: absentAtMs ?? atMs,
        fileCreatedAtMs,
        dueAtMs,
        candidates: [],
      });
    }
    case 'CreateUndecided': {
      const { looks } = unconfirmedOf(s, event.batchKey);
      const { candidates, dueAtMs } = event;
      return withUnconfirmed(s, event.batchKey, { looks: looks + 1, candidates, dueAtMs });
    }
    case 'UnfencedSought':
      return unfencedAfter(s, event);
    case 'CreateAbsent':
      return withUnconfirmed(s, event.batchKey, {
        stage: 'absent',
        isSworn: event.isSworn,
        dueAtMs: event.atMs,
      });
    case 'CreateFenced':
      return withUnconfirmed(s, event.batchKey, {
        stage: 'fenced',
        sinceMs: event.atMs,
        looks: 0,
        dueAtMs: event.atMs,
      });
    case 'BatchReplanned':
      return batchReplanned(s, event);
    case 'StrayFound': {
      const { providerBatchId, batchKey, isAlive, isGivenUp, isLate, atMs } = event;
      const duplicate: DuplicateBatch = {
        providerBatchId,
        batchKey,
        // What cannot be cancelled is watched to its end.
        isCancelAsked: !isAlive || !traitsOf(s.config).cancel,
        isEnded: false,
        dueAtMs: atMs,
        looks: 0,
        polls: 0,
        foundAtMs: atMs,
        isLate,
        givenUp: isGivenUp ? { presumed: nothingPresumed, readRows: 0 } : null,
      };
      return { ...s, strays: [...s.strays, duplicate] };
    }
    case 'StrayCancelAsked':
      return withDuplicate(
        clearFault(s, duplicateEffectKey(event.providerBatchId)),
        event.providerBatchId,
        {
          isCancelAsked: true,
          dueAtMs: event.atMs,
        },
      );
    case 'StrayObserved': {
      const { looks = 0, polls = 0 } =
        s.strays.find((duplicate) => duplicate.providerBatchId === event.providerBatchId) ?? {};
      return withDuplicate(clearFault(s, duplicatesKey), event.providerBatchId, {
        dueAtMs: event.dueAtMs,
        looks: event.isSeen ? 0 : looks + 1,
        polls: polls + 1,
      });
    }
    case 'StrayEnded': {
      const { providerBatchId, answered } = event;
      const calm = clearFault(clearFault(s, duplicatesKey), duplicateEffectKey(providerBatchId));
      const before =
        s.strays.find((duplicate) => duplicate.providerBatchId === providerBatchId)?.givenUp
          ?.presumed ?? nothingPresumed;
      return {
        ...withDuplicate(calm, providerBatchId, { isEnded: true }),
        // Of a batch that was given up the worst was presumed until its end was seen.
        presumed: addPresumed(withoutPresumed(s.presumed, before), event.presumed),
        strayCost: {
          batches: s.strayCost.batches + 1,
          requests: s.strayCost.requests + (answered ?? 0),
        },
      };
    }
  }
};

/** It is sent again: with a new input file, or as it is where its create carries its lines. */
const batchReplanned = (s: RunSnapshot, event: EventOf<'BatchReplanned'>): RunSnapshot => {
  const { phase, createAttempt, replans, inputFileId } = batchOf(s, event.batchKey);
  const isTry = event.reason === 'create_lost' || event.reason === 'input_missing';
  const isUncreated =
    phase === 'uploaded' && (event.reason === null || event.reason === 'input_expires');
  const isLeft =
    phase === 'uploaded' &&
    event.reason === 'released' &&
    inputFileId !== null &&
    s.config.operation.deletesInputFiles;
  const unfenced = withUnfenced(s, batchOf(s, event.batchKey), event.atMs);
  const replanned = withBatch(
    { ...clearFault(clearBatchFault(s, event.batchKey), reconcileKey), unfenced },
    event.batchKey,
    {
      phase: unsentPhase(s.config),
      replans: isTry ? replans + 1 : replans,
      // A file that was never created from has used up its attempt's number all the same.
      createAttempt: isUncreated ? createAttempt + 1 : createAttempt,
      inputFileId: null,
      uploadedAtMs: null,
      inputExpiresAtMs: null,
      doubt: null,
      held: null,
    },
  );
  return isLeft ? { ...replanned, litter: [...replanned.litter, inputFileId] } : replanned;
};
