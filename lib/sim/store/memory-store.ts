import * as TE from 'fp-ts/lib/TaskEither.js';
import type { RunId } from '../../core/values/ids.ts';
import type { JsonObject } from '../../core/json/json.ts';
import { pendingRuns } from '../../core/machine/progress.ts';
import { isCreated } from '../../core/model/snapshot.ts';
import type { PortError } from '../../ports/port-error.ts';
import type {
  InboxCommand,
  ListedRun,
  OwnedRun,
  RunReader,
  RunStore,
  Storage,
} from '../../ports/run-store.ts';
import { createMemoryRun, type MemoryRun } from './memory-run.ts';
import { createReservations, type Reservations } from './reservations.ts';

/**
 * Keeps everything in this process: for tests, for the simulator, and for jobs that need not
 * survive it. Opening it twice gives the same storage, so a simulated crash finds what the dead
 * process wrote.
 */
export const memoryStore = (): MemoryStorage => {
  const runs = new Map<RunId, MemoryRun>();
  const store = createMemoryStore(runs, createReservations());
  return {
    scope: 'local',
    describe: store.describe,
    open: () => TE.right(store),
    abandon() {
      for (const run of runs.values()) run.abandon();
    },
  };
};

/** A storage that can lose the process that uses it. */
export interface MemoryStorage extends Storage<'local'> {
  /** Ends all ownerships as a kill does: the owners may no longer commit, and the runs are free. */
  abandon(): void;
}

const createMemoryStore = (runs: Map<RunId, MemoryRun>, reservations: Reservations): RunStore => {
  const find = (runId: RunId): TE.TaskEither<PortError, MemoryRun> => {
    const run = runs.get(runId);
    // A run without a committed creation does not exist.
    return run === undefined || !isCreated(run.snapshot())
      ? TE.left({ type: 'not_found', message: `no run ${runId} in memory` })
      : TE.right(run);
  };
  const own = (run: MemoryRun): TE.TaskEither<PortError, OwnedRun> => {
    const taken = run.own();
    return taken === null
      ? TE.left({ type: 'owned_elsewhere', owner: 'this process' })
      : TE.right(taken);
  };
  const shown = (run: MemoryRun): ListedRun => ({
    runId: run.runId,
    snapshot: run.snapshot(),
    owner: run.owner(),
  });
  const held = new Set<string>();
  return {
    describe: 'memory store',
    own: (runId) => TE.Monad.chain(find(runId), own),
    create: (runId: RunId, description: JsonObject | null) => () => {
      const known = runs.get(runId);
      if (known !== undefined && isCreated(known.snapshot())) {
        return Promise.resolve({
          _tag: 'Left',
          left: {
            type: 'refused',
            message: `run ${runId} exists`,
            statusCode: null,
            requestId: null,
          },
        });
      }
      // Another caller is creating the run right now. An owner that died meanwhile left nothing.
      if (known !== undefined && known.owner() !== null)
        return Promise.resolve({
          _tag: 'Left',
          left: { type: 'owned_elsewhere', owner: 'this process' },
        });
      const run = createMemoryRun(runId, description, reservations);
      runs.set(runId, run);
      return own(run)();
    },
    read: (runId) => TE.Monad.map(find(runId), (run): RunReader => run.read()),
    peek: (runId) => TE.Monad.map(find(runId), shown),
    list: () =>
      TE.fromIO(() =>
        [...runs.values()]
          .filter((run) => isCreated(run.snapshot()))
          .map(shown)
          .sort((a, b) => b.snapshot.createdAtMs - a.snapshot.createdAtMs),
      ),
    send: (runId: RunId, command: Omit<InboxCommand, 'id'>) =>
      TE.Monad.map(find(runId), (run) => run.send(command)),
    remove: (runId: RunId) =>
      TE.Monad.chain(find(runId), (run): TE.TaskEither<PortError, void> =>
        run.owner() === null
          ? TE.fromIO(() => {
              runs.delete(runId);
              reservations.forget(runId);
            })
          : TE.left({ type: 'owned_elsewhere', owner: 'this process' }),
      ),
    alone: (names, work) => async () => {
      if (names.some((name) => held.has(name)))
        return { _tag: 'Left', left: { type: 'owned_elsewhere', owner: 'this process' } };
      for (const name of names) held.add(name);
      try {
        return { _tag: 'Right', right: await work() };
      } finally {
        for (const name of names) held.delete(name);
      }
    },
    adoptable: (nowMs, limit) =>
      TE.fromIO(() =>
        pendingRuns(
          [...runs.values()]
            .filter((run) => run.owner() === null && isCreated(run.snapshot()))
            .map((run) => ({ ...shown(run), hasCommands: run.hasCommands() })),
          nowMs,
          limit,
        ).map((run) => run.runId),
      ),
    close: () => Promise.resolve(),
  };
};
