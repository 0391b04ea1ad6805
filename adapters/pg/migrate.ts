import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { type Migration, migrations, newestMigration } from './migrations.ts';
import type { Query, Session } from './session.ts';

/**
 * Brings the schema to the newest step. Missing steps run in one transaction, one process at a
 * time, if `mayMigrate` allows it. A newer schema is an error.
 */
export const migrate =
  (session: Session, mayMigrate: boolean | 'existing'): Port<void> =>
  async () => {
    const found = await session.query((query) =>
      numberOf(query, session.schema).then((number) => right(number)),
    )();
    if (isLeft(found)) return found;
    const fault = faultOf(session, found.right, mayMigrate);
    if (fault !== null) return left(fault);
    return found.right === newestMigration
      ? right(undefined)
      : session.transaction((query) => migrateAll(query, session))();
  };

const faultOf = (
  { describe }: Session,
  found: number | null,
  mayMigrate: boolean | 'existing',
): PortError | null => {
  if (found !== null && found > newestMigration) {
    const message = `${describe}: its tables are at step ${found}, but this version of batchor only knows step ${newestMigration}`;
    return { type: 'too_new', message };
  }
  if (mayMigrate === true || found === newestMigration) return null;
  if (found === null) return { type: 'not_found', message: `${describe}: there is no store` };
  if (mayMigrate === 'existing') return null;
  const message = `${describe}: its tables are at step ${found}, but this version needs step ${newestMigration}, and the option \`migrate\` forbids changes`;
  return { type: 'unavailable', message, cause: null };
};

/** The last step that was made; 0: none; null: there is no store. */
const numberOf = async (query: Query, schema: string): Promise<number | null> => {
  const { rows } = await query('select to_regclass($1) is not null', [`${schema}.migrations`]);
  if (rows[0]?.[0] !== true) return null;
  const numbers = await query(`select coalesce(max(number), 0) from ${schema}.migrations`);
  return Number(numbers.rows[0]?.[0]);
};

const migrateAll = async (query: Query, session: Session): Promise<Either<PortError, void>> => {
  const { schema } = session;
  await query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `batchor migrations ${schema}`,
  ]);
  const encoding = await query('show server_encoding');
  if (encoding.rows[0]?.[0] !== 'UTF8') {
    const message = `${session.describe}: the database's encoding is ${String(encoding.rows[0]?.[0])}; batchor needs UTF8`;
    return left({ type: 'unavailable', message, cause: null });
  }
  // Not `if not exists`: that requires the CREATE privilege even when the schema exists.
  const known = await query('select to_regnamespace($1) is not null', [schema]);
  if (known.rows[0]?.[0] !== true) await query(`create schema ${schema}`);
  // Checks again under the lock.
  const found = await numberOf(query, schema);
  const fault = faultOf(session, found, true);
  if (fault !== null) return left(fault);
  if (found === null) {
    await query(`create table ${schema}.migrations (
      number integer primary key,
      name text not null,
      made_at timestamptz not null default now()
    )`);
  }
  for (const migration of migrations.filter(({ number }) => number > (found ?? 0)))
    await make(query, schema, migration);
  return right(undefined);
};

const make = async (
  query: Query,
  schema: string,
  { number, name, sql }: Migration,
): Promise<void> => {
  // Without parameters, one query may hold many statements.
  await query(sql.replaceAll('{schema}', schema));
  await query(`insert into ${schema}.migrations (number, name) values ($1, $2)`, [number, name]);
};
