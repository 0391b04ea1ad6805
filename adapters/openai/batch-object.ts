import type { BatchEnding } from '../../lib/core/batch.ts';
import type { BatchObservation } from '../../lib/core/command.ts';
import type { ProviderBatchId } from '../../lib/core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { rejectionOf } from './rejection.ts';

/** OpenAI's Batch object, as far as it is used. */
export interface BatchReport {
  readonly id: ProviderBatchId;
  /** The provider's own word. */
  readonly status: string;
  /** Validated, and there was room for it in the queue. */
  readonly isAccepted: boolean;
  readonly createdAtMs: number | null;
  readonly inputFileId: string | null;
  readonly metadata: JsonObject;
  readonly progress: BatchObservation['progress'];
  readonly ending: BatchEnding | null;
}

/** Reads a Batch object; null when it is none: old batches were seen to turn into an `{"error": …}` body. */
export const readBatch = (value: unknown): BatchReport | null => {
  if (!isJsonObject(value)) return null;
  const { id, status, created_at: createdAt, metadata } = value;
  if (typeof id !== 'string' || id === '' || typeof status !== 'string' || status === '') return null;
  return {
    id: id as ProviderBatchId,
    status,
    isAccepted: !['validating', 'failed'].includes(status.toLowerCase()),
    createdAtMs: typeof createdAt === 'number' ? createdAt * 1000 : null,
    inputFileId: fileIdOf(value['input_file_id']),
    metadata: isJsonObject(metadata) ? metadata : {},
    progress: progressOf(value['request_counts']),
    ending: endingOf(status.toLowerCase(), value),
  };
};

const endings: Readonly<Record<string, BatchEnding['type']>> = {
  completed: 'completed',
  expired: 'expired',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  failed: 'rejected',
};

/** A status that we do not know is one of a batch that still runs: to give up on it would be to pay for it again. */
const endingOf = (status: string, batch: JsonObject): BatchEnding | null => {
  const type = Object.hasOwn(endings, status) ? endings[status] : undefined;
  if (type === undefined) return null;
  return {
    type,
    outputFileId: fileIdOf(batch['output_file_id']),
    errorFileId: fileIdOf(batch['error_file_id']),
    rejection: type === 'rejected' ? rejectionOf(batch['errors']) : null,
  };
};

/** No file is null, an empty string or nothing at all: all three were seen. */
const fileIdOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

const progressOf = (counts: JsonValue | undefined): BatchObservation['progress'] => {
  if (!isJsonObject(counts)) return null;
  const { total, completed, failed } = counts;
  if (typeof total !== 'number' || typeof completed !== 'number' || typeof failed !== 'number') return null;
  return { total, completed, failed };
};
