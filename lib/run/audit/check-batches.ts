import { isLeft } from 'fp-ts/lib/Either.js';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import { faultOfRecord, gaveOutcome } from '../../core/model/conservation.ts';
import { indexesOf, rankInIndexSet } from '../../core/values/index-set.ts';
import { openCompact } from '../../effects/results/compact-reader.ts';
import { must } from '../api/interop.ts';
import type { VerifiedBatch } from './verification.ts';
import type { Scene } from './scene.ts';

// A batch of scattered rows is some hundred kilobytes of indexes.
const pageBatches = 20;

/** What the checks of answers need to know of a batch. */
export interface FilesOfBatch {
  readonly batchKey: string;
  readonly objects: readonly string[];
}

/** Every batch as it was counted, and the files of each by its number. */
export interface CheckedBatches {
  readonly batches: readonly VerifiedBatch[];
  readonly files: ReadonlyMap<number, FilesOfBatch>;
}

/** Holds every batch to the law `batches`, and counts the outcomes that `attempts` is about. O(attempts), one batch in memory. */
export const checkBatches = async (scene: Scene): Promise<CheckedBatches> => {
  const { reader, snapshot, tally, ledger } = scene;
  const batches: VerifiedBatch[] = [];
  const files = new Map<number, FilesOfBatch>();
  const live = new Set(snapshot.live.map((batch) => `${batch.batchNo} ${batch.batchKey}`));
  let next = 1;
  for (;;) {
    const records = await must(reader.batches(next, pageBatches), { runId: reader.runId });
    if (records.length === 0) break;
    for (const record of records) {
      const { batchNo, batchKey } = record;
      tally.checked('batches');
      if (batchNo !== next) tally.broken('batches', `batch ${batchNo} stands where batch ${next} should`, { batchNo, batchKey });
      next = Math.max(next, batchNo) + 1;
      const fault = faultOfRecord(record, ledger.rowsOf(batchNo), live.delete(`${batchNo} ${batchKey}`));
      if (fault !== null) tally.broken('batches', fault, { batchNo, batchKey });
      checkMembers(scene, record);
      files.set(batchNo, { batchKey, objects: await checkFiles(scene, record) });
      batches.push(verifiedBatch(scene, record));
    }
    scene.turned(0);
  }
  if (next - 1 !== snapshot.batchCount)
    tally.broken('batches', `${next - 1} batches are remembered, and ${snapshot.batchCount} were planned`);
  for (const lost of live) tally.broken('batches', `live batch ${lost} is not remembered`);
  return { batches, files };
};

/** Each row that names the batch was planned with it; each that it was planned with is there, and may have an outcome of it. */
const checkMembers = ({ ledger, tally }: Scene, record: BatchRecord): void => {
  const { batchNo, batchKey, indexes } = record;
  let namedBy = 0;
  for (const index of indexesOf(indexes)) {
    if (index >= ledger.capacity)
      return tally.broken('batches', `it was planned with row ${index}, which does not exist`, { batchNo, batchKey });
    const row = { status: ledger.status(index), batchNo: ledger.batchNo(index) };
    if (row.batchNo === batchNo) namedBy += 1;
    if (gaveOutcome(record, row)) ledger.addOutcome(index);
  }
  const { completed, failed, open } = ledger.rowsOf(batchNo);
  if (namedBy === completed + failed + open) return;
  for (let index = 0; index < ledger.capacity; index += 1) {
    if (ledger.batchNo(index) !== batchNo || rankInIndexSet(indexes, index) >= 0) continue;
    return tally.broken('batches', 'it names a batch that was planned without it', { batchNo, batchKey, index });
  }
};

/** The objects of the batch's raw files, each held to its length; of one that is not kept, what was made of it says how long it was. */
const checkFiles = async (
  { reader, payload, tally, pruned }: Scene,
  { batchNo, batchKey, files }: BatchRecord,
): Promise<readonly string[]> => {
  const stored = [files?.output ?? null, files?.error ?? null].filter((file) => file !== null);
  for (const { object, bytes } of stored) {
    tally.checked('batches');
    const size = await payload.size(object);
    if (size === bytes) continue;
    if (typeof size !== 'number') {
      const compact = await openCompact(reader.artifacts, object)();
      if (!isLeft(compact) && compact.right.rawBytes === bytes) {
        pruned.rawFileCount += 1;
        continue;
      }
    }
    const fault =
      typeof size === 'number' ? `raw file ${object} has ${size} bytes, and was stored with ${bytes}` : `raw file: ${size.fault}`;
    tally.broken('batches', fault, { batchNo, batchKey });
  }
  return stored.map((file) => file.object);
};

const verifiedBatch = ({ ledger }: Scene, record: BatchRecord): VerifiedBatch => {
  const { completed, failed, open } = ledger.rowsOf(record.batchNo);
  return {
    batchNo: record.batchNo,
    batchKey: record.batchKey,
    providerBatchId: record.providerBatchId,
    state: record.state,
    requestCount: record.requests,
    inputTokens: record.inputTokens,
    usage: record.usage,
    completedCount: completed,
    failedCount: failed,
    retriedCount: record.retriedCount,
    openCount: open,
  };
};

/** Holds every row to the law `attempts`, once all batches have been looked at. */
export const checkAttempts = ({ ledger, tally }: Scene): void => {
  for (let index = 0; index < ledger.capacity; index += 1) {
    tally.checked('attempts');
    const [attempts, outcomes] = [ledger.attempts(index), ledger.outcomes(index)];
    if (attempts !== outcomes)
      tally.broken('attempts', `it has ${attempts} attempts, and ${outcomes} batches gave it an outcome`, {
        index,
        batchNo: ledger.batchNo(index) || null,
      });
  }
};
