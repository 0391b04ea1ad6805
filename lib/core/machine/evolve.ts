import { applyArtifacts } from '../artifacts/artifacts.ts';
import type { LiveBatch, ProviderTimes } from '../model/batch.ts';
import {
  batchOf,
  clearBatchFault,
  clearFault,
  grown,
  madeUnclear,
  move,
  shrunk,
  withBatch,
  withOthers,
  withoutBatch,
} from '../model/changes.ts';
import { clockJumped } from '../control/clock.ts';
import type { CanaryPolicy } from '../model/config.ts';
import { cancelEffectKey, ingestKey, litterEffectKey, planKey, pollKey, requeueKey, sweepKey } from '../model/effect.ts';
import type { Event } from '../model/event.ts';
import { batchSettled, batchPlanned, itemsAccepted, itemsCompleted, itemsSettled } from './evolve-rows.ts';
import { applyUnclear } from '../reconcile/evolve-unclear.ts';
import { answersKey, batchEffectKey, type EffectKey } from '../values/ids.ts';
import { nothingJudged } from '../values/judged.ts';
import { lostOwnersAfter } from '../control/owners.ts';
import { obeyedMs } from '../faults/due-time.ts';
import { paidAfterCreate } from '../plan/pace.ts';
import { pollWaitMsMax } from '../poll/poll-wait.ts';
import { refusedAfter } from '../model/refused-rows.ts';
import { sharedEnded } from '../source/share.ts';
import { emptySnapshot, type RunSnapshot } from '../model/snapshot.ts';

/** Folds one event in. Total: `events.reduce(evolve, snapshot)` works unwrapped; throws `InvariantViolation` only on our own bug. O(live batches). */
export const evolve = (snapshot: RunSnapshot, event: Event): RunSnapshot => ({
  ...apply(snapshot, event),
  lostOwners: lostOwnersAfter(snapshot.lostOwners, event),
  version: snapshot.version + 1,
  updatedAtMs: event.atMs,
});

/** Whoever asks for another canary gets one, though the last has passed. */
const isSameCanary = (known: CanaryPolicy | null, now: CanaryPolicy | null): boolean =>
  now === null || (known?.items === now.items && known.passRatioMin === now.passRatioMin);

/** Nothing holds it any more; unreadable copies of its files are read anew. */
const released = (batch: LiveBatch): LiveBatch => (batch.held === null ? batch : { ...batch, held: null, unreadable: null });

/** A poll that lies further ahead than the new interval ever waits is due from now on. */
const polledSooner = (s: RunSnapshot, pollIntervalMs: number, atMs: number): RunSnapshot => {
  const sooner = <A extends { readonly dueAtMs: number }>(one: A): A => {
    const dueAtMs = obeyedMs(one.dueAtMs, pollWaitMsMax(pollIntervalMs), atMs);
    return dueAtMs === one.dueAtMs ? one : { ...one, dueAtMs };
  };
  return { ...s, live: s.live.map(sooner), strays: s.strays.map(sooner) };
};

/** What was told once holds until it is told anew. */
const knownTimes = (known: ProviderTimes, told: ProviderTimes): ProviderTimes => ({
  createdAtMs: told.createdAtMs ?? known.createdAtMs,
  expiresAtMs: told.expiresAtMs ?? known.expiresAtMs,
});

