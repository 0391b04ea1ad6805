import type { BatchPool } from './batch-pool.ts';
import type { BatchRecord } from './batch-record.ts';
import { readCreateRequest, type CreateBatchRequest } from './create-request.ts';
import { customIdsAt } from './custom-id-at.ts';
import { pageOf, type PageQuery } from './pages.ts';
import { fullQueueMessage, queueLimitMessage } from './queue-limits.ts';
import type { StateType } from './fault-injector.ts';
import {
  cancelRefused,
  fileNotFound,
  fileNotProcessed,
  insufficientQuota,
  invalidApiKey,
  noSuchBatch,
  noSuchFile,
  notInPlan,
  refusedLine,
  refusedWith,
} from './refusals.ts';
import { done, refused, replyLost, type Refused, type Reply } from './reply.ts';
import { shownBatch } from './shown-batch.ts';
import { isTerminal } from './states.ts';
import { validateInput } from './validate.ts';
import type { BatchObject, ListPage } from './wire.ts';
import type { ProviderWorld } from './world.ts';

const hourMs = 3_600_000;
const pageDefault = 20;

/** Creates a batch. A missing input file is reported by validation, not here. */
export const createBatch = async (
  world: ProviderWorld,
  pool: BatchPool,
  body: unknown,
): Promise<Reply<BatchObject>> => {
  const nowMs = world.nowMs();
  const request = readCreateRequest(body, world.limits);
  if (request.type !== 'done') return request;
  world.book.createAttempted();
  const batchNo = pool.list().length + 1;
  if (world.faults.strike('drop_create', batchNo) !== null) return replyLost;
  const refusal =
    creationFault(world, pool, request.value, batchNo, nowMs) ??
    (await lineFault(world, request.value, batchNo, nowMs)) ??
    (await fullQueueFault(world, pool, request.value, nowMs));
  if (refusal !== null) return refusal;
  const deleted = world.faults.strike('input_file_deleted', batchNo);
  if (deleted !== null) {
    await world.files.remove(request.value.inputFileId);
    if (deleted.isSeenLate !== true) world.missedFiles.add(request.value.inputFileId);
  }
  if (world.missedFiles.has(request.value.inputFileId))
    return noSuchFile(request.value.inputFileId);
  const late = world.faults.strike('create_lands_late', batchNo);
  if (late !== null) {
    pool.addLater(request.value, nowMs + late.forMs);
    return replyLost;
  }
  const isDoubled = world.faults.strike('create_doubled', batchNo) !== null;
  const isReplyLost = world.faults.strike('lose_create_reply', batchNo) !== null || isDoubled;
  const batch = pool.add(request.value, nowMs);
  if (isDoubled) pool.add(request.value, nowMs, true);
  const another = pool.list().at(-1) ?? batch;
  const answered =
    another.id !== batch.id && world.faults.strike('create_answers_another', batchNo) !== null
      ? another
      : batch;
  return isReplyLost ? replyLost : done(shownBatch(world, answered, nowMs));
};

const creationFault = (
  world: ProviderWorld,
  pool: BatchPool,
  request: CreateBatchRequest,
  batchNo: number,
  nowMs: number,
): Refused | null => {
  const scripted = world.faults.strike('create_refused', batchNo);
  if (scripted?.reason === 'unauthorized') return invalidApiKey;
  if (scripted?.reason === 'insufficient_quota') return insufficientQuota;
  if (scripted?.reason === 'not_in_plan') return notInPlan;
  if (scripted?.reason === 'region') return refusedWith(403);
  if (scripted?.reason === 'over_capacity') {
    return queueIsFull(queueLimitMessage('the model', world.queue));
  }
  const file = world.files.find(request.inputFileId, nowMs);
  if (file !== null && file.purpose !== 'batch') {
    return refused(400, `Invalid file purpose: '${file.purpose}'. Expected 'batch'.`, {
      param: 'input_file_id',
      code: 'invalid_purpose',
    });
  }
  if (file !== null && nowMs < file.foundMs) return fileNotFound(file.id, file.foundMessage);
  if (file !== null && nowMs < file.processedMs)
    return fileNotProcessed(file.id, file.processedMessage);
  const recentCount = pool.list().filter(({ createdMs }) => createdMs > nowMs - hourMs).length;
  if (recentCount < world.limits.batchesPerHourMax) return null;
  return refused(429, 'Rate limit reached for batch creation.', {
    type: 'requests',
    code: 'rate_limit_exceeded',
  });
};

