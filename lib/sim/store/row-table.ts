import type { AcceptedSlice, Column, OpenRows, RowSlice } from '../../core/model/command.ts';
import { codeOfFailure } from '../../core/values/failure.ts';
import { countOfIndexSet, indexesOf } from '../../core/values/index-set.ts';
import type { ItemStatus } from '../../core/model/item.ts';
import type { RowChange } from '../../core/machine/rows.ts';
import type { ObjectSpan, ResultRef, RowLines, StoredRow } from '../../ports/run-store.ts';

/**
 * The reference implementation: rows as the fold of row changes. Changes that do not fit are
 * rejected as a whole.
 */
export interface RowTable {
  /** Applies all changes and returns null, or returns why they do not fit. */
  apply(changes: readonly RowChange[]): string | null;
  has(itemId: string): boolean;
  readonly count: number;
  row(index: number): StoredRow;
  lines(index: number): RowLines;
  bytes(index: number): number;
  tokens(index: number): number;
  inputs(index: number): number;
  result(sequence: number): ResultRef | null;
  sequenceOf(index: number): number;
  /** The row with the result of this sequence; null: none. */
  indexOf(sequence: number): number | null;
  /** Indexes of the rows that satisfy the test, ascending, at most `max`. */
  select(test: (row: StoredRow) => boolean, fromIndex: number, max: number): readonly number[];
}

interface Row {
  itemId: string;
  status: ItemStatus;
  charged: number;
  uncharged: number;
  batchNo: number;
  dueAtMs: number;
  request: ObjectSpan | null;
  item: ObjectSpan;
  tokens: number;
  inputs: number;
  sequence: number;
  code: number;
  line: ObjectSpan | null;
  sameAs: number | null;
}

