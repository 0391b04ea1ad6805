import { isLeft } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type SchedulerLike, timer } from 'rxjs';
import type { Command } from '../core/command.ts';
import { decide } from '../core/decide.ts';
import type { RunId } from '../core/ids.ts';
import { isFinished, type RunControlState } from '../core/snapshot.ts';
import type { InboxCommand, RunStore } from '../ports/run-store.ts';
import { commitOpening, type Driver } from './driver.ts';
import { BatchorError } from './errors.ts';
import { must, toBatchorError } from './interop.ts';

export type ControlCommand = Extract<Command['type'], 'PauseRun' | 'ResumeRun' | 'CancelRun'>;
export interface ControlOptions {
  readonly badRows?: 'fail' | 'record';
}

interface Addressee {
  readonly store: RunStore;
  readonly runId: RunId;
  /** The driver of this process, if it drives. */
  readonly driver: Driver | undefined;
  readonly scheduler: SchedulerLike;
}

/** How long the asker waits for an owner in another process. */
const answerMsMax = 30_000;
const lookMs = 200;

/** Makes the command true: through the driver, by owning the run for a moment, or by leaving it in the owner's inbox. */
export const tellRun = async (to: Addressee, type: ControlCommand, options: ControlOptions): Promise<void> => {
  if (to.driver !== undefined) return tell(to, to.driver, type, options);
  const taken = await takeForCommand(to);
  if (taken === null) return leaveForOwner(to, type, options);
  try {
    await tell(to, taken, type, options);
  } finally {
    // A run that nobody drove goes back to nobody.
    await taken.close();
  }
};

type Teller = Pick<Driver, 'tell' | 'close' | 'snapshot'>;
/** A run that nobody drives, owned for one command. */
interface Taken extends Teller {
  removeCommand(id: string): Promise<void>;
}

const tell = async ({ runId, scheduler }: Addressee, teller: Teller, type: ControlCommand, { badRows }: ControlOptions): Promise<void> => {
  const atMs = scheduler.now();
  const { operation } = teller.snapshot.config;
  if (badRows !== undefined && badRows !== operation.badRows)
    await teller.tell({ type: 'ChangeOperation', atMs, operation: { ...operation, badRows } });
  const told = await teller.tell(type === 'PauseRun' ? { type, atMs, reason: 'manual', message: null } : { type, atMs });
  if (isLeft(told) && told.left.type === 'run_finished') {
    const { status } = teller.snapshot;
    throw new BatchorError('run_finished', { runId, status }, `run ${runId} is finished (${status})`, 'A finished run stays as it is.');
  }
};

/** Owns the run for one command, without driving it; null while another process owns it. */
const takeForCommand = async ({ store, runId, scheduler }: Addressee): Promise<Taken | null> => {
  const owned = await store.own(runId)();
  if (isLeft(owned)) {
    if (owned.left.type === 'owned_elsewhere') return null;
    throw toBatchorError(owned.left, { runId, storage: store.describe });
  }
  const run = owned.right;
  await commitOpening(run, scheduler.now());
  return {
    get snapshot() {
      return run.snapshot;
    },
    async tell(command) {
      const decided = decide(run.snapshot, command);
      if (isLeft(decided)) return decided;
      return { _tag: 'Right', right: await must(run.commit(run.snapshot.version, decided.right), { runId }) };
    },
    removeCommand: (id) => must(run.removeCommand(id), { runId }),
    close: () => run.close(),
  };
};

const inboxTypes: Readonly<Record<ControlCommand, InboxCommand['type']>> = { PauseRun: 'pause', ResumeRun: 'resume', CancelRun: 'cancel' };
const isTrue: Readonly<Record<ControlCommand, (state: RunControlState) => boolean>> = {
  PauseRun: (state) => state !== 'running',
  ResumeRun: (state) => state === 'running',
  CancelRun: (state) => state === 'cancel_requested',
};

/** Leaves the command and waits until it is true; should the owner be gone meanwhile, this process does it itself. */
const leaveForOwner = async (to: Addressee, type: ControlCommand, options: ControlOptions): Promise<void> => {
  const { store, runId, scheduler } = to;
  const command = { type: inboxTypes[type], options: options.badRows === undefined ? {} : { bad_rows: options.badRows } };
  const commandId = await must(store.send(runId, command), { runId });
  let known: string | null = null;
  for (let waitedMs = 0; waitedMs < answerMsMax; waitedMs += lookMs) {
    await firstValueFrom(timer(lookMs, scheduler));
    const { snapshot, owner } = await must(store.peek(runId), { runId });
    known = owner ?? known;
    if (isFinished(snapshot) || isTrue[type](snapshot.control.state)) return;
    const taken = owner === null ? await takeForCommand(to) : null;
    if (taken === null) continue;
    // What was left for the owner is done here: nobody is to do it again.
    await tell(to, taken, type, options)
      .then(() => taken.removeCommand(commandId))
      .finally(() => taken.close());
    return;
  }
  throw new BatchorError(
    'run_owned_elsewhere',
    { runId, owner: known ?? 'another process' },
    `${known ?? 'the owner'} drives run ${runId} and did not answer within ${answerMsMax / 1000} s`,
    'The command is left for it; look again with status.',
  );
};