/** The error of a service that reads the file at the create. */
const lineFault = async (
  world: ProviderWorld,
  { inputFileId }: CreateBatchRequest,
  batchNo: number,
  nowMs: number,
): Promise<Refused | null> => {
  const line = world.faults.strikeLine('create', batchNo);
  if (line === null) return null;
  const file = world.files.find(inputFileId, nowMs);
  const [customId = null] =
    line.byId === true && file !== null ? await customIdsAt(world, file.blobKey, [line.line]) : [];
  return refusedLine(line, customId);
};

const queueIsFull = (message: string): Refused =>
  refused(429, message, { type: 'tokens', code: 'token_limit_exceeded' });

/** The error of a service that counts the file's tokens at the create. */
const fullQueueFault = async (
  world: ProviderWorld,
  pool: BatchPool,
  request: CreateBatchRequest,
  nowMs: number,
): Promise<Refused | null> => {
  if (world.queue.isFullAt !== 'create') return null;
  const file = world.files.find(request.inputFileId, nowMs);
  if (file === null) return null;
  const validation = await validateInput(
    world.blobs.read(file.blobKey),
    request.endpoint,
    world.limits,
  );
  await pool.settle(nowMs);
  const message =
    validation.errors.length > 0 ? null : fullQueueMessage(world.queue, validation, pool.list());
  return message === null ? null : queueIsFull(message);
};

export const retrieveBatch = async (
  world: ProviderWorld,
  pool: BatchPool,
  id: string,
): Promise<Reply<BatchObject>> => {
  const nowMs = world.nowMs();
  await pool.settle(nowMs);
  const batch = pool.find(id);
  return batch === null || isHidden(world, batch, nowMs)
    ? noSuchBatch(id)
    : done(shownBatch(world, batch, nowMs));
};

export const listBatches = async (
  world: ProviderWorld,
  pool: BatchPool,
  query: PageQuery,
): Promise<Reply<ListPage<BatchObject>>> => {
  const nowMs = world.nowMs();
  await pool.settle(nowMs);
  const isOn = (type: StateType): boolean => world.faults.isOn(type, world.ageMs());
  const listRefusal = world.faults.listRefusal(world.ageMs());
  if (listRefusal !== null)
    return refused(listRefusal, listRefusal === 405 ? 'Method Not Allowed' : 'Not Implemented', {
      code: 'method_not_supported',
    });
  if (isOn('list_page_empty') && query.after === undefined)
    return done({ object: 'list', data: [], has_more: true });
  const isListed = (batch: BatchRecord): boolean =>
    batch.project === world.project() &&
    nowMs >= batch.createdMs + (world.faults.mark('list_lags', batch.batchNo)?.forMs ?? 0) &&
    !world.faults.isLacked(batch.batchNo, world.ageMs());
  const listed = isOn('list_empty') ? [] : pool.list().filter(isListed);
  const page = pageOf(listed, query, {
    limitDefault: pageDefault,
    limitMax: world.limits.batchPageMax,
    itemsMax: world.faults.listedMax(world.ageMs()),
  });
  if (page.type !== 'done') return page;
  const data = page.value.data.map((batch) => shownBatch(world, batch, nowMs));
  if (isOn('list_bare')) return done(data as unknown as ListPage<BatchObject>);
  return done(isOn('list_without_has_more') ? { object: 'list', data } : { ...page.value, data });
};

/**
 * Cancels a live batch. A batch that is being cancelled is returned as it is; one that has ended is
 * rejected with 409.
 */
export const cancelBatch = async (
  world: ProviderWorld,
  pool: BatchPool,
  id: string,
): Promise<Reply<BatchObject>> => {
  const nowMs = world.nowMs();
  const known = pool.find(id);
  if (known === null || isHidden(world, known, nowMs)) return noSuchBatch(id);
  const refusal = world.faults.strike('cancel_refused', known.batchNo);
  if (refusal !== null) return cancelRefused(id, refusal.statusCode);
  const batch = await pool.cancel(id, nowMs);
  if (batch === null) return noSuchBatch(id);
  const { status } = batch.life;
  const isAnswered =
    status === 'cancelling' || (batch.schedule.ignoresCancel && !isTerminal(status));
  return isAnswered
    ? done(shownBatch(world, batch, nowMs))
    : refused(409, `Cannot cancel a batch with status '${status}'.`);
};

const isHidden = (world: ProviderWorld, batch: BatchRecord, nowMs: number): boolean =>
  batch.project !== world.project() ||
  nowMs <
    batch.createdMs + (world.faults.mark('not_found_after_create', batch.batchNo)?.forMs ?? 0);
