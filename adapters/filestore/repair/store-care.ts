import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { isRunId, type RunId } from '../../../lib/core/values/ids.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type {
  PayloadCondition,
  RunCondition,
  RunRepair,
  StoreCare,
} from '../../../lib/ports/store-care.ts';
import { ioError, isFolder, renewSums } from '../../filesystem/index.ts';
import type { Disk } from '../disk/disk.ts';
import { type Examined, examineRun } from './examine-run.ts';
import type { OwnershipTracker } from '../ownership/ownership.ts';
import { examinePayload } from './payload-condition.ts';
import { repairRun } from './repair-run.ts';
import { setAsideFolder } from '../disk/run-folder.ts';

export interface StoreCareOptions {
  readonly disk: Disk;
  readonly owners: OwnershipTracker;
  readonly folderOf: (runId: RunId) => string;
  readonly runIds: Port<readonly RunId[]>;
}

/**
 * How often damage beside a live owner is examined again, since the owner may be between two steps.
 */
const readsMax = 4;

/**
 * Examines and repairs runs in folders. Reads in the caller's thread, since nothing else waits for
 * it.
 */
export const createStoreCare = ({
  disk,
  owners,
  folderOf,
  runIds,
}: StoreCareOptions): StoreCare => {
  const onFolder =
    <A>(
      doing: string,
      runId: RunId,
      act: (folder: string) => Promise<Either<PortError, A>>,
    ): Port<A> =>
    async () => {
      const folder = folderOf(runId);
      try {
        if (!isRunId(runId) || !isFolder(folder))
          return left({ type: 'not_found', message: `no run ${runId} at ${folder}` });
        return await act(folder);
      } catch (cause) {
        return left(ioError(doing, folder, cause));
      }
    };
  const examined = async (folder: string, runId: RunId): Promise<Examined> => {
    for (let reads = 1; ; reads += 1) {
      const owner = owners.ownerOf(folder);
      try {
        const found = await examineRun(folder, runId, owner);
        if (owner === null || found.condition.state === 'whole' || reads === readsMax) return found;
      } catch (cause) {
        if (owner === null || reads === readsMax) throw cause;
      }
    }
  };
  const repaired = async (folder: string, runId: RunId): Promise<Either<PortError, RunRepair>> => {
    const ownership = owners.take(folder);
    if (isLeft(ownership)) return ownership;
    const { epoch, release } = ownership.right;
    try {
      const found = await examineRun(folder, runId, null);
      const payload = await examinePayload(objectsIn(folder));
      const before = withPayload(found.condition, payload.condition);
      if (before.state !== 'damaged') return right({ before, after: before, setAside: [] });
      if (found.condition.state === 'damaged' && found.provable === null)
        return left(nothingProved(folder, before.refusal));
      const setAside =
        found.condition.state === 'damaged'
          ? [...repairRun(disk, folder, runId, epoch, found)]
          : [];
      for (const name of payload.toRenew) {
        if (!existsSync(join(objectsIn(folder), name))) continue;
        const kept = await renewSums(
          objectsIn(folder),
          name,
          join(folder, setAsideFolder(epoch), 'objects'),
        );
        if (kept !== null) setAside.push(relative(folder, kept));
      }
      const after = (await examineRun(folder, runId, null)).condition;
      return right({
        before,
        after: withPayload(after, (await examinePayload(objectsIn(folder))).condition),
        setAside,
      });
    } finally {
      release();
    }
  };
  return {
    runIds: () => runIds,
    examine: (runId) =>
      onFolder('examine', runId, async (folder) => {
        const { condition } = await examined(folder, runId);
        return right(withPayload(condition, (await examinePayload(objectsIn(folder))).condition));
      }),
    repair: (runId) => onFolder('repair', runId, (folder) => repaired(folder, runId)),
  };
};

const objectsIn = (folder: string): string => join(folder, 'objects');

const withPayload = (condition: Examined['condition'], payload: PayloadCondition): RunCondition => {
  const damage = [...condition.damage, ...payload.changed, ...payload.lostSums];
  return { ...condition, damage, state: damage.length > 0 ? 'damaged' : condition.state, payload };
};

const nothingProved = (folder: string, refusal: string | null): PortError => ({
  type: 'corrupt',
  message: `nothing of the run in ${folder} can be recovered${refusal === null ? '' : `: ${refusal}`}; nothing was changed`,
  where: folder,
});
