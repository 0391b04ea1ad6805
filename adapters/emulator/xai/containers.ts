import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchObject, FakeProvider, Reply } from '../../../lib/sim/provider/index.ts';

/** A batch as the service has it: made empty, and filled by calls that each add requests. */
export interface Container {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  /** Ids of all requests that were added: one that comes again is the one that is there. */
  readonly customIds: Set<string>;
  /** What each call added: the fake's file, its batch where that is known, and how many. */
  readonly added: Added[];
  cancelledMs: number | null;
}

export interface Added {
  readonly fileId: string;
  readonly requests: number;
  batchId: string | null;
}

/** Finds batches of the fake whose create was not answered: they come late, or never. */
export const findLost = async (provider: FakeProvider, container: Container): Promise<void> => {
  for (const added of container.added) {
    if (added.batchId !== null) continue;
    for (let after: string | null = null; ;) {
      const page = await provider.listBatches({ limit: 100, ...(after === null ? {} : { after }) });
      if (page.type !== 'done') break;
      const own = page.value.data.filter((batch) => batch.input_file_id === added.fileId);
      added.batchId = own.at(-1)?.id ?? added.batchId;
      after = page.value.data.at(-1)?.id ?? null;
      if (added.batchId !== null || page.value.has_more !== true || after === null) break;
    }
  }
};

/** What the fake says of a container's requests. */
export interface Shown {
  readonly batches: readonly BatchObject[];
  readonly value: JsonObject;
}

/** The container with its counts, or what the fake answered in place of them. */
export const showContainer = async (
  provider: FakeProvider,
  container: Container,
): Promise<Reply<Shown>> => {
  await findLost(provider, container);
  const counts = { requests: 0, pending: 0, success: 0, error: 0, cancelled: 0 };
  const batches: BatchObject[] = [];
  let message: string | null = null;
  for (const { batchId, requests } of container.added) {
    if (batchId === null) continue;
    const reply = await provider.retrieveBatch(batchId);
    // A batch that is not to be seen yet shows no requests.
    if (reply.type === 'refused' && reply.statusCode === 404) continue;
    if (reply.type !== 'done') return reply;
    const { status, request_counts: given, errors } = reply.value;
    // Requests that came after it was cancelled were not taken.
    if (status === 'failed' && container.cancelledMs !== null) continue;
    batches.push(reply.value);
    counts.requests += requests;
    if (status === 'failed') {
      counts.cancelled += requests;
      message = errors?.data[0]?.message ?? 'The batch could not be processed.';
      continue;
    }
    const isUnfinished = status === 'cancelled' || status === 'expired';
    const failed = isUnfinished ? 0 : (given.failed ?? 0);
    counts.success += given.completed ?? 0;
    counts.error += failed;
    const rest = requests - (given.completed ?? 0) - failed;
    if (isUnfinished) counts.cancelled += rest;
    else counts.pending += status === 'completed' ? 0 : Math.max(1, rest);
  }
  return { type: 'done', value: { batches, value: objectOf(container, counts, message) } };
};

const dayMs = 86_400_000;
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Keys in the order recorded in August 2026. */
const objectOf = (
  { id, name, createdMs, cancelledMs }: Container,
  counts: Readonly<Record<'requests' | 'pending' | 'success' | 'error' | 'cancelled', number>>,
  message: string | null,
): JsonObject => ({
  batch_id: id,
  name,
  create_time: dateOf(createdMs),
  expire_time: dateOf(createdMs + 30 * dayMs),
  create_api_key_id: '00000000-0000-0000-0000-000000000000',
  cancel_time: cancelledMs === null ? null : dateOf(cancelledMs),
  cancel_by_xai_message: message,
  state: {
    num_requests: counts.requests,
    num_pending: counts.pending,
    num_success: counts.success,
    num_error: counts.error,
    num_cancelled: counts.cancelled,
  },
});
