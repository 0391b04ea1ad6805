import { setTimeout as sleep } from 'node:timers/promises';
import type { Built } from '../../cli/built.ts';
import { hasBegun } from '../../cli/built.ts';
import type { Ran } from '../../cli/ran.ts';
import { diceOf } from '../simulated/scenario.ts';
import { inputOf, runArguments, startArguments } from './campaign-input.ts';
import { newestLock } from './lock.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createProcessWorld, type ProcessWorld, signalGroup } from './process-world.ts';
import { accountOf } from './run-laws.ts';

/**
 * What races for the run of a round. `+`: the run is there, begun by a process that was
 * interrupted.
 */
export const raceKinds = [
  'start start',
  'start wait',
  'start start wait',
  '+start wait',
  '+wait start',
  '+wait wait',
  '+start start',
  '+start wait wait',
] as const;
export type RaceKind = (typeof raceKinds)[number];

/** What became of one round. */
export interface RaceRound {
  readonly kind: RaceKind;
  /** By exit code, in the order of the commands. */
  readonly codes: readonly number[];
  /** Processes whose message names the owner by its process id. */
  readonly namedOwner: number;
  readonly epochs: number;
  readonly broken: readonly string[];
}

const rowCount = 300;
const runId = 'raced';
const jitterMsMax = 50;

/**
 * Several processes want one run at one moment: one drives it, the others report that, or follow
 * the run to its end.
 */
export const raceRound = async (seed: number, kind: RaceKind): Promise<RaceRound> => {
  const dice = diceOf(seed);
  await using world = await createProcessWorld({
    seed,
    turnaround: '0.5-1.5',
    latencyMs: dice.below(20),
  });
  world.write('rows.jsonl', inputOf(seed, rowCount));
  const start = startArguments({ runId, batchRows: 60, pollInterval: '0.2', more: ['--wait'] });
  const argumentsOf = { start, wait: runArguments('wait', runId) };
  const isThere = kind.startsWith('+');
  if (isThere) await beginAndInterrupt(world, start, dice.below(400));
  const racers: { readonly command: string; readonly built: Built }[] = [];
  for (const command of kind.replace('+', '').split(' ') as ('start' | 'wait')[]) {
    if (racers.length > 0) await sleep(dice.below(jitterMsMax + 1));
    racers.push({ command, built: world.start(argumentsOf[command]) });
  }
  const ran = await Promise.all(racers.map(({ built }) => built.ended));
  const pids = racers.map(({ built }) => built.child.pid ?? 0);
  const broken = racers.flatMap(({ command }, racer) =>
    faultsOf(command, ran[racer] as Ran, { isThere, pids, own: pids[racer] ?? 0 }),
  );
  if (!ran.some(({ code }) => code === 0)) broken.push('no process drove the run to its end');
  const account = await accountOf(world, { runId, salt: seed, rowCount });
  return {
    kind,
    codes: ran.map(({ code }) => code),
    namedOwner: ran.filter(
      ({ code, stderr }) => code === 5 && pids.some((pid) => stderr.includes(`process ${pid} on `)),
    ).length,
    epochs: newestLock(world.folder, runId)?.epoch ?? 0,
    broken: [...broken, ...account.broken],
  };
};

const beginAndInterrupt = async (
  world: ProcessWorld,
  start: readonly string[],
  ms: number,
): Promise<void> => {
  const first = world.start(start);
  await waitFor(
    'the first process has read rows',
    () => hasBegun(world.folder, runId) || first.child.exitCode !== null,
    {
      state: first.stderr,
    },
  );
  await sleep(ms);
  signalGroup(first, 'SIGINT');
  await first.ended;
};

/** A process that does not drive the run names its owner, or ends as the run ends. */
const faultsOf = (
  command: string,
  { code, stdout, stderr }: Ran,
  {
    isThere,
    pids,
    own,
  }: { readonly isThere: boolean; readonly pids: readonly number[]; readonly own: number },
): string[] => {
  const said = `${command} ended with ${code}: ${stderr}${stdout.slice(0, 200)}`;
  if (code === 0) return /"status": ?"completed"/.test(stdout) && stderr === '' ? [] : [said];
  // The owner is another one of the racers, and known by its number once its lock is written.
  const named = /is driven by process (\d+) on /.exec(stderr)?.[1];
  const isNamed =
    named === undefined
      ? /is driven by a process that (is just starting|started first)/.test(stderr)
      : pids.includes(Number(named)) && Number(named) !== own;
  if (command === 'start' && code === 5 && isNamed && stdout === '') return [];
  // A wait may come before there is anything to wait for.
  if (
    command === 'wait' &&
    code === 1 &&
    !isThere &&
    /there is no run|no store|no run/.test(stderr)
  )
    return [];
  return [said];
};
