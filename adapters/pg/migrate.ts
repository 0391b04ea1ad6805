import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import { type Migration, migrations, newestMigration } from './migrations.ts';
import type { Ask, Session } from './session.ts';

/**
 * True after: the schema is the one this version writes. Steps that are missing are made in one transaction, one process at a time,
 * where `mayMigrate`; a schema of a newer version is refused.
 */
export const migrate =
  (session: Session, mayMigrate: boolean | 'existing'): Port<void> =>
  async () => {
    const found = await session.ask((ask) => numberOf(ask, session.schema).then((number) => right(number)))();
    if (isLeft(found)) return found;
    const fault = faultOf(session, found.right, mayMigrate);
    if (fault !== null) return left(fault);
    return found.right === newestMigration ? right(undefined) : session.transaction((ask) => migrateAll(ask, session))();
  };

const faultOf = ({ describe }: Session, found: number | null, mayMigrate: boolean | 'existing'): PortError | null => {
  if (found !== null && found > newestMigration) {
    const message = `${describe}: its tables are at step ${found}, and this version knows ${newestMigration}`;
    return { type: 'too_new', message };
  }
  if (mayMigrate === true || found === newestMigration) return null;
  if (found === null) return { type: 'not_found', message: `${describe}: there is no store` };
  if (mayMigrate === 'existing') return null;
  const message = `${describe}: its tables are at step ${found}, and this version needs ${newestMigration}; it was told not to change them`;
  return { type: 'unavailable', message, cause: null };
};

/** The last step that was made; 0 where none was, null where there is no store. */
const numberOf = async (ask: Ask, schema: string): Promise<number | null> => {
  const { rows } = await ask('select to_regclass($1) is not null', [`${schema}.migrations`]);
  if (rows[0]?.[0] !== true) return null;
  const numbers = await ask(`select coalesce(max(number), 0) from ${schema}.migrations`);
  return Number(numbers.rows[0]?.[0]);
};

const migrateAll = async (ask: Ask, session: Session): Promise<Either<PortError, void>> => {
  const { schema } = session;
  await ask('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`batchor migrations ${schema}`]);
  const encoding = await ask('show server_encoding');
  if (encoding.rows[0]?.[0] !== 'UTF8') {
    const message = `${session.describe}: the database's encoding is ${String(encoding.rows[0]?.[0])}; texts need UTF8`;
    return left({ type: 'unavailable', message, cause: null });
  }
  // Not `if not exists`: that asks for the right to create even where there is nothing to create.
  const known = await ask('select to_regnamespace($1) is not null', [schema]);
  if (known.rows[0]?.[0] !== true) await ask(`create schema ${schema}`);
  // Looked at again, now that nobody else migrates.
  const found = await numberOf(ask, schema);
  const fault = faultOf(session, found, true);
  if (fault !== null) return left(fault);
  if (found === null) {
    await ask(`create table ${schema}.migrations (
      number integer primary key,
      name text not null,
      made_at timestamptz not null default now()
    )`);
  }
  for (const migration of migrations.filter(({ number }) => number > (found ?? 0))) await make(ask, schema, migration);
  return right(undefined);
};

const make = async (ask: Ask, schema: string, { number, name, sql }: Migration): Promise<void> => {
  // Without parameters, many statements are one question.
  await ask(sql.replaceAll('{schema}', schema));
  await ask(`insert into ${schema}.migrations (number, name) values ($1, $2)`, [number, name]);
};
