import type { LiveBatch } from '../model/batch.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';

/** Why a run cannot progress by itself. What helps is for the user's side to say. */
export type Standstill =
  /** A create that may have succeeded waits for an operator. */
  | { readonly type: 'unconfirmed_create'; readonly held: readonly LiveBatch[] }
  | {
      readonly type: 'paused';
      readonly reason: ControlReason;
      readonly message: string | null;
    }
  /** A batch waits for an operator. */
  | { readonly type: 'held'; readonly held: readonly LiveBatch[] }
  /** No source is attached, and not all of it was read. */
  | { readonly type: 'source_missing'; readonly nextIndex: number };

/**
 * The first reason to tell of a run that cannot progress (`canProgress`). An unconfirmed create
 * comes first, since rows may be billed twice, unless the run is paused for another reason.
 */
export const standstillOf = ({ control, live, ingest }: RunSnapshot): Standstill => {
  const held = live.filter((batch) => batch.held !== null);
  const isUnconfirmed = held.some((batch) => batch.phase === 'indeterminate');
  if (isUnconfirmed && (control.reason === 'batch_unresolved' || control.state !== 'paused'))
    return { type: 'unconfirmed_create', held };
  if (control.state === 'paused' && control.reason !== null)
    return { type: 'paused', reason: control.reason, message: control.message };
  if (held.length > 0) return { type: 'held', held };
  return { type: 'source_missing', nextIndex: ingest.checkpoint?.nextIndex ?? 0 };
};
