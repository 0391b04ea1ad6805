import type { ProviderTimes } from '../model/batch.ts';
import { batchOf, clearBatchFault, clearFault, withBatch } from '../model/changes.ts';
import { cancelEffectKey, pollKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

export type PollEvent = EventOf<
  | 'BatchObserved'
  | 'BatchOverdue'
  | 'CancelAsked'
  | 'BatchEnded'
  | 'BatchGivenUp'
  | 'FilesStored'
  | 'AnswersUnreadable'
>;

/** A batch at the provider is seen, ends, and its files are stored. */
export const evolvePoll = (s: RunSnapshot, event: PollEvent): RunSnapshot => {
  switch (event.type) {
    case 'BatchObserved': {
      const { providerStatus, progress, dueAtMs, isNews } = event;
      const known = batchOf(s, event.batchKey);
      const isNewlyAccepted = event.isAccepted && !known.isAccepted;
      return {
        ...withBatch(clearFault(clearBatchFault(s, event.batchKey), pollKey), event.batchKey, {
          providerStatus,
          progress,
          dueAtMs,
          quietPolls: isNews ? 0 : known.quietPolls + 1,
          isAccepted: known.isAccepted || event.isAccepted,
          newsAtMs: isNews ? event.atMs : (known.newsAtMs ?? event.atMs),
          providerTimes: knownTimes(known.providerTimes, event.times),
        }),
        queue: isNewlyAccepted ? { ...s.queue, acceptedCount: s.queue.acceptedCount + 1 } : s.queue,
      };
    }
    case 'BatchOverdue':
      return withBatch(s, event.batchKey, { overdue: event.overdue });
    case 'CancelAsked':
      return withBatch(clearFault(s, cancelEffectKey(event.batchKey)), event.batchKey, {
        cancelAsked: true,
        dueAtMs: event.atMs,
        // From here on it is counted how often the batch stays as it is.
        quietPolls: 0,
      });
    case 'BatchEnded':
    case 'BatchGivenUp': {
      const { providerStatus, progress, ending } = event;
      const known = batchOf(s, event.batchKey);
      // It ended before any poll showed it in progress.
      const isNewlyAccepted =
        ending.type !== 'rejected' && ending.type !== 'given_up' && !known.isAccepted;
      const calm = clearFault(
        clearFault(clearBatchFault(s, event.batchKey), cancelEffectKey(event.batchKey)),
        pollKey,
      );
      return {
        ...withBatch(calm, event.batchKey, {
          phase: 'ended',
          providerStatus,
          progress,
          ending,
          overdue: null,
          isAccepted: known.isAccepted || isNewlyAccepted,
          endedLongAgo: event.type === 'BatchEnded' && event.times?.isOld === true,
        }),
        queue: isNewlyAccepted ? { ...s.queue, acceptedCount: s.queue.acceptedCount + 1 } : s.queue,
      };
    }
    case 'FilesStored':
      return withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        files: { output: event.output, error: event.error },
        unreadable: null,
        position: event.position,
        isSwornLost: event.isSworn,
      });
    case 'AnswersUnreadable':
      return withBatch(s, event.batchKey, {
        unreadable: { output: event.output, error: event.error },
      });
  }
};

/** Times that an observation leaves out stay as they were. */
const knownTimes = (known: ProviderTimes, reported: ProviderTimes): ProviderTimes => ({
  createdAtMs: reported.createdAtMs ?? known.createdAtMs,
  expiresAtMs: reported.expiresAtMs ?? known.expiresAtMs,
});
