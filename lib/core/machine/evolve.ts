import { lostOwnersAfter } from '../control/control.ts';
import type { Event, EventOf } from '../model/event.ts';
import { type RunSnapshot, emptySnapshot } from '../model/snapshot.ts';
import { evolveArtifacts } from '../artifacts/artifacts.ts';
import { faultRecorded } from '../faults/evolve-faults.ts';
import { evolvePlan } from '../plan/evolve-plan.ts';
import { evolvePoll } from '../poll/evolve-poll.ts';
import { evolveReconcile } from '../reconcile/evolve-reconcile.ts';
import { evolveSettle, failuresAfter } from '../settle/evolve-settle.ts';
import { evolveSource } from '../source/evolve-source.ts';
import { evolveSubmit } from '../submit/evolve-submit.ts';
import { clockJumped } from '../control/clock.ts';
import { effectiveDueMs } from '../faults/due-time.ts';
import type { LiveBatch } from '../model/batch.ts';
import { markedUnconfirmed } from '../model/changes.ts';
import type { CanaryPolicy } from '../model/config.ts';
import { pollWaitMsMax } from '../poll/due-poll.ts';
import { nothingJudged } from '../values/judged.ts';

/**
 * Folds one event in. Total: `events.reduce(evolve, snapshot)` works unwrapped; throws
 * `InvariantViolation` only on our own bug. O(live batches).
 */
export const evolve = (snapshot: RunSnapshot, event: Event): RunSnapshot => ({
  ...apply(snapshot, event),
  lostOwners: lostOwnersAfter(snapshot.lostOwners, event),
  failures: event.type === 'RunCreated' ? [] : failuresAfter(snapshot.failures, event),
  version: snapshot.version + 1,
  updatedAtMs: event.atMs,
});

const apply = (s: RunSnapshot, event: Event): RunSnapshot => {
  switch (event.type) {
    case 'RunCreated':
    case 'RunOpened':
    case 'RunReleased':
    case 'ClockJumped':
    case 'RunPaused':
    case 'RunResumed':
    case 'OperationChanged':
    case 'CancelRequested':
    case 'ReasonNoted':
    case 'RunFinished':
      return evolveRun(s, event);
    case 'ItemsAccepted':
    case 'IngestionCompleted':
    case 'SharedCompleted':
    case 'SharedFailed':
      return evolveSource(s, event);
    case 'BatchPlanned':
    case 'PlanDeferred':
    case 'OthersSeen':
    case 'QueueLearned':
    case 'PendingFailed':
    case 'LinesDropped':
      return evolvePlan(s, event);
    case 'FileLimitLearned':
    case 'LinesRefused':
    case 'BatchUploaded':
    case 'CreateBegun':
    case 'BatchCreated':
    case 'CreateRefused':
    case 'BatchDropped':
      return evolveSubmit(s, event);
    case 'CreateUnclear':
    case 'CreateNotFound':
    case 'CreateUndecided':
    case 'UnfencedSought':
    case 'CreateAbsent':
    case 'CreateFenced':
    case 'BatchReplanned':
    case 'BatchHeld':
    case 'BatchReleased':
    case 'StrayFound':
    case 'StrayCancelAsked':
    case 'StrayObserved':
    case 'StrayEnded':
      return evolveReconcile(s, event);
    case 'BatchObserved':
    case 'BatchOverdue':
    case 'CancelAsked':
    case 'BatchEnded':
    case 'BatchGivenUp':
    case 'FilesStored':
    case 'AnswersUnreadable':
      return evolvePoll(s, event);
    case 'ItemsCompleted':
    case 'ItemsSettled':
    case 'BatchSettled':
    case 'ItemsRequeued':
      return evolveSettle(s, event);
    case 'ArtifactsExported':
    case 'ArtifactsPruned':
    case 'RawFileCompacted':
    case 'LitterCleared':
      return evolveArtifacts(s, event);
    case 'FaultRecorded':
      return faultRecorded(s, event);
  }
};

type RunControlEvent = EventOf<
  | 'RunCreated'
  | 'RunOpened'
  | 'RunReleased'
  | 'ClockJumped'
  | 'RunPaused'
  | 'RunResumed'
  | 'OperationChanged'
  | 'CancelRequested'
  | 'ReasonNoted'
  | 'RunFinished'
>;

/** What is done to the run as a whole. */
const evolveRun = (s: RunSnapshot, event: RunControlEvent): RunSnapshot => {
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
        .reduce((opened, batch) => markedUnconfirmed(opened, batch.batchKey, event.atMs), s);
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
        // Providers raise limits while a run is paused: learned limits are tested again.
        queue: { ...s.queue, stated: null, guess: null, refusals: null, sinceMs: event.atMs },
        backlog: { ...s.backlog, needs: null },
        live: s.live.map((batch) =>
          batch.held === null ? batch : { ...released(batch), replans: 0 },
        ),
      };
    case 'OperationChanged':
      return {
        ...polledSooner(s, event.operation.pollIntervalMs, event.atMs),
        config: { ...s.config, operation: event.operation },
        backlog: { ...s.backlog, needs: null },
        canary: isSameCanary(s.config.operation.canary, event.operation.canary)
          ? s.canary
          : { ...s.canary, isPassed: false },
      };
    case 'CancelRequested':
      // What was held may still be dropped, cancelled or harvested; batchor reads the list again
      // for an unconfirmed create.
      return {
        ...s,
        control: { state: 'cancel_requested', reason: null, message: null },
        faults: [],
        refused: [],
        live: s.live.map(released),
      };
    case 'ReasonNoted':
      return { ...s, control: { ...s.control, reason: event.reason, message: event.message } };
    case 'RunFinished':
      return { ...s, status: event.status };
  }
};

/** A new canary policy asks for another canary, though the last has passed. */
const isSameCanary = (known: CanaryPolicy | null, now: CanaryPolicy | null): boolean =>
  now === null || (known?.items === now.items && known.passRatioMin === now.passRatioMin);

/** Releases the batch; unreadable copies of its files are read again. */
const released = (batch: LiveBatch): LiveBatch =>
  batch.held === null ? batch : { ...batch, held: null, unreadable: null };

/** A poll further ahead than the new interval allows becomes due now. */
const polledSooner = (s: RunSnapshot, pollIntervalMs: number, atMs: number): RunSnapshot => {
  const sooner = <A extends { readonly dueAtMs: number }>(one: A): A => {
    const dueAtMs = effectiveDueMs(one.dueAtMs, pollWaitMsMax(pollIntervalMs), atMs);
    return dueAtMs === one.dueAtMs ? one : { ...one, dueAtMs };
  };
  return { ...s, live: s.live.map(sooner), strays: s.strays.map(sooner) };
};
