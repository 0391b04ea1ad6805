import type { Cell, TableColumn } from '../../lib/ports/table.ts';

/** Collects a column, page by page. */
export interface ColumnCollector {
  add(cells: readonly Cell[]): void;
  /** The whole column. */
  finish(): Float64Array | readonly unknown[];
}

/** A collector for a column of this type. */
export const createCollector = ({ name, type }: TableColumn): ColumnCollector => {
  switch (type) {
    case 'integer':
    case 'number':
      return collectNumbers();
    case 'json':
      return collectValues((cell, row) => parse(cell, name, row));
    case 'text':
    case 'boolean':
      return collectValues((cell) => cell);
  }
};

const collectValues = (toValue: (cell: Cell, row: number) => unknown): ColumnCollector => {
  const values: unknown[] = [];
  return {
    add: (cells) => {
      for (const cell of cells) values.push(toValue(cell, values.length));
    },
    finish: () => values,
  };
};

/**
 * A typed array, which is an eighth to a half of the memory, as long as no null is met: it could
 * not hold one.
 */
const collectNumbers = (): ColumnCollector => {
  let numbers: Float64Array | null = new Float64Array(1024);
  let count = 0;
  let values: unknown[] = [];
  return {
    add: (cells) => {
      for (const cell of cells) {
        if (numbers !== null && typeof cell === 'number') {
          if (count === numbers.length) numbers = grow(numbers);
          numbers[count] = cell;
          count += 1;
          continue;
        }
        if (numbers !== null) values = Array.from(numbers.subarray(0, count));
        numbers = null;
        values.push(cell);
      }
    },
    finish: () => (numbers === null ? values : numbers.slice(0, count)),
  };
};

const grow = (numbers: Float64Array): Float64Array => {
  const grown = new Float64Array(2 * numbers.length);
  grown.set(numbers);
  return grown;
};

const parse = (cell: Cell, name: string, row: number): unknown => {
  if (typeof cell !== 'string') return cell;
  try {
    return JSON.parse(cell) as unknown;
  } catch (cause) {
    throw new Error(
      `column ${JSON.stringify(name)}, row ${row + 1}, is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
};
