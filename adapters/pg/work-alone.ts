import { left, right } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import type { Port } from '../../lib/ports/port-error.ts';
import type { Session } from './session.ts';

type Outcome<A> = { readonly value: A } | { readonly thrown: unknown };

/**
 * A name is an advisory lock of one transaction, which holds a connection for as long as the work
 * takes: the server lets go of it when the transaction or the connection ends. The work has
 * connections of its own.
 */
export const workAlone = <A>(
  session: Session,
  names: readonly string[],
  work: () => Promise<A>,
): Port<A> => {
  // Done once, though the transaction may be tried again.
  let outcome: Outcome<A> | null = null;
  return TE.Monad.map(
    session.transaction<Outcome<A>>(async (query) => {
      if (outcome !== null) return right(outcome);
      // In one order: of two that want the same names one gets them all.
      for (const name of [...names].sort()) {
        const { rows } = await query('select pg_try_advisory_xact_lock(hashtextextended($1, 0))', [
          `${session.schema} ${name}`,
        ]);
        if (rows[0]?.[0] !== true)
          return left({ type: 'owned_elsewhere', owner: 'another process' });
      }
      outcome = await work().then(
        (value) => ({ value }),
        (thrown: unknown) => ({ thrown }),
      );
      return right(outcome);
    }),
    (done) => {
      if ('thrown' in done) throw done.thrown;
      return done.value;
    },
  );
};
