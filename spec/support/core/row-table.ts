import { type Either, left, right } from 'fp-ts/lib/Either.js';
import {
  failureOfCode,
  indexesOf,
  isItemArrow,
  type FailureClass,
  type ItemStatus,
  type RowChange,
} from '../../../lib/core/internal.ts';

/** One item row, the smallest that any store can hold. */
export interface Row {
  readonly index: number;
  readonly itemId: string;
  readonly status: ItemStatus;
  readonly charged: number;
  readonly uncharged: number;
  /** The batch that holds or settled it; 0: none. */
  readonly batchNo: number;
  /** When a failed_retryable row goes again; 0 otherwise. */
  readonly dueAtMs: number;
  readonly bytes: number;
  readonly tokens: number;
  /** Of its result, once terminal; 0 before. */
  readonly sequence: number;
  readonly failure: FailureClass | null;
  /** The row that is sent for it; null: it is sent itself. */
  readonly sameAs: number | null;
}

/** The rows of a run in index order: a store reduced to an array. */
export type Rows = readonly Row[];

/** A row that the changes moved, as an arrow. */
export interface RowMove {
  readonly index: number;
  readonly from: ItemStatus | null;
  readonly to: ItemStatus;
}

/**
 * The rows after the changes, or why the whole commit is refused: it would move other rows than it
 * claims.
 */
export const foldRows = (
  rows: Rows,
  changes: readonly RowChange[],
): Either<string, { readonly rows: Rows; readonly moves: readonly RowMove[] }> => {
  const next = [...rows];
  const moves: RowMove[] = [];
  for (const change of changes) {
    const refusal = applyChange(next, moves, change);
    if (refusal !== null) return left(`${change.type}: ${refusal}`);
  }
  return right({ rows: next, moves });
};

const applyChange = (rows: Row[], moves: RowMove[], change: RowChange): string | null => {
  const move = (
    index: number,
    from: ItemStatus,
    to: ItemStatus,
    patch: (row: Row) => Partial<Row>,
    batchNo?: number,
  ): string | null => {
    const row = rows[index];
    if (row === undefined) return `no row ${index}`;
    if (row.status !== from) return `row ${index} is ${row.status}, not ${from}`;
    if (batchNo !== undefined && row.batchNo !== batchNo)
      return `row ${index} is in batch ${row.batchNo}, not ${batchNo}`;
    if (!isItemArrow(from, to)) return `no arrow ${from} > ${to}`;
    rows[index] = { ...row, dueAtMs: 0, ...patch(row), status: to };
    moves.push({ index, from, to });
    return null;
  };
  const each = (
    indexes: Iterable<number>,
    act: (index: number, i: number) => string | null,
  ): string | null => {
    let i = 0;
    for (const index of indexes) {
      const refusal = act(index, i);
      if (refusal !== null) return refusal;
      i += 1;
    }
    return null;
  };
  const wholeBatch = (
    from: ItemStatus,
    to: ItemStatus,
    batchNo: number,
    count: number,
    toBatchNo: number,
  ): string | null => {
    const members = rows
      .filter((row) => row.status === from && row.batchNo === batchNo)
      .map((row) => row.index);
    if (members.length !== count)
      return `batch ${batchNo} has ${members.length} rows in ${from}, not ${count}`;
    return each(members, (index) => move(index, from, to, () => ({ batchNo: toBatchNo })));
  };
  switch (change.type) {
    case 'insert':
      return insert(rows, moves, change);
    case 'claim': {
      const indexes = [...indexesOf(change.indexes)];
      if (indexes.length !== change.count)
        return `claims ${change.count} rows and names ${indexes.length}`;
      return each(indexes, (index) =>
        move(index, 'pending', 'queued_local', () => ({ batchNo: change.batchNo })),
      );
    }
    case 'submit':
      return wholeBatch('queued_local', 'submitted', change.batchNo, change.count, change.batchNo);
    case 'release':
      return wholeBatch('queued_local', 'pending', change.batchNo, change.count, 0);
    case 'complete':
      return each(Array.from(change.lines.indexes), (index, i) =>
        move(
          index,
          'submitted',
          'completed',
          (row) => ({ charged: row.charged + 1, sequence: change.sequenceFrom + i }),
          change.batchNo,
        ),
      );
    case 'fail':
      return each(Array.from(change.rows.indexes), (index, i) =>
        move(
          index,
          'submitted',
          'failed_permanent',
          (row) => ({
            ...tried(row, change.rows.charged[i]),
            sequence: change.sequenceFrom + i,
            failure: failureOfCode(change.rows.codes[i] ?? -1),
          }),
          change.batchNo,
        ),
      );
    case 'retry':
      return each(Array.from(change.rows.indexes), (index, i) =>
        move(
          index,
          'submitted',
          'failed_retryable',
          (row) => ({
            ...tried(row, change.rows.charged[i]),
            dueAtMs: change.rows.dueAtMs[i] ?? 0,
          }),
          change.batchNo,
        ),
      );
    case 'requeue':
      return each(Array.from(change.indexes), (index) =>
        move(index, 'failed_retryable', 'pending', () => ({ batchNo: 0 })),
      );
    case 'fail_pending':
      return each(Array.from(change.indexes), (index, i) =>
        move(index, 'pending', 'failed_permanent', () => ({
          sequence: change.sequenceFrom + i,
          failure: failureOfCode(change.code),
          batchNo: change.batchNo,
        })),
      );
    case 'share':
      return each(Array.from(change.indexes), (index, i) => {
        const sent = rows[rows[index]?.sameAs ?? -1];
        const failure = change.codes === null ? null : failureOfCode(change.codes[i] ?? -1);
        if (sent === undefined || sent.sequence !== change.of[i] || sent.failure !== failure)
          return `row ${index} ends otherwise than the one sent for it`;
        return move(index, 'shared', failure === null ? 'completed' : 'failed_permanent', () => ({
          sequence: change.sequenceFrom + i,
          failure,
        }));
      });
  }
};

const tried = (row: Row, charged: number | undefined): Partial<Row> =>
  charged === 1 ? { charged: row.charged + 1 } : { uncharged: row.uncharged + 1 };

const insert = (
  rows: Row[],
  moves: RowMove[],
  { slice, sequenceFrom }: Extract<RowChange, { readonly type: 'insert' }>,
): string | null => {
  if (slice.fromIndex !== rows.length) return `begins at ${slice.fromIndex}, not ${rows.length}`;
  const bad = new Set(Array.from(slice.badOffsets));
  let sequence = sequenceFrom;
  slice.itemIds.forEach((itemId, offset) => {
    const sameAs = (slice.sameAs?.[offset] ?? 0) === 0 ? null : (slice.sameAs?.[offset] ?? 0) - 1;
    const status = bad.has(offset) ? 'failed_permanent' : sameAs === null ? 'pending' : 'shared';
    const index = slice.fromIndex + offset;
    rows.push({
      index,
      itemId,
      status,
      charged: 0,
      uncharged: 0,
      batchNo: 0,
      dueAtMs: 0,
      bytes: slice.requestLengths[offset] ?? 0,
      tokens: slice.tokens?.[offset] ?? 0,
      sequence: bad.has(offset) ? sequence : 0,
      failure: bad.has(offset) ? 'invalid_row' : null,
      sameAs,
    });
    if (bad.has(offset)) sequence += 1;
    moves.push({ index, from: null, to: status });
  });
  return null;
};
