import type { LiveBatch } from '../model/batch.ts';
import { holdBatch, resolveCommand } from '../control/hold.ts';
import type { Event } from '../model/event.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';

/**
 * How often batchor sends a batch again by itself; then it is held until an operator releases it.
 */
export const replansMax = 3;

const whyAgain = {
  create_lost: 'got no answer, and the provider has no such batch',
  input_missing: 'found no input file',
} as const;
const pauseOf: Readonly<Record<keyof typeof whyAgain, ControlReason>> = {
  create_lost: 'batch_unresolved',
  input_missing: 'provider_refused',
};

/**
 * The batch is sent again with a new input file; after the last try it waits for an operator
 * instead. In a cancelled run its rows are released anyway.
 */
export const sentAgain = (
  snapshot: RunSnapshot,
  { batchKey, replans }: LiveBatch,
  reason: keyof typeof whyAgain,
  atMs: number,
  said: string | null = null,
): readonly Event[] => {
  const detail = said === null ? '' : ` (${said})`;
  const message = `the create of batch ${batchKey} ${whyAgain[reason]}: it is sent again with a new input file${detail}`;
  const replanned: Event = { type: 'BatchReplanned', atMs, batchKey, message, reason };
  if (replans < replansMax || snapshot.control.state === 'cancel_requested') return [replanned];
  const why = `${replans + 1} creates of batch ${batchKey} in a row: the last one ${whyAgain[reason]}${detail}. ${resolveCommand(snapshot, batchKey, '--retry')} sends it again`;
  return [replanned, ...holdBatch(snapshot, batchKey, pauseOf[reason], why, atMs)];
};
