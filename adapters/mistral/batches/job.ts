import type { BatchEnding, BatchStage, NamedFiles } from '../../../lib/core/model/batch.ts';
import type { BatchObservation } from '../../../lib/core/model/command.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { noSecrets, type Scrub } from '../../http/scrub.ts';
import { rejectionOf } from '../../openai/batches/rejection.ts';

const statusCharsMax = 100;
const idPattern = /^[\w.:-]{1,200}$/u;
/** The last second that a `Date` can hold. */
const secondsMax = 8_640_000_000_000;

/** A batch job, as far as it is used. */
export interface JobReport {
  readonly id: ProviderBatchId;
  /** The service's own word. */
  readonly status: string;
  readonly isAccepted: boolean;
  readonly createdAtMs: number | null;
  readonly statusSinceMs: number | null;
  /** Null: it names none, or several, which no job of ours has. */
  readonly inputFileId: string | null;
  readonly metadata: JsonObject;
  readonly progress: BatchObservation['progress'];
  readonly stage: BatchStage;
  readonly ending: BatchEnding | null;
  readonly named: NamedFiles;
}

const stages: Readonly<Record<string, BatchStage>> = {
  QUEUED: 'validating',
  RUNNING: 'in_progress',
  CANCELLATION_REQUESTED: 'cancelling',
};

const endings: Readonly<Record<string, BatchEnding['type']>> = {
  SUCCESS: 'completed',
  FAILED: 'rejected',
  TIMEOUT_EXCEEDED: 'expired',
  CANCELLED: 'cancelled',
};

/** Reads a job; null when it is none. */
export const readJob = (value: unknown, scrub: Scrub = noSecrets.scrub): JobReport | null => {
  if (!isJsonObject(value)) return null;
  const { id, status: given, metadata, input_files: inputs } = value;
  if (typeof id !== 'string' || !idPattern.test(id) || typeof given !== 'string' || given === '')
    return null;
  const status = given.toUpperCase();
  const named = {
    outputFileId: fileIdOf(value['output_file']),
    errorFileId: fileIdOf(value['error_file']),
  };
  const files = Array.isArray(inputs) ? (inputs as readonly JsonValue[]) : [];
  return {
    id: id as ProviderBatchId,
    status: scrub(given).slice(0, statusCharsMax),
    isAccepted: status !== 'QUEUED' && status !== 'FAILED',
    createdAtMs: timeOf(value['created_at']),
    statusSinceMs: timeOf(value['completed_at']) ?? timeOf(value['started_at']),
    inputFileId: files.length === 1 ? fileIdOf(files[0]) : null,
    metadata: isJsonObject(metadata) ? metadata : {},
    progress: progressOf(value),
    stage: (Object.hasOwn(stages, status) ? stages[status] : undefined) ?? 'unknown',
    ending: endingOf(status, named, value['errors'], scrub),
    named,
  };
};

/**
 * A status that we do not know is one of a job that still runs: to give up on it would be to pay
 * for it again. A job that failed and yet names files has answered.
 */
const endingOf = (
  status: string,
  named: NamedFiles,
  errors: JsonValue | undefined,
  scrub: Scrub,
): BatchEnding | null => {
  const type = Object.hasOwn(endings, status) ? endings[status] : undefined;
  if (type === undefined) return null;
  const hasAnswered = named.outputFileId !== null || named.errorFileId !== null;
  if (type === 'rejected' && hasAnswered) return { type: 'completed', ...named, rejection: null };
  return { type, ...named, rejection: type === 'rejected' ? rejectionOf(errors, scrub) : null };
};

const fileIdOf = (value: JsonValue | undefined): string | null =>
  typeof value === 'string' && idPattern.test(value) ? value : null;

/** Zeros until the job runs. */
const progressOf = (job: JsonObject): BatchObservation['progress'] => {
  const [total, completed, failed] = ['total', 'succeeded', 'failed'].map(
    (name) => job[`${name}_requests`],
  );
  return isCount(total) && isCount(completed) && isCount(failed)
    ? { total, completed, failed }
    : null;
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const timeOf = (seconds: JsonValue | undefined): number | null =>
  typeof seconds === 'number' && Math.abs(seconds) <= secondsMax ? seconds * 1000 : null;
