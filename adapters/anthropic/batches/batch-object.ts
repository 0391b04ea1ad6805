import type { BatchEnding, BatchStage } from '../../../lib/core/model/batch.ts';
import type { BatchObservation } from '../../../lib/core/model/observation.ts';
import type { ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import { noSecrets, type Scrub } from '../../http/scrub.ts';

const statusCharsMax = 100;
const idCharsMax = 1_024;

/** A Message Batch, as far as it is used. */
export interface BatchReport {
  readonly id: ProviderBatchId;
  /** The provider's own word. */
  readonly status: string;
  readonly stage: BatchStage;
  /** Its requests by its counts; null: it has none. */
  readonly requests: number | null;
  readonly createdAtMs: number | null;
  readonly expiresAtMs: number | null;
  /** When its status last changed; null: unknown. */
  readonly statusSinceMs: number | null;
  readonly progress: BatchObservation['progress'];
  /** Its results, where it names an address for them, are its output file. */
  readonly ending: BatchEnding | null;
  /** It is over, and names no address of results yet. */
  readonly areFilesPending: boolean;
}

/**
 * Reads a Message Batch; null when it is none. Its words are scrubbed here; ids are what we ask
 * with, and an object whose id no service would give is none.
 */
export const readBatch = (value: unknown, scrub: Scrub = noSecrets.scrub): BatchReport | null => {
  if (!isJsonObject(value)) return null;
  const { id, processing_status: word, results_url: resultsUrl, type } = value;
  if (typeof id !== 'string' || typeof word !== 'string' || word === '') return null;
  if (!isPlain(id) || (typeof type === 'string' && type !== 'message_batch')) return null;
  const counts = countsOf(value['request_counts']);
  // Gateways write it in capitals.
  const status = word.toLowerCase();
  const isEnded = status === 'ended';
  const stage = stageOf(status);
  // Ids and addresses are what we ask with: one that no service would give is none.
  const url =
    typeof resultsUrl === 'string' && isPlain(resultsUrl) && URL.canParse(resultsUrl)
      ? resultsUrl
      : null;
  const isArchived = timeOf(value['archived_at']) !== null;
  return {
    id: id as ProviderBatchId,
    status: scrub(word).slice(0, statusCharsMax),
    stage,
    requests: counts === null ? null : Object.values(counts).reduce((sum, each) => sum + each, 0),
    createdAtMs: timeOf(value['created_at']),
    expiresAtMs: timeOf(value['expires_at']),
    statusSinceMs: timeOf(value[isEnded ? 'ended_at' : sinceOf(status)]),
    progress: isEnded || stage === 'unknown' ? progressOf(counts) : null,
    // A status that we do not know is one of a batch that still runs: to give up on it would be to
    // pay for it again.
    ending: isEnded
      ? {
          type: endingOf(value, counts),
          outputFileId: url,
          errorFileId: null,
          rejection: null,
        }
      : null,
    areFilesPending: isEnded && url === null && !isArchived,
  };
};

interface Counts {
  readonly processing: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly canceled: number;
  readonly expired: number;
}

const countsOf = (counts: JsonValue | undefined): Counts | null => {
  if (!isJsonObject(counts)) return null;
  const { processing, succeeded, errored, canceled, expired } = counts;
  return isCount(processing) &&
    isCount(succeeded) &&
    isCount(errored) &&
    isCount(canceled) &&
    isCount(expired)
    ? { processing, succeeded, errored, canceled, expired }
    : null;
};

const isCount = (value: JsonValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** There are none before the end: everything is `processing` until then. */
const progressOf = (counts: Counts | null): BatchObservation['progress'] => {
  if (counts === null) return null;
  const { processing, succeeded, errored, canceled, expired } = counts;
  const failed = errored + canceled + expired;
  return { total: processing + succeeded + failed, completed: succeeded, failed };
};

/** There is one word for the end. What ended it shows in the counts. */
const endingOf = (batch: JsonObject, counts: Counts | null): BatchEnding['type'] => {
  const { canceled = 0, expired = 0 } = counts ?? {};
  if (canceled > 0 && timeOf(batch['cancel_initiated_at']) !== null) return 'cancelled';
  return expired > 0 ? 'expired' : 'completed';
};

const stageOf = (status: string): BatchStage => {
  if (status === 'canceling') return 'cancelling';
  return status === 'in_progress' ? 'in_progress' : 'unknown';
};

const sinceOf = (status: string): string =>
  status === 'canceling' ? 'cancel_initiated_at' : 'created_at';

/** RFC 3339, with microseconds, as milliseconds; null for what is no time. */
const timeOf = (time: JsonValue | undefined): number | null => {
  const ms =
    typeof time === 'string' && /^\d{4}-\d\d-\d\dT/u.test(time) ? Date.parse(time) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
};

const isPlain = (text: string): boolean =>
  text !== '' &&
  text.length <= idCharsMax &&
  !/[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text);
