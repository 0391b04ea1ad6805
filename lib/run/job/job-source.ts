import type { BatchItem, CheckpointedItemSource } from '../../ports/source.ts';
import type { EngineSource } from '../../effects/ports.ts';
import { BatchorError } from '../api/errors.ts';
import { itemsSource } from '../sources/items-source.ts';
import type { AnyJob } from './job.ts';

/** The job's rows and its prompts, as the engine takes them. */
export const sourceOf = (job: AnyJob): EngineSource => {
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
