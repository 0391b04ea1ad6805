import { errnoOf } from '../../lib/disk/make-folder.ts';
import type { PortError } from '../../lib/ports/port-error.ts';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, then start again',
  EDQUOT: 'the disk quota is used up: free some space, then start again',
  EACCES: 'permission denied: check who owns the folder',
  EPERM: 'not permitted: check who owns the folder',
  EROFS: 'the disk is mounted read-only',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENFILE: 'too many open files in the system',
  ENOTDIR: 'a file lies where a folder is needed',
  EIO: 'the disk reports an input/output error',
};

/** A failed system call as data: what failed, on which path, and what to do about it. */
export const ioError = (doing: string, path: string, cause: unknown): PortError => {
  const code = errnoOf(cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const known = code === null ? undefined : advice[code];
  return {
    type: 'unavailable',
    message: `cannot ${doing} ${path}: ${known === undefined ? reason : `${known} (${code})`}`,
    cause,
  };
};
