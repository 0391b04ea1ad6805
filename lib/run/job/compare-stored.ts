import type { Operation } from '../../core/model/config.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { RunSnapshot } from '../../core/model/snapshot.ts';
import type { RunStore } from '../../ports/run-store.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { must } from '../api/interop.ts';
import { configOf } from './job-config.ts';
import { fingerprintIfThere, fingerprintOf } from './job-source.ts';
import type { AnyJob } from './job.ts';
import type { PriceBook } from './price-book.ts';
import { compareJob } from '../control/resume.ts';

export interface Comparison {
  readonly prices: PriceBook | undefined;
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
  { items }: EngineSource,
  { prices, signal, isStart }: Comparison,
): Promise<{ readonly snapshot: RunSnapshot; readonly changedOperation: Operation | null }> => {
  const reader = await must(store.read(runId), { runId, storage: store.describe });
  const { snapshot } = reader;
  await reader.close();
  const fingerprint = !snapshot.ingest.isComplete
    ? await fingerprintOf(items, signal)
    : ((isStart ? await fingerprintIfThere(items, signal) : null) ?? snapshot.config.source.fingerprint);
  const given = configOf(job, { kind: items.kind, ref: items.ref, fingerprint }, prices);
  return { snapshot, ...compareJob(snapshot, given) };
};
