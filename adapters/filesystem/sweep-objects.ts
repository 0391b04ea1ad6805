import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../lib/ports/port-error.ts';
import { ioError } from './io-error.ts';
import { filesUnder } from './list-objects.ts';
import { objectOfSums } from './sums-file.ts';

/**
 * Deletes every object that is not kept, with its checksums, and unfinished files of dead writers.
 * For the run's owner, at opening. Returns the names of deleted objects.
 */
export const sweepObjects = async (
  root: string,
  isKept: (name: string) => boolean,
): Promise<readonly string[] | PortError> => {
  try {
    const files = await filesUnder(root, '');
    const kept = new Set(files.filter(isKept));
    const swept = files.filter((name) => !kept.has(objectOfSums(name) ?? name));
    for (const name of swept) await rm(join(root, name), { force: true });
    return swept.filter((name) => objectOfSums(name) === null);
  } catch (cause) {
    return ioError('delete unreferenced objects in', root, cause);
  }
};
