import type { BatchEnding, BatchRejection, BatchStage } from '../../../lib/core/model/batch.ts';
import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { noSecrets, type Scrub } from '../../http/scrub.ts';
import { countOf } from '../answers/answer-reader.ts';
import { readStatus } from '../answers/rpc-status.ts';
import { windowMs } from '../config/limits.ts';
import { type BatchMark, markIn } from './display-name.ts';
import { rejectionOf } from './rejection.ts';
import { timeOf } from './times.ts';

const stateCharsMax = 100;

/** An operation of the batch API, as far as it is used. */
export interface BatchReport {
  /** `batches/…`. */
  readonly id: ProviderBatchId;
  /** The state in the service's own word, without `BATCH_STATE_`. */
  readonly state: string;
  readonly isAccepted: boolean;
  /** Null: batchor did not name it. */
  readonly mark: BatchMark | null;
  readonly createdAtMs: number | null;
  readonly expiresAtMs: number | null;
  readonly statusSinceMs: number | null;
  readonly progress: BatchObservation['progress'];
  readonly stage: BatchStage;
  readonly ending: BatchEnding | null;
  /** The file of answers, over or not; null: it names none. */
  readonly outputFileId: string | null;
}

/**
 * Reads an operation: `{ name, metadata: { state, batchStats, output … }, done, response, error }`;
 * null when it is none. Counts are texts, and those of zero are left out; answers stand twice, of
 * which either is taken.
 */
export const readBatch = (value: unknown, scrub: Scrub = noSecrets.scrub): BatchReport | null => {
  if (!isJsonObject(value)) return null;
  const { name, done, error } = value;
  const metadata = isJsonObject(value['metadata']) ? value['metadata'] : {};
  if (typeof name !== 'string' || !/^batches\/[\w.-]{1,200}$/u.test(name)) return null;
  const state = plainState(metadata['state']);
  const outputFileId = fileIn(value['response']) ?? fileIn(metadata['output']);
  const createdAtMs = timeOf(metadata['createTime']);
  const isOver = done === true;
  return {
    id: name as ProviderBatchId,
    state: scrub(state).slice(0, stateCharsMax),
    isAccepted: !waiting.has(state) && state !== 'FAILED',
    mark: markIn(textOf(metadata['displayName'])),
    createdAtMs,
    expiresAtMs: createdAtMs === null ? null : createdAtMs + windowMs,
    statusSinceMs: timeOf(metadata['endTime']) ?? timeOf(metadata['updateTime']),
    progress: progressOf(metadata['batchStats']),
    stage: (Object.hasOwn(stages, state) ? stages[state] : undefined) ?? 'unknown',
    ending: endingOf({ state, isOver, error, outputFileId }, scrub),
    outputFileId,
  };
};

const textOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && value !== '' ? value : null;

/** `BATCH_STATE_RUNNING`; the SDK writes `JOB_STATE_RUNNING`. Absent is the unspecified one. */
const plainState = (state: JsonValue | undefined): string =>
  typeof state === 'string' && state !== ''
    ? state.toUpperCase().replace(/^(?:BATCH|JOB)_STATE_/u, '')
    : 'UNSPECIFIED';

const waiting: ReadonlySet<string> = new Set(['UNSPECIFIED', 'PENDING', 'QUEUED']);

const stages: Readonly<Record<string, BatchStage>> = {
  PENDING: 'validating',
  QUEUED: 'validating',
  RUNNING: 'in_progress',
  UPDATING: 'in_progress',
  PAUSED: 'in_progress',
  CANCELLING: 'cancelling',
};

const endings: Readonly<Record<string, BatchEnding['type']>> = {
  SUCCEEDED: 'completed',
  PARTIALLY_SUCCEEDED: 'completed',
  FAILED: 'rejected',
  CANCELLED: 'cancelled',
  EXPIRED: 'expired',
};

interface End {
  readonly state: string;
  readonly isOver: boolean;
  readonly error: JsonValue | undefined;
  readonly outputFileId: string | null;
}

/**
 * A state that we do not know is one of a batch that still runs, unless the operation is done: to
 * give up on it would be to pay for it again. One that failed and yet names answers has answered.
 */
const endingOf = (
  { state, isOver, error, outputFileId }: End,
  scrub: Scrub,
): BatchEnding | null => {
  const known = Object.hasOwn(endings, state) ? endings[state] : undefined;
  const status = readStatus(error);
  const type = known ?? (isOver ? (status === null ? 'completed' : 'rejected') : undefined);
  if (type === undefined) return null;
  if (type === 'rejected' && outputFileId !== null)
    return { type: 'completed', outputFileId, errorFileId: null, rejection: null };
  const rejection: BatchRejection | null = type === 'rejected' ? rejectionOf(status, scrub) : null;
  // An expired batch keeps nothing.
  return {
    type,
    outputFileId: type === 'expired' ? null : outputFileId,
    errorFileId: null,
    rejection,
  };
};

/** `responsesFile` of an output; null where it has none. */
const fileIn = (output: JsonValue | undefined): string | null => {
  const file = isJsonObject(output) ? output['responsesFile'] : undefined;
  return typeof file === 'string' && /^files\/[\w.-]{1,200}$/u.test(file) ? file : null;
};

/** Null where it has not counted its requests. Counts of zero are left out. */
const progressOf = (stats: JsonValue | undefined): BatchObservation['progress'] => {
  if (!isJsonObject(stats)) return null;
  const total = countOf(stats['requestCount']);
  const completed = optional(stats, 'successfulRequestCount');
  const failed = optional(stats, 'failedRequestCount');
  return total === null || completed === null || failed === null
    ? null
    : { total, completed, failed };
};

const optional = (stats: JsonObject, key: string): number | null =>
  stats[key] === undefined ? 0 : countOf(stats[key]);
