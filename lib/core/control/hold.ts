import type { Event } from '../model/event.ts';
import type { ControlReason, RunSnapshot } from '../model/snapshot.ts';
import type { BatchKey } from '../values/ids.ts';
import { pauseEvents } from './control.ts';

/** The batch waits for an operator, and so does the run. */
export const holdBatch = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  reason: ControlReason,
  message: string,
  atMs: number,
): readonly Event[] => [
  { type: 'BatchHeld', atMs, batchKey, message },
  ...pauseEvents(snapshot, reason, message, atMs),
];

/** The command by which an operator resolves a held batch. */
export const resolveCommand = ({ runId }: RunSnapshot, batchKey: BatchKey, flags: string): string =>
  `\`batchor resolve --run-id ${runId} --batch ${batchKey} ${flags}\``;

/** What an operator can do about a create that nothing proves or disproves. */
export const wayOfUnconfirmed = (snapshot: RunSnapshot, batchKey: BatchKey): string =>
  `Check for it at the provider. If it is there: ${resolveCommand(snapshot, batchKey, '--exists ID')}; if not, type the same with --never-created; to read the list again, with --retry`;
