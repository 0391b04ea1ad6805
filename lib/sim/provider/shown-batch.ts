import { toBatchObject, type BatchRecord } from './batch-record.ts';
import { isTerminal } from './states.ts';
import type { BatchObject } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/** The batch as this service shows it: in OpenAI's shape, or with what a script says of its counts and times. */
export const shownBatch = (world: ProviderWorld, batch: BatchRecord, nowMs: number): BatchObject => {
  const shown = toBatchObject(batch, nowMs);
  const hidesCounts = world.desk.mark('counts_null', batch.ordinal) !== null && !isTerminal(batch.life.status);
  const writesTimes = world.desk.mark('times_iso', batch.ordinal) !== null;
  if (!hidesCounts && !writesTimes) return shown;
  const changed = Object.entries(shown).map(([key, value]: [string, unknown]) => {
    if (key === 'request_counts' && hidesCounts) return [key, { total: null, completed: null, failed: null }];
    if (key.endsWith('_at') && writesTimes && typeof value === 'number') return [key, new Date(value * 1000).toISOString()];
    return [key, value];
  });
  // Not of its type any more, as on the wire.
  return Object.fromEntries(changed) as BatchObject;
};
