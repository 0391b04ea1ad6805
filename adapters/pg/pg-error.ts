import type { PortError } from '../../lib/ports/port-error.ts';

/** What an error of Postgres, or of the way there, means. Its message names no password: the server's own words never do. */
export interface PgFault {
  /** True when the same may succeed a moment later: the connection is gone, the server restarts, is full, or chose us as a victim. */
  readonly isWeather: boolean;
  readonly message: string;
}

/**
 * SQLSTATE classes and codes that pass by themselves (appendix A of the Postgres manual). 25006: the server takes no writes, because it is a
 * standby until a failover is over, or was made read-only for a while.
 */
const passing = /^(08|57P0[1-5]|57014|53300|53400|40001|40P01|55P03|25006|25P0[34])/;
/** Without a SQLSTATE it is the client's: sockets, name look-ups, its own time limits. */
const lostConnection =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN)$|Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed|connection error/i;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Happy eyeballs end in an AggregateError without a message of its own. */
const innermost = (error: unknown): Error => {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
};

export const readFault = (thrown: unknown, place: string): PgFault => {
  const error = innermost(thrown);
  const code = textOf((error as { readonly code?: unknown }).code);
  const isOfServer = /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code);
  const isWeather = isOfServer ? passing.test(code) : lostConnection.test(code) || lostConnection.test(error.message);
  return { isWeather, message: `${place}: ${explain(code, error.message)}` };
};

const explain = (code: string, said: string): string => {
  switch (code) {
    case '28P01':
    case '28000':
      return `the server refuses this user: ${said} (is the password right, does pg_hba.conf let it in?)`;
    case '3D000':
      return `${said} (create it first: a store makes its tables, not its database)`;
    case '42501':
      return `${said} (the user needs CREATE on the database once, or a schema that it owns)`;
    case '53300':
    case '53400':
      return `the server has no connection left: ${said} (fewer workers, a smaller pool, or a larger max_connections)`;
    case '25006':
      return `the database takes no writes: ${said} (a standby, or made read-only; batchor needs the primary)`;
    case '53100':
      return `the server's disk is full: ${said}`;
    case '57014':
      return `a statement took too long, and was given up: ${said}`;
    default:
      if (said.startsWith('timeout exceeded when trying to connect'))
        return 'no connection came free in time: all of the pool are in use, or the server does not answer';
      return said === '' ? code : said;
  }
};

/** As callers see it. What will not pass by itself is the place's fault all the same: nothing was acknowledged. */
export const toPortError = (thrown: unknown, place: string): PortError => {
  const { message } = readFault(thrown, place);
  // A value that does not fit, or a constraint that would break: what we wrote, or what is stored, is wrong.
  if (/^2[23]/.test(textOf((thrown as { readonly code?: unknown } | null)?.code))) return { type: 'corrupt', message, where: place };
  return { type: 'unavailable', message, cause: thrown };
};
