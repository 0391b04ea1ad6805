import { errnoOf } from '../../lib/disk/make-folder.ts';

/**
 * The words of the system, without the call and the path: `EACCES: permission denied`. The path may
 * be that of a temporary file.
 */
export const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/, \w+(?: '[^']*')?(?: -> '[^']*')?$/u, '');
};

/** True where the path does not exist. */
export const isMissing = (error: unknown): boolean => errnoOf(error) === 'ENOENT';
