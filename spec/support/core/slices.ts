import {
  codeOfFailure,
  type OpenRows,
  type PlanWindow,
  type RowSlice,
  type SharedCursor,
  type SharedRows,
} from '../../../lib/core/internal.ts';
import type { Row, Rows } from './row-table.ts';

const columns = (rows: Rows, isLast: boolean): RowSlice => ({
  indexes: rows.map((row) => row.index),
  bytes: rows.map((row) => row.bytes),
  tokens: rows.map((row) => row.tokens),
  isLast,
});

const front = (rows: Rows, rowsMax: number, wanted: (row: Row) => boolean): RowSlice => {
  const found = rows.filter(wanted);
  return columns(found.slice(0, rowsMax), found.length <= rowsMax);
};

/** Pending rows in item order. */
export const planWindow = (rows: Rows, generation: number, rowsMax: number): PlanWindow => {
  const { indexes, bytes, tokens, isLast } = front(
    rows,
    rowsMax,
    (row) => row.status === 'pending',
  );
  return { generation, indexes, bytes, tokens, inputs: null, isExhausted: isLast };
};
export const pendingRows = (rows: Rows, rowsMax: number): RowSlice =>
  front(rows, rowsMax, (row) => row.status === 'pending');
export const backoffRows = (rows: Rows, dueAtMs: number, rowsMax: number): RowSlice =>
  front(rows, rowsMax, (row) => row.status === 'failed_retryable' && row.dueAtMs === dueAtMs);
/** 1 where the row is submitted in this very batch. */
export const openMask = (
  rows: Rows,
  batchNo: number,
  indexes: readonly number[],
): readonly number[] =>
  indexes.map((index) =>
    rows[index]?.status === 'submitted' && rows[index].batchNo === batchNo ? 1 : 0,
  );
/** Rows still submitted in the batch, in item order from an index. */
export const openRows = (
  rows: Rows,
  batchNo: number,
  fromIndex: number,
  rowsMax: number,
): OpenRows => {
  const found = rows.filter(
    (row) => row.status === 'submitted' && row.batchNo === batchNo && row.index >= fromIndex,
  );
  const taken = found.slice(0, rowsMax);
  return {
    ...columns(taken, found.length <= rowsMax),
    charged: taken.map((row) => row.charged),
    uncharged: taken.map((row) => row.uncharged),
  };
};
/** The rows that stand in a batch that was not settled yet. */
export const batchMembers = (rows: Rows, batchNo: number): readonly number[] =>
  rows
    .filter(
      (row) =>
        row.batchNo === batchNo && (row.status === 'queued_local' || row.status === 'submitted'),
    )
    .map((row) => row.index);

/**
 * Rows that can end with the row that was sent for them: among the next rows, or by the next
 * results.
 */
export const sharedRows = (
  rows: Rows,
  from: SharedCursor,
  rowsMax: number,
  lastSequence: number,
): SharedRows => {
  const found = (waiting: Rows, until: SharedCursor): SharedRows => {
    const sent = waiting.map((row) => rows[row.sameAs ?? -1] as Row);
    return {
      indexes: waiting.map((row) => row.index),
      of: sent.map((row) => row.sequence),
      codes: sent.map((row) => (row.failure === null ? -1 : codeOfFailure(row.failure))),
      until,
    };
  };
  const sequenceOf = (row: Row): number => rows[row.sameAs ?? -1]?.sequence ?? 0;
  const waiting = rows.filter((row) => row.status === 'shared' && sequenceOf(row) > 0);
  if (from.index < rows.length) {
    const end = Math.min(rows.length, from.index + rowsMax);
    return found(
      waiting.filter(
        (row) => row.index >= from.index && row.index < end && sequenceOf(row) <= from.sequence,
      ),
      { sequence: from.sequence, index: end },
    );
  }
  const end = Math.min(lastSequence, from.sequence + rowsMax);
  const due = waiting
    .filter((row) => sequenceOf(row) > from.sequence && sequenceOf(row) <= end)
    .sort((a, b) => sequenceOf(a) - sequenceOf(b) || a.index - b.index);
  const next = due[rowsMax];
  return found(due.slice(0, rowsMax), {
    sequence: next === undefined ? end : sequenceOf(next) - 1,
    index: from.index,
  });
};
