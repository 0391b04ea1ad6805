import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { RowFault } from '../files/row-mapping.ts';
import { isFault, toJsonCell, writtenCell } from './cell-values.ts';
import type { DecodedWindow } from './read-windows.ts';

/** A row by column name, and its fault, if any. */
export interface ParquetRow {
  /** 0-based index in the file. */
  readonly index: number;
  /** Without a faulty cell. */
  readonly value: JsonObject;
  readonly fault: RowFault | null;
  /** How the file writes JSON columns whose numbers JavaScript would write otherwise. */
  readonly written: ReadonlyMap<string, string> | null;
}

/** The row at an index of a window. */
export const rowAt = (
  { firstRow, columns }: DecodedWindow,
  names: readonly string[],
  at: number,
): ParquetRow => {
  const value: Record<string, JsonValue> = {};
  let fault: RowFault | null = null;
  let written: Map<string, string> | null = null;
  for (let column = 0; column < names.length; column += 1) {
    const name = names[column] ?? '';
    const decoded: unknown = columns[column]?.[at];
    const cell = toJsonCell(decoded);
    if (isFault(cell))
      fault ??= { reason: `column ${JSON.stringify(name)} ${cell.fault}`, field: name };
    else {
      setField(value, name, cell);
      const text = writtenCell(decoded);
      if (text !== null) (written ??= new Map()).set(name, text);
    }
  }
  return { index: firstRow + at, value, fault, written };
};

const setField = (value: Record<string, JsonValue>, name: string, cell: JsonValue): void => {
  // Assigning to "__proto__" would set no field.
  if (name === '__proto__')
    Object.defineProperty(value, name, {
      value: cell,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else value[name] = cell;
};
