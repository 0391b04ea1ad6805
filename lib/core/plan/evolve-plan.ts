import { isAdopted } from '../model/adopted.ts';
import { type LiveBatch, noProviderTimes } from '../model/batch.ts';
import { clearFault, move, shrunk, withOthers } from '../model/changes.ts';
import { planKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import { refusedAfter } from '../model/refused-rows.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { invariant } from '../values/invariant.ts';
import { unsentPhase } from '../values/service-traits.ts';
import { emptyUsage } from '../values/usage.ts';

export type PlanEvent = EventOf<
  'BatchPlanned' | 'PlanDeferred' | 'OthersSeen' | 'QueueLearned' | 'PendingFailed' | 'LinesDropped'
>;

/** Pending rows are packed, wait for capacity, or end unsent. */
export const evolvePlan = (s: RunSnapshot, event: PlanEvent): RunSnapshot => {
  switch (event.type) {
    case 'BatchPlanned':
      return batchPlanned(s, event);
    case 'PlanDeferred':
      return { ...clearFault(s, planKey), backlog: { ...s.backlog, needs: event.need } };
    case 'OthersSeen':
      return withOthers(s, event);
    case 'QueueLearned': {
      const { stated, guess, refusals } = event;
      return {
        ...s,
        queue: { ...s.queue, stated, guess, refusals },
        backlog: { ...s.backlog, needs: null },
      };
    }
    case 'PendingFailed':
      return {
        ...clearFault(s, planKey),
        totals: move(s.totals, 'pending', 'failed_permanent', event.indexes.length),
        resultSequence: s.resultSequence + event.indexes.length,
        backlog: shrunk(s, event.bytes, event.tokens, event.atMs),
      };
    case 'LinesDropped': {
      const { batchKey, indexes, bytes, tokens, atMs } = event;
      return {
        ...clearFault(s, planKey),
        totals: move(s.totals, 'pending', 'failed_permanent', indexes.length),
        resultSequence: s.resultSequence + indexes.length,
        backlog: shrunk(s, bytes, tokens, atMs),
        refused: refusedAfter(s.refused, batchKey, indexes),
      };
    }
  }
};

const batchPlanned = (s: RunSnapshot, event: EventOf<'BatchPlanned'>): RunSnapshot => {
  const { batchKey, batchNo, requests, inputBytes, inputTokens, atMs } = event;
  invariant(batchNo === s.batchCount + 1, 'batches are numbered without gaps');
  const batch: LiveBatch = {
    batchKey,
    batchNo,
    // One that was created elsewhere is created at once.
    phase: isAdopted(s.config, batchNo) ? 'planned' : unsentPhase(s.config),
    createAttempt: 0,
    replans: 0,
    inputFileId: null,
    uploadedAtMs: null,
    inputExpiresAtMs: null,
    doubt: null,
    providerBatchId: null,
    providerStatus: null,
    requests,
    inputBytes,
    inputTokens,
    plannedAtMs: atMs,
    sentAtMs: null,
    newestBatchId: null,
    dueAtMs: atMs,
    quietPolls: 0,
    isAccepted: false,
    progress: null,
    newsAtMs: null,
    providerTimes: noProviderTimes,
    overdue: null,
    cancelAsked: false,
    held: null,
    endedLongAgo: false,
    ending: null,
    files: null,
    unreadable: null,
    position: { part: 'output', offset: 0 },
    settledRows: 0,
    completedRows: 0,
    failures: [],
    usage: emptyUsage,
    missingRows: 0,
    isSwornLost: false,
  };
  return {
    ...clearFault(s, planKey),
    batchCount: batchNo,
    live: [...s.live, batch],
    totals: move(s.totals, 'pending', 'queued_local', requests),
    backlog: shrunk(s, inputBytes, inputTokens, atMs),
    canary:
      s.config.operation.canary === null || s.canary.isPassed || isAdopted(s.config, batchNo)
        ? s.canary
        : { batchKey, isPassed: false },
  };
};
