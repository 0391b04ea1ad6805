import type { Column } from '../model/command.ts';
import type { Event } from '../model/event.ts';
import { failureOfCode } from '../values/failure.ts';
import type { RunId } from '../values/ids.ts';
import type { JsonObject } from '../json/json.ts';
import { givenUpData, overdueData } from '../poll/overdue-data.ts';
import { batchKeyOfObject } from '../settle/raw-object.ts';
import { sharedIn } from '../source/share.ts';

/** Every type of a run event. They are stored and public: none is renamed or removed. */
export const runEventTypes = [
  'run_created',
  'run_opened',
  'clock_jumped',
  'run_resumed',
  'run_paused',
  'run_cancel_requested',
  'run_changed',
  'run_finished',
  'items_ingested',
  'ingestion_completed',
  'items_claimed',
  'items_completed',
  'items_failed',
  'items_requeued',
  'batch_uploaded',
  'batch_submitted',
  'batch_unclear',
  'batch_absent',
  'batch_replanned',
  'batch_held',
  'batch_released',
  'batch_stray',
  'batch_stray_ended',
  'batch_dropped',
  'batch_polled',
  'batch_completed',
  'batch_failed',
  'batch_overdue',
  'batch_given_up',
  'queue_refused',
  'queue_learned',
  'submit_retried',
  'file_limit_learned',
  'lines_refused',
  'effect_retried',
  'artifacts_exported',
  'artifacts_pruned',
] as const;
/** The type of a run event, the same on the command line, in webhooks and in stores. */
export type RunEventType = (typeof runEventTypes)[number];

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

