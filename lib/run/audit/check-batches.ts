import { isLeft } from 'fp-ts/lib/Either.js';
import type { BatchRecord } from '../../core/model/batch-record.ts';
import { faultOfRecord, gaveOutcome } from '../../core/model/conservation.ts';
import { indexesOf, rankInIndexSet } from '../../core/values/index-set.ts';
import { openCompact } from '../../effects/results/compact-reader.ts';
import { must } from '../api/interop.ts';
import type { VerifiedBatch } from './verification.ts';
import type { AuditContext } from './audit-context.ts';

// The row indexes of a scattered batch take a few hundred kilobytes.
const pageBatches = 20;

/** The files of a batch, for the checks of answers. */
export interface FilesOfBatch {
  readonly batchKey: string;
  readonly objects: readonly string[];
}

/** Every batch with its counts, and its files by batch number. */
export interface CheckedBatches {
  readonly batches: readonly VerifiedBatch[];
  readonly files: ReadonlyMap<number, FilesOfBatch>;
}

/**
 * Checks every batch against the law `batches`, and counts the outcomes for `attempts`.
 * O(attempts); one batch in memory.
 */
export const checkBatches = async (context: AuditContext): Promise<CheckedBatches> => {
  const { reader, snapshot, counts, ledger } = context;
  const batches: VerifiedBatch[] = [];
  const files = new Map<number, FilesOfBatch>();
  const live = new Set(snapshot.live.map((batch) => `${batch.batchNo} ${batch.batchKey}`));
  let next = 1;
  for (;;) {
    const records = await must(reader.batches(next, pageBatches), { runId: reader.runId });
    if (records.length === 0) break;
    for (const record of records) {
      const { batchNo, batchKey } = record;
      counts.checked('batches');
      if (batchNo !== next)
        counts.broken('batches', `found batch ${batchNo} instead of batch ${next}`, {
          batchNo,
          batchKey,
        });
      next = Math.max(next, batchNo) + 1;
      const fault = faultOfRecord(
        record,
        ledger.rowsOf(batchNo),
        live.delete(`${batchNo} ${batchKey}`),
      );
      if (fault !== null) counts.broken('batches', fault, { batchNo, batchKey });
      checkMembers(context, record);
      files.set(batchNo, { batchKey, objects: await checkFiles(context, record) });
      batches.push(verifiedBatch(context, record));
    }
    context.pageChecked(0);
  }
  if (next - 1 !== snapshot.batchCount)
    counts.broken(
      'batches',
      `${next - 1} batches are stored, but ${snapshot.batchCount} were planned`,
    );
  for (const lost of live) counts.broken('batches', `live batch ${lost} is not stored`);
  return { batches, files };
};

/** Checks that a batch and the rows that name it agree. Counts the batch's outcomes. */
const checkMembers = ({ ledger, counts }: AuditContext, record: BatchRecord): void => {
  const { batchNo, batchKey, indexes } = record;
  let namedBy = 0;
  for (const index of indexesOf(indexes)) {
    if (index >= ledger.capacity)
      return counts.broken('batches', `it was planned with row ${index}, which does not exist`, {
        batchNo,
        batchKey,
      });
    const row = { status: ledger.status(index), batchNo: ledger.batchNo(index) };
    if (row.batchNo === batchNo) namedBy += 1;
    if (gaveOutcome(record, row)) ledger.addOutcome(index);
  }
  const { completed, failed, open } = ledger.rowsOf(batchNo);
  if (namedBy === completed + failed + open) return;
  for (let index = 0; index < ledger.capacity; index += 1) {
    if (ledger.batchNo(index) !== batchNo || rankInIndexSet(indexes, index) >= 0) continue;
    return counts.broken('batches', 'it names a batch that was planned without it', {
      batchNo,
      batchKey,
      index,
    });
  }
};

/**
 * Checks the length of the batch's raw files and returns their object names. The length of a
 * removed file is in its compact object.
 */
const checkFiles = async (
  { reader, payload, counts, pruned }: AuditContext,
  { batchNo, batchKey, files }: BatchRecord,
): Promise<readonly string[]> => {
  const stored = [files?.output ?? null, files?.error ?? null].filter((file) => file !== null);
  for (const { object, bytes } of stored) {
    counts.checked('batches');
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
      typeof size === 'number'
        ? `raw file ${object} has ${size} bytes, but was stored with ${bytes}`
        : `raw file: ${size.fault}`;
    counts.broken('batches', fault, { batchNo, batchKey });
  }
  return stored.map((file) => file.object);
};

const verifiedBatch = ({ ledger }: AuditContext, record: BatchRecord): VerifiedBatch => {
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

/** Checks every row against the law `attempts`. Requires `checkBatches` before. */
export const checkAttempts = ({ ledger, counts }: AuditContext): void => {
  for (let index = 0; index < ledger.capacity; index += 1) {
    counts.checked('attempts');
    const [attempts, outcomes] = [ledger.attempts(index), ledger.outcomes(index)];
    if (attempts !== outcomes)
      counts.broken(
        'attempts',
        `it has ${attempts} attempts, but ${outcomes} batches gave it an outcome`,
        {
          index,
          batchNo: ledger.batchNo(index) || null,
        },
      );
  }
};
