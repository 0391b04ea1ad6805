import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isLeft, left, right } from 'fp-ts/lib/Either.js';
import { makeFolderDurably } from '../../../lib/disk/make-folder.ts';
import type { Port } from '../../../lib/ports/port-error.ts';
import { ioError } from '../../filesystem/index.ts';
import type { Ownership, OwnershipTracker } from '../ownership/ownership.ts';

/**
 * A name is a folder `<store>/claims/<hash>`, taken as the folder of a run is: by the locks in it,
 * which tell a living owner from a dead one. The folder stays, since another process may be taking
 * it.
 */
export const workAlone =
  <A>(
    dir: string,
    owners: OwnershipTracker,
    names: readonly string[],
    work: () => Promise<A>,
  ): Port<A> =>
  async () => {
    const taken: Ownership[] = [];
    try {
      // In one order: of two that want the same names one gets them all.
      for (const name of [...names].sort()) {
        const folder = join(dir, 'claims', createHash('sha256').update(name).digest('hex'));
        try {
          await makeFolderDurably(folder);
          const ownership = owners.take(folder);
          if (isLeft(ownership)) return ownership;
          taken.push(ownership.right);
        } catch (cause) {
          return left(ioError('write', folder, cause));
        }
      }
      return right(await work());
    } finally {
      for (const ownership of taken) ownership.release();
    }
  };
