import type { RecordBatch, Schema } from 'apache-arrow';
import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from '../files/open-file.ts';
import { messageOf } from '../files/row-mapping.ts';
import type { RowFault } from '../files/row-mapping.ts';
import { readLayout } from './arrow-layout.ts';
import type { ArrowPosition } from './arrow-position.ts';
import { createBatchLoader } from './batch-loader.ts';
import { createCellReader } from './cell-reader.ts';
import type { Arrow } from './cell.ts';
import { createObjectMaker } from './object-maker.ts';
import { damaged, readBody } from './read-message.ts';

/** Which part of an Arrow file to read. */
export interface ArrowReading {
  readonly file: OpenFile;
  readonly from: ArrowPosition | null;
  /** The columns of a row; null: all. */
  readonly columns: readonly string[] | null;
  /** A column that must be among them; null: none must. */
  readonly idColumn: string | null;
  readonly signal: AbortSignal;
}

/** A row of the file, good or bad. */
export type ArrowRow =
  { readonly type: 'row'; readonly value: JsonObject } | ({ readonly type: 'bad' } & RowFault);

/** The rows to read of a record batch. */
export interface BatchRows {
  /** 0-based index of the batch in the file. */
  readonly batch: number;
  /** The first row to read. */
  readonly firstRow: number;
  readonly rowCount: number;
  /** Size of its body in the file. */
  readonly bytes: number;
  /** The row at an index; never throws. */
  readonly rowAt: (row: number) => ArrowRow;
}

/** The record batches of a file from a position on, one in memory at a time. */
export async function* readArrow({
  file,
  from,
  columns,
  idColumn,
  signal,
}: ArrowReading): AsyncGenerator<BatchRows> {
  const layout = await readLayout(file);
  const arrow = await import('apache-arrow');
  const loader = createBatchLoader(arrow, file, layout.schema);
  const picked = pickColumns(loader.schema, file.path, columns, idColumn);
  let batch = from?.batch ?? 0;
  let firstRow = from?.row ?? 0;
  for await (const message of layout.messages(batch)) {
    signal.throwIfAborted();
    const body = await readBody(file, message);
    if (message.head.type === 'dictionary') {
      loader.addDictionary(message, body);
      continue;
    }
    const loaded = loader.load(message, body);
    if (firstRow > loaded.numRows) {
      const what = `record batch ${batch} has ${loaded.numRows} rows, fewer than needed to continue at row ${firstRow}. Restore the file that the run began with`;
      throw new SourceError(what, { ref: file.path });
    }
    let rowAt: BatchRows['rowAt'];
    try {
      rowAt = createRowReader(arrow, loaded, picked, idColumn);
    } catch (error) {
      throw damaged(file, message.offset, messageOf(error), error);
    }
    yield { batch, firstRow, rowCount: loaded.numRows, bytes: message.head.bodyBytes, rowAt };
    batch += 1;
    firstRow = 0;
  }
}

interface Picked {
  readonly name: string;
  /** Its index in the schema. */
  readonly at: number;
}

const pickColumns = (
  { fields }: Schema,
  ref: string,
  columns: readonly string[] | null,
  idColumn: string | null,
): readonly Picked[] => {
  const names = fields.map(({ name }) => name);
  const listed = names.map((name) => JSON.stringify(name)).join(', ');
  const missing = [...(columns ?? []), ...(idColumn === null ? [] : [idColumn])].find(
    (column) => !names.includes(column),
  );
  if (missing !== undefined) {
    throw new SourceError(
      `there is no column ${JSON.stringify(missing)}. Use one of these: ${listed}`,
      {
        ref,
        field: missing,
      },
    );
  }
  const wanted = columns ?? names;
  const twice = wanted.find((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) {
    throw new SourceError(
      `two columns are called ${JSON.stringify(twice)}. Rename one, or select other columns: ${listed}`,
      {
        ref,
        field: twice,
      },
    );
  }
  return wanted.map((name) => ({ name, at: names.indexOf(name) }));
};

const createRowReader = (
  arrow: Arrow,
  batch: RecordBatch,
  picked: readonly Picked[],
  idColumn: string | null,
): ((row: number) => ArrowRow) => {
  const fields = picked.map(({ name, at }) => {
    const data = batch.data.children[at];
    if (data === undefined) throw new RangeError(`it has no column ${JSON.stringify(name)}`);
    return { name, read: createCellReader(arrow, data) };
  });
  const readId = fields.find(({ name }) => name === idColumn)?.read;
  const make = createObjectMaker(fields);
  /** Finds the faulty column by reading the row again, so that good rows need no bookkeeping. */
  const faultAt = (row: number, error: unknown): ArrowRow => {
    const cells: [string, JsonValue][] = [];
    let first: Omit<RowFault, 'row'> | null = null;
    for (const { name, read } of fields) {
      const fault = thrownBy(() => cells.push([name, read(row)]));
      if (fault !== null)
        first ??= {
          reason: `column ${JSON.stringify(name)} ${fault}`,
          field: name,
          itemId: idAt(row),
        };
    }
    const { reason, ...place } = first ?? { reason: messageOf(error), field: null };
    return { type: 'bad', reason, ...place, row: Object.fromEntries(cells) };
  };
  const idAt = (row: number): string | null => {
    let id: JsonValue | undefined;
    return thrownBy(() => (id = readId?.(row))) === null &&
      (typeof id === 'string' || typeof id === 'number')
      ? String(id)
      : null;
  };
  return (row) => {
    try {
      return { type: 'row', value: make(row) };
    } catch (error) {
      return faultAt(row, error);
    }
  };
};

const thrownBy = (read: () => unknown): string | null => {
  try {
    read();
    return null;
  } catch (error) {
    return messageOf(error);
  }
};
