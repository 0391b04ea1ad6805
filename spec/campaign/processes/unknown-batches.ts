import type { Ledger } from '../../../lib/sim/provider/index.ts';
import type { ProcessWorld } from './process-world.ts';

/**
 * Batches at the provider that no run knows: those that failed validation unbilled, and the others,
 * which break a law.
 */
export interface UnknownBatches {
  readonly fencedCount: number;
  readonly orphanCount: number;
  readonly broken: readonly string[];
}

export const unknownBatches = async (
  world: ProcessWorld,
  ledger: Ledger,
  known: ReadonlySet<string>,
): Promise<UnknownBatches> => {
  const broken: string[] = [];
  let fencedCount = 0;
  for (const { id, metadata } of ledger.batches) {
    if (known.has(id)) continue;
    const { isRefused, said } = await world.batch(id);
    if (isRefused) fencedCount += 1;
    else
      broken.push(
        `batch ${id} (${JSON.stringify(metadata)}) is of no batch that a run knows: ${said}`,
      );
  }
  return { fencedCount, orphanCount: broken.length, broken };
};
