import { lostOwnersAfter } from '../control/owners.ts';
import type { Event } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { evolveArtifacts } from '../artifacts/evolve-artifacts.ts';
import { faultRecorded } from '../faults/evolve-faults.ts';
import { evolvePlan } from '../plan/evolve-plan.ts';
import { evolvePoll } from '../poll/evolve-poll.ts';
import { evolveReconcile } from '../reconcile/evolve-reconcile.ts';
import { failuresAfter } from '../settle/failure-tally.ts';
import { evolveSettle } from '../settle/evolve-settle.ts';
import { evolveSource } from '../source/evolve-source.ts';
import { evolveSubmit } from '../submit/evolve-submit.ts';
import { evolveRun } from './evolve-run.ts';

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
