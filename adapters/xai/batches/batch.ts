import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { BatchKey, ProviderBatchId } from '../../../lib/core/values/ids.ts';
import { noSecrets, type Scrub } from '../../http/scrub.ts';

const idPattern = /^[\w.:-]{1,200}$/u;
const wordsMax = 1_000;

/** What a batch was given, and what became of it. */
export interface RequestCounts {
  readonly requests: number;
  readonly pending: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** A batch, as far as it is used. It has no status: its counts and a time are all that it says. */
export interface Container {
  readonly id: ProviderBatchId;
  readonly name: string;
  readonly counts: RequestCounts;
  readonly isCancelled: boolean;
  /** Why the service cancelled it; null: it did not. */
  readonly cancelMessage: string | null;
  readonly createdAtMs: number | null;
  readonly expiresAtMs: number | null;
}

/** Reads a batch; null when it is none. */
export const readContainer = (value: unknown, scrub: Scrub = noSecrets.scrub): Container | null => {
  if (!isJsonObject(value)) return null;
  const { batch_id: id, name, state, cancel_time: cancelTime } = value;
  const { cancel_by_xai_message: message } = value;
  const counts = countsIn(state);
  if (typeof id !== 'string' || !idPattern.test(id) || counts === null) return null;
  const isMessage = typeof message === 'string' && message !== '';
  return {
    id: id as ProviderBatchId,
    name: typeof name === 'string' ? name : '',
    counts,
    isCancelled: isMessage || (cancelTime ?? '') !== '',
    cancelMessage: isMessage ? scrub(message).slice(0, wordsMax) : null,
    createdAtMs: timeOf(value['create_time'], null),
    // A date without a time ends with its day.
    expiresAtMs: timeOf(value['expire_time'], dayMs),
  };
};

const names = {
  requests: 'num_requests',
  pending: 'num_pending',
  succeeded: 'num_success',
  failed: 'num_error',
  cancelled: 'num_cancelled',
} as const;

const countsIn = (state: JsonValue | undefined): RequestCounts | null => {
  if (!isJsonObject(state)) return null;
  const count = (of: keyof RequestCounts): number => countOf(state, names[of]);
  const counts = {
    requests: count('requests'),
    pending: count('pending'),
    succeeded: count('succeeded'),
    failed: count('failed'),
    cancelled: count('cancelled'),
  };
  return Object.values(counts).some(Number.isNaN) ? null : counts;
};

/** Absent is zero, as gRPC writes it; what is no count is none. */
const countOf = (state: JsonObject, name: string): number => {
  const value = state[name] ?? 0;
  const count = typeof value === 'string' && /^\d{1,15}$/u.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0
    ? count
    : Number.NaN;
};

const dayMs = 86_400_000;

/**
 * Dates come without a time (2026-08), and may come with one. `ofDate`: what a date alone says, ms
 * after its beginning; null: nothing.
 */
const timeOf = (time: JsonValue | undefined, ofDate: number | null): number | null => {
  if (typeof time !== 'string' || !/^\d{4}-\d\d-\d\d/u.test(time)) return null;
  const ms = Date.parse(time);
  if (!Number.isFinite(ms)) return null;
  return time.length > 10 ? ms : ofDate === null ? null : ms + ofDate;
};

/** Whose a batch is, by its name: `batchor/KEY/ATTEMPT`. */
export const nameOf = (batchKey: BatchKey, createAttempt: number): string =>
  `batchor/${batchKey}/${createAttempt}`;

/** Null for a name that batchor gave to no batch. */
export const markIn = (
  name: string,
): { readonly batchKey: BatchKey; readonly createAttempt: number } | null => {
  const [, batchKey, attempt] = /^batchor\/([^/]{1,100})\/([1-9]\d{0,8})$/u.exec(name) ?? [];
  return batchKey === undefined
    ? null
    : { batchKey: batchKey as BatchKey, createAttempt: Number(attempt) };
};
