import type {
  BatchEnding,
  BatchStage,
  NamedFiles,
  RefusedId,
} from '../../../lib/core/model/batch.ts';
import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { refusedIdsOf, rejectionOf } from './rejection.ts';
import { noSecrets, type Scrub } from '../../http/scrub.ts';

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
  /** Validated, and accepted by the queue. */
  readonly isAccepted: boolean;
  readonly createdAtMs: number | null;
  readonly inputFileId: string | null;
  readonly metadata: JsonObject;
  readonly progress: BatchObservation['progress'];
  readonly ending: BatchEnding | null;
  readonly stage: BatchStage;
  readonly expiresAtMs: number | null;
  /** When its status last changed; null: unknown. */
  readonly statusSinceMs: number | null;
  /** The files that it names, over or not. */
  readonly named: NamedFiles;
  /** Lines that its failed validation names by their ids. */
  readonly refusedIds: readonly RefusedId[];
}

/**
 * Reads a Batch object; null when it is none: old batches were seen to turn into an `{"error": …}`
 * body. Its words are scrubbed here; ids are what we ask with, and an object whose ids no service
 * would give is none.
 */
export const readBatch = (value: unknown, scrub: Scrub = noSecrets.scrub): BatchReport | null => {
  if (!isJsonObject(value)) return null;
  const { id, status, created_at: createdAt, metadata } = value;
  if (typeof id !== 'string' || id === '' || typeof status !== 'string' || status === '')
    return null;
  const ids = [id, value['input_file_id'], value['output_file_id'], value['error_file_id']];
  if (ids.some((each) => typeof each === 'string' && !isPlainId(each))) return null;
  const known = plainStatus(status);
  const named = {
    outputFileId: fileIdOf(value['output_file_id']),
    errorFileId: fileIdOf(value['error_file_id']),
  };
  return {
    id: id as ProviderBatchId,
    status: scrub(status).slice(0, statusCharsMax),
    isAccepted: !['validating', 'failed'].includes(known),
    createdAtMs: timeOf(createdAt),
    inputFileId: fileIdOf(value['input_file_id']),
    metadata: isJsonObject(metadata) ? metadata : {},
    progress: progressOf(value['request_counts']),
    ending: endingOf(known, named, value['errors'], scrub),
    stage: (Object.hasOwn(stages, known) ? stages[known] : undefined) ?? 'unknown',
    expiresAtMs: timeOf(value['expires_at']),
    statusSinceMs: timeOf(value[known === 'validating' ? 'created_at' : `${known}_at`]),
    named,
    refusedIds: endings[known] === 'rejected' ? refusedIdsOf(value['errors'], scrub) : [],
  };
};

/**
 * Azure's reference writes `Validating`, SDKs write `InProgress` and `in-progress` (2026-01): all
 * are OpenAI's words.
 */
const plainStatus = (status: string): string => {
  const letters = status.toLowerCase().replace(/[\s_-]+/gu, '');
  return letters === 'inprogress'
    ? 'in_progress'
    : letters === 'canceling'
      ? 'cancelling'
      : letters;
};

const stages: Readonly<Record<string, BatchStage>> = {
  validating: 'validating',
  in_progress: 'in_progress',
  finalizing: 'finalizing',
  cancelling: 'cancelling',
};

const endings: Readonly<Record<string, BatchEnding['type']>> = {
  completed: 'completed',
  expired: 'expired',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  failed: 'rejected',
};

/**
 * A status that we do not know is one of a batch that still runs: to give up on it would be to pay
 * for it again.
 */
const endingOf = (
  status: string,
  named: NamedFiles,
  errors: JsonValue | undefined,
  scrub: Scrub,
): BatchEnding | null => {
  const type = Object.hasOwn(endings, status) ? endings[status] : undefined;
  return type === undefined
    ? null
    : { type, ...named, rejection: type === 'rejected' ? rejectionOf(errors, scrub) : null };
};

/** No file is null, an empty string or nothing at all: all three were seen. */
const fileIdOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

const progressOf = (counts: JsonValue | undefined): BatchObservation['progress'] => {
  if (!isJsonObject(counts)) return null;
  const { total, completed, failed } = counts;
  if (!isCount(total) || !isCount(completed) || !isCount(failed)) return null;
  return { total, completed, failed };
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * Seconds since 1970, or an ISO date as Azure writes it, as milliseconds; null for what is no time.
 */
const timeOf = (time: JsonValue | undefined): number | null => {
  if (typeof time === 'number') return Math.abs(time) <= secondsMax ? time * 1000 : null;
  const ms =
    typeof time === 'string' && /^\d{4}-\d\d-\d\dT/u.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
};

const isPlainId = (id: string): boolean =>
  id.length <= idCharsMax && !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(id);