const byClass = (columns: readonly Column[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const codes of columns) {
    for (let i = 0; i < codes.length; i += 1) {
      const name = failureOfCode(codes[i] as number);
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
};

const describe = (event: Event): readonly [RunEventType, JsonObject] | null => {
  switch (event.type) {
    case 'RunCreated':
      return [
        'run_created',
        {
          job_name: event.config.jobName,
          model: event.config.provider.model,
          endpoint: event.config.provider.endpoint,
        },
      ];
    case 'RunOpened':
      return ['run_opened', {}];
    case 'RunReleased':
      return null;
    case 'ClockJumped':
      return ['clock_jumped', { by_ms: event.byMs }];
    case 'RunPaused':
    case 'ReasonNoted':
      return [
        'run_paused',
        { reason: event.reason, is_automatic: event.reason !== 'manual', message: event.message },
      ];
    case 'RunResumed':
      return ['run_resumed', {}];
    case 'OperationChanged':
      return ['run_changed', {}];
    case 'CancelRequested':
      return ['run_cancel_requested', {}];
    case 'ItemsAccepted':
      return [
        'items_ingested',
        {
          count: event.slice.itemIds.length,
          bad_count: event.slice.badOffsets.length,
          ...(event.slice.sameAs === null ? {} : { shared_count: sharedIn(event.slice) }),
          next_index: event.checkpoint.nextIndex,
        },
      ];
    case 'IngestionCompleted':
      return ['ingestion_completed', { next_index: event.checkpoint.nextIndex }];
    case 'BatchPlanned':
      return [
        'items_claimed',
        { count: event.requests, batch_key: event.batchKey, input_bytes: event.inputBytes },
      ];
    case 'PlanDeferred':
    case 'OthersSeen':
      return null;
    case 'QueueLearned':
      return [
        event.refusals === null ? 'queue_learned' : 'queue_refused',
        {
          stated_tokens_max: event.stated?.tokensMax ?? null,
          stated_requests_max: event.stated?.requestsMax ?? null,
          tried_max: event.guess?.max ?? null,
          tried_unit: event.guess?.unit ?? null,
          refusal_count: event.refusals?.count ?? 0,
          message: event.refusals?.message ?? null,
        },
      ];
    case 'PendingFailed':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: null,
          by_class: { [failureOfCode(event.code)]: event.indexes.length },
          will_retry_count: 0,
        },
      ];
    case 'FileLimitLearned':
      return [
        'file_limit_learned',
        {
          batch_key: event.batchKey,
          bytes_max: event.fileLimit.bytesMax,
          refused_bytes: event.fileLimit.refusedBytes,
          message: event.message,
        },
      ];
    case 'LinesRefused':
      return [
        'lines_refused',
        {
          batch_key: event.batchKey,
          count: event.indexes.length,
          message: event.rejection.message,
        },
      ];
    case 'LinesDropped':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: event.batchKey,
          by_class: { [failureOfCode(event.code)]: event.indexes.length },
          will_retry_count: 0,
        },
      ];
    case 'BatchUploaded':
      return ['batch_uploaded', { batch_key: event.batchKey, input_file_id: event.inputFileId }];
    case 'CreateBegun':
      return null;
    case 'BatchCreated':
      return [
        'batch_submitted',
        {
          batch_key: event.batchKey,
          provider_batch_id: event.providerBatchId,
          request_count: event.requests,
          was_adopted: event.adopted,
        },
      ];
    case 'CreateRefused':
      return ['submit_retried', { batch_key: event.batchKey, message: event.message }];
    case 'CreateUnclear':
      return ['batch_unclear', { batch_key: event.batchKey, message: event.message }];
    case 'LitterCleared':
    case 'CreateNotFound':
    case 'CreateFenced':
    case 'StrayCancelAsked':
    case 'StrayObserved':
      return null;
    case 'CreateAbsent':
      return [
        'batch_absent',
        { batch_key: event.batchKey, on_whose_word: event.isSworn ? 'operator' : 'provider' },
      ];
    case 'BatchReplanned':
      return ['batch_replanned', { batch_key: event.batchKey, message: event.message }];
    case 'StrayFound':
      return [
        'batch_stray',
        {
          batch_key: event.batchKey,
          provider_batch_id: event.providerBatchId,
          provider_status: event.providerStatus,
          ...(event.isGivenUp ? { is_given_up: true } : {}),
        },
      ];
    case 'StrayEnded':
      return [
        'batch_stray_ended',
        { provider_batch_id: event.providerBatchId, answered_count: event.answered },
      ];
    case 'BatchReleased':
      return ['batch_released', { batch_key: event.batchKey }];
    case 'BatchHeld':
      return ['batch_held', { batch_key: event.batchKey, message: event.message }];
    case 'BatchDropped':
      return ['batch_dropped', { batch_key: event.batchKey, released_count: event.requests }];
    case 'BatchObserved':
      return event.isNews
        ? [
            'batch_polled',
            {
              batch_key: event.batchKey,
              provider_status: event.providerStatus,
              completed_count: event.progress?.completed ?? null,
              total_count: event.progress?.total ?? null,
            },
          ]
        : null;
    case 'BatchOverdue':
      return ['batch_overdue', overdueData(event)];
    case 'BatchGivenUp':
      return ['batch_given_up', givenUpData(event)];
    case 'CancelAsked':
      return null;
    case 'BatchEnded': {
      const data = {
        batch_key: event.batchKey,
        provider_status: event.providerStatus,
        completed_count: event.progress?.completed ?? null,
        failed_count: event.progress?.failed ?? null,
        ...(event.times === null
          ? {}
          : { created_at_ms: event.times.createdAtMs, ended_at_ms: event.times.endedAtMs }),
      };
      const { type, rejection } = event.ending;
      return type === 'completed'
        ? ['batch_completed', data]
        : ['batch_failed', { ...data, message: rejection?.message ?? type }];
    }
    case 'FilesStored':
    case 'AnswersUnreadable':
      return null;
    case 'ItemsCompleted': {
      const count = event.lines.indexes.length;
      return count === 0
        ? null
        : [
            'items_completed',
            {
              count,
              batch_key: event.batchKey,
              last_result_sequence: event.sequenceFrom + count - 1,
            },
          ];
    }
    case 'ItemsSettled': {
      const count = event.failed.indexes.length + event.retried.indexes.length;
      return count === 0
        ? null
        : [
            'items_failed',
            {
              count,
              batch_key: event.batchKey,
              by_class: byClass([event.failed.codes, event.retried.codes]),
              will_retry_count: event.retried.indexes.length,
            },
          ];
    }
    case 'SharedCompleted': {
      const count = event.indexes.length;
      return count === 0
        ? null
        : [
            'items_completed',
            { count, batch_key: null, last_result_sequence: event.sequenceFrom + count - 1 },
          ];
    }
    case 'SharedFailed':
      return [
        'items_failed',
        {
          count: event.indexes.length,
          batch_key: null,
          by_class: byClass([event.codes]),
          will_retry_count: 0,
        },
      ];
    case 'BatchSettled':
      return null;
    case 'ItemsRequeued':
      return ['items_requeued', { count: event.indexes.length }];
    case 'FaultRecorded':
      return [
        'effect_retried',
        { effect: event.key, message: event.message, retry_at_ms: event.dueAtMs },
      ];
    case 'ArtifactsExported':
      return [
        'artifacts_exported',
        {
          destination: event.destination,
          file_count: event.fileCount,
          bytes: event.bytes,
          result_count: event.resultCount,
          manifest_sha256: event.manifestSha256,
        },
      ];
    case 'ArtifactsPruned':
      return [
        'artifacts_pruned',
        { kinds: event.raw ? ['requests', 'raw'] : ['requests'], batch_key: null },
      ];
    case 'RawFileCompacted':
      return ['artifacts_pruned', { kinds: ['raw'], batch_key: batchKeyOfObject(event.object) }];
    case 'RunFinished':
      return ['run_finished', { status: event.status }];
  }
};
