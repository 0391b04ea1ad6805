import { toBatchObject, type BatchRecord } from './batch-record.ts';
import { isTerminal } from './states.ts';
import type { BatchObject } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/**
 * The batch as this service shows it: in OpenAI's shape, or with the counts and times that the
 * script sets.
 */
export const shownBatch = (
  world: ProviderWorld,
  batch: BatchRecord,
  nowMs: number,
): BatchObject => {
  const shown = toBatchObject(batch, nowMs);
  const hidesCounts =
    world.faults.mark('counts_null', batch.batchNo) !== null && !isTerminal(batch.life.status);
  const writesTimes = world.faults.mark('times_iso', batch.batchNo) !== null;
  if (!hidesCounts && !writesTimes) return shown;
  const changed = Object.entries(shown).map(([key, value]: [string, unknown]) => {
    if (key === 'request_counts' && hidesCounts)
      return [key, { total: null, completed: null, failed: null }];
    if (key.endsWith('_at') && writesTimes && typeof value === 'number')
      return [key, new Date(value * 1000).toISOString()];
    return [key, value];
  });
  // No longer of its static type, as on the wire.
  return Object.fromEntries(changed) as BatchObject;
};
