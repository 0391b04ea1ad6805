import type { BindParams, Database, Statement } from 'sql.js';
import { itemStatuses } from '../../lib/core/item.ts';
import type { JsonObject } from '../../lib/core/json.ts';
import { retryable } from './item-columns.ts';
import { blobOf } from './pieces.ts';
import type { RunModel } from './run-model.ts';

/** Values in one statement: SQLite takes about half the time per row when told of fifty at once. */
const rowsPerInsert = 50;
const row = '(?,?,?,?,?,?,?)';

/** Brings the database up to what the model holds. O(rows changed since the last time), in as few statements as there are runs of like rows. */
export const bringUpToDate = (database: Database, model: RunModel, meta: JsonObject): void => {
  const isNew = model.storedRows === 0 && database.exec('select count(*) from statuses')[0]?.values[0]?.[0] === 0;
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
  model.slices.settleFresh();
  model.results.settleFresh();
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
    'insert into slices values (?,?,?,?,?,?,?)',
    map(model.slices.fresh(), (slice) => [
      slice.from,
      slice.count,
      slice.requestObject,
      slice.itemObject,
      blobOf(slice.requestLengths),
      blobOf(slice.itemLengths),
      blobOf(slice.tokens),
    ]),
  );
  each(
    database,
    'insert into results values (?,?,?,?,?,?,?,?,?)',
    map(model.results.fresh(), (piece) => [
      piece.from,
      piece.count,
      piece.outputObject,
      piece.errorObject,
      blobOf(piece.indexes),
      blobOf(piece.codes),
      blobOf(piece.parts),
      blobOf(piece.offsets),
      blobOf(piece.lengths),
    ]),
  );
  each(
    database,
    'insert into events values (?,?,?,?)',
    map(model.freshEvents, (event) => [event.sequence, event.eventType, event.atMs, JSON.stringify(event.data)]),
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

/** Neighbours that changed and are alike now are one statement: a settled batch is a few, not fifty thousand. */
const updateRows = (database: Database, model: RunModel): void => {
  const { items, dueAtMs } = model;
  const { dirty, status, charged, uncharged, place } = items;
  withStatement(
    database,
    'update items set status=?, charged=?, uncharged=?, batch_no=?, due_at_ms=? where item_index between ? and ?',
    (update) => {
      for (let from = dirty.indexOf(1); from >= 0 && from < model.storedRows;) {
        let to = from + 1;
        while (
          to < model.storedRows &&
          dirty[to] === 1 &&
          status[to] === status[from] &&
          charged[to] === charged[from] &&
          uncharged[to] === uncharged[from] &&
          place[to] === place[from]
        ) {
          to += 1;
        }
        const waits = status[from] === retryable;
        const at = place[from] as number;
        update.run([
          status[from] as number,
          charged[from] as number,
          uncharged[from] as number,
          waits ? 0 : at,
          waits ? (dueAtMs[at] as number) : 0,
          from,
          to - 1,
        ]);
        from = dirty.indexOf(1, to);
      }
    },
  );
};

const insertRows = (database: Database, model: RunModel): void => {
  const { items, dueAtMs } = model;
  withStatement(database, `insert into items values ${new Array<string>(rowsPerInsert).fill(row).join(',')}`, (many) =>
    withStatement(database, `insert into items values ${row}`, (one) => {
      let values: (number | string)[] = [];
      for (const slice of model.slices.fresh()) {
        const ids = slice.ids();
        for (let i = 0; i < slice.count; i += 1) {
          const index = slice.from + i;
          const at = items.place[index] as number;
          const waits = items.status[index] === retryable;
          values.push(index, ids[i] as string, items.status[index] as number, items.charged[index] as number);
          values.push(items.uncharged[index] as number, waits ? 0 : at, waits ? (dueAtMs[at] as number) : 0);
          if (values.length === rowsPerInsert * 7) {
            many.run(values);
            values = [];
          }
        }
      }
      for (let at = 0; at < values.length; at += 7) one.run(values.slice(at, at + 7));
    }),
  );
};

const each = (database: Database, sql: string, rows: Iterable<BindParams>): void =>
  withStatement(database, sql, (statement) => {
    for (const values of rows) statement.run(values);
  });

/** A statement that is not freed is memory that never comes back. */
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
