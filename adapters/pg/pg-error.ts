import type { PortError } from '../../lib/ports/port-error.ts';

/**
 * The meaning of an error of Postgres or of the connection. The message holds no password, since
 * the server's messages never do.
 */
export interface PgFault {
  /**
   * True when a retry may succeed: the connection is lost, or the server restarts, is full or
   * aborted this transaction.
   */
  readonly isTransient: boolean;
  readonly message: string;
}

/**
 * SQLSTATE classes and codes of transient failures (appendix A of the Postgres manual). 25006: the
 * server takes no writes, because it is a standby until a failover is over, or is read-only for a
 * while.
 */
const transientCodes = /^(08|57P0[1-5]|57014|53300|53400|40001|40P01|55P03|25006|25P0[34])/;
/** Errors without a SQLSTATE come from the client: sockets, name resolution, its own timeouts. */
const lostConnection =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN)$|Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|Client was closed|connection error/i;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A failed happy-eyeballs connect throws an AggregateError without a message. */
const innermost = (error: unknown): Error => {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0]);
  return error instanceof Error ? error : new Error(String(error));
};

export const readFault = (thrown: unknown, where: string): PgFault => {
  const error = innermost(thrown);
  const code = textOf((error as { readonly code?: unknown }).code);
  const isOfServer = /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code);
  const isTransient = isOfServer
    ? transientCodes.test(code)
    : lostConnection.test(code) || lostConnection.test(error.message);
  return { isTransient, message: `${where}: ${explain(code, error.message)}` };
};

const explain = (code: string, message: string): string => {
  switch (code) {
    case '28P01':
    case '28000':
      return `the server refuses this user: ${message} (is the password right, does pg_hba.conf let it in?)`;
    case '3D000':
      return `${message} (create it first: a store makes its tables, not its database)`;
    case '42501':
      return `${message} (the user needs CREATE on the database once, or a schema that it owns)`;
    case '53300':
    case '53400':
      return `the server has no connection left: ${message} (fewer workers, a smaller pool, or a larger max_connections)`;
    case '25006':
      return `the database takes no writes: ${message} (a standby, or made read-only; batchor needs the primary)`;
    case '53100':
      return `the server's disk is full: ${message}`;
    case '57014':
      return `a statement took too long and was cancelled: ${message}`;
    default:
      if (message.startsWith('timeout exceeded when trying to connect'))
        return 'no connection became free in time: all of the pool are in use, or the server does not answer';
      return message === '' ? code : message;
  }
};

/**
 * The error for callers. Permanent errors are `unavailable` too, since nothing was acknowledged.
 */
export const toPortError = (thrown: unknown, where: string): PortError => {
  const { message } = readFault(thrown, where);
  // A value that does not fit, or a violated constraint: wrong data was written or is stored.
  if (/^2[23]/.test(textOf((thrown as { readonly code?: unknown } | null)?.code)))
    return { type: 'corrupt', message, where: where };
  return { type: 'unavailable', message, cause: thrown };
};
