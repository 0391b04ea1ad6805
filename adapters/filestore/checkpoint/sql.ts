import type { Database, SqlJsStatic } from 'sql.js';

/**
 * SQLite, compiled to WebAssembly. Loaded once per thread, and only to read or write an image:
 * loading costs as much CPU as replaying a few hundred thousand rows (docs/decisions/0013).
 */
let loading: Promise<SqlJsStatic> | null = null;
export const loadSql = (): Promise<SqlJsStatic> =>
  (loading ??= import('sql.js')
    .then((module) => module.default())
    .catch((cause: unknown) => {
      // The next call tries again.
      loading = null;
      throw cause;
    }));

/** A database without rows. */
export const emptyDatabase = (sql: SqlJsStatic): Database => {
  const database = new sql.Database();
  tune(database);
  database.run(schema);
  return database;
};

/**
 * Statuses are numbers in `items`; `statuses` names them, and so does the view `item_states`.
 * Columns in blobs: see `columnOf`.
 */
export const schema = `
create table meta (key text primary key, value text not null) without rowid;
create table statuses (code integer primary key, name text not null);
create table items (
  item_index integer primary key, item_id text not null, status integer not null,
  charged integer not null, uncharged integer not null, batch_no integer not null, due_at_ms integer not null
);
create table slices (
  from_index integer primary key, count integer not null, request_object text, item_object text not null,
  request_lengths blob not null, item_lengths blob not null, tokens blob, inputs blob, same_as blob
);
create table results (
  from_sequence integer primary key, count integer not null, output_object text, error_object text,
  indexes blob not null, codes blob, parts blob, offsets blob, lengths blob, shared_sequences blob
);
create table batches (
  batch_no integer primary key, batch_key text not null, state text not null, requests integer not null,
  create_attempt integer not null, input_file_id text, provider_batch_id text, provider_status text, ending text, files text,
  input_tokens integer not null, usage text not null, completed_count integer not null, failed_count integer not null, retried_count integer not null,
  range_ends integer not null, indexes blob not null
);
create table events (sequence integer primary key, event_type text not null, at_ms integer not null, data text not null);
create table objects (name text primary key) without rowid;
create view item_states as
  select item_index, item_id, name as status, charged, uncharged, batch_no, due_at_ms from items join statuses on code = status;
`;

/**
 * No other process opens this database, and its export is what gets stored. So it needs no locks
 * and no journal of its own.
 */
export const tune = (database: Database): void => {
  database.run('pragma locking_mode = exclusive');
  database.run('pragma journal_mode = memory');
  database.run('pragma synchronous = off');
};