export const createRowTable = (): RowTable => {
  const rows: Row[] = [];
  const ids = new Set<string>();
  const bySequence: number[] = [];

  const at = (index: number): Row | undefined => rows[index];
  const end = (
    row: Row,
    index: number,
    sequence: number,
    status: ItemStatus,
    code: number,
    line: ObjectSpan | null,
  ): void => {
    row.status = status;
    row.code = code;
    row.line = line;
    row.dueAtMs = 0;
    row.sequence = sequence;
    bySequence[sequence] = index;
  };
  const all = (column: Column, test: (row: Row) => boolean): boolean => {
    const seen = new Set<number>();
    for (let i = 0; i < column.length; i += 1) {
      const index = column[i] as number;
      const row = at(index);
      if (row === undefined || seen.has(index) || !test(row)) return false;
      seen.add(index);
    }
    return true;
  };
  const membersOf = (batchNo: number, status: ItemStatus): readonly Row[] =>
    rows.filter((row) => row.batchNo === batchNo && row.status === status);
  const each = (column: Column, act: (row: Row, index: number, nth: number) => void): void => {
    for (let i = 0; i < column.length; i += 1)
      act(rows[column[i] as number] as Row, column[i] as number, i);
  };

  const fault = (change: RowChange): string | null => {
    switch (change.type) {
      case 'insert':
        if (change.slice.fromIndex !== rows.length)
          return `the next row index is ${rows.length}, not ${change.slice.fromIndex}`;
        if (
          new Set(change.slice.itemIds).size !== change.slice.itemIds.length ||
          change.slice.itemIds.some((id) => ids.has(id))
        )
          return 'an item id is already used';
        return null;
      case 'claim': {
        const members = [...indexesOf(change.indexes)];
        return countOfIndexSet(change.indexes) === change.count &&
          all(members, (row) => row.status === 'pending')
          ? null
          : 'a claimed row is not pending';
      }
      case 'submit':
      case 'release':
        return membersOf(change.batchNo, 'queued_local').length === change.count
          ? null
          : `batch ${change.batchNo} does not hold ${change.count} queued rows`;
      case 'complete':
        return all(
          change.lines.indexes,
          (row) => row.status === 'submitted' && row.batchNo === change.batchNo,
        )
          ? null
          : 'a completed row is not submitted in the batch';
      case 'fail':
      case 'retry':
        return all(
          change.rows.indexes,
          (row) => row.status === 'submitted' && row.batchNo === change.batchNo,
        )
          ? null
          : 'a failed row is not submitted in the batch';
      case 'requeue':
        return all(change.indexes, (row) => row.status === 'failed_retryable')
          ? null
          : 'a requeued row is not failed_retryable';
      case 'fail_pending':
        return all(change.indexes, (row) => row.status === 'pending')
          ? null
          : 'a failed row is not pending';
      case 'share':
        return faultOfShare(change);
    }
  };

  /** Ends each row like the row that was sent for it, whose result is `of`. */
  const faultOfShare = ({
    indexes,
    of,
    codes,
  }: Extract<RowChange, { readonly type: 'share' }>): string | null => {
    if (!all(indexes, (row) => row.status === 'shared'))
      return 'a row that shares a result is not shared';
    for (let i = 0; i < indexes.length; i += 1) {
      const leader = rows[(rows[indexes[i] as number] as Row).sameAs as number];
      if (leader?.sequence !== of[i] || leader?.code !== (codes?.[i] ?? -1))
        return 'a row does not match the row that was sent for it';
    }
    return null;
  };

  const insert = (slice: AcceptedSlice, sequenceFrom: number): void => {
    let requestAt = 0;
    let itemAt = 0;
    const bad = new Set(Array.from(slice.badOffsets));
    let sequence = sequenceFrom;
    slice.itemIds.forEach((itemId, i) => {
      const requestLength = slice.requestLengths[i] as number;
      const itemLength = slice.itemLengths[i] as number;
      const sameAs = (slice.sameAs?.[i] ?? 0) === 0 ? null : (slice.sameAs?.[i] as number) - 1;
      ids.add(itemId);
      const row: Row = {
        itemId,
        status: sameAs === null ? 'pending' : 'shared',
        charged: 0,
        uncharged: 0,
        batchNo: 0,
        dueAtMs: 0,
        request:
          slice.requestObject === null || bad.has(i) || sameAs !== null
            ? null
            : { object: slice.requestObject, offset: requestAt, length: requestLength },
        item: { object: slice.itemObject, offset: itemAt, length: itemLength },
        tokens: slice.tokens?.[i] ?? 0,
        inputs: slice.inputs?.[i] ?? 1,
        sequence: 0,
        code: -1,
        line: null,
        sameAs,
      };
      rows.push(row);
      requestAt += requestLength;
      itemAt += itemLength;
      if (bad.has(i)) {
        end(
          row,
          slice.fromIndex + i,
          sequence,
          'failed_permanent',
          codeOfFailure('invalid_row'),
          null,
        );
        sequence += 1;
      }
    });
  };

  const applyOne = (change: RowChange): void => {
    switch (change.type) {
      case 'insert':
        return insert(change.slice, change.sequenceFrom);
      case 'claim':
        for (const index of indexesOf(change.indexes))
          Object.assign(rows[index] as Row, { status: 'queued_local', batchNo: change.batchNo });
        return;
      case 'submit':
        for (const row of membersOf(change.batchNo, 'queued_local')) row.status = 'submitted';
        return;
      case 'release':
        for (const row of membersOf(change.batchNo, 'queued_local'))
          Object.assign(row, { status: 'pending', batchNo: 0 });
        return;
      case 'complete':
        return each(change.lines.indexes, (row, index, i) => {
          row.charged += 1;
          const line = {
            object: change.object,
            offset: change.lines.offsets[i] as number,
            length: change.lines.lengths[i] as number,
          };
          end(row, index, change.sequenceFrom + i, 'completed', -1, line);
        });
      case 'fail':
        return each(change.rows.indexes, (row, index, i) => {
          charge(row, change.rows.charged[i] as number);
          const part = change.rows.parts[i] as number;
          const object = part === 1 ? change.outputObject : part === 2 ? change.errorObject : null;
          const line =
            object === null
              ? null
              : {
                  object,
                  offset: change.rows.offsets[i] as number,
                  length: change.rows.lengths[i] as number,
                };
          end(
            row,
            index,
            change.sequenceFrom + i,
            'failed_permanent',
            change.rows.codes[i] as number,
            line,
          );
        });
      case 'retry':
        return each(change.rows.indexes, (row, _index, i) => {
          charge(row, change.rows.charged[i] as number);
          Object.assign(row, {
            status: 'failed_retryable',
            batchNo: 0,
            dueAtMs: change.rows.dueAtMs[i] as number,
          });
        });
      case 'requeue':
        return each(
          change.indexes,
          (row) => void Object.assign(row, { status: 'pending', dueAtMs: 0 }),
        );
      case 'fail_pending':
        return each(change.indexes, (row, index, i) => {
          row.batchNo = change.batchNo;
          end(row, index, change.sequenceFrom + i, 'failed_permanent', change.code, null);
        });
      case 'share':
        return each(change.indexes, (row, index, i) => {
          const { status, code, line } = rows[row.sameAs as number] as Row;
          end(row, index, change.sequenceFrom + i, status, code, line);
        });
    }
  };

  const restore = (before: readonly Row[]): void => {
    rows.splice(0, rows.length, ...before);
    ids.clear();
    bySequence.length = 0;
    rows.forEach((row, index) => {
      ids.add(row.itemId);
      if (row.sequence > 0) bySequence[row.sequence] = index;
    });
  };

  const show = (row: Row, index: number): StoredRow => ({
    index,
    itemId: row.itemId,
    status: row.status,
    charged: row.charged,
    uncharged: row.uncharged,
    batchNo: row.batchNo,
    dueAtMs: row.dueAtMs,
    sameAs: row.sameAs,
  });
  const need = (index: number): Row => {
    const row = at(index);
    if (row === undefined) throw new RangeError(`no row ${index}`);
    return row;
  };

  return {
    apply(changes) {
      // Changes of one commit build on each other, so each is checked in turn. When one does not
      // fit, all are undone.
      const before = changes.length > 1 ? rows.map((row) => ({ ...row })) : null;
      for (const [nth, change] of changes.entries()) {
        const wrong = fault(change);
        if (wrong === null) applyOne(change);
        else if (before !== null && nth > 0) restore(before);
        if (wrong !== null) return wrong;
      }
      return null;
    },
    has: (itemId) => ids.has(itemId),
    get count() {
      return rows.length;
    },
    row: (index) => show(need(index), index),
    lines(index) {
      const { item, request, sameAs } = need(index);
      return { item, request: sameAs === null ? request : need(sameAs).request, sameAs };
    },
    bytes: (index) => need(index).request?.length ?? 0,
    inputs: (index) => need(index).inputs,
    tokens: (index) => need(index).tokens,
    sequenceOf: (index) => need(index).sequence,
    indexOf: (sequence) => bySequence[sequence] ?? null,
    result(sequence) {
      const index = bySequence[sequence];
      if (index === undefined) return null;
      const row = need(index);
      if (row.status !== 'completed' && row.status !== 'failed_permanent') return null;
      const { itemId, status, code, charged, uncharged, line, item, sameAs } = row;
      return { sequence, index, itemId, status, code, charged, uncharged, line, item, sameAs };
    },
    select(test, fromIndex, max) {
      const found: number[] = [];
      for (let index = fromIndex; index < rows.length && found.length < max; index += 1)
        if (test(show(rows[index] as Row, index))) found.push(index);
      return found;
    },
  };
};

const charge = (row: Row, charged: number): void => {
  if (charged === 1) row.charged += 1;
  else row.uncharged += 1;
};

/** Columns of the given rows. */
export const rowSliceOf = (
  table: RowTable,
  indexes: readonly number[],
  isLast: boolean,
): RowSlice => ({
  indexes,
  bytes: indexes.map((index) => table.bytes(index)),
  tokens: indexes.map((index) => table.tokens(index)),
  isLast,
});

export const openRowsOf = (
  table: RowTable,
  indexes: readonly number[],
  isLast: boolean,
): OpenRows => ({
  ...rowSliceOf(table, indexes, isLast),
  charged: indexes.map((index) => table.row(index).charged),
  uncharged: indexes.map((index) => table.row(index).uncharged),
});
