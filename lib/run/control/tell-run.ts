import { isLeft, map } from 'fp-ts/lib/Either.js';
import { firstValueFrom, timer } from 'rxjs';
import { transition } from '../../core/machine/transition.ts';
import { commitCommand, type Committed } from '../../engine/commit-command.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { Rejection } from '../../core/model/rejection.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import { type Addressee, answerMsMax, lookMs } from './addressee.ts';
import { commitOpening, type Driver } from '../drive/driver.ts';
import { BatchorError } from '../api/errors.ts';
import { must, toBatchorError } from '../api/interop.ts';
import { adoptedInProgress } from './run-refusals.ts';
import { commandsOf, isGranted, toInbox, type Wish } from './wish.ts';

/** Makes the wish true: through the driver, by owning the run for a moment, or by leaving it in the owner's inbox. */
export const tellRun = async (to: Addressee, wish: Wish): Promise<void> => {
  if (to.driver !== undefined) return tell(to, to.driver, wish);
  const taken = await takeForWish(to);
  if (taken === null) return leaveForOwner(to, wish);
  try {
    await tell(to, taken, wish);
  } finally {
    // A run that nobody drove goes back to nobody.
    await taken.close();
  }
};

type Teller = Pick<Driver, 'tell' | 'close' | 'snapshot'>;
/** A run that nobody drives, owned for one wish. */
interface Taken extends Teller {
  removeCommand(id: string): Promise<void>;
}

const tell = async ({ runId, scheduler }: Addressee, teller: Teller, wish: Wish): Promise<void> => {
  for (const command of commandsOf(wish, teller.snapshot, scheduler.now())) {
    const told = await teller.tell(command);
    if (isLeft(told)) refuse(runId, wish, teller.snapshot.status, told.left);
  }
};

/** What was so already is no error; a finished run is, and so is a word on a batch that cannot be true. */
const refuse = (runId: RunId, wish: Wish, status: Driver['snapshot']['status'], rejection: Rejection): void => {
  if (rejection.type === 'run_finished')
    throw new BatchorError('run_finished', { runId, status }, `run ${runId} is finished (${status})`, 'A finished run stays as it is.');
  if (rejection.type === 'adopted_in_progress') throw adoptedInProgress(runId, rejection.providerBatchIds);
  if (wish.type !== 'resolve') return;
  const { batchKey } = wish;
  const hint = `See which batches are held, and why: \`batchor status --run-id ${runId}\`.`;
  throw new BatchorError('batch_not_resolved', { runId, batchKey }, `run ${runId}: ${reasonOf(rejection, batchKey)}`, hint);
};

const reasonOf = (rejection: Rejection, batchKey: string): string => {
  switch (rejection.type) {
    case 'unknown_batch':
      return `no live batch has the key ${batchKey}`;
    case 'wrong_phase':
      return `batch ${batchKey} is ${rejection.phase}: ${rejection.phase === 'indeterminate' ? 'whether it exists is not known, so only --exists ID, --never-created or --retry apply' : 'that cannot be said of it now'}`;
    case 'nothing_to_change':
      return `batch ${batchKey} is neither held nor overdue`;
    case 'malformed_command':
      return rejection.message;
    default:
      return `batch ${batchKey} cannot be resolved now (${rejection.type})`;
  }
};

/** Owns the run for one wish, without driving it; null while another process owns it. */
const takeForWish = async ({ store, runId, scheduler }: Addressee): Promise<Taken | null> => {
  const owned = await store.own(runId)();
  if (isLeft(owned)) {
    if (owned.left.type === 'owned_elsewhere') return null;
    throw toBatchorError(owned.left, { runId, storage: store.describe });
  }
  const run = owned.right;
  try {
    await commitOpening(run, scheduler.now());
  } catch (error) {
    // Kept, it would be driven by nobody, and closed to everybody.
    await run.close();
    throw error;
  }
  return {
    get snapshot() {
      return run.snapshot;
    },
    async tell(command) {
      return map(({ snapshot }: Committed) => snapshot)(await must(commitCommand(run, command), { runId }));
    },
    removeCommand: (id) => must(run.removeCommand(id), { runId }),
    close: () => run.close(),
  };
};

/** Leaves the wish and waits until it is true; should the owner be gone meanwhile, this process does it itself. */
const leaveForOwner = async (to: Addressee, wish: Wish): Promise<void> => {
  const { store, runId, scheduler } = to;
  // What the owner could only refuse is refused here: its answer would not come back.
  const { snapshot: known } = await must(store.peek(runId), { runId });
  for (const command of commandsOf(wish, known, scheduler.now())) {
    const decided = transition(known, command);
    if (isLeft(decided) && (wish.type === 'resolve' || wish.type === 'cancel')) refuse(runId, wish, known.status, decided.left);
  }
  const commandId = await must(store.send(runId, toInbox(wish)), { runId });
  let named: string | null = null;
  for (let waitedMs = 0; waitedMs < answerMsMax; waitedMs += lookMs) {
    await firstValueFrom(timer(lookMs, scheduler));
    const { snapshot, owner } = await must(store.peek(runId), { runId });
    named = owner ?? named;
    if (isFinished(snapshot) || isGranted(wish, snapshot)) return;
    const taken = owner === null ? await takeForWish(to) : null;
    if (taken === null) continue;
    // What was left for the owner is done here: nobody is to do it again.
    await tell(to, taken, wish)
      .then(() => taken.removeCommand(commandId))
      .finally(() => taken.close());
    return;
  }
  throw new BatchorError(
    'run_owned_elsewhere',
    { runId, owner: named ?? 'another process' },
    `${named ?? 'the owner'} drives run ${runId} and did not answer within ${answerMsMax / 1000} s`,
    'The command is left for it; look again with status.',
  );
};
