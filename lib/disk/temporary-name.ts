import { randomBytes } from 'node:crypto';

/** The suffix of a file that has not got its name yet. A dead writer may have left it. */
export const unfinishedSuffix = '.tmp';

/** Beside the file, for one writer at a time: its next call overwrites what a crash left. */
export const temporaryName = (path: string): string => `${path}${unfinishedSuffix}`;

/**
 * Beside the file, for concurrent writers. Process ids alone are not unique: one process may write
 * twice at once, and containers reuse them.
 */
export const uniqueTemporaryName = (path: string): string =>
  temporaryName(`${path}.${process.pid}-${randomBytes(8).toString('hex')}`);
