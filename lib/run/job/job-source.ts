import type { BatchItem, CheckpointedItemSource } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { type AdoptedReader, adoptedSource } from '../../effects/source/adopted-source.ts';
import { BatchorError } from '../api/errors.ts';
import { itemsSource } from '../sources/items-source.ts';
import { invalid } from './job-limits.ts';
import type { AnyJob, AnyProviderConfig } from './job.ts';

const nothingToSend = (): never => {
  throw invalid('fromBatches', 'batches that exist already are neither shown nor quoted: nothing is sent for them');
};

/** The job's rows and its prompts, as the engine takes them. `connect`: to the provider of a job of batches that were created elsewhere. */
export const sourceOf = (job: AnyJob, connect: (config: AnyProviderConfig) => Promise<AdoptedReader> = nothingToSend): EngineSource => {
  if (job.fromBatches !== undefined) return adoptedSource(job.fromBatches.batches, () => connect(job.providerConfig));
  const items: CheckpointedItemSource | undefined = job.source ?? (job.items === undefined ? undefined : itemsSource(job.items));
  if (items === undefined)
    throw new BatchorError('invalid_config', { field: 'source' }, 'a job has items or a source', 'Give one of the two.');
  // The prompt builder takes the very items that the source of the same job yields.
  return { items, buildPrompt: (item: BatchItem) => (job.buildPrompt as (item: BatchItem) => unknown)(item) };
};

/** Throws `source_unreadable` where the source throws, but for a `BatchorError`. */
export const fingerprintOf = async (source: CheckpointedItemSource, signal: AbortSignal): Promise<string> => {
  try {
    return await source.fingerprint({ signal });
  } catch (cause) {
    signal.throwIfAborted();
    // It says what to do already, as that of an earlier run does that is not finished.
    if (cause instanceof BatchorError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BatchorError('source_unreadable', { ref: source.ref, line: null, field: null }, message, 'Give a readable source.', {
      cause,
    });
  }
};

/** Null where the source cannot be read: of a run that has read it, it may be gone. */
export const fingerprintIfThere = async (source: CheckpointedItemSource, signal: AbortSignal): Promise<string | null> => {
  try {
    return await source.fingerprint({ signal });
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
