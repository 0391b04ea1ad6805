import type { LiveBatch } from '../model/batch.ts';
import { cancelEffectKey } from '../model/effect.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { isCancelStuck } from '../poll/cancel-retries.ts';

const unsentPhases: ReadonlySet<LiveBatch['phase']> = new Set(['planned', 'uploaded', 'creating']);

/**
 * True when all input is read and every batch that the limits allow is sent. A paused run sends
 * nothing more; but a create under way is waited for, since its batch may exist.
 */
export const isSubmitted = ({ ingest, live, totals, backlog, control }: RunSnapshot): boolean => {
  if (live.some((batch) => batch.phase === 'creating')) return false;
  if (control.state === 'paused') return true;
  if (!ingest.isComplete || live.some((batch) => unsentPhases.has(batch.phase))) return false;
  // Rows that need queue capacity cannot be sent before other batches end.
  return totals.pending === 0 || backlog.needs !== null;
};

/**
 * True when a cancelled run has nothing left to send, and every batch was asked to cancel, is held,
 * or refused the cancel a few times.
 */
export const isCancelSent = (snapshot: RunSnapshot): boolean =>
  snapshot.control.state === 'cancel_requested' &&
  snapshot.totals.pending === 0 &&
  snapshot.live.every(
    (batch) =>
      batch.held !== null ||
      !(
        unsentPhases.has(batch.phase) ||
        (isUncancelled(batch) && !isCancelStuck(snapshot, cancelEffectKey(batch.batchKey)))
      ),
  );

/** The batches of a cancelled run that the provider has not yet accepted the cancel of. */
export const uncancelledBatches = ({ control, live }: RunSnapshot): readonly LiveBatch[] =>
  control.state === 'cancel_requested' ? live.filter(isUncancelled) : [];

const isUncancelled = ({ phase, cancelAsked }: LiveBatch): boolean =>
  phase === 'created' && !cancelAsked;
