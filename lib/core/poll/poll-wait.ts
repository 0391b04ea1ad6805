import type { LiveBatch, DuplicateBatch } from '../model/batch.ts';
import { isDueAt, effectiveDueMs } from '../faults/due-time.ts';
import { hashToUnit } from '../faults/retry.ts';
import type { RunSnapshot } from '../model/snapshot.ts';

/**
 * The interval doubles after every few quiet polls, up to eight times the base, and is jittered by
 * a fifth, so that batches do not march in step.
 */
export const pollWaitMs = (baseMs: number, quietPolls: number, batchKey: string): number => {
  const stretched = baseMs * 2 ** Math.min(3, Math.floor(quietPolls / 8));
  return Math.max(1, Math.round(stretched * (0.9 + 0.2 * hashToUnit(`${batchKey}~${quietPolls}`))));
};

/** The longest wait that `pollWaitMs` answers at this interval. */
export const pollWaitMsMax = (baseMs: number): number => Math.max(1, Math.ceil(baseMs * 8 * 1.1));

/** When a batch is asked about next, whatever the clock did since that was set. */
export const pollDueMs = (
  { config }: RunSnapshot,
  { dueAtMs }: LiveBatch | DuplicateBatch,
  nowMs: number,
): number => effectiveDueMs(dueAtMs, pollWaitMsMax(config.operation.pollIntervalMs), nowMs);
export const isPollDue = (
  { config }: RunSnapshot,
  { dueAtMs }: LiveBatch | DuplicateBatch,
  nowMs: number,
): boolean => isDueAt(dueAtMs, pollWaitMsMax(config.operation.pollIntervalMs), nowMs);
