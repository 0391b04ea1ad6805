import { type AdoptedBatch, itemIdOfAdopted } from '../../core/model/adopted.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json/json.ts';
import type { BatchProvider, PreparedRequest, ProviderWire } from '../../ports/provider.ts';
import { SourceError } from '../../ports/source-error.ts';
import type { CheckpointedItemSource, SourceRow } from '../../ports/source.ts';
import type { EngineSource } from '../ports.ts';
import { requestLinesOf } from './request-lines.ts';

/** What reading of such batches asks of a provider. */
export type AdoptedReader = Pick<BatchProvider, 'download'> & Pick<ProviderWire, 'readRequest'>;

/**
 * Of which batch, behind which byte of its input file, and how many of its lines were read. A type,
 * so that it is a `JsonValue`.
 */
type AdoptedPosition = { readonly batch: number; readonly offset: number; readonly lines: number };

const refsShownMax = 20;
/** Names the batches in results and comparisons. */
const refOf = (adopted: readonly AdoptedBatch[]): string =>
  [
    ...adopted.slice(0, refsShownMax).map(({ providerBatchId }) => providerBatchId),
    ...(adopted.length > refsShownMax ? [`${adopted.length - refsShownMax} more`] : []),
  ].join(' + ');

/** What a run of these batches is compared by: which they are, in which order. */
export const sourceOfAdopted = (
  adopted: readonly AdoptedBatch[],
): { readonly kind: string; readonly ref: string; readonly fingerprint: string } => ({
  kind: 'batches',
  ref: refOf(adopted),
  // Input files never change.
  fingerprint: adopted.map(({ providerBatchId }) => providerBatchId).join(' '),
});

/**
 * The lines of the input files as items, read where they lie: at the provider. Each file is
 * downloaded once, and once more for each time that reading is resumed.
 */
export const adoptedSource = (
  adopted: readonly AdoptedBatch[],
  reader: () => Promise<AdoptedReader>,
): EngineSource => {
  const { kind, ref, fingerprint } = sourceOfAdopted(adopted);
  const items: CheckpointedItemSource<PreparedRequest, JsonObject, AdoptedPosition> = {
    kind,
    ref,
    fingerprint: () => Promise.resolve(fingerprint),
    async *read(from, { signal }) {
      const provider = await reader();
      const start = from === null ? { batch: 0, offset: 0, lines: 0 } : decodePosition(from, ref);
      for (const [adoptedIndex, batch] of adopted.entries()) {
        if (adoptedIndex < start.batch) continue;
        const isFirst = adoptedIndex === start.batch;
        let lines = isFirst ? start.lines : 0;
        if (lines === batch.requests) continue;
        for await (const block of requestLinesOf(
          provider,
          batch.inputFileId,
          isFirst ? start.offset : 0,
          signal,
        )) {
          yield block.map(({ text, nextOffset }) => {
            lines += 1;
            return rowOf(adopted, batch, readLine(provider, batch, text, lines), {
              batch: adoptedIndex,
              offset: nextOffset,
              lines,
            });
          });
        }
        if (lines !== batch.requests)
          throw new SourceError(
            `its input file ${batch.inputFileId} has ${lines} lines, and had ${batch.requests} when the run was started`,
            {
              ref: `batch ${batch.providerBatchId}`,
            },
          );
      }
    },
  };
  return { items, buildPrompt: ({ payload }) => payload };
};

const readLine = (
  { readRequest }: AdoptedReader,
  batch: AdoptedBatch,
  text: string | null,
  line: number,
): PreparedRequest => {
  const read = text === null ? { reason: 'it is too long, or not UTF-8' } : readRequest?.(text);
  if (read !== undefined && 'customId' in read) return read;
  throw new SourceError(read?.reason ?? 'the provider reads no input files', {
    ref: `batch ${batch.providerBatchId}, ${batch.inputFileId}`,
    line,
  });
};

const rowOf = (
  adopted: readonly AdoptedBatch[],
  batch: AdoptedBatch,
  request: PreparedRequest,
  position: AdoptedPosition,
): SourceRow<PreparedRequest, JsonObject, AdoptedPosition> => {
  const { providerBatchId } = batch;
  const origin = {
    ref: `batch:${providerBatchId}`,
    index: position.lines - 1,
    namespace: adopted.length > 1 ? providerBatchId : null,
  };
  return {
    item: { itemId: itemIdOfAdopted({ adopted }, batch, request.customId), payload: request },
    primaryKey: request.customId,
    location: { ref: `batch ${providerBatchId}`, line: position.lines },
    idField: 'custom_id',
    origin,
    position,
  };
};

const decodePosition = (stored: JsonValue, ref: string): AdoptedPosition => {
  if (isJsonObject(stored)) {
    const { batch, offset, lines } = stored;
    if (typeof batch === 'number' && typeof offset === 'number' && typeof lines === 'number')
      return { batch, offset, lines };
  }
  throw new SourceError(
    `cannot resume from ${JSON.stringify(stored)}: not a position in these batches`,
    { ref },
  );
};
