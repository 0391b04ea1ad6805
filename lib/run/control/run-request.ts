import type {
  BatchObservation,
  Command,
  Resolution,
  SweptBatch,
} from '../../core/model/command.ts';
import { isGranted, type OperatorRequest } from '../../core/machine/granted.ts';
import type { BatchKey } from '../../core/values/ids.ts';
import { isJsonObject, type JsonObject } from '../../core/json/json.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { InboxCommand } from '../../ports/run-store.ts';
import {
  areMade,
  changesFromInbox,
  changesToInbox,
  operationOrNull,
  type ResumeChanges,
} from './resume-changes.ts';

/** A request to a run, from any process. */
export type RunRequest =
  | { readonly type: 'pause' }
  | { readonly type: 'resume'; readonly changes: ResumeChanges }
  /** `cancelsAdopted`: also cancels batches that another program created. */
  | { readonly type: 'cancel'; readonly cancelsAdopted: boolean }
  | { readonly type: 'resolve'; readonly batchKey: BatchKey; readonly resolution: Resolution };

/** The core commands that carry out the request, in order. The last one is the request itself. */
export const commandsOf = (
  request: RunRequest,
  snapshot: RunSnapshot,
  atMs: number,
): readonly Command[] => {
  switch (request.type) {
    case 'pause':
      return [{ type: 'PauseRun', atMs, reason: 'manual', message: null }];
    case 'cancel':
      return [{ type: 'CancelRun', atMs, cancelsAdopted: request.cancelsAdopted }];
    case 'resolve':
      return [
        { type: 'ResolveBatch', atMs, batchKey: request.batchKey, resolution: request.resolution },
      ];
    case 'resume': {
      const operation = operationOrNull(request.changes, snapshot.config);
      // Changes from an inbox that cannot be made change nothing: a partial change was not
      // requested.
      if (operation === null) return [];
      const resumed: Command = { type: 'ResumeRun', atMs };
      return areMade(request.changes, snapshot.config)
        ? [resumed]
        : [{ type: 'ChangeOperation', atMs, operation }, resumed];
    }
  }
};

/** True when the request has taken effect, or no longer applies. */
export const hasTakenEffect = (request: RunRequest, snapshot: RunSnapshot): boolean =>
  isGranted(snapshot, operatorRequest(request)) &&
  (request.type !== 'resume' || areMade(request.changes, snapshot.config));

const operatorRequest = (request: RunRequest): OperatorRequest => {
  switch (request.type) {
    case 'pause':
      return { type: 'PauseRun' };
    case 'resume':
      return { type: 'ResumeRun' };
    case 'cancel':
      return { type: 'CancelRun' };
    case 'resolve':
      return { ...request, type: 'ResolveBatch' };
  }
};

/** The request as plain data for the owner's inbox. */
export const toInbox = (request: RunRequest): Omit<InboxCommand, 'id'> => {
  switch (request.type) {
    case 'resume':
      return { type: 'resume', options: changesToInbox(request.changes) };
    case 'resolve': {
      const { resolution, batchKey } = request;
      const found =
        'found' in resolution ? { found: resolution.found as unknown as JsonObject } : {};
      return {
        type: 'resolve',
        options: { batch_key: batchKey, resolution: resolution.type, ...found },
      };
    }
    case 'cancel':
      return { type: 'cancel', options: request.cancelsAdopted ? { cancels_adopted: true } : {} };
    default:
      return { type: request.type, options: {} };
  }
};

/** Null for data that is not a valid request. Any process may write to the inbox. */
export const fromInbox = ({ type, options }: InboxCommand): RunRequest | null => {
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
      return typeof batchKey === 'string' && resolution !== null
        ? { type, batchKey: batchKey as BatchKey, resolution }
        : null;
    }
  }
};

const plainResolutions = [
  'retry',
  'never_created',
  'results_lost',
  'read_again',
  'give_up',
] as const;

const resolutionOf = ({ resolution, found }: JsonObject): Resolution | null => {
  const plain = plainResolutions.find((type) => type === resolution);
  if (plain !== undefined) return { type: plain };
  if (!isJsonObject(found)) return null;
  const { providerBatchId, providerStatus } = found;
  if (typeof providerBatchId !== 'string' || typeof providerStatus !== 'string') return null;
  // The core checks the other fields.
  if (resolution === 'take_files')
    return { type: 'take_files', found: found as unknown as BatchObservation };
  return resolution === 'exists' ? { type: 'exists', found: found as unknown as SweptBatch } : null;
};
