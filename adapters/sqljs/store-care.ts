import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isRunId, type RunId } from '../../lib/core/ids.ts';
import type { Port, PortError } from '../../lib/ports/port-error.ts';
import type { RunRepair, StoreCare } from '../../lib/ports/store-care.ts';
import { ioError, isFolder } from '../filesystem/index.ts';
import type { Disk } from './disk.ts';
import { type Examined, examineRun } from './examine-run.ts';
import type { OwnershipDesk } from './ownership.ts';
import { repairRun } from './repair-run.ts';

export interface StoreCareOptions {
  readonly disk: Disk;
  readonly desk: OwnershipDesk;
  readonly folderOf: (runId: RunId) => string;
  readonly runIds: Port<readonly RunId[]>;
}

/** A look beside a live owner may fall between two of its steps: what looks damaged is looked at again. */
const looksMax = 4;

/** Looks after runs in folders. It reads them in the caller's thread: nobody waits for anything else. */
export const createStoreCare = ({ disk, desk, folderOf, runIds }: StoreCareOptions): StoreCare => {
  const onFolder =
    <A>(doing: string, runId: RunId, act: (folder: string) => Promise<Either<PortError, A>>): Port<A> =>
    async () => {
      const folder = folderOf(runId);
      try {
        if (!isRunId(runId) || !isFolder(folder)) return left({ type: 'not_found', message: `nothing named ${runId} at ${folder}` });
        return await act(folder);
      } catch (cause) {
        return left(ioError(doing, folder, cause));
      }
    };
  const examined = async (folder: string, runId: RunId): Promise<Examined> => {
    for (let look = 1; ; look += 1) {
      const owner = desk.ownerOf(folder);
      try {
        const found = await examineRun(folder, runId, owner);
        if (owner === null || found.condition.state === 'whole' || look === looksMax) return found;
      } catch (cause) {
        if (owner === null || look === looksMax) throw cause;
      }
    }
  };
  const repaired = async (folder: string, runId: RunId): Promise<Either<PortError, RunRepair>> => {
    const ownership = desk.take(folder);
    if (isLeft(ownership)) return ownership;
    const { epoch, release } = ownership.right;
    try {
      const found = await examineRun(folder, runId, null);
      const before = found.condition;
      if (before.state !== 'damaged') return right({ before, after: before, setAside: [] });
      if (found.provable === null) return left(nothingProved(folder, before.refusal));
      const setAside = repairRun(disk, folder, runId, epoch, found);
      return right({ before, after: (await examineRun(folder, runId, null)).condition, setAside });
    } finally {
      release();
    }
  };
  return {
    runIds: () => runIds,
    examine: (runId) => onFolder('examine', runId, async (folder) => right((await examined(folder, runId)).condition)),
    repair: (runId) => onFolder('repair', runId, (folder) => repaired(folder, runId)),
  };
};

const nothingProved = (folder: string, refusal: string | null): PortError => ({
  type: 'corrupt',
  message: `nothing of the run in ${folder} can be gone on from${refusal === null ? '' : `: ${refusal}`}; nothing was changed`,
  where: folder,
});
