import { isLeft } from 'fp-ts/lib/Either.js';
import { firstValueFrom, timer } from 'rxjs';
import type { Command } from '../../core/model/command.ts';
import { transition } from '../../core/machine/transition.ts';
import type { Rejection } from '../../core/model/rejection.ts';
import { commitCommand } from '../../engine/commits.ts';
import type { OwnedRun } from '../../ports/run-store.ts';
import { type RequestTarget, answerMsMax, pollMs } from '../control/request-target.ts';
import { BatchorError } from './errors.ts';
import { must, toBatchorError } from './interop.ts';

/**
 * Owns a finished run while `use` runs. A finished run has no driver, so its owner soon releases
 * it:
 * waits up to `answerMsMax`. Meanwhile no other process can write to it or remove its objects.
 */
export const withFinishedRun = async <A>(
  to: RequestTarget,
  use: (run: OwnedRun) => Promise<A>,
): Promise<A> => {
  const { store, runId, driver, scheduler } = to;
  await driver?.close();
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const owned = await store.own(runId)();
    if (!isLeft(owned)) {
      try {
        return await use(owned.right);
      } finally {
        await owned.right.close();
      }
    }
    if (owned.left.type !== 'owned_elsewhere' || waitedMs >= answerMsMax)
      throw toBatchorError(owned.left, { runId, storage: store.describe });
    await firstValueFrom(timer(pollMs, scheduler));
  }
};

/** Commits the command. A command that changes nothing is not an error. */
export const commitFinished = async (run: OwnedRun, command: Command): Promise<void> => {
  const committed = await must(commitCommand(run, command), { runId: run.runId });
  if (isLeft(committed)) refuse(run, committed.left);
};

/** Throws if the core would reject the command. */
export const requireAllowed = (run: OwnedRun, command: Command): void => {
  const decided = transition(run.snapshot, command);
  if (isLeft(decided)) refuse(run, decided.left);
};

const refuse = ({ runId, snapshot }: OwnedRun, rejection: Rejection): void => {
  switch (rejection.type) {
    case 'nothing_to_change':
      return;
    case 'not_exported':
      throw new BatchorError(
        'artifacts_not_exported',
        { runId },
        `run ${runId} was never exported: the store has the only copy of its raw files`,
        'Export it first: exportArtifacts(). Nothing was removed.',
      );
    default:
      throw new BatchorError(
        'run_not_finished',
        { runId, openCount: snapshot.live.length },
        `run ${runId} is not finished`,
        'Wait for it. Nothing was changed.',
      );
  }
};
