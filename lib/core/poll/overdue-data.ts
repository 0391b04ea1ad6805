import type { EventOf } from '../model/event.ts';
import type { JsonObject } from '../json/json.ts';

/** The data of run events about overdue batches. */

export const overdueData = (event: EventOf<'BatchOverdue'>): JsonObject => ({
  batch_key: event.batchKey,
  provider_batch_id: event.providerBatchId,
  provider_status: event.providerStatus,
  reason: event.overdue?.reason ?? null,
  since_ms: event.overdue?.sinceMs ?? null,
  age_ms: event.createdAtMs === null ? null : event.atMs - event.createdAtMs,
});

export const givenUpData = (event: EventOf<'BatchGivenUp'>): JsonObject => ({
  batch_key: event.batchKey,
  provider_batch_id: event.providerBatchId,
  provider_status: event.providerStatus,
  completed_count: event.progress?.completed ?? null,
  failed_count: event.progress?.failed ?? null,
  output_file_id: event.ending.outputFileId,
  error_file_id: event.ending.errorFileId,
  may_be_paid_twice_count: event.by === null ? 0 : event.rows,
  by: event.by,
});
