import type { EventOf } from '../model/event.ts';
import { givenUpData, overdueData } from '../poll/overdue-data.ts';
import type { Described } from './run-event-types.ts';

export type SubmitNews = EventOf<
  | 'QueueLearned'
  | 'FileLimitLearned'
  | 'LinesRefused'
  | 'BatchUploaded'
  | 'BatchCreated'
  | 'CreateRefused'
  | 'CreateUnclear'
  | 'CreateAbsent'
  | 'BatchReplanned'
>;

/** The way of a batch to the provider. */
export const describeSubmit = (event: SubmitNews): Described => {
  switch (event.type) {
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
    case 'BatchUploaded':
      return ['batch_uploaded', { batch_key: event.batchKey, input_file_id: event.inputFileId }];
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
    case 'CreateAbsent':
      return [
        'batch_absent',
        { batch_key: event.batchKey, on_whose_word: event.isSworn ? 'operator' : 'provider' },
      ];
    case 'BatchReplanned':
      return ['batch_replanned', { batch_key: event.batchKey, message: event.message }];
  }
};

export type BatchNews = EventOf<
  | 'StrayFound'
  | 'StrayEnded'
  | 'BatchReleased'
  | 'BatchHeld'
  | 'BatchDropped'
  | 'BatchObserved'
  | 'BatchOverdue'
  | 'BatchGivenUp'
  | 'BatchEnded'
>;

/** The way of a batch at the provider. */
export const describeBatch = (event: BatchNews): Described | null => {
  switch (event.type) {
    case 'StrayFound':
      return [
        'batch_stray',
        {
          batch_key: event.batchKey,
          provider_batch_id: event.providerBatchId,
          provider_status: event.providerStatus,
          ...(event.isGivenUp ? { is_given_up: true } : {}),
          ...(event.isLate ? { is_late: true } : {}),
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
  }
};
