import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchObject, FakeProvider } from '../../../lib/sim/provider/index.ts';
import { timeText } from './file-object.ts';
import { inlineResults } from './inline-results.ts';
import { batchName, responsesName } from './names.ts';
import { type GeminiState, sentBatchOf, sentFileOf } from './state.ts';

/** The fake's states in the API's words; any other is passed on. */
const states: Readonly<Record<string, string>> = {
  validating: 'PENDING',
  in_progress: 'RUNNING',
  finalizing: 'RUNNING',
  completed: 'SUCCEEDED',
  failed: 'FAILED',
  expired: 'EXPIRED',
  cancelling: 'CANCELLING',
  cancelled: 'CANCELLED',
};
const over: ReadonlySet<string> = new Set(['completed', 'failed', 'expired', 'cancelled']);

const types = 'type.googleapis.com/google.ai.generativelanguage.v1main';

/**
 * The batch as an operation, with keys in the order recorded in August 2026. The answers of an
 * expired batch are gone.
 */
export const operationOf = async (
  provider: FakeProvider,
  state: GeminiState,
  batch: BatchObject,
): Promise<JsonObject> => {
  const sent = sentBatchOf(batch);
  const { requests, faults, inline } = sentFileOf(state, batch);
  const name = batchName(batch.id);
  const isOver = over.has(batch.status);
  const hasFiles =
    batch.status !== 'expired' &&
    [batch.output_file_id, batch.error_file_id].some((id) => id !== null && id !== '');
  const kind = sent.isEmbedding ? 'EmbedContent' : 'GenerateContent';
  const output = !hasFiles
    ? null
    : inline === null
      ? { responsesFile: responsesName(batch.id) }
      : {
          [sent.isEmbedding ? 'inlinedEmbedContentResponses' : 'inlinedResponses']: {
            inlinedResponses: await inlineResults(provider, batch, { ...sent, faults }, inline),
          },
        };
  const error = errorOf(batch);
  return {
    name,
    metadata: {
      '@type': `${types}.${kind}Batch`,
      model: `models/${sent.model}`,
      ...(sent.displayName === null ? {} : { displayName: sent.displayName }),
      ...(output === null ? {} : { output }),
      ...timesOf(batch),
      batchStats: statsOf(batch, requests),
      state: `BATCH_STATE_${states[batch.status] ?? batch.status.toUpperCase()}`,
      name,
    },
    ...(isOver ? { done: true } : {}),
    ...(error === null ? {} : { error }),
    ...(isOver && error === null
      ? { response: { '@type': `${types}.${kind}BatchOutput`, ...output } }
      : {}),
  };
};

const timesOf = (batch: BatchObject): JsonObject => {
  const endedS =
    batch.completed_at ?? batch.failed_at ?? batch.expired_at ?? batch.cancelled_at ?? null;
  const createTime = timeText(batch.created_at * 1000);
  if (endedS === null) return { createTime, updateTime: createTime };
  const endTime = timeText(endedS * 1000);
  return { createTime, endTime, updateTime: endTime };
};

/** Counts are texts, and those of zero are left out. */
const statsOf = ({ request_counts: counts, status }: BatchObject, requests: number): JsonObject => {
  const total = Math.max(counts.total, requests);
  const pending = over.has(status) ? 0 : total - counts.completed - counts.failed;
  const stats = {
    requestCount: total,
    pendingRequestCount: pending,
    successfulRequestCount: counts.completed,
    failedRequestCount: counts.failed,
  };
  return Object.fromEntries(
    Object.entries(stats).flatMap(([key, count]) => (count > 0 ? [[key, String(count)]] : [])),
  );
};

const errorOf = ({ status, errors }: BatchObject): JsonObject | null => {
  if (status === 'cancelled') return { code: 1, message: 'The operation was cancelled.' };
  if (status === 'expired') return { code: 4, message: 'The batch expired.' };
  if (status !== 'failed') return null;
  const [first] = errors?.data ?? [];
  if (first === undefined) return { code: 3, message: 'The batch failed.' };
  const isFull = first.code === 'token_limit_exceeded';
  const line = first.line === null ? '' : `Line ${first.line}: `;
  return { code: isFull ? 8 : 3, message: `${line}${first.message}` };
};
