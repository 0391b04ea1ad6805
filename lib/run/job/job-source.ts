import { SourceError } from '../../ports/source-error.ts';
import type { BatchItem, CheckpointedItemSource } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { type AdoptedReader, adoptedSource } from '../../effects/source/adopted-source.ts';
import { BatchorError } from '../api/errors.ts';
import { itemsSource } from '../sources/items-source.ts';
import { invalid } from './job-limits.ts';
import type { AnyJob, AnyProviderConfig } from './job.ts';

const nothingToSend = (): never => {
  throw invalid('fromBatches', 'a job of existing batches has no quote, since it sends nothing');
};

/** The job's rows and prompts. `connect`: to the provider of adopted batches. */
export const sourceOf = (
  job: AnyJob,
  connect: (config: AnyProviderConfig) => Promise<AdoptedReader> = nothingToSend,
): EngineSource => {
  if (job.fromBatches !== undefined)
    return adoptedSource(job.fromBatches.batches, () => connect(job.providerConfig));
  const items: CheckpointedItemSource | undefined =
    job.source ?? (job.items === undefined ? undefined : itemsSource(job.items));
  if (items === undefined)
    throw new BatchorError(
      'invalid_config',
      { field: 'source' },
      'the job has neither items nor a source',
      'Give one of the two.',
    );
  // The prompt builder accepts the items of the same job's source.
  return {
    items,
    buildPrompt: (item: BatchItem) => (job.buildPrompt as (item: BatchItem) => unknown)(item),
  };
};

/** Throws `source_unreadable` if the source throws, or the source's own `BatchorError`. */
export const fingerprintOf = async (
  source: CheckpointedItemSource,
  signal: AbortSignal,
): Promise<string> => {
  try {
    return await source.fingerprint({ signal });
  } catch (cause) {
    signal.throwIfAborted();
    // It has a hint already, e.g. for an earlier run that is not finished.
    if (cause instanceof BatchorError) throw cause;
    throw unreadable(source.ref, cause);
  }
};

/** What a source threw, with what it says to do. */
export const unreadable = (ref: string, cause: unknown): BatchorError =>
  new BatchorError(
    'source_unreadable',
    { ref, line: null, field: null },
    cause instanceof Error ? cause.message : String(cause),
    (cause instanceof SourceError ? cause.hint : null) ??
      'Check that the source exists and can be read, then run the same command again.',
    { cause },
  );

/** Null if the source cannot be read. A run that has read it does not need it. */
export const fingerprintIfThere = async (
  source: CheckpointedItemSource,
  signal: AbortSignal,
): Promise<string | null> => {
  try {
    return await source.fingerprint({ signal });
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
