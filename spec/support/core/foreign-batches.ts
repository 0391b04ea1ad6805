import type { BatchKey, ProviderBatchId, RunConfig } from '../../../lib/core/internal.ts';
import { between, withProbability } from './dice.ts';
import { freshId, randomFate, type World } from './world.ts';

const foreignKey = 'foreign' as BatchKey;

/** True for a batch that the run did not create. */
export const isForeign = (world: World, id: ProviderBatchId): boolean =>
  world.batches.some(
    ({ providerBatchId, batchKey }) => providerBatchId === id && batchKey === foreignKey,
  );

/**
 * Batches that are at the provider before the run is: their lines are the source's entries, in
 * order, and all of them.
 */
export const withForeignBatches = (world: World): World => {
  const { dice } = world;
  const entries: World['entries'][number][] = [];
  for (let left = between(dice, 1, 4); left > 0; left -= 1) {
    const from = entries.length;
    const count = between(dice, 1, 6);
    for (let i = 0; i < count; i += 1)
      entries.push({
        bytes: between(dice, 1, 40),
        tokens: between(dice, 1, 12),
        isBad: false,
        sameAs: null,
      });
    world.batches.push({
      batchKey: foreignKey,
      createAttempt: 0,
      inputFileId: freshId(world, 'foreign-file-'),
      providerBatchId: freshId(world, 'foreign_') as ProviderBatchId,
      batchNo: 0,
      isDoubled: false,
      indexes: Array.from({ length: count }, (_, i) => from + i),
      fate: randomFate(world),
      isBlessed: false,
      pollsLeft: between(dice, 0, 12),
      hiddenPolls: 0,
      isCancelAsked: false,
      isStuck: withProbability(dice, 0.05),
      isGivenUp: false,
      files: null,
    });
  }
  return { ...world, entries };
};

/** The config of a run of these batches. */
export const adopting = (config: RunConfig, { batches }: World): RunConfig => ({
  ...config,
  adopted: batches.map(({ providerBatchId, inputFileId, indexes }) => ({
    providerBatchId,
    inputFileId,
    requests: indexes.length,
    providerStatus: 'in_progress',
  })),
  operation: { ...config.operation, retriesAdopted: batches.length % 2 === 0 },
});
