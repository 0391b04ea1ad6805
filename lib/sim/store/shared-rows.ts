import type { SharedRows } from '../../core/model/command.ts';
import type { SharedCursor } from '../../core/model/snapshot.ts';
import type { RowTable } from './row-table.ts';

/** The reference implementation of the port, row by row. */
export const sharedRowsOf = (
  table: RowTable,
  from: SharedCursor,
  rowsMax: number,
  lastSequence: number,
): SharedRows => {
  const found = { indexes: [] as number[], of: [] as number[], codes: [] as number[] };
  const take = (index: number, of: number): void => {
    found.indexes.push(index);
    found.of.push(of);
    found.codes.push(table.result(of)?.code ?? -1);
  };
  if (from.index < table.count) {
    const end = Math.min(table.count, from.index + rowsMax);
    for (let index = from.index; index < end; index += 1) {
      const { status, sameAs } = table.row(index);
      const sequence = status === 'shared' && sameAs !== null ? table.sequenceOf(sameAs) : 0;
      if (sequence > 0 && sequence <= from.sequence) take(index, sequence);
    }
    return { ...found, until: { sequence: from.sequence, index: end } };
  }
  const end = Math.min(lastSequence, from.sequence + rowsMax);
  for (let sequence = from.sequence + 1; sequence <= end; sequence += 1) {
    const sent = table.indexOf(sequence);
    const rowsLeft = rowsMax - found.indexes.length;
    const waiting = table.select(
      (row) => row.status === 'shared' && row.sameAs === sent,
      0,
      rowsLeft + 1,
    );
    for (const index of waiting.slice(0, rowsLeft)) take(index, sequence);
    if (waiting.length > rowsLeft)
      return { ...found, until: { sequence: sequence - 1, index: from.index } };
  }
  return { ...found, until: { sequence: end, index: from.index } };
};
