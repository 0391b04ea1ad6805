import { Client } from 'pg';

/**
 * As after a failover to a server that takes no writes: connections are new, and every transaction
 * is read-only.
 */
export const makeReadOnly = async (url: string, isReadOnly: boolean): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('set default_transaction_read_only = off');
  const name = new URL(url).pathname.slice(1);
  await client.query(
    `alter database ${name} ${isReadOnly ? 'set default_transaction_read_only = on' : 'reset default_transaction_read_only'}`,
  );
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await client.end();
};
