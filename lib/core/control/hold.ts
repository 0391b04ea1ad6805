import type { CandidateBatch } from '../model/batch.ts';
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

/**
 * What an operator can do about a create that nothing proves or disproves, in whole commands.
 * `candidates`: batches that may be it.
 */
export const wayOfUnconfirmed = (
  snapshot: RunSnapshot,
  batchKey: BatchKey,
  candidates: readonly Pick<CandidateBatch, 'providerBatchId'>[] = [],
): string => {
  const way = (flags: string): string => resolveCommand(snapshot, batchKey, flags);
  const found = candidates
    .slice(0, namedMax)
    .map(({ providerBatchId: id }) => `if it is ${id}: ${way(`--exists ${id}`)}; `);
  const exists = found.length === 0 ? `if it is there: ${way('--exists ID')}; ` : found.join('');
  return `Check for it at the provider: ${exists}if not: ${way('--never-created')}; to read the list again: ${way('--retry')}`;
};
const namedMax = 3;
