import { fromStorable } from '../../../lib/core/json/storable-text.ts';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Database, SqlValue } from 'sql.js';
import type { TypedColumn } from '../../../lib/core/codec/codec.ts';
import { RunSnapshotCodec } from '../../../lib/core/codec/snapshot-codec.ts';
import { pathOfError } from '../../../lib/core/codec/event-record.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../lib/core/json/json.ts';
import type { RunEventType, StoredRunEvent } from '../../../lib/core/machine/run-event.ts';
import { recordOfRow } from './batch-rows.ts';
import { queued, retryable, shared, submitted } from '../../../lib/rows/item-columns.ts';
import { columnOf, sliceSegment } from '../../../lib/rows/segments.ts';
import { type ModelSource, RunModel } from '../../../lib/rows/run-model.ts';

/** The format of the tables; an image of another format is rejected. */
export const imageFormat = 5;

/** Every row of a query. */
function* rowsOf(
  database: Database,
  sql: string,
  values: readonly SqlValue[] = [],
): Generator<SqlValue[]> {
  const statement = database.prepare(sql, values as SqlValue[]);
  try {
    while (statement.step()) yield statement.get();
  } finally {
    statement.free();
  }
}

const text = (value: SqlValue | undefined): string | null =>
  typeof value === 'string' ? value : null;
const column = (value: SqlValue | undefined, count: number): TypedColumn | null =>
  columnOf(value instanceof Uint8Array ? value : null, count);
const needed = <A>(value: A | null | undefined): A => {
  if (value === null || value === undefined)
    throw new RangeError('a table of the checkpoint misses a value');
  return value;
};

/** The database with the older segments of a run; null until the first image is taken or read. */
export interface Tables {
  database: Database | null;
}

/** Reads segments from the tables. */
export const sourceOf = (tables: Tables, runId: RunId): ModelSource => ({
  slice: (from) => {
    const database = needed(tables.database);
    const [found] = [...rowsOf(database, 'select * from slices where from_index = ?', [from])];
    const count = Number(needed(found)[1]);
    const [, , requestObject, itemObject, requestLengths, itemLengths, tokens, inputs, sameAs] =
      needed(found);
    return sliceSegment(
      {
        from,
        count,
        requestObject: text(requestObject),
        itemObject: needed(text(itemObject)),
        requestLengths: needed(column(requestLengths, count)),
        itemLengths: needed(column(itemLengths, count)),
        tokens: column(tokens, count),
        inputs: column(inputs, count),
        sameAs: column(sameAs, count),
      },
      () => idsOf(database, from, from + count),
    );
  },
  results: (from) => {
    const [, count, outputObject, errorObject, indexes, codes, parts, offsets, lengths, of] =
      needed(
        [
          ...rowsOf(needed(tables.database), 'select * from results where from_sequence = ?', [
            from,
          ]),
        ][0],
      );
    const rows = Number(count);
    return {
      from,
      count: rows,
      outputObject: text(outputObject),
      errorObject: text(errorObject),
      indexes: needed(column(indexes, rows)),
      codes: column(codes, rows),
      parts: column(parts, rows),
      offsets: column(offsets, rows),
      lengths: column(lengths, rows),
      of: column(of, rows),
    };
  },
  *idsBefore(index) {
    const step = 10_000;
    for (let from = 0; from < index; from += step)
      yield* idsOf(needed(tables.database), from, Math.min(index, from + step));
  },
  events: (afterSequence, limit) =>
    tables.database === null
      ? []
      : [
          ...rowsOf(
            tables.database,
            'select * from events where sequence > ? order by sequence limit ?',
            [afterSequence, limit],
          ),
        ].map(([sequence, eventType, atMs, data]): StoredRunEvent => ({
          runId,
          sequence: Number(sequence),
          eventType: String(eventType) as RunEventType,
          atMs: Number(atMs),
          data: JSON.parse(String(data)) as JsonObject,
        })),
});

const idsOf = (database: Database, from: number, to: number): readonly string[] => {
  const ids: string[] = [];
  for (const [id] of rowsOf(
    database,
    'select item_id from items where item_index >= ? and item_index < ? order by item_index',
    [from, to],
  ))
    ids.push(fromStorable(String(id)));
  return ids;
};

