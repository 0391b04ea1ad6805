import { isOpenItem, type RowsOfBatch } from '../../core/model/conservation.ts';
import {
  emptyTotals,
  type ItemStatus,
  itemStatuses,
  type ItemTotals,
} from '../../core/model/item.ts';
import type { StoredRow } from '../../ports/run-store.ts';

/** Rows while a run is verified: eleven bytes per row, and three numbers per batch. */
export interface RowLedger {
  note(row: StoredRow): void;
  status(index: number): ItemStatus;
  /** The batch that holds or settled the row; 0: none. */
  batchNo(index: number): number;
  /** Charged and uncharged attempts. */
  attempts(index: number): number;
  /** Counts one batch that gave the row an outcome. */
  addOutcome(index: number): void;
  outcomes(index: number): number;
  /** False when the row has a result already. */
  addResult(index: number): boolean;
  hasResult(index: number): boolean;
  rowsOf(batchNo: number): RowsOfBatch;
  totals(): ItemTotals;
  /** Number of recorded rows. */
  readonly count: number;
  /** Maximum number of rows. */
  readonly capacity: number;
}

export const createRowLedger = (itemCount: number, batchCount: number): RowLedger => {
  const statuses = new Uint8Array(itemCount);
  const batchNos = new Uint32Array(itemCount);
  const attempts = new Uint32Array(itemCount);
  const outcomes = new Uint16Array(itemCount);
  const results = new Uint8Array(itemCount);
  const completed = new Uint32Array(batchCount + 1);
  const failed = new Uint32Array(batchCount + 1);
  const open = new Uint32Array(batchCount + 1);
  const totals: Record<ItemStatus, number> = { ...emptyTotals };
  let count = 0;
  const columnOf = (status: ItemStatus): Uint32Array | null =>
    status === 'completed'
      ? completed
      : status === 'failed_permanent'
        ? failed
        : isOpenItem(status)
          ? open
          : null;
  return {
    note({ index, status, batchNo, charged, uncharged }) {
      count += 1;
      totals[status] += 1;
      if (index >= itemCount) return;
      statuses[index] = itemStatuses.indexOf(status);
      batchNos[index] = batchNo;
      attempts[index] = charged + uncharged;
      const column = columnOf(status);
      if (column !== null && batchNo <= batchCount)
        column[batchNo] = (column[batchNo] as number) + 1;
    },
    status: (index) => itemStatuses[statuses[index] as number] as ItemStatus,
    batchNo: (index) => batchNos[index] as number,
    attempts: (index) => attempts[index] as number,
    addOutcome(index) {
      outcomes[index] = (outcomes[index] as number) + 1;
    },
    outcomes: (index) => outcomes[index] as number,
    addResult(index) {
      const isFirst = results[index] === 0;
      results[index] = 1;
      return isFirst;
    },
    hasResult: (index) => results[index] === 1,
    rowsOf: (batchNo) => ({
      completed: completed[batchNo] ?? 0,
      failed: failed[batchNo] ?? 0,
      open: open[batchNo] ?? 0,
    }),
    totals: () => ({ ...totals }),
    get count() {
      return count;
    },
    capacity: itemCount,
  };
};
