import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Effect } from '../core/model/effect.ts';
import type { PortError } from '../ports/port-error.ts';
import { createIdsOfBatches } from './settle/adopted-ids.ts';
import { performCompact } from './artifacts/compact-file.ts';
import { createLinesKept } from './settle/line-columns.ts';
import { performAdopt, performFailPending, performPlan } from './plan/plan.ts';
import { performRequeue } from './settle/requeue.ts';
import { performSettleShared } from './source/share.ts';
import { performCancel, performPoll } from './poll/poll.ts';
import { performStoreFiles } from './poll/store-files.ts';
import type { Asked, EnginePorts } from './ports.ts';
import { performBegin, performCreate } from './submit/create.ts';
import { performSettle } from './settle/settle.ts';
import { performIngest } from './source/source.ts';
import { performDeleteFile } from './artifacts/delete-file.ts';
import { performCancelDuplicate, performPollDuplicates } from './reconcile/duplicates.ts';
import { performFence, performReconcile } from './reconcile/reconcile.ts';
import { performUpload } from './submit/upload.ts';

/**
 * Performs one effect and returns the command that records its outcome. Holds no rules: the core
 * decides which effects, and when. Once `over` aborts, nothing more is asked of it, and it holds
 * nothing open.
 */
export const createPerformer = (
  ports: EnginePorts,
  over: AbortSignal = new AbortController().signal,
): ((effect: Effect, signal: AbortSignal) => TE.TaskEither<PortError, Asked>) => {
  const ingest = performIngest(ports, over);
  const plan = performPlan(ports);
  const adopt = performAdopt(ports);
  const requeue = performRequeue(ports);
  const failPending = performFailPending(ports);
  const settleShared = performSettleShared(ports);
  const upload = performUpload(ports);
  const begin = performBegin(ports);
  const create = performCreate(ports);
  const reconcile = performReconcile(ports);
  const fence = performFence(ports);
  const deleteFile = performDeleteFile(ports);
  const compact = performCompact(ports);
  const cancelDuplicate = performCancelDuplicate(ports);
  const pollDuplicates = performPollDuplicates(ports);
  const ids = createIdsOfBatches(ports.run);
  const poll = performPoll(ports, ids);
  const cancel = performCancel(ports);
  const kept = createLinesKept();
  const storeFiles = performStoreFiles(ports, kept, ids);
  const settle = performSettle(ports, kept, ids);
  return (effect, signal) => {
    switch (effect.type) {
      case 'IngestSlice':
        return ingest(effect, signal);
      case 'PlanBatch':
        return plan(effect, signal);
      case 'AdoptBatch':
        return adopt(effect, signal);
      case 'RequeueRows':
        return requeue(effect, signal);
      case 'FailPending':
        return failPending(effect, signal);
      case 'SettleShared':
        return settleShared(effect, signal);
      case 'UploadBatch':
        return upload(effect, signal);
      case 'BeginCreate':
        return begin(effect, signal);
      case 'ReplanBatch':
      case 'DropBatch':
        // Nothing to do outside of the core: the effect is the commit itself.
        return TE.right(
          TE.right({ type: effect.type, atMs: ports.scheduler.now(), batchKey: effect.batchKey }),
        );
      case 'CreateBatch':
        return create(effect, signal);
      case 'SweepBatches':
        return reconcile(effect, signal);
      case 'FenceCreate':
        return fence(effect, signal);
      case 'DeleteFile':
        return deleteFile(effect, signal);
      case 'CompactFile':
        return compact(effect, signal);
      case 'CancelStray':
        return cancelDuplicate(effect, signal);
      case 'PollStrays':
        return pollDuplicates(effect, signal);
      case 'PollBatches':
        return poll(effect, signal);
      case 'CancelBatch':
        return cancel(effect, signal);
      case 'StoreFiles':
        return storeFiles(effect, signal);
      case 'SettleSlice':
        return settle(effect, signal);
    }
  };
};