/**
 * The run in an image; left says what is wrong with the image. O(rows), about half a microsecond
 * each.
 */
export const readModel = (
  database: Database,
  tables: Tables,
  runId: RunId,
): Either<string, RunModel> => {
  const meta: Record<string, JsonValue> = {};
  for (const [key, value] of rowsOf(database, 'select key, value from meta'))
    meta[String(key)] = JSON.parse(String(value)) as JsonValue;
  if (meta['format'] !== imageFormat)
    return left(
      `its format is ${String(meta['format'])}, but this version reads format ${imageFormat}`,
    );
  const snapshot = RunSnapshotCodec.decode(meta['snapshot']);
  if (isLeft(snapshot)) return left(`its snapshot is malformed at ${pathOfError(snapshot.left)}`);
  if (snapshot.right.runId !== runId) return left(`it belongs to run ${snapshot.right.runId}`);
  const model = new RunModel(runId, sourceOf(tables, runId));
  const description = meta['description'];
  model.description = isJsonObject(description) ? description : null;
  model.snapshot = snapshot.right;
  for (const [from, count] of rowsOf(database, 'select from_index, count from slices order by 1'))
    model.slices.addStored(Number(from), Number(count));
  for (const [from, count] of rowsOf(
    database,
    'select from_sequence, count from results order by 1',
  ))
    model.results.addStored(Number(from), Number(count));
  for (const [name] of rowsOf(database, 'select name from objects'))
    model.objects.add(String(name));
  for (const row of rowsOf(database, 'select * from batches order by batch_no')) {
    const record = recordOfRow(row);
    if (isLeft(record)) return record;
    model.records.load(record.right);
  }
  if (model.records.count !== model.snapshot.batchCount)
    return left(
      `it holds ${model.records.count} batches, and its snapshot counts ${model.snapshot.batchCount}`,
    );
  readRows(database, model);
  const status = model.items.disagreement(model.snapshot.totals);
  if (status !== null || model.items.count !== model.slices.next)
    return left(`its rows and its totals disagree (${status ?? 'count'})`);
  return right(model);
};

/**
 * Two numbers a row, since fetching values takes most of the time. A status is below 8, charged
 * attempts are below 65,536.
 */
const packedRows = `select status + 8 * (charged + 65536 * uncharged), case status when ${retryable} then due_at_ms else batch_no end from items order by item_index`;

const readRows = (database: Database, model: RunModel): void => {
  const { items, slices } = model;
  const [found] = [
    ...rowsOf(database, 'select count(*), coalesce(max(item_index) + 1, 0) from items'),
  ];
  if (found?.[0] !== slices.next || found[1] !== slices.next)
    throw new RangeError(`${String(found?.[0])} rows in items, ${slices.next} in slices`);
  items.append(slices.next);
  const ranges = new Map<number, number[]>();
  const statement = database.prepare(packedRows);
  for (let index = 0; statement.step(); index += 1) {
    const [packed, at] = statement.get() as [number, number];
    const status = packed % 8;
    const attempts = Math.floor(packed / 8);
    items.load(
      index,
      status,
      attempts % 65_536,
      Math.floor(attempts / 65_536),
      status === retryable ? model.bucketOf(at) : at,
    );
    if (status === queued || status === submitted) extend(ranges, at, index);
  }
  statement.free();
  for (const [batchNo, range] of ranges) model.batches.set(batchNo, range);
  if (items.totalOf(shared) > 0) readWaiters(database, model);
  model.storedRows = slices.next;
};

const readWaiters = (database: Database, { items, waiters }: RunModel): void => {
  for (const [from, count, blob] of rowsOf(
    database,
    'select from_index, count, same_as from slices where same_as is not null order by 1',
  )) {
    const sameAs = needed(column(blob, Number(count)));
    sameAs.forEach((sent, offset) => {
      const index = Number(from) + offset;
      if (items.status[index] === shared) waiters.add(sent - 1, index);
    });
  }
};

const extend = (ranges: Map<number, number[]>, batchNo: number, index: number): void => {
  const range = ranges.get(batchNo);
  if (range === undefined) ranges.set(batchNo, [index, index + 1]);
  else if (range[range.length - 1] === index) range[range.length - 1] = index + 1;
  else range.push(index, index + 1);
};
