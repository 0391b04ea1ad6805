import type { BatchKey, ProviderBatchId } from '../values/ids.ts';
import type { BatchPhase } from './batch.ts';

/**
 * A normal answer, never an exception: a stale poll, a repeated settlement, a pause of a finished
 * run.
 */
export type Rejection =
  | { readonly type: 'already_created' }
  | { readonly type: 'not_created' }
  | { readonly type: 'run_finished' }
  | { readonly type: 'run_not_finished' }
  | { readonly type: 'not_exported' }
  | { readonly type: 'nothing_to_change' }
  | { readonly type: 'not_while'; readonly control: string }
  /** Batches that were created elsewhere would be cancelled, and that was not said. */
  | { readonly type: 'adopted_in_progress'; readonly providerBatchIds: readonly ProviderBatchId[] }
  | { readonly type: 'unknown_batch'; readonly batchKey: BatchKey }
  | { readonly type: 'wrong_phase'; readonly batchKey: BatchKey; readonly phase: BatchPhase }
  | {
      readonly type: 'stale_slice';
      readonly expected: number | string;
      readonly given: number | string;
    }
  | { readonly type: 'malformed_command'; readonly message: string };
