import { hexOf } from '../prng.ts';
import { nextChangeMs, type BatchRecord } from './batch-record.ts';
import type { CreateBatchRequest } from './create-request.ts';
import { publishEarly, publishFiles, writeFiles } from './production-work.ts';
import { progressAt, scheduleOf } from './schedule.ts';
import { born, enter, isCancellable, isTerminal } from './states.ts';
import { finishValidation } from './validation-work.ts';
import type { Project } from './project.ts';
import type { ProviderWorld } from './world.ts';

/** All batches of the provider. Nothing happens by itself: `settle` advances them to a time. */
export interface BatchPool {
  add(request: CreateBatchRequest, nowMs: number, isDoubled?: boolean): BatchRecord;
  /** Adds the batch at a later time. */
  addLater(request: CreateBatchRequest, atMs: number): void;
  find(id: string): BatchRecord | null;
  /** Newest first. */
  list(): readonly BatchRecord[];
  /**
   * Performs everything due until `nowMs`, over all batches in order of time. Concurrent calls run
   * one after the other.
   */
  settle(nowMs: number): Promise<void>;
  /** Settles, then begins to cancel the batch if possible; returns the batch, or null. */
  cancel(id: string, nowMs: number): Promise<BatchRecord | null>;
  /** When a batch next changes by itself, in milliseconds; null: never. */
  nextChangeMs(): number | null;
}

