import { storable } from '../../../lib/core/json/storable-text.ts';
import type { BindParams, Database, Statement } from 'sql.js';
import { itemStatuses } from '../../../lib/core/model/item.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { type ItemColumns, retryable } from '../../../lib/rows/item-columns.ts';
import { rowOfRecord } from './batch-rows.ts';
import { blobOf } from '../../../lib/rows/segments.ts';
import type { RunModel } from '../../../lib/rows/run-model.ts';

/** Rows per statement: at fifty, SQLite takes about half the time per row. */
const rowsPerInsert = 50;
/**
 * The first row index and the state that all rows share, then one id each. Few bindings, since they
 * take most of the time.
 */
const likeRows = Array.from(
  { length: rowsPerInsert },
  (_, i) => `(?1 + ${i}, ?${i + 7}, ?2, ?3, ?4, ?5, ?6)`,
).join(',');

/**
 * Updates the database to the model. O(rows changed since the last time), with one statement for
 * each run of equal adjacent rows.
 */
export const bringUpToDate = (database: Database, model: RunModel, meta: JsonObject): void => {
  const isNew =
    model.storedRows === 0 &&
    database.exec('select count(*) from statuses')[0]?.values[0]?.[0] === 0;
  database.run('begin');
  try {
    write(database, model, meta, isNew);
    database.run('commit');
  } catch (cause) {
    database.run('rollback');
    throw cause;
  }
  model.items.dirty.fill(0);
  model.storedRows = model.items.count;
  model.slices.markStored();
  model.results.markStored();
  model.records.settle();
  model.freshEvents = [];
  model.freshObjects = [];
};

const write = (database: Database, model: RunModel, meta: JsonObject, isNew: boolean): void => {
  if (isNew)
    each(
      database,
      'insert into statuses values (?,?)',
      itemStatuses.map((name, code) => [code, name]),
    );
  updateRows(database, model);
  insertRows(database, model);
  each(
    database,
    'insert into slices values (?,?,?,?,?,?,?,?,?)',
    map(model.slices.fresh(), (slice) => [
      slice.from,
      slice.count,
      slice.requestObject,
      slice.itemObject,
      blobOf(slice.requestLengths),
      blobOf(slice.itemLengths),
      blobOf(slice.tokens),
      blobOf(slice.inputs),
      blobOf(slice.sameAs),
    ]),
  );
  each(
    database,
    'insert into results values (?,?,?,?,?,?,?,?,?,?)',
    map(model.results.fresh(), (segment) => [
      segment.from,
      segment.count,
      segment.outputObject,
      segment.errorObject,
      blobOf(segment.indexes),
      blobOf(segment.codes),
      blobOf(segment.parts),
      blobOf(segment.offsets),
      blobOf(segment.lengths),
      blobOf(segment.of),
    ]),
  );
  each(
    database,
    'insert or replace into batches values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)',
    map(model.records.dirty(), rowOfRecord),
  );
  each(
    database,
    'insert into events values (?,?,?,?)',
    map(model.freshEvents, (event) => [
      event.sequence,
      event.eventType,
      event.atMs,
      JSON.stringify(event.data),
    ]),
  );
  each(
    database,
    'insert or ignore into objects values (?)',
    map(model.freshObjects, (name) => [name]),
  );
  each(
    database,
    'insert or replace into meta values (?,?)',
    Object.entries(meta).map(([key, value]) => [key, JSON.stringify(value)]),
  );
};

/**
 * Updates adjacent changed rows with equal state in one statement: a settled batch takes a few, not
 * fifty thousand.
 */
const updateRows = (database: Database, model: RunModel): void => {
  const { items, storedRows } = model;
  const { dirty } = items;
  const sql =
    'update items set status=?, charged=?, uncharged=?, batch_no=?, due_at_ms=? where item_index between ? and ?';
  withStatement(database, sql, (update) => {
    for (let from = dirty.indexOf(1); from >= 0 && from < storedRows;) {
      let to = from + 1;
      while (to < storedRows && dirty[to] === 1 && isLike(items, from, to)) to += 1;
      update.run([...stateOf(model, from), from, to - 1]);
      from = dirty.indexOf(1, to);
    }
  });
};

/** Inserts the rows of new slices in their current state. */
const insertRows = (database: Database, model: RunModel): void =>
  withStatement(database, `insert into items values ${likeRows}`, (many) =>
    withStatement(database, 'insert into items values (?1, ?7, ?2, ?3, ?4, ?5, ?6)', (one) => {
      for (const slice of model.slices.fresh()) {
        const ids = slice.ids();
        for (let at = 0; at < slice.count;) {
          const count =
            likeFrom(model, slice.from + at, slice.count - at) === rowsPerInsert
              ? rowsPerInsert
              : 1;
          (count === 1 ? one : many).run([
            slice.from + at,
            ...stateOf(model, slice.from + at),
            ...ids.slice(at, at + count).map(storable),
          ]);
          at += count;
        }
      }
    }),
  );

/** How many rows from this index on share one state; at most `rowsMax`. */
const likeFrom = ({ items }: RunModel, from: number, rowsMax: number): number => {
  const end = from + Math.min(rowsMax, rowsPerInsert);
  let to = from + 1;
  while (to < end && isLike(items, from, to)) to += 1;
  return to - from;
};

const isLike = (
  { status, charged, uncharged, batchOrBucket }: ItemColumns,
  a: number,
  b: number,
): boolean =>
  status[a] === status[b] &&
  batchOrBucket[a] === batchOrBucket[b] &&
  charged[a] === charged[b] &&
  uncharged[a] === uncharged[b];

/** Status, attempts, batch and due time, as columns of the table. */
const stateOf = ({ items, dueAtMs }: RunModel, index: number): readonly number[] => {
  const batchOrBucket = items.batchOrBucket[index] as number;
  const waits = items.status[index] === retryable;
  const attempts = [items.charged[index] as number, items.uncharged[index] as number];
  return [
    items.status[index] as number,
    ...attempts,
    waits ? 0 : batchOrBucket,
    waits ? (dueAtMs[batchOrBucket] as number) : 0,
  ];
};

const each = (database: Database, sql: string, rows: Iterable<BindParams>): void =>
  withStatement(database, sql, (statement) => {
    for (const values of rows) statement.run(values);
  });

/** Frees the statement: SQLite leaks its memory otherwise. */
const withStatement = <A>(database: Database, sql: string, act: (statement: Statement) => A): A => {
  const statement = database.prepare(sql);
  try {
    return act(statement);
  } finally {
    statement.free();
  }
};

function* map<A, B>(values: Iterable<A>, change: (value: A) => B): Generator<B> {
  for (const value of values) yield change(value);
}
