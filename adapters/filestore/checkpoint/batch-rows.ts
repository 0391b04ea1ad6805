import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { SqlValue } from 'sql.js';
import type { BatchRecord } from '../../../lib/core/model/batch-record.ts';
import { BatchRecordCodec } from '../../../lib/core/codec/batch-record-codec.ts';
import { pathOfError } from '../../../lib/core/codec/event-record.ts';
import { blobOf, columnOf, keptColumn } from '../../../lib/rows/segments.ts';

/** A batch record as a table row. Structures that no query reads in part are JSON. */
export const rowOfRecord = (record: BatchRecord): SqlValue[] => [
  record.batchNo,
  record.batchKey,
  record.state,
  record.requests,
  record.createAttempt,
  record.inputFileId,
  record.providerBatchId,
  record.providerStatus,
  record.ending === null ? null : JSON.stringify(record.ending),
  record.files === null ? null : JSON.stringify(record.files),
  record.inputTokens,
  JSON.stringify(record.usage),
  record.completedCount,
  record.failedCount,
  record.retriedCount,
  record.indexes.length,
  blobOf(keptColumn(record.indexes)),
];

/** The batch record of a table row; left says where the row is malformed. */
export const recordOfRow = (row: readonly SqlValue[]): Either<string, BatchRecord> => {
  const [
    batchNo,
    batchKey,
    state,
    requests,
    createAttempt,
    inputFileId,
    providerBatchId,
    providerStatus,
    ending,
    files,
  ] = row;
  const [inputTokens, usage, completedCount, failedCount, retriedCount, rangeEnds, indexes] =
    row.slice(10);
  const decoded = BatchRecordCodec.decode({
    batchNo,
    batchKey,
    state,
    requests,
    createAttempt,
    inputFileId,
    providerBatchId,
    providerStatus,
    ending: parsed(ending),
    files: parsed(files),
    inputTokens,
    usage: parsed(usage),
    completedCount,
    failedCount,
    retriedCount,
    indexes: columnOf(indexes instanceof Uint8Array ? indexes : null, Number(rangeEnds)),
  });
  return isLeft(decoded)
    ? left(`its batch ${String(batchNo)} is malformed at ${pathOfError(decoded.left)}`)
    : right(decoded.right);
};

const parsed = (value: SqlValue | undefined): unknown =>
  typeof value === 'string' ? JSON.parse(value) : null;
