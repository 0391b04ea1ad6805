import type { LiveBatch } from '../model/batch.ts';
import { pauseEvents } from '../control/control.ts';
import type { Event } from '../model/event.ts';
import type { BatchKey } from '../values/ids.ts';
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
  const why = `${replans + 1} creates of batch ${batchKey} in a row: the last one ${whyAgain[reason]}${detail}. ${commandOf(snapshot, batchKey, '--retry')} sends it again`;
  return [replanned, ...heldFor(snapshot, batchKey, why, pauseOf[reason], atMs)];
};

const heldFor = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  message: string,
  reason: ControlReason,
  atMs: number,
): readonly Event[] => [
  { type: 'BatchHeld', atMs, batchKey, message },
  ...pauseEvents(snapshot, reason, message, atMs),
];

/** The batch waits for an operator, and so does the run. */
export const heldUnresolved = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  message: string,
  atMs: number,
): readonly Event[] => heldFor(snapshot, batchKey, message, 'batch_unresolved', atMs);

const commandOf = ({ runId }: RunSnapshot, batchKey: BatchKey, flags: string): string =>
  `\`batchor resolve --run-id ${runId} --batch ${batchKey} ${flags}\``;

/** What an operator can do about a create that nothing proves or disproves. */
export const wayOfUnconfirmed = (snapshot: RunSnapshot, batchKey: BatchKey): string =>
  `Check for it at the provider. If it is there: ${commandOf(snapshot, batchKey, '--exists ID')}; if not, type the same with --never-created; to read the list again, with --retry`;
