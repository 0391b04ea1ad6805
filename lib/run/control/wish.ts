import type { BatchObservation, Command, Resolution, SweptBatch } from '../../core/model/command.ts';
import { answersKey, type BatchKey } from '../../core/values/ids.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { InboxCommand } from '../../ports/run-store.ts';
import { areMade, changesFromInbox, changesToInbox, operationOrNull, type ResumeChanges } from './resume-changes.ts';

/** What somebody may ask of a run, wherever it is driven. */
export type Wish =
  | { readonly type: 'pause' }
  | { readonly type: 'resume'; readonly changes: ResumeChanges }
  /** `cancelsAdopted`: batches that were created elsewhere, too. */
  | { readonly type: 'cancel'; readonly cancelsAdopted: boolean }
  | { readonly type: 'resolve'; readonly batchKey: BatchKey; readonly resolution: Resolution };

/** What the wish says to the core, one after the other; the last is the wish itself. */
export const commandsOf = (wish: Wish, snapshot: RunSnapshot, atMs: number): readonly Command[] => {
  switch (wish.type) {
    case 'pause':
      return [{ type: 'PauseRun', atMs, reason: 'manual', message: null }];
    case 'cancel':
      return [{ type: 'CancelRun', atMs, cancelsAdopted: wish.cancelsAdopted }];
    case 'resolve':
      return [{ type: 'ResolveBatch', atMs, batchKey: wish.batchKey, resolution: wish.resolution }];
    case 'resume': {
      const operation = operationOrNull(wish.changes, snapshot.config);
      // Who asked was told why. What was left in an inbox, and cannot be, changes nothing: half a wish is not what was meant.
      if (operation === null) return [];
      const resumed: Command = { type: 'ResumeRun', atMs };
      return areMade(wish.changes, snapshot.config) ? [resumed] : [{ type: 'ChangeOperation', atMs, operation }, resumed];
    }
  }
};

/** True when nothing is left to be done about the wish. */
export const isGranted = (wish: Wish, { control, live, config, faults }: RunSnapshot): boolean => {
  switch (wish.type) {
    case 'pause':
      return control.state !== 'running';
    case 'resume':
      return control.state === 'running' && areMade(wish.changes, config);
    case 'cancel':
      return control.state === 'cancel_requested';
    case 'resolve': {
      const batch = live.find(({ batchKey }) => batchKey === wish.batchKey);
      if (batch === undefined) return true;
      if (batch.held !== null) return false;
      if (wish.resolution.type === 'results_lost' || wish.resolution.type === 'give_up') return batch.files !== null;
      if (wish.resolution.type === 'take_files') return batch.ending !== null;
      if (wish.resolution.type === 'read_again') return faults.every(({ key }) => key !== answersKey(wish.batchKey));
      return wish.resolution.type === 'retry' || batch.doubt === null || (wish.resolution.type === 'never_created' && batch.doubt.isSworn);
    }
  }
};

/** The wish as it is left for the owner, in plain data. */
export const toInbox = (wish: Wish): Omit<InboxCommand, 'id'> => {
  switch (wish.type) {
    case 'resume':
      return { type: 'resume', options: changesToInbox(wish.changes) };
    case 'resolve': {
      const { resolution, batchKey } = wish;
      const found = 'found' in resolution ? { found: resolution.found as unknown as JsonObject } : {};
      return { type: 'resolve', options: { batch_key: batchKey, resolution: resolution.type, ...found } };
    }
    case 'cancel':
      return { type: 'cancel', options: wish.cancelsAdopted ? { cancels_adopted: true } : {} };
    default:
      return { type: wish.type, options: {} };
  }
};

/** Null for what is no wish: the inbox is a folder that anybody may write to. */
export const fromInbox = ({ type, options }: InboxCommand): Wish | null => {
  switch (type) {
    case 'pause':
      return { type };
    case 'cancel':
      return { type, cancelsAdopted: options['cancels_adopted'] === true };
    case 'resume': {
      const changes = changesFromInbox(options);
      return changes === null ? null : { type, changes };
    }
    case 'resolve': {
      const { batch_key: batchKey } = options;
      const resolution = resolutionOf(options);
      return typeof batchKey === 'string' && resolution !== null ? { type, batchKey: batchKey as BatchKey, resolution } : null;
    }
  }
};

const plainResolutions = ['retry', 'never_created', 'results_lost', 'read_again', 'give_up'] as const;

const resolutionOf = ({ resolution, found }: JsonObject): Resolution | null => {
  const plain = plainResolutions.find((type) => type === resolution);
  if (plain !== undefined) return { type: plain };
  if (!isJsonObject(found)) return null;
  const { providerBatchId, providerStatus } = found;
  if (typeof providerBatchId !== 'string' || typeof providerStatus !== 'string') return null;
  // The core checks the rest of it.
  if (resolution === 'take_files') return { type: 'take_files', found: found as unknown as BatchObservation };
  return resolution === 'exists' ? { type: 'exists', found: found as unknown as SweptBatch } : null;
};
