import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../lib/ports/port-error.ts';
import { ioError } from './io-error.ts';
import { filesUnder } from './list-objects.ts';
import { objectOfSums } from './sums-file.ts';

/** True after: only kept objects are left, with their checksums; unfinished files of dead writers are gone too. For the run's one owner, at opening. Answers what was removed. */
export const sweepObjects = async (root: string, isKept: (name: string) => boolean): Promise<readonly string[] | PortError> => {
  try {
    const files = await filesUnder(root, '');
    const kept = new Set(files.filter(isKept));
    const swept = files.filter((name) => !kept.has(objectOfSums(name) ?? name));
    for (const name of swept) await rm(join(root, name), { force: true });
    return swept.filter((name) => objectOfSums(name) === null);
  } catch (cause) {
    return ioError('sweep', root, cause);
  }
};
