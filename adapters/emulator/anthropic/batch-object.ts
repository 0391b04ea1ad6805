import { splitLines } from '../../../lib/sim/provider/lines.ts';
import {
  isTerminal,
  type BatchObject,
  type BatchStatus,
  type FakeProvider,
} from '../../../lib/sim/provider/index.ts';
import { resultLine, type ResultType } from './result-line.ts';
import { type AnthropicState, sentBatchOf } from './state.ts';

/** Anthropic's Message Batch, with keys in the order recorded in August 2026. */
export interface MessageBatch {
  readonly id: string;
  readonly type: 'message_batch';
  readonly processing_status: string;
  readonly request_counts: Readonly<Record<'processing' | ResultType, number>>;
  readonly ended_at: string | null;
  readonly created_at: string;
  readonly expires_at: string;
  readonly archived_at: string | null;
  readonly cancel_initiated_at: string | null;
  readonly results_url: string | null;
}

/** Results can be fetched for so long after the creation (batch guide, 2026-06). */
const retentionS = 29 * 86_400;
const windowS = 86_400;
const lineBytesMax = 67_108_864;

export const shownId = (fakeId: string): string => fakeId.replace(/^batch_/u, 'msgbatch_');
export const fakeId = (id: string): string => id.replace(/^msgbatch_/u, 'batch_');

/** The fake's batch as Anthropic shows it, with the address of its results at this origin. */
export const messageBatch = async (
  provider: FakeProvider,
  state: AnthropicState,
  batch: BatchObject,
  origin: string,
): Promise<MessageBatch> => {
  const id = shownId(batch.id);
  const createdS = secondsOf(batch.created_at);
  const isEnded = isTerminal(batch.status as BatchStatus);
  const isArchived = isEnded && provider.nowMs() >= (createdS + retentionS) * 1000;
  const time = (seconds: unknown): string | null =>
    typeof seconds === 'number' ? timeText(seconds, id) : null;
  const endedAt = batch.completed_at ?? batch.expired_at ?? batch.cancelled_at ?? batch.failed_at;
  return {
    id,
    type: 'message_batch',
    processing_status: statusOf(batch.status),
    request_counts: isEnded
      ? { processing: 0, ...(await endedCounts(provider, state, batch)) }
      : { ...none, processing: sentBatchOf(state, batch).requests },
    ended_at: isEnded ? time(endedAt) : null,
    created_at: timeText(createdS, id),
    expires_at: timeText(createdS + windowS, id),
    archived_at: isArchived ? time(createdS + retentionS) : null,
    cancel_initiated_at: time(batch.cancelling_at),
    results_url: isEnded && !isArchived ? `${origin}/v1/messages/batches/${id}/results` : null,
  };
};

const none = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };

/** A status that a script shows is passed on, as one that no client knows. */
const statusOf = (status: string): string => {
  if (status === 'cancelling') return 'canceling';
  if (['validating', 'in_progress', 'finalizing'].includes(status)) return 'in_progress';
  return isTerminal(status as BatchStatus) ? 'ended' : status;
};

/** A script may write times as texts. */
const secondsOf = (time: unknown): number =>
  typeof time === 'number' ? time : Math.floor(Date.parse(String(time)) / 1000);

/** RFC 3339 with microseconds, which are of the batch. */
const timeText = (seconds: number, id: string): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${microseconds(id)}+00:00`;

const microseconds = (id: string): string =>
  String(Number.parseInt(id.slice(-8), 16) % 1_000_000).padStart(6, '0');

/** Exact, from the lines themselves; read once. */
const endedCounts = async (
  provider: FakeProvider,
  state: AnthropicState,
  batch: BatchObject,
): Promise<Readonly<Record<ResultType, number>>> => {
  const known = state.counted.get(batch.id);
  if (known !== undefined) return known;
  const sent = sentBatchOf(state, batch);
  const counts = { succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  if (batch.status === 'failed') return { ...counts, errored: sent.requests };
  const fileIds = [batch.output_file_id, batch.error_file_id].filter(
    (id): id is string => id !== null && id !== '',
  );
  if (fileIds.length === 0) {
    const { completed, failed } = batch.request_counts;
    return { ...counts, succeeded: completed, errored: failed };
  }
  const decoder = new TextDecoder();
  for (const id of fileIds) {
    const content = provider.readFile(id);
    if (content === null) continue;
    for await (const lines of splitLines(content, lineBytesMax))
      for (const bytes of lines) {
        const type = resultLine(decoder.decode(bytes), sent).counts;
        if (type !== null) counts[type] += 1;
      }
  }
  // The counts always add up to the requests: what has no line that can be read was answered.
  const counted = Object.values(counts).reduce((sum, each) => sum + each, 0);
  counts.succeeded += Math.max(0, sent.requests - counted);
  state.counted.set(batch.id, counts);
  return counts;
};
