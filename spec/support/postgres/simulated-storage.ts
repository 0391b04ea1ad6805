import * as TE from 'fp-ts/lib/TaskEither.js';
import { Pool } from 'pg';
import { pgStore } from '../../../adapters/pg/index.ts';
import type { ArtifactStore, OwnedRun, Storage } from '../../../lib/ports/index.ts';
import { memoryArtifacts } from '../../../lib/sim/store/memory-artifacts.ts';

/**
 * Runs in Postgres, as a simulated world takes them: payloads in memory, and owners that leave as
 * the dead do.
 */
export interface PostgresWorld extends AsyncDisposable {
  /** An empty store, its tables kept. */
  empty(): Promise<Storage<'local'>>;
}

export const postgresWorld = (url: string, schema: string): PostgresWorld => {
  const pool = new Pool({ connectionString: url, max: 4 });
  const kept = pgStore({ pool, schema });
  /** The lease is over, and was not given back. */
  const leavingAsTheDead = (run: OwnedRun): OwnedRun => {
    const close = async (): Promise<void> => {
      await run.close();
      await pool.query(
        `update ${schema}.runs set lease_until = now() - interval '1 second' where run_id = $1 and owner is null`,
        [run.runId],
      );
    };
    return new Proxy(run, {
      get: (target, key) =>
        key === 'close' ? close : (Reflect.get(target, key, target) as unknown),
    });
  };
  const storageOver = (artifacts: ArtifactStore): Storage<'local'> => ({
    scope: 'local',
    describe: kept.describe,
    open: () =>
      TE.Monad.map(kept.open({ artifacts, owner: 'a simulated process' }), (store) => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), leavingAsTheDead),
        create: (runId, description) =>
          TE.Monad.map(store.create(runId, description), leavingAsTheDead),
      })),
  });
  return {
    async empty() {
      const { rows } = await pool.query<{ readonly there: boolean }>(
        `select to_regclass('${schema}.runs') is not null as there`,
      );
      if (rows[0]?.there === true)
        await pool.query(
          `delete from ${schema}.runs; delete from ${schema}.items; delete from ${schema}.settings`,
        );
      return storageOver(memoryArtifacts());
    },
    async [Symbol.asyncDispose]() {
      await pool.query(`drop schema if exists ${schema} cascade`);
      await pool.end();
    },
  };
};
