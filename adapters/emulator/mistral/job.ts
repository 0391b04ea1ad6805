import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchObject } from '../../../lib/sim/provider/index.ts';

/** What a create said goes with the batch, as metadata: it may make two, or one later. */
export const modelKey = 'emulated_model';

const states: Readonly<Record<string, string>> = {
  validating: 'QUEUED',
  in_progress: 'RUNNING',
  finalizing: 'RUNNING',
  completed: 'SUCCESS',
  failed: 'FAILED',
  expired: 'TIMEOUT_EXCEEDED',
  cancelling: 'CANCELLATION_REQUESTED',
  cancelled: 'CANCELLED',
};

export const modelOf = ({ metadata }: BatchObject): string => metadata?.[modelKey] ?? '';

/** The batch as a job, with keys in the order recorded in August 2026. */
export const jobOf = (batch: BatchObject): JsonObject => {
  const { [modelKey]: model = null, ...metadata } = batch.metadata ?? {};
  const { total, completed, failed } = batch.request_counts;
  const file = (id: string | null): string | null => (id === '' ? null : id);
  return {
    id: batch.id,
    object: 'batch',
    input_files: [batch.input_file_id],
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
    endpoint: batch.endpoint,
    model,
    agent_id: null,
    output_file: file(batch.output_file_id),
    error_file: file(batch.error_file_id),
    errors: (batch.errors?.data ?? []).map(({ message, line }) => ({
      message: line === null ? message : `Line ${line}: ${message}`,
      count: 1,
    })),
    outputs: null,
    status: states[batch.status] ?? batch.status.toUpperCase(),
    created_at: batch.created_at,
    total_requests: total,
    completed_requests: completed + failed,
    succeeded_requests: completed,
    failed_requests: failed,
    started_at: batch.in_progress_at,
    completed_at:
      batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at ?? null,
  };
};
