import { setTimeout as sleep } from 'node:timers/promises';
import { hasBegun } from '../../cli/built.ts';
import { diceOf } from '../simulated/scenario.ts';
import { inputOf, runArguments, startArguments } from './campaign-input.ts';
import { newestLock } from './lock.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createProcessWorld, type ProcessWorld, signalGroup } from './process-world.ts';
import { accountOf } from './run-laws.ts';

/** What became of a run whose owner was suspended or killed. */
export interface TakeoverRound {
  /** From the moment that its owner stopped to that of a new owner. */
  readonly takeoverMs: number;
  /** How the suspended owner ended once it was woken; null for a killed one. */
  readonly sleeperCode: number | null;
  readonly sleeperSaid: string;
  /**
   * Creates that left it after it was woken: they were begun while it owned the run, and cannot be
   * recalled. What becomes of them the ledger says: such a batch is the run's, or its input file is
   * gone and it fails; nothing of it is billed again.
   */
  readonly sleeperCreates: number;
  readonly broken: readonly string[];
}

const runId = 'owned';
const rowCount = 3_000;
/** Far beyond the twenty seconds of silence, for a slow machine. */
const takeoverMsMax = 8 * 60_000;
/** Creates are begun one or a few at a time. */
const begunMax = 4;

export interface TakeoverOptions {
  readonly seed: number;
  readonly signal: 'SIGSTOP' | 'SIGKILL';
  /** When the owner is woken: as soon as it is replaced, or once the run is over. */
  readonly wakes: 'at once' | 'late';
}

/**
 * The owner stops at a random moment; a process that waits takes the run over, and brings it to its
 * end. A woken owner does nothing more.
 */
export const takeoverRound = async ({
  seed,
  signal,
  wakes,
}: TakeoverOptions): Promise<TakeoverRound> => {
  const dice = diceOf(seed);
  await using world = await createProcessWorld({
    seed,
    turnaround: '0.5-5',
    latencyMs: dice.below(40),
  });
  world.write('rows.jsonl', inputOf(seed, rowCount));
  const driver = world.start(
    startArguments({
      runId,
      batchRows: 150,
      pollInterval: '0.3',
      more: ['--create-grace', '2', '--wait'],
    }),
  );
  await waitFor(
    'the owner has read rows',
    () => hasBegun(world.folder, runId) || driver.child.exitCode !== null,
    { state: driver.stderr },
  );
  const follower = world.start(runArguments('wait', runId));
  await sleep(dice.below(3_000));
  const before = newestLock(world.folder, runId);
  if (before === null || !signalGroup(driver, signal)) {
    // It was over before its moment came: nothing to take.
    const codes = [(await driver.ended).code, (await follower.ended).code];
    return {
      ...nothing,
      broken:
        codes.join() === '0,0'
          ? []
          : [`driver and follower ended by themselves, with ${codes.join(' and ')}`],
    };
  }
  const stoppedMs = performance.now();
  const takeoverMs = await untilTaken(
    world,
    before.epoch,
    stoppedMs,
    () => follower.child.exitCode !== null,
  );
  // No process took it: the sleeping one is woken anyway, so that the round ends.
  if (wakes === 'late' && takeoverMs <= takeoverMsMax) await follower.ended;
  else if (signal === 'SIGKILL') signalGroup(follower, 'SIGKILL');
  const creates = (await world.ledger()).createAttempts;
  if (signal === 'SIGSTOP') signalGroup(driver, 'SIGCONT');
  const [slept, followed] = await Promise.all([driver.ended, follower.ended]);
  const sleeperCreates = wakes === 'late' ? (await world.ledger()).createAttempts - creates : 0;
  const broken: string[] = [];
  if (takeoverMs > takeoverMsMax) broken.push('no process took the run over');
  if (followed.code !== 0)
    broken.push(`the follower ended with ${followed.code}: ${followed.stderr}`);
  if (sleeperCreates > begunMax) broken.push(`the woken owner created ${sleeperCreates} batches`);
  if (signal === 'SIGSTOP' && !isFarewell(slept.code, slept.stderr, follower.child.pid ?? 0))
    broken.push(
      `the woken owner ended with ${slept.code}: ${slept.stderr}${slept.stdout.slice(0, 200)}`,
    );
  const account = await accountOf(world, { runId, salt: seed, rowCount });
  return {
    takeoverMs,
    sleeperCode: signal === 'SIGSTOP' ? slept.code : null,
    sleeperSaid: slept.stderr,
    sleeperCreates,
    broken: [...broken, ...account.broken],
  };
};

const nothing = { takeoverMs: 0, sleeperCode: null, sleeperSaid: '', sleeperCreates: 0 };

/** Replaced, it says by whom; woken when the run is over, it may find it finished. */
const isFarewell = (code: number, stderr: string, takerPid: number): boolean =>
  code === 5 && stderr.includes('was taken over') && stderr.includes(`process ${takerPid} on `);

const untilTaken = async (
  world: ProcessWorld,
  epoch: number,
  sinceMs: number,
  isOver: () => boolean,
): Promise<number> => {
  while ((newestLock(world.folder, runId)?.epoch ?? 0) <= epoch && !isOver()) {
    if (performance.now() - sinceMs > takeoverMsMax) return Infinity;
    await sleep(10);
  }
  return Math.round(performance.now() - sinceMs);
};
