import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Client } from 'pg';

/** Tables whose numbers come from a sequence, which has to go on behind the restored rows. */
const numbered = { runs: 'run_no', commands: 'command_no' };

/**
 * Makes the schema by the steps of the release that is stored in the folder, and fills it with the
 * stored rows.
 */
export const restoreRows = async (folder: string, url: string, schema: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create schema ${schema}`);
    await client.query(
      `create table ${schema}.migrations (number integer primary key, name text not null, made_at timestamptz not null default now())`,
    );
    await client.query(
      readFileSync(join(folder, 'schema.sql'), 'utf8').replaceAll('{schema}', schema),
    );
    for (const line of gunzipSync(readFileSync(join(folder, 'rows.gz')))
      .toString('utf8')
      .trimEnd()
      .split('\n')) {
      const table = line.slice(0, line.indexOf(' '));
      const into = `${schema}.${table}`;
      await client.query(
        `insert into ${into} overriding system value select * from json_populate_record(null::${into}, $1)`,
        [line.slice(table.length + 1)],
      );
    }
    for (const [table, column] of Object.entries(numbered))
      await client.query(
        `select setval(pg_get_serial_sequence('${schema}.${table}', '${column}'), (select coalesce(max(${column}), 0) + 1 from ${schema}.${table}), false)`,
      );
  } finally {
    await client.end();
  }
};
