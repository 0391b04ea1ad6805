import type { Data } from 'apache-arrow';
import type { Cell, TableColumn } from '../../lib/ports/table.ts';
import type { ColumnBuilder } from './batch-column.ts';
import type { Arrow } from './cell.ts';
import { createTextBuilder } from './text-builder.ts';
import { createValidity } from './validity.ts';

/** A builder for batches of at most `rowsMax` rows. Ten times as fast as the package's builders. */
export const createColumnBuilder = (
  arrow: Arrow,
  { name, type }: TableColumn,
  rowsMax: number,
): ColumnBuilder => {
  switch (type) {
    case 'text':
    case 'json':
      return createTextBuilder(arrow, name, rowsMax);
    case 'integer':
      return createValueBuilder(name, rowsMax, integers(arrow));
    case 'number':
      return createValueBuilder(name, rowsMax, numbers(arrow));
    case 'boolean':
      return createValueBuilder(name, rowsMax, booleans(arrow));
  }
};

/** The Arrow type of a column. */
export const arrowTypeOf = (arrow: Arrow, { type }: TableColumn) => {
  switch (type) {
    case 'text':
    case 'json':
      return new arrow.Utf8();
    case 'integer':
      return new arrow.Int64();
    case 'number':
      return new arrow.Float64();
    case 'boolean':
      return new arrow.Bool();
  }
};

type Nulls = ReturnType<ReturnType<typeof createValidity>['finish']>;

/** Values of a fixed width. */
interface Values {
  readonly what: string;
  /** Zeroed memory for so many rows. */
  open(rowsMax: number): {
    /** Returns false, and sets nothing, for a cell of another type. */
    set(row: number, cell: Cell | undefined): boolean;
    toData(rows: number, nulls: Nulls): Data;
  };
}

const createValueBuilder = (name: string, rowsMax: number, values: Values): ColumnBuilder => {
  const validity = createValidity(rowsMax);
  let open = values.open(rowsMax);
  let rows = 0;
  return {
    append: (cells, begin, end) => {
      for (let at = begin; at < end; at += 1) {
        const cell = cells[at];
        if (cell === null) validity.setNull(rows);
        else if (!open.set(rows, cell)) {
          throw new TypeError(
            `column ${JSON.stringify(name)}, row ${at + 1} of its page: ${String(cell)} is not a ${values.what}`,
          );
        }
        rows += 1;
      }
    },
    finish: () => {
      const data = open.toData(rows, validity.finish(rows));
      open = values.open(rowsMax);
      rows = 0;
      return data;
    },
  };
};

const TWO_32 = 2 ** 32;

/** Set in halves, since a bigint per cell would cost more than the rest. */
const integers = (arrow: Arrow): Values => ({
  what: 'whole number that is exact',
  open: (rowsMax) => {
    const data = new BigInt64Array(rowsMax);
    const halves = new Int32Array(data.buffer);
    return {
      set: (row, cell) => {
        if (!Number.isSafeInteger(cell)) return false;
        const number = Number(cell);
        halves[2 * row] = number | 0;
        halves[2 * row + 1] = Math.floor(number / TWO_32);
        return true;
      },
      toData: (length, nulls) =>
        arrow.makeData({
          type: new arrow.Int64(),
          length,
          ...nulls,
          data: data.subarray(0, length),
        }),
    };
  },
});

const numbers = (arrow: Arrow): Values => ({
  what: 'number',
  open: (rowsMax) => {
    const data = new Float64Array(rowsMax);
    return {
      set: (row, cell) => {
        if (typeof cell !== 'number') return false;
        data[row] = cell;
        return true;
      },
      toData: (length, nulls) =>
        arrow.makeData({
          type: new arrow.Float64(),
          length,
          ...nulls,
          data: data.subarray(0, length),
        }),
    };
  },
});

const booleans = (arrow: Arrow): Values => ({
  what: 'boolean',
  open: (rowsMax) => {
    const data = new Uint8Array(Math.ceil(rowsMax / 8));
    return {
      set: (row, cell) => {
        if (typeof cell !== 'boolean') return false;
        if (cell) data[row >> 3] = (data[row >> 3] ?? 0) | (1 << (row & 7));
        return true;
      },
      toData: (length, nulls) =>
        arrow.makeData({
          type: new arrow.Bool(),
          length,
          ...nulls,
          data: data.subarray(0, Math.ceil(length / 8)),
        }),
    };
  },
});
