import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { BatchRecord } from '../../lib/core/model/batch-record.ts';
import { BatchRecordCodec } from '../../lib/core/codec/batch-record-codec.ts';
import { pathOfError } from '../../lib/core/codec/event-record.ts';
import type { PortError } from '../../lib/ports/port-error.ts';
import type { RowsOf } from './row-queries.ts';
import type { Query } from './session.ts';

/** A batch record without its row indexes, which have columns of their own. */
export const plainRecord = ({
  indexes: _indexes,
  ...record
}: BatchRecord): Omit<BatchRecord, 'indexes'> => record;

/** `[from, to, from, to, …]` as two columns. */
export const rangesOf = (
  indexes: ArrayLike<number>,
): { readonly starts: readonly number[]; readonly ends: readonly number[] } => {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i + 1 < indexes.length; i += 2) {
    starts.push(indexes[i] as number);
    ends.push(indexes[i + 1] as number);
  }
  return { starts, ends };
};

export const batchRecords = async (
  query: Query,
  { schema, runNo }: RowsOf,
  which: { readonly fromBatchNo: number; readonly limit: number } | 'live',
): Promise<Either<PortError, readonly BatchRecord[]>> => {
  const isLive = which === 'live';
  const { rows } = await query(
    `select batch_no, record, range_starts, range_ends from ${schema}.batches
      where run_no = $1 and ${isLive ? 'live is not null' : 'batch_no >= $2'} order by batch_no${isLive ? '' : ' limit $3'}`,
    isLive ? [runNo] : [runNo, which.fromBatchNo, Math.max(0, which.limit)],
  );
  const records: BatchRecord[] = [];
  for (const [batchNo, record, starts, ends] of rows) {
    const stops = ends as readonly number[];
    const indexes = Float64Array.from(
      (starts as readonly number[]).flatMap((start, range) => [start, stops[range] as number]),
    );
    const decoded = BatchRecordCodec.decode({ ...(record as object), indexes });
    const where = `batch ${String(batchNo)}`;
    if (isLeft(decoded))
      return left({
        type: 'corrupt',
        message: `${where} is malformed at ${pathOfError(decoded.left)}`,
        where,
      });
    records.push(decoded.right);
  }
  return right(records);
};
