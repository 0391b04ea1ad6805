/**
 * One step of the schema. A released step never changes: a new one follows. `{schema}` stands for
 * the quoted name.
 */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'runs, items, batches, events, commands',
    // Columns without an index are updated in place; fillfactor leaves free space for that, since
    // an item row changes four times. Items have no foreign key to their run: checking it takes a
    // fifth of a slice's time. Only commits of the owner write them, and its removal deletes them.
    sql: `
      create table {schema}.settings (
        name text primary key,
        value text not null
      );
      create table {schema}.runs (
        run_no integer generated always as identity primary key,
        run_id text collate "C" not null unique,
        payloads text not null,
        description json,
        version bigint not null default 0,
        snapshot json,
        status text not null default 'running',
        control_state text not null default 'running',
        created_at_ms bigint not null default 0,
        owed_at_ms bigint,
        epoch bigint not null default 0,
        owner text,
        lease_until timestamptz
      ) with (fillfactor = 50);
      create index runs_by_status on {schema}.runs (status) where status = 'running';
      create table {schema}.objects (
        run_no integer not null references {schema}.runs on delete cascade,
        object_no integer not null,
        name text collate "C" not null,
        primary key (run_no, object_no),
        unique (run_no, name)
      );
      create table {schema}.items (
        run_no integer not null,
        item_index integer not null,
        item_id text collate "C" not null,
        status smallint not null,
        charged smallint not null,
        uncharged smallint not null,
        batch_no integer not null,
        due_at_ms bigint not null,
        request_object integer,
        request_offset integer not null,
        request_length integer not null,
        item_object integer not null,
        item_offset integer not null,
        item_length integer not null,
        tokens integer,
        sequence bigint,
        code smallint,
        line_object integer,
        line_offset bigint,
        line_length integer,
        primary key (run_no, item_index)
      ) with (fillfactor = 70);
      create index items_by_id on {schema}.items (run_no, hashtextextended(item_id, 0));
      create index items_by_sequence on {schema}.items (run_no, sequence) where sequence is not null;
      create index items_by_due_time on {schema}.items (run_no, due_at_ms, item_index) where due_at_ms > 0;
      create table {schema}.batches (
        run_no integer not null references {schema}.runs on delete cascade,
        batch_no integer not null,
        batch_key text not null,
        state text not null,
        range_starts integer[] not null,
        range_ends integer[] not null,
        record json not null,
        live json,
        primary key (run_no, batch_no)
      );
      create table {schema}.events (
        run_no integer not null references {schema}.runs on delete cascade,
        sequence bigint not null,
        event_type text not null,
        at_ms bigint not null,
        data json not null,
        primary key (run_no, sequence)
      );
      create table {schema}.commands (
        command_no bigint generated always as identity primary key,
        run_no integer not null references {schema}.runs on delete cascade,
        type text not null,
        options json not null,
        sent_at timestamptz not null default now()
      );
      create index commands_by_run on {schema}.commands (run_no, command_no);
      create view {schema}.item_states as
        select runs.run_id, items.item_index, items.item_id,
          (array['pending', 'queued_local', 'submitted', 'completed', 'failed_retryable', 'failed_permanent'])[items.status + 1] as status,
          items.charged, items.uncharged, items.batch_no
        from {schema}.items join {schema}.runs using (run_no);
    `,
  },
  {
    number: 2,
    name: 'inputs of requests, reservations',
    // One row for each run that holds part of its scope's queue, or knows the queue's limit.
    sql: `
      alter table {schema}.items add column inputs integer;
      create table {schema}.reservations (
        run_no integer primary key references {schema}.runs on delete cascade,
        scope text not null,
        tokens bigint not null,
        requests bigint not null,
        until_ms bigint not null,
        stated json,
        wants json
      );
      create index reservations_by_scope on {schema}.reservations (scope);
    `,
  },
  {
    number: 3,
    name: 'rows that share a request',
    // Indexed by the row that is sent for them, which never changes, so updates stay in place. The
    // sum makes the order unique to this index. Otherwise, when most rows wait for one row, the
    // planner scans the primary key until it has found enough waiting rows, and scans the whole run
    // for a row without any.
    sql: `
      alter table {schema}.items add column same_as integer;
      create index items_by_same_request on {schema}.items (run_no, same_as, (item_index + 0)) where same_as is not null;
      create or replace view {schema}.item_states as
        select runs.run_id, items.item_index, items.item_id,
          (array['pending', 'queued_local', 'submitted', 'completed', 'failed_retryable', 'failed_permanent', 'shared'])[items.status + 1] as status,
          items.charged, items.uncharged, items.batch_no
        from {schema}.items join {schema}.runs using (run_no);
    `,
  },
  {
    number: 4,
    name: 'since when a run has its owner',
    // True of one epoch: a process of an earlier release, at work during the upgrade, takes runs
    // without writing it.
    sql: `
      alter table {schema}.runs add column owned_since timestamptz, add column owned_since_epoch bigint;
    `,
  },
];

export const newestMigration = migrations[migrations.length - 1]?.number ?? 0;