const apply = (s: RunSnapshot, event: Event): RunSnapshot => {
  switch (event.type) {
    case 'RunCreated':
      return {
        ...emptySnapshot,
        runId: event.runId,
        config: event.config,
        createdAtMs: event.atMs,
        backlog: { ...emptySnapshot.backlog, sinceMs: event.atMs },
      };
    case 'RunOpened':
      return s.live
        .filter((batch) => batch.phase === 'creating')
        .reduce((opened, batch) => madeUnclear(opened, batch.batchKey, event.atMs), s);
    case 'RunReleased':
      return s;
    case 'ClockJumped':
      return clockJumped(s, event);
    case 'RunPaused':
      return { ...s, control: { state: 'paused', reason: event.reason, message: event.message } };
    case 'RunResumed':
      return {
        ...s,
        control: { state: 'running', reason: null, message: null },
        faults: [],
        rejectedStreak: 0,
        named: null,
        fileLimit: null,
        lostStreak: 0,
        judged: nothingJudged,
        // Limits are raised while runs stand: what was learned is tried anew.
        queue: { ...s.queue, stated: null, guess: null, refusals: null, sinceMs: event.atMs },
        backlog: { ...s.backlog, needs: null },
        live: s.live.map((batch) => (batch.held === null ? batch : { ...released(batch), replans: 0 })),
      };
    case 'OperationChanged':
      return {
        ...polledSooner(s, event.operation.pollIntervalMs, event.atMs),
        config: { ...s.config, operation: event.operation },
        backlog: { ...s.backlog, needs: null },
        canary: isSameCanary(s.config.operation.canary, event.operation.canary) ? s.canary : { ...s.canary, isPassed: false },
      };
    case 'CancelRequested':
      // What was held may still be dropped, cancelled or harvested; an unclear create is looked for again.
      return {
        ...s,
        control: { state: 'cancel_requested', reason: null, message: null },
        faults: [],
        refused: [],
        live: s.live.map(released),
      };
    case 'ReasonNoted':
      return { ...s, control: { ...s.control, reason: event.reason, message: event.message } };
    case 'ItemsAccepted':
      return itemsAccepted(s, event);
    case 'IngestionCompleted':
      return { ...clearFault(s, ingestKey), ingest: { ...s.ingest, isComplete: true, checkpoint: event.checkpoint } };
    case 'BatchPlanned':
      return batchPlanned(s, event);
    case 'PlanDeferred':
      return { ...clearFault(s, planKey), backlog: { ...s.backlog, needs: event.need } };
    case 'OthersSeen':
      return withOthers(s, event);
    case 'QueueLearned': {
      const { stated, guess, refusals } = event;
      return { ...s, queue: { ...s.queue, stated, guess, refusals }, backlog: { ...s.backlog, needs: null } };
    }
    case 'PendingFailed':
      return {
        ...clearFault(s, planKey),
        totals: move(s.totals, 'pending', 'failed_permanent', event.indexes.length),
        resultSequence: s.resultSequence + event.indexes.length,
        backlog: shrunk(s, event.bytes, event.tokens, event.atMs),
      };
    case 'FileLimitLearned':
      return { ...clearBatchFault(s, event.batchKey), fileLimit: event.fileLimit };
    case 'LinesRefused': {
      const { batchKey, batchNo, code, indexes, named } = event;
      return { ...clearBatchFault(s, batchKey), named, refused: [...s.refused, { batchKey, batchNo, code, indexes }] };
    }
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
    case 'BatchUploaded':
      return withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        phase: 'uploaded',
        inputFileId: event.inputFileId,
        uploadedAtMs: event.atMs,
        inputExpiresAtMs: event.expiresAtMs,
      });
    case 'CreateBegun':
      return {
        ...withBatch(s, event.batchKey, { phase: 'creating', createAttempt: event.createAttempt, sentAtMs: event.atMs }),
        createsPaidUntilMs: paidAfterCreate(s, event.atMs),
      };
    case 'BatchCreated': {
      const { providerBatchId, providerStatus, dueAtMs } = event;
      const created = withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
        phase: 'created',
        providerBatchId,
        providerStatus,
        dueAtMs,
        held: null,
        doubt: null,
      });
      return { ...clearFault(created, sweepKey), totals: move(s.totals, 'queued_local', 'submitted', event.requests) };
    }
    case 'CreateRefused':
      return withBatch(s, event.batchKey, { phase: 'uploaded' });
    case 'CreateUnclear':
      return madeUnclear(s, event.batchKey, event.atMs);
    case 'CreateNotFound':
    case 'CreateAbsent':
    case 'CreateFenced':
    case 'BatchReplanned':
    case 'StrayFound':
    case 'StrayCancelAsked':
    case 'StrayObserved':
    case 'StrayEnded':
      return applyUnclear(s, event);
    case 'BatchHeld':
      return withBatch(s, event.batchKey, { held: event.message });
    case 'LitterCleared':
      return { ...clearFault(s, litterEffectKey(event.fileId)), litter: s.litter.filter((fileId) => fileId !== event.fileId) };
    case 'BatchReleased':
      return withBatch(clearBatchFault(s, event.batchKey), event.batchKey, { held: null, unreadable: null, replans: 0 });
    case 'BatchDropped':
      return {
        ...clearBatchFault(withoutBatch(s, event.batchKey), event.batchKey),
        totals: move(s.totals, 'queued_local', 'pending', event.requests),
        backlog: grown(s, event.inputBytes, event.inputTokens, event.atMs),
      };
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
      // Over before anybody saw it at work.
      const isNewlyAccepted = ending.type !== 'rejected' && ending.type !== 'given_up' && !known.isAccepted;
      const calm = clearFault(clearFault(clearBatchFault(s, event.batchKey), cancelEffectKey(event.batchKey)), pollKey);
      return {
        ...withBatch(calm, event.batchKey, {
          phase: 'ended',
          providerStatus,
          progress,
          ending,
          overdue: null,
          isAccepted: known.isAccepted || isNewlyAccepted,
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
      return withBatch(s, event.batchKey, { unreadable: { output: event.output, error: event.error } });
    case 'ItemsCompleted':
      return itemsCompleted(s, event);
    case 'ItemsSettled':
      return itemsSettled(s, event);
    case 'BatchSettled':
      return batchSettled(s, event);
    case 'SharedCompleted':
    case 'SharedFailed':
      return sharedEnded(s, event);
    case 'ItemsRequeued': {
      const count = event.indexes.length;
      return {
        ...clearFault(s, requeueKey),
        totals: move(s.totals, 'failed_retryable', 'pending', count),
        backoff: s.backoff
          .map((bucket) => (bucket.dueAtMs === event.dueAtMs ? { ...bucket, count: bucket.count - count } : bucket))
          .filter((bucket) => bucket.count > 0),
        backlog: grown(s, event.bytes, event.tokens, event.atMs),
      };
    }
    case 'FaultRecorded': {
      const known = s.faults.find((record) => record.key === event.key);
      const record = {
        key: event.key,
        count: (known?.count ?? 0) + 1,
        answeredCount: (known?.answeredCount ?? 0) + (event.isAnswer ? 1 : 0),
        dueAtMs: event.dueAtMs,
        message: event.message,
      };
      // A list that was read and does not hold an unclear batch is an answer to the sweep all the same.
      const isSwept = s.live.some((batch) => batch.phase === 'indeterminate' && batchEffectKey(batch.batchKey) === event.key);
      // And a batch or a file that was read, and had too little in it, is an answer to who could not read it.
      const readKey = s.live.find((batch) => answersKey(batch.batchKey) === event.key)?.batchKey;
      const isOver = (key: EffectKey): boolean =>
        key === event.key || (isSwept && key === sweepKey) || (readKey !== undefined && key === batchEffectKey(readKey));
      return { ...s, faults: [...s.faults.filter((other) => !isOver(other.key)), record] };
    }
    case 'ArtifactsExported':
    case 'ArtifactsPruned':
    case 'RawFileCompacted':
      return applyArtifacts(s, event);
    case 'RunFinished':
      return { ...s, status: event.status };
  }
};
