import { join } from 'node:path';
import * as E from 'fp-ts/lib/Either.js';
import { pipe } from 'fp-ts/lib/function.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { pendingRuns } from '../../../lib/core/machine/progress.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import type { DamagedRun, ListedRun, RunStore } from '../../../lib/ports/run-store.ts';
import { filesystemArtifacts } from '../../filesystem/index.ts';
import { hasCommands } from '../disk/inbox.ts';
import type { OwnershipTracker } from '../ownership/ownership.ts';
import type { OpenRuns } from './open-runs.ts';
import type { StoreFolder } from './store-folder.ts';
import { currentSummary } from './summary.ts';

/** Shows runs without owning them. */
export type RunList = Pick<RunStore, 'peek' | 'list' | 'adoptable'>;

export const createRunList = (
  folders: StoreFolder,
  owners: OwnershipTracker,
  { snapshotOf }: OpenRuns,
): RunList => {
  /**
   * A run for listings: from its summary while an owner writes it or after a clean close, else from
   * the run itself.
   */
  const listed = (runId: RunId): Port<ListedRun | null> =>
    pipe(
      folders.onFolder('list', runId, (folder) => {
        const owner = owners.ownerOf(folder);
        return E.right({ owner, snapshot: currentSummary(folder, owner !== null) });
      }),
      TE.chain(({ owner, snapshot }) =>
        pipe(
          snapshot === null ? snapshotOf(runId) : TE.right(snapshot),
          TE.map((shown) => (shown === null ? null : { runId, owner, snapshot: shown })),
        ),
      ),
    );
  const shownWhole = (run: ListedRun): ListedRun => {
    const folder = folders.folderOf(run.runId);
    const artifacts = filesystemArtifacts({ dir: join(folder, 'objects') });
    const ownedSinceMs = run.owner === null ? null : owners.ownedSinceMs(folder);
    return { ...run, artifacts, ownedSinceMs };
  };
  /** A run that cannot be opened does not stop the listing of the others. */
  const listedOrDamaged = (
    runId: RunId,
    onDamaged: (run: DamagedRun) => void,
  ): Port<ListedRun | null> =>
    pipe(
      listed(runId),
      TE.orElse((error) => {
        onDamaged({ runId, error });
        return TE.right<PortError, ListedRun | null>(null);
      }),
    );
  const list: RunStore['list'] = (onDamaged = () => undefined) =>
    pipe(
      folders.runIds(),
      TE.chain((ids) => TE.sequenceSeqArray(ids.map((runId) => listedOrDamaged(runId, onDamaged)))),
      TE.map((runs) => runs.filter((run) => run !== null).sort(newestFirst)),
    );
  return {
    peek: (runId) =>
      pipe(
        folders.existing(runId),
        TE.chain(() => listed(runId)),
        TE.chain((run) =>
          run === null ? TE.left(folders.unknown(runId)) : TE.right(shownWhole(run)),
        ),
      ),
    list,
    // Runs with due work, then the runs that cannot be opened, so that a worker reports why.
    adoptable: (nowMs, limit) => async () => {
      const damaged: RunId[] = [];
      const runs = await list(({ runId }) => damaged.push(runId))();
      if (E.isLeft(runs)) return runs;
      const free = runs.right
        .filter(({ owner }) => owner === null)
        .map((run) => ({ ...run, hasCommands: hasCommands(folders.folderOf(run.runId)) }));
      const pending = pendingRuns(free, nowMs, limit).map(({ runId }) => runId);
      return E.right([...pending, ...damaged].slice(0, limit));
    },
  };
};

const newestFirst = (a: ListedRun, b: ListedRun): number =>
  b.snapshot.createdAtMs - a.snapshot.createdAtMs || (a.runId < b.runId ? 1 : -1);
