import {
  batchEffectKey,
  type BatchKey,
  type EffectKey,
  type ProviderBatchId,
} from '../values/ids.ts';
import type { SettlePosition } from './batch.ts';
import type { UnconfirmedCreateQuery } from './command.ts';
import type { SharedCursor, SourceCheckpoint } from './snapshot.ts';

/**
 * Pending work outside of the core, derived from the snapshot: after a restart the same effects are
 * due. Plain data; sizes in bytes and rows, times in ms since the epoch.
 */
export type Effect =
  | {
      readonly type: 'IngestSlice';
      readonly checkpoint: SourceCheckpoint | null;
      readonly fromIndex: number;
      readonly rowsMax: number;
    }
  /** Read up to `rowsMax` pending rows in order and answer `PlanBatch` with a fresh key. */
  | { readonly type: 'PlanBatch'; readonly generation: number; readonly rowsMax: number }
  /**
   * Read the pending rows in front and answer `AdoptBatch` with a fresh key: they are the lines of
   * a batch that was created elsewhere.
   */
  | { readonly type: 'AdoptBatch'; readonly rowsMax: number }
  | {
      readonly type: 'UploadBatch';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly createAttempt: number;
      readonly inputBytes: number;
    }
  /**
   * Answer `BeginCreate`, so that the intent is durable before the act. Nothing to do outside,
   * unless the run's traits ask for the newest batch in the list (`isMarked`).
   */
  | { readonly type: 'BeginCreate'; readonly batchKey: BatchKey }
  /**
   * Never retried below the engine: a second create is a second bill. Without an input file the
   * create carries the batch's request lines.
   */
  | {
      readonly type: 'CreateBatch';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly createAttempt: number;
      readonly inputFileId: string | null;
      readonly requests: number;
      readonly inputBytes: number;
    }
  /** The input file is about to expire. Nothing to do outside: answer `ReplanBatch`. */
  | { readonly type: 'ReplanBatch'; readonly batchKey: BatchKey }
  /**
   * Read the provider's list back to `sinceMs`, and behind the creation of each input file;
   * `known`: batches of the run that the provider has. Either all creates are unconfirmed, or all
   * were sent again without a fence (`isUnfenced`): those are asked for under a key of their own.
   */
  | {
      readonly type: 'SweepBatches';
      readonly creates: readonly UnconfirmedCreateQuery[];
      readonly sinceMs: number;
      readonly known: readonly ProviderBatchId[];
    }
  /**
   * Delete the input file, so that a create that is still under way fails. A file that is gone is
   * as good.
   */
  | {
      readonly type: 'FenceCreate';
      readonly batchKey: BatchKey;
      readonly createAttempt: number;
      readonly inputFileId: string;
    }
  /**
   * Delete an input file whose batch is over, one after the other. A file that is gone is as good.
   */
  | { readonly type: 'DeleteFile'; readonly fileId: string }
  /**
   * What the lines of the raw file say is written, whole and durable; then it is removed. A file
   * that is gone, and written, is as good.
   */
  | { readonly type: 'CompactFile'; readonly object: string }
  | { readonly type: 'CancelStray'; readonly providerBatchId: ProviderBatchId }
  | {
      readonly type: 'PollStrays';
      readonly batches: readonly {
        readonly batchKey: BatchKey;
        readonly providerBatchId: ProviderBatchId;
      }[];
    }
  | {
      readonly type: 'PollBatches';
      readonly batches: readonly {
        readonly batchKey: BatchKey;
        readonly providerBatchId: ProviderBatchId;
        readonly requests?: number;
        readonly isAdopted?: boolean;
      }[];
    }
  | {
      readonly type: 'CancelBatch';
      readonly batchKey: BatchKey;
      readonly providerBatchId: ProviderBatchId;
    }
  | {
      readonly type: 'StoreFiles';
      readonly batchKey: BatchKey;
      readonly outputFileId: string | null;
      readonly errorFileId: string | null;
    }
  /** One slice of the batch's files, or of the rows that are left: due again until the last. */
  | {
      readonly type: 'SettleSlice';
      readonly batchKey: BatchKey;
      readonly batchNo: number;
      readonly position: SettlePosition;
      readonly rowsMax: number;
    }
  | { readonly type: 'RequeueRows'; readonly dueAtMs: number; readonly rowsMax: number }
  | { readonly type: 'FailPending'; readonly generation: number; readonly rowsMax: number }
  /** Read which rows can end because the row that was sent for them has. */
  | { readonly type: 'SettleShared'; readonly from: SharedCursor; readonly rowsMax: number }
  | { readonly type: 'DropBatch'; readonly batchKey: BatchKey };

export const ingestKey: EffectKey = 'ingest';
export const planKey: EffectKey = 'plan';
export const reconcileKey: EffectKey = 'sweep';
export const unfencedKey: EffectKey = 'unfenced';
export const pollKey: EffectKey = 'poll';
export const requeueKey: EffectKey = 'requeue';
export const sharedKey: EffectKey = 'shared';
export const deleteFileKey = (fileId: string): EffectKey => `litter:${fileId}`;
/** Users see this key, so it names the batch and its part, and no path of the payload store. */
export const compactEffectKey = (object: string): EffectKey =>
  `compact:${object.replace(/^raw\//u, '')}`;
/**
 * Beside the batch's own key: a refused cancel does not stop the polls, and an answered poll does
 * not end its wait.
 */
export const cancelEffectKey = (batchKey: BatchKey): EffectKey => `cancel:${batchKey}`;
export const duplicatesKey: EffectKey = 'strays';
export const duplicateEffectKey = (providerBatchId: ProviderBatchId): EffectKey =>
  `stray:${providerBatchId}`;

/**
 * Names the thing acted on, never the verb: two effects of one key are never performed together.
 */
export const effectKey = (effect: Effect): EffectKey => {
  switch (effect.type) {
    case 'IngestSlice':
      return ingestKey;
    case 'PlanBatch':
    case 'AdoptBatch':
    case 'FailPending':
      return planKey;
    case 'SweepBatches':
      return effect.creates.some(({ isUnfenced }) => isUnfenced !== true)
        ? reconcileKey
        : unfencedKey;
    case 'PollBatches':
      return pollKey;
    case 'RequeueRows':
      return requeueKey;
    case 'SettleShared':
      return sharedKey;
    case 'DeleteFile':
      return deleteFileKey(effect.fileId);
    case 'CompactFile':
      return compactEffectKey(effect.object);
    case 'PollStrays':
      return duplicatesKey;
    case 'CancelStray':
      return duplicateEffectKey(effect.providerBatchId);
    case 'CancelBatch':
      return cancelEffectKey(effect.batchKey);
    case 'UploadBatch':
    case 'BeginCreate':
    case 'ReplanBatch':
    case 'FenceCreate':
    case 'CreateBatch':
    case 'StoreFiles':
    case 'SettleSlice':
    case 'DropBatch':
      return batchEffectKey(effect.batchKey);
  }
};
