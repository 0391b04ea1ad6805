import type { BatchEnding } from '../../lib/core/batch.ts';
import type { BatchObservation } from '../../lib/core/command.ts';
import type { ProviderBatchId } from '../../lib/core/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../lib/core/json.ts';
import { rejectionOf } from './rejection.ts';
import { noSecrets, type Scrub } from './scrub.ts';

const statusCharsMax = 100;
/** Ids of gateways hold other ids, encoded. */
const idCharsMax = 4_096;
/** The last second that a `Date` can hold. */
const secondsMax = 8_640_000_000_000;

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

/**
 * Reads a Batch object; null when it is none: old batches were seen to turn into an `{"error": …}` body. Its words are scrubbed here; ids are what we ask
 * with, and an object whose ids no service would give is none.
 */
export const readBatch = (value: unknown, scrub: Scrub = noSecrets.scrub): BatchReport | null => {
  if (!isJsonObject(value)) return null;
  const { id, status, created_at: createdAt, metadata } = value;
  if (typeof id !== 'string' || id === '' || typeof status !== 'string' || status === '') return null;
  const ids = [id, value['input_file_id'], value['output_file_id'], value['error_file_id']];
  if (ids.some((each) => typeof each === 'string' && !isPlainId(each))) return null;
  return {
    id: id as ProviderBatchId,
    status: scrub(status).slice(0, statusCharsMax),
    isAccepted: !['validating', 'failed'].includes(status.toLowerCase()),
    createdAtMs: timeOf(createdAt),
    inputFileId: fileIdOf(value['input_file_id']),
    metadata: isJsonObject(metadata) ? metadata : {},
    progress: progressOf(value['request_counts']),
    ending: endingOf(status.toLowerCase(), value, scrub),
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
const endingOf = (status: string, batch: JsonObject, scrub: Scrub): BatchEnding | null => {
  const type = Object.hasOwn(endings, status) ? endings[status] : undefined;
  if (type === undefined) return null;
  return {
    type,
    outputFileId: fileIdOf(batch['output_file_id']),
    errorFileId: fileIdOf(batch['error_file_id']),
    rejection: type === 'rejected' ? rejectionOf(batch['errors'], scrub) : null,
  };
};

/** No file is null, an empty string or nothing at all: all three were seen. */
const fileIdOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);

const progressOf = (counts: JsonValue | undefined): BatchObservation['progress'] => {
  if (!isJsonObject(counts)) return null;
  const { total, completed, failed } = counts;
  if (!isCount(total) || !isCount(completed) || !isCount(failed)) return null;
  return { total, completed, failed };
};

const isCount = (value: JsonValue | undefined): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Seconds since 1970 as milliseconds; null for what is no time. */
const timeOf = (seconds: JsonValue | undefined): number | null =>
  typeof seconds === 'number' && Math.abs(seconds) <= secondsMax ? seconds * 1000 : null;

const isPlainId = (id: string): boolean => id.length <= idCharsMax && !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(id);
