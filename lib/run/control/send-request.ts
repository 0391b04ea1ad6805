import { isLeft, map } from 'fp-ts/lib/Either.js';
import { firstValueFrom, timer } from 'rxjs';
import { transition } from '../../core/machine/transition.ts';
import { commitCommand, type Committed } from '../../engine/commits.ts';
import type { RunId } from '../../core/values/ids.ts';
import type { Rejection } from '../../core/model/rejection.ts';
import { isFinished } from '../../core/model/snapshot.ts';
import { type RequestTarget, answerMsMax, pollMs } from './request-target.ts';
import { commitOpening, type Driver } from '../drive/driver.ts';
import { BatchorError } from '../api/errors.ts';
import { must, toBatchorError } from '../api/interop.ts';
import { adoptedInProgress } from './run-refusals.ts';
import { commandsOf, hasTakenEffect, toInbox, type RunRequest } from './run-request.ts';

/**
 * Carries out the request and waits until it has taken effect. Uses the driver of this process, or
 * owns the run briefly, or writes to the owner's inbox. Throws `run_finished`,
 * `batch_not_resolved`, `adopted_batches_in_progress`, `run_owned_elsewhere`.
 */
export const sendRequest = async (to: RequestTarget, request: RunRequest): Promise<void> => {
  if (to.driver !== undefined) return execute(to, to.driver, request);
  const taken = await ownForRequest(to);
  if (taken === null) return leaveForOwner(to, request);
  try {
    await execute(to, taken, request);
  } finally {
    // The run had no owner before the request, so it is released.
    await taken.close();
  }
};

type CommandSink = Pick<Driver, 'execute' | 'close' | 'snapshot'>;
/** A run without an owner, owned for one request. */
interface Taken extends CommandSink {
  removeCommand(id: string): Promise<void>;
}

const execute = async (
  { runId, scheduler }: RequestTarget,
  sink: CommandSink,
  request: RunRequest,
): Promise<void> => {
  for (const command of commandsOf(request, sink.snapshot, scheduler.now())) {
    const answer = await sink.execute(command);
    if (isLeft(answer)) throwRefused(runId, request, sink.snapshot.status, answer.left);
  }
};

/**
 * Throws for a finished run, and for a `resolve` that contradicts the batch's state. A request that
 * changes nothing is not an error.
 */
const throwRefused = (
  runId: RunId,
  request: RunRequest,
  status: Driver['snapshot']['status'],
  rejection: Rejection,
): void => {
  if (rejection.type === 'run_finished')
    throw new BatchorError(
      'run_finished',
      { runId, status },
      `run ${runId} is finished (${status})`,
      'A finished run cannot change.',
    );
  if (rejection.type === 'adopted_in_progress')
    throw adoptedInProgress(runId, rejection.providerBatchIds);
  if (request.type !== 'resolve') return;
  const { batchKey } = request;
  const hint = `See which batches are held, and why: \`batchor status --run-id ${runId}\`.`;
  throw new BatchorError(
    'batch_not_resolved',
    { runId, batchKey },
    `run ${runId}: ${reasonOf(rejection, batchKey)}`,
    hint,
  );
};

const reasonOf = (rejection: Rejection, batchKey: string): string => {
  switch (rejection.type) {
    case 'unknown_batch':
      return `no live batch has the key ${batchKey}`;
    case 'wrong_phase':
      return `batch ${batchKey} is ${rejection.phase}: ${rejection.phase === 'indeterminate' ? 'the provider has not confirmed that it exists, so only --exists ID, --never-created or --retry apply' : 'this resolution does not apply in that phase'}`;
    case 'nothing_to_change':
      return `batch ${batchKey} is neither held nor overdue`;
    case 'malformed_command':
      return rejection.message;
    default:
      return `batch ${batchKey} cannot be resolved now (${rejection.type})`;
  }
};

/** Owns the run for one request, without driving it. Null while another process owns it. */
const ownForRequest = async ({ store, runId, scheduler }: RequestTarget): Promise<Taken | null> => {
  const owned = await store.own(runId)();
  if (isLeft(owned)) {
    if (owned.left.type === 'owned_elsewhere') return null;
    throw toBatchorError(owned.left, { runId, storage: store.describe });
  }
  const run = owned.right;
  try {
    await commitOpening(run, scheduler.now());
  } catch (error) {
    // An owned run without a driver would block every other process.
    await run.close();
    throw error;
  }
  return {
    get snapshot() {
      return run.snapshot;
    },
    async execute(command) {
      return map(({ snapshot }: Committed) => snapshot)(
        await must(commitCommand(run, command), { runId }),
      );
    },
    removeCommand: (id) => must(run.removeCommand(id), { runId }),
    close: () => run.close(),
  };
};

/**
 * Writes the request to the owner's inbox and waits until it has taken effect. If the owner ends
 * meanwhile, this process carries it out.
 */
const leaveForOwner = async (to: RequestTarget, request: RunRequest): Promise<void> => {
  const { store, runId, scheduler } = to;
  // Checked here first, since a rejection by the owner would not reach the caller.
  const { snapshot: known } = await must(store.peek(runId), { runId });
  for (const command of commandsOf(request, known, scheduler.now())) {
    const decided = transition(known, command);
    if (isLeft(decided) && (request.type === 'resolve' || request.type === 'cancel'))
      throwRefused(runId, request, known.status, decided.left);
  }
  const commandId = await must(store.send(runId, toInbox(request)), { runId });
  let named: string | null = null;
  for (let waitedMs = 0; waitedMs < answerMsMax; waitedMs += pollMs) {
    await firstValueFrom(timer(pollMs, scheduler));
    const { snapshot, owner } = await must(store.peek(runId), { runId });
    named = owner ?? named;
    if (isFinished(snapshot) || hasTakenEffect(request, snapshot)) return;
    const taken = owner === null ? await ownForRequest(to) : null;
    if (taken === null) continue;
    // Removed from the inbox, so that the next owner does not repeat it.
    await execute(to, taken, request)
      .then(() => taken.removeCommand(commandId))
      .finally(() => taken.close());
    return;
  }
  throw new BatchorError(
    'run_owned_elsewhere',
    { runId, owner: named ?? 'another process' },
    `${named ?? 'the owner'} drives run ${runId} and did not answer within ${answerMsMax / 1000} s`,
    `The request stays in its inbox. Check the run later: \`batchor status --run-id ${runId}\`.`,
  );
};
