import * as t from 'io-ts';
import { closed, NonNegative } from '../json/codec-parts.ts';
import { named } from '../json/codec-primitives.ts';
import type { ProviderBatchId } from '../values/ids.ts';

/**
 * A batch that was created elsewhere, as it was found at the provider when the run was started.
 * Frozen with the run.
 */
export interface AdoptedBatch {
  readonly providerBatchId: ProviderBatchId;
  readonly inputFileId: string;
  /** Lines of its input file: each is an item of the run. */
  readonly requests: number;
  /** The provider's status, verbatim, at that time. */
  readonly providerStatus: string;
}

export const AdoptedBatchType: t.Type<AdoptedBatch, unknown> = closed('AdoptedBatch', {
  providerBatchId: named<ProviderBatchId>('a provider batch id'),
  inputFileId: t.string,
  requests: NonNegative,
  providerStatus: t.string,
});

/** What of a run's config says which of its batches were created elsewhere. */
export interface Adopting {
  /** Absent or empty: none. */
  readonly adopted?: readonly AdoptedBatch[];
}

/** A batch to adopt, its number in the run, and the index of its first item. */
export interface AdoptedRange {
  readonly batch: AdoptedBatch;
  readonly batchNo: number;
  readonly firstIndex: number;
}

/**
 * The adopted batch with this number; null: the run plans that batch itself. Adopted batches have
 * the first numbers, in the order given. O(adopted).
 */
export const adoptedRangeOf = (
  { adopted = [] }: Adopting,
  batchNo: number,
): AdoptedRange | null => {
  const batch = adopted[batchNo - 1];
  if (batch === undefined) return null;
  let firstIndex = 0;
  for (let adoptedIndex = 0; adoptedIndex < batchNo - 1; adoptedIndex += 1)
    firstIndex += adopted[adoptedIndex]?.requests ?? 0;
  return { batch, batchNo, firstIndex };
};

/** The adopted batch with this number; null: the run plans that batch itself. O(1). */
export const adoptedBatchOf = ({ adopted = [] }: Adopting, batchNo: number): AdoptedBatch | null =>
  adopted[batchNo - 1] ?? null;

/** True for a batch that was created elsewhere. */
export const isAdopted = (config: Adopting, batchNo: number): boolean =>
  adoptedBatchOf(config, batchNo) !== null;

/**
 * The id of the item that this line of this batch becomes: the line's own `custom_id`; of several
 * batches, behind the batch's id.
 */
export const itemIdOfAdopted = (
  { adopted = [] }: Adopting,
  { providerBatchId }: Pick<AdoptedBatch, 'providerBatchId'>,
  customId: string,
): string => (adopted.length > 1 ? `${providerBatchId}:${customId}` : customId);

/** The `custom_id` that this item has in the files of this adopted batch. */
export const customIdOfAdopted = (
  { adopted = [] }: Adopting,
  { providerBatchId }: Pick<AdoptedBatch, 'providerBatchId'>,
  itemId: string,
): string =>
  adopted.length > 1 && itemId.startsWith(`${providerBatchId}:`)
    ? itemId.slice(providerBatchId.length + 1)
    : itemId;

/**
 * True for a batch that was created elsewhere, while the run sends nothing for rows of such
 * batches.
 */
export const isLeftAsItIs = (
  config: Adopting & { readonly operation: { readonly retriesAdopted: boolean } },
  batchNo: number,
): boolean => !config.operation.retriesAdopted && isAdopted(config, batchNo);
