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
  const ids = createIdsOfBatches(ports.run);
  const kept = createLinesKept();
  const storeFiles = performStoreFiles(ports, kept, ids);
  const settle = performSettle(ports, kept, ids);
  return (effect, signal) => {
    switch (effect.type) {
      case 'IngestSlice':
        return ingest(effect, signal);
      case 'PlanBatch':
        return performPlan(ports)(effect, signal);
      case 'AdoptBatch':
        return performAdopt(ports)(effect, signal);
      case 'RequeueRows':
        return performRequeue(ports)(effect, signal);
      case 'FailPending':
        return performFailPending(ports)(effect, signal);
      case 'SettleShared':
        return performSettleShared(ports)(effect, signal);
      case 'UploadBatch':
        return performUpload(ports)(effect, signal);
      case 'BeginCreate':
        return performBegin(ports)(effect, signal);
      case 'ReplanBatch':
      case 'DropBatch':
        // Nothing to do outside of the core: the effect is the commit itself.
        return TE.right(
          TE.right({ type: effect.type, atMs: ports.scheduler.now(), batchKey: effect.batchKey }),
        );
      case 'CreateBatch':
        return performCreate(ports)(effect, signal);
      case 'SweepBatches':
        return performReconcile(ports)(effect, signal);
      case 'FenceCreate':
        return performFence(ports)(effect, signal);
      case 'DeleteFile':
        return performDeleteFile(ports)(effect, signal);
      case 'CompactFile':
        return performCompact(ports)(effect, signal);
      case 'CancelStray':
        return performCancelDuplicate(ports)(effect, signal);
      case 'PollStrays':
        return performPollDuplicates(ports)(effect, signal);
      case 'PollBatches':
        return performPoll(ports, ids)(effect, signal);
      case 'CancelBatch':
        return performCancel(ports)(effect, signal);
      case 'StoreFiles':
        return storeFiles(effect, signal);
      case 'SettleSlice':
        return settle(effect, signal);
    }
  };
};
