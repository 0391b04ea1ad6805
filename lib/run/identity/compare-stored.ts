import type { Operation } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { BatchorError } from '../api/errors.ts';
import { must } from '../api/interop.ts';
import { configOf } from '../job/job-config.ts';
import { fingerprintIfThere, fingerprintOf } from '../job/job-source.ts';
import type { AnyJob } from '../job/job.ts';
import type { PriceBook } from '../job/price-book.ts';
import { compareJob } from './compare-job.ts';
import type { Connections } from '../api/connections.ts';
import type { RunReader } from '../../ports/run-store.ts';
import { areComparable } from '../sources/items-source.ts';
import { compareAllRows, compareLastAccepted } from './compare-rows.ts';

export interface Comparison {
  readonly prices: PriceBook | undefined;
  readonly connections: Pick<Connections, 'connect'>;
  readonly signal: AbortSignal;
  /** True for a start: its input may have changed even if the run has read all of it. */
  readonly isStart: boolean;
}

/**
 * The stored run, and the job's operation if it differs. Throws `source_changed` or `job_changed`.
 */
export const compareStored = async (
  store: RunStore,
  runId: RunId,
  job: AnyJob,
  source: EngineSource,
  comparison: Comparison,
): Promise<{ readonly snapshot: RunSnapshot; readonly changedOperation: Operation | null }> => {
  const reader = await must(store.read(runId), { runId, storage: store.describe });
  try {
    return await compareWith(reader, job, source, comparison);
  } finally {
    await reader.close();
  }
};

const compareWith = async (
  reader: RunReader,
  job: AnyJob,
  source: EngineSource,
  { prices, connections, signal, isStart }: Comparison,
) => {
  const { items } = source;
  const { snapshot } = reader;
  const { isComplete } = snapshot.ingest;
  const isToBeRead = isStart || !isComplete;
  const found = !isToBeRead
    ? null
    : isComplete
      ? await fingerprintIfThere(items, signal)
      : await fingerprintOf(items, signal);
  const fingerprint = found ?? snapshot.config.source.fingerprint;
  const compared = compareJob(
    snapshot,
    configOf(job, { kind: items.kind, ref: items.ref, fingerprint }, prices),
  );
  if (isStart && found !== null && job.fromBatches === undefined)
    await compareRows(reader, job, source, connections, signal);
  return { snapshot, ...compared };
};

/**
 * Items in memory have no fingerprint: they are compared row by row, as far as they can be. Of a
 * source that was read to its end, the last row.
 */
const compareRows = async (
  reader: RunReader,
  job: AnyJob,
  source: EngineSource,
  connections: Comparison['connections'],
  signal: AbortSignal,
): Promise<void> => {
  const { ingest, config } = reader.snapshot;
  const all = job.items !== undefined && areComparable(job.items, ingest.isComplete);
  // Of one that was not, the last row is compared once the run is driven.
  if (!all && (job.items !== undefined || !ingest.isComplete)) return;
  const rows = { reader, source, wire: await connections.connect(config), signal };
  try {
    await (all ? compareAllRows(rows) : compareLastAccepted(rows));
  } catch (error) {
    signal.throwIfAborted();
    // Items that cannot be read any more: a run that has read them needs them no more, and one that
    // has not says so itself.
    if (error instanceof BatchorError) throw error;
  }
};
