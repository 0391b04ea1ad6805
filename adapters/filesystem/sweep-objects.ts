import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortError } from '../../lib/ports/port-error.ts';
import { ioError } from './io-error.ts';
import { filesUnder } from './list-objects.ts';

/** True after: only kept objects are left; unfinished files of dead writers are gone too. For the run's one owner, at opening. Answers what was removed. */
export const sweepObjects = async (root: string, isKept: (name: string) => boolean): Promise<readonly string[] | PortError> => {
  try {
    const swept = (await filesUnder(root, '')).filter((name) => !isKept(name));
    for (const name of swept) await rm(join(root, name), { force: true });
    return swept;
  } catch (cause) {
    return ioError('sweep', root, cause);
  }
};
