import { hashText } from '../prng.ts';
import type { BatchRecord } from './batch-record.ts';
import type { BlobWriter, StoredBlob } from './blobs.ts';
import { createLineWriter } from './line-writer.ts';
import { produce, type ProductionTotals } from './produce.ts';
import type { BatchUsage } from './wire.ts';
import type { ProviderWorld } from './world.ts';

/** How far a batch got, and the error code of its other requests. */
export interface Cutoff {
  readonly answeredRatio: number;
  readonly unfinishedCode: 'batch_expired' | 'batch_cancelled';
}

/**
 * Writes the rows of a batch that stops at `atMs`, and bills it. Returns it with counts, usage and
 * unpublished blobs.
 */
export const writeFiles = async (
  world: ProviderWorld,
  batch: BatchRecord,
  cutoff: Cutoff,
  attemptOf: (customId: string) => number,
  atMs: number,
): Promise<BatchRecord> => {
  const { input } = batch;
  if (input === null) return batch;
  const sink = await openFiles(world, batch);
  const totals = await produce(
    {
      ...cutoff,
      seed: world.seed,
      batchNo: batch.batchNo,
      endpoint: batch.endpoint,
      requestCount: batch.counts.total,
      createdS: Math.floor(atMs / 1000),
      rowFaults: world.faults.rowFaults(batch.batchNo),
      lineBytesMax: world.limits.lineBytesMax,
      answer: world.answer,
      countAttempt: attemptOf,
      bill: (request) => {
        world.book.billed(withFilesLost(world, batch, request), batch.batchNo - 1);
      },
    },
    world.blobs.read(input.blobKey),
    { output: sink.output.writer, error: sink.error.writer },
  );
  world.book.billedTokens(totals.inputTokens, totals.outputTokens);
  const output = await closeFile(world, sink.output);
  const error = await closeFile(
    world,
    sink.error,
    world.faults.mark('error_file_empty', batch.batchNo) !== null,
  );
  await world.files.release(input);
  return {
    ...batch,
    input: null,
    counts: { total: batch.counts.total, completed: totals.completed, failed: totals.failed },
    usage: usageOf(totals),
    unpublished: { output, error },
  };
};

/**
 * Gives the written rows of a batch that ended at `atMs` their file ids. A batch that lost its
 * files gets none.
 */
export const publishFiles = async (
  world: ProviderWorld,
  batch: BatchRecord,
  atMs: number,
): Promise<BatchRecord> => {
  const { output, error } = batch.unpublished;
  const published = { ...batch, unpublished: { output: null, error: null } };
  if (
    batch.life.status === 'completed' &&
    world.faults.mark('completes_without_files', batch.batchNo) !== null
  ) {
    for (const blob of [output, error]) if (blob !== null) await world.blobs.remove(blob.blobKey);
    return published;
  }
  return {
    ...published,
    outputFileId:
      output === null ? batch.outputFileId : addFile(world, batch, output, 'output', atMs),
    errorFileId:
      error === null ? noErrorFile(world, batch) : addFile(world, batch, error, 'error', atMs),
    filesVisibleMs: atMs + (world.faults.mark('files_late', batch.batchNo)?.forMs ?? 0),
  };
};

/** Gives the answers of a batch in progress a file; unanswered requests are in none. */
export const publishEarly = async (
  world: ProviderWorld,
  batch: BatchRecord,
  atMs: number,
): Promise<BatchRecord> => {
  const { output, error } = batch.unpublished;
  if (error !== null) await world.blobs.remove(error.blobKey);
  return {
    ...batch,
    counts: { ...batch.counts, failed: 0 },
    unpublished: { output: null, error: null },
    outputFileId: output === null ? null : addFile(world, batch, output, 'output', atMs),
  };
};

const noErrorFile = (world: ProviderWorld, { batchNo }: BatchRecord): string | null =>
  world.faults.mark('error_file_blank', batchNo) === null ? null : '';

const withFilesLost = <A extends { readonly isUsable: boolean }>(
  world: ProviderWorld,
  batch: BatchRecord,
  request: A,
): A =>
  request.isUsable && world.faults.mark('completes_without_files', batch.batchNo) !== null
    ? { ...request, isUsable: false }
    : request;

interface OpenFile {
  readonly key: string;
  readonly writer: ReturnType<typeof createLineWriter>;
}

const openFiles = async (
  world: ProviderWorld,
  batch: BatchRecord,
): Promise<{ readonly output: OpenFile; readonly error: OpenFile }> => {
  const open = async (name: string): Promise<OpenFile> => {
    const key = world.files.nextBlobKey();
    const blob: BlobWriter = await world.blobs.create(key);
    return {
      key,
      writer: createLineWriter(blob, hashText(`${name} ${batch.batchNo}`, world.seed)),
    };
  };
  return { output: await open('output'), error: await open('error') };
};

/** Closes a file; deletes an empty one unless `keepsEmpty`. */
const closeFile = async (
  world: ProviderWorld,
  file: OpenFile,
  keepsEmpty = false,
): Promise<StoredBlob | null> => {
  const bytes = await file.writer.close();
  if (bytes > 0 || keepsEmpty) return { blobKey: file.key, bytes };
  await world.blobs.remove(file.key);
  return null;
};

const addFile = (
  world: ProviderWorld,
  batch: BatchRecord,
  blob: StoredBlob,
  name: 'output' | 'error',
  atMs: number,
): string =>
  world.files.add({
    project: batch.project,
    ...blob,
    createdMs: atMs,
    filename: `${batch.id}_${name}.jsonl`,
    purpose: 'batch_output',
    expiresMs: atMs + (batch.outputExpiresAfterSeconds ?? world.limits.expirySecondsMax) * 1000,
    batchNo: batch.batchNo,
    processedMs: atMs,
    foundMs: atMs,
  }).id;

const usageOf = (totals: ProductionTotals): BatchUsage => ({
  input_tokens: totals.inputTokens,
  output_tokens: totals.outputTokens,
  total_tokens: totals.inputTokens + totals.outputTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens_details: { reasoning_tokens: totals.reasoningTokens },
});
