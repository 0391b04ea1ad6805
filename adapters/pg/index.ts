/** Runs in Postgres: many workers, leases and fencing. */
export { pgStore, type PgStoreOptions } from './pg-store.ts';
