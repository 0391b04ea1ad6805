import type { JsonObject } from '../json/json.ts';
import type { Event } from '../model/event.ts';
import type { RunId } from '../values/ids.ts';
import { describeBatch, describeSubmit } from './describe-batch.ts';
import { describeRun, describeResults, describeRows } from './describe-run.ts';
import type { Described, RunEventType } from './run-event-types.ts';

export { type RunEventType, runEventTypes } from './run-event-types.ts';

/**
 * What happened, for people and machines outside: persisted, ordered by sequence, the same in RxJS,
 * on the command line and in webhooks. No payload, no secret. Sequences rise; there may be gaps.
 */
export interface RunEvent {
  readonly eventType: RunEventType;
  readonly runId: RunId;
  readonly sequence: number;
  readonly at: Date;
  /** Keys in snake_case: this leaves the process as it is. */
  readonly data: JsonObject;
}

/** One run event as stores keep it: the time in ms since the epoch. */
export type StoredRunEvent = Omit<RunEvent, 'at'> & { readonly atMs: number };

/**
 * The run events that events make, in order. `fromVersion` is the snapshot's version before the
 * first of them. Pure; most events make none.
 */
export const toRunEvents = (
  runId: RunId,
  fromVersion: number,
  events: readonly Event[],
): readonly StoredRunEvent[] =>
  events.flatMap((event, i) => {
    const described = describe(event);
    return described === null
      ? []
      : [
          {
            eventType: described[0],
            runId,
            sequence: fromVersion + i + 1,
            atMs: event.atMs,
            data: described[1],
          },
        ];
  });

/** By what an event is about. Most have nothing to tell. */
const describe = (event: Event): Described | null => {
  switch (event.type) {
    case 'RunCreated':
    case 'RunOpened':
    case 'ClockJumped':
    case 'RunPaused':
    case 'ReasonNoted':
    case 'RunResumed':
    case 'OperationChanged':
    case 'CancelRequested':
    case 'RunFinished':
    case 'FaultRecorded':
    case 'ArtifactsExported':
    case 'ArtifactsPruned':
    case 'RawFileCompacted':
      return describeRun(event);
    case 'ItemsAccepted':
    case 'IngestionCompleted':
    case 'BatchPlanned':
    case 'ItemsRequeued':
    case 'PendingFailed':
    case 'LinesDropped':
      return describeRows(event);
    case 'ItemsCompleted':
    case 'ItemsSettled':
    case 'SharedCompleted':
    case 'SharedFailed':
      return describeResults(event);
    case 'QueueLearned':
    case 'FileLimitLearned':
    case 'LinesRefused':
    case 'BatchUploaded':
    case 'BatchCreated':
    case 'CreateRefused':
    case 'CreateUnclear':
    case 'CreateAbsent':
    case 'BatchReplanned':
      return describeSubmit(event);
    case 'StrayFound':
    case 'StrayEnded':
    case 'BatchReleased':
    case 'BatchHeld':
    case 'BatchDropped':
    case 'BatchObserved':
    case 'BatchOverdue':
    case 'BatchGivenUp':
    case 'BatchEnded':
      return describeBatch(event);
    case 'RunReleased':
    case 'PlanDeferred':
    case 'OthersSeen':
    case 'CreateBegun':
    case 'LitterCleared':
    case 'CreateNotFound':
    case 'CreateUndecided':
    case 'UnfencedSought':
    case 'CreateFenced':
    case 'StrayCancelAsked':
    case 'StrayObserved':
    case 'CancelAsked':
    case 'FilesStored':
    case 'AnswersUnreadable':
    case 'BatchSettled':
      return null;
  }
};