/** An empty pool. */
export const createBatchPool = (world: ProviderWorld): BatchPool => {
  const batches = new Map<string, BatchRecord>();
  const live = new Set<string>();
  const late: {
    readonly request: CreateBatchRequest;
    readonly atMs: number;
    readonly project: Project;
  }[] = [];
  const attempts = new Map<string, number>();
  let settling: Promise<void> = Promise.resolve();

  const keep = (batch: BatchRecord): BatchRecord => {
    batches.set(batch.id, batch);
    if (isTerminal(batch.life.status)) live.delete(batch.id);
    return batch;
  };
  const liveBatches = (): readonly BatchRecord[] =>
    [...live].flatMap((id) => batches.get(id) ?? []);
  const countAttempt = (customId: string): number => {
    const attempt = (attempts.get(customId) ?? 0) + 1;
    attempts.set(customId, attempt);
    return attempt;
  };

  const beginCancel = (batch: BatchRecord, atMs: number): BatchRecord =>
    keep({
      ...batch,
      life: enter(batch.life, 'cancelling', atMs),
      cancelledMs: atMs + batch.schedule.cancellingMs,
      cancelledRatio: batch.life.status === 'validating' ? 0 : progressAt(batch.schedule, atMs),
    });

  /** One step of one batch, at its due time. */
  const advance = async (batch: BatchRecord, atMs: number): Promise<BatchRecord> => {
    const files = (
      answeredRatio: number,
      unfinishedCode: 'batch_expired' | 'batch_cancelled',
    ): Promise<BatchRecord> =>
      writeFiles(world, batch, { answeredRatio, unfinishedCode }, countAttempt, atMs);
    switch (batch.life.status) {
      case 'validating':
        return finishValidation(world, batch, liveBatches(), atMs);
      case 'in_progress': {
        if (batch.schedule.handCancelMs === atMs) return beginCancel(batch, atMs);
        if (batch.schedule.stuck !== null)
          return publishEarly(
            world,
            await files(batch.schedule.stuck.ratio, 'batch_expired'),
            atMs,
          );
        if (batch.schedule.finishedMs > atMs) {
          const expired = await files(batch.schedule.expiredRatio, 'batch_expired');
          return publishFiles(
            world,
            { ...expired, life: enter(batch.life, 'expired', atMs) },
            atMs,
          );
        }
        const finished = await files(1, 'batch_expired');
        return { ...finished, life: enter(batch.life, 'finalizing', atMs) };
      }
      case 'finalizing':
        return publishFiles(world, { ...batch, life: enter(batch.life, 'completed', atMs) }, atMs);
      case 'cancelling': {
        const cancelled = await files(batch.cancelledRatio, 'batch_cancelled');
        return publishFiles(
          world,
          { ...cancelled, life: enter(batch.life, 'cancelled', atMs) },
          atMs,
        );
      }
      default:
        return batch;
    }
  };

  const nextBatch = (): { readonly batch: BatchRecord; readonly atMs: number } | null => {
    let next: { readonly batch: BatchRecord; readonly atMs: number } | null = null;
    for (const batch of liveBatches()) {
      const atMs = nextChangeMs(batch);
      if (atMs !== null && (next === null || atMs < next.atMs)) next = { batch, atMs };
    }
    return next;
  };

  const add = (
    request: CreateBatchRequest,
    createdMs: number,
    project: Project,
    isDoubled: boolean,
  ): BatchRecord => {
    const batchNo = batches.size + 1;
    const batch: BatchRecord = {
      ...request,
      id: `batch_${hexOf(world.seed ^ 0x6261, batchNo)}`,
      batchNo,
      createdMs,
      project,
      schedule: scheduleOf(world.pace, world.faults, request.windowMs, batchNo, createdMs),
      life: born(createdMs),
      cancelledMs: null,
      cancelledRatio: 0,
      isFileMissed: false,
      model: null,
      tokens: 0,
      input: null,
      errors: [],
      counts: { total: 0, completed: 0, failed: 0 },
      usage: null,
      unpublished: { output: null, error: null },
      outputFileId: null,
      errorFileId: null,
      filesVisibleMs: 0,
    };
    live.add(batch.id);
    // A batch that never ends and names no file gives no answers. Sending its rows again is paid
    // for again, which the operator accepted.
    const endless = world.faults.mark('never_ends', batchNo);
    const isUnreadable = endless !== null && batch.schedule.stuck?.namesFiles !== true;
    world.book.created(
      { id: batch.id, inputFileId: batch.inputFileId, metadata: batch.metadata },
      isDoubled || isUnreadable,
    );
    return keep(batch);
  };
  const nextLateMs = (): number | null =>
    late.length === 0 ? null : Math.min(...late.map(({ atMs }) => atMs));
  const landUntil = (nowMs: number): void => {
    for (const [at, { request, atMs, project }] of [...late.entries()].reverse()) {
      if (atMs > nowMs) continue;
      late.splice(at, 1);
      add(request, atMs, project, false);
    }
  };

  /** Settles and then acts, with no other settling in between, which would overwrite the change. */
  const inTurn = <A>(nowMs: number, act: () => A): Promise<A> => {
    const turn = settling.then(async () => {
      landUntil(nowMs);
      for (let next = nextBatch(); next !== null && next.atMs <= nowMs; next = nextBatch())
        keep(await advance(next.batch, next.atMs));
      await world.files.removeExpired(nowMs);
      return act();
    });
    // A failure (a full disk) reaches its own caller, and does not block later calls.
    settling = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  };

  return {
    add: (request, nowMs, isDoubled = false) => add(request, nowMs, world.project(), isDoubled),
    addLater: (request, atMs) => void late.push({ request, atMs, project: world.project() }),
    find: (id) => batches.get(id) ?? null,
    list: () => [...batches.values()].reverse(),
    settle: (nowMs) => inTurn(nowMs, () => undefined),
    cancel: (id, nowMs) =>
      inTurn(nowMs, () => {
        const batch = batches.get(id) ?? null;
        const isHeeded =
          batch !== null && isCancellable(batch.life.status) && !batch.schedule.ignoresCancel;
        return isHeeded ? beginCancel(batch, nowMs) : batch;
      }),
    nextChangeMs: () => {
      const times = [nextBatch()?.atMs ?? null, nextLateMs()].filter((time) => time !== null);
      return times.length === 0 ? null : Math.min(...times);
    },
  };
};
