import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { filesystemArtifacts } from '../../../adapters/filesystem/index.ts';
import { pgStore } from '../../../adapters/pg/index.ts';
import { BatchRunner } from '../../../lib/index.ts';
import type { FaultScript } from '../../../lib/sim/provider/index.ts';
import type { Built } from '../../cli/built.ts';
import { type Dice, diceOf } from '../simulated/scenario.ts';
import { inputOf } from './campaign-input.ts';
import { hearsSignal } from '../../support/hears-signal.ts';
import { waitFor } from '../../support/wait-for.ts';
import { createProcessWorld, type ProcessWorld, signalGroup } from './process-world.ts';
import { accountOfAll, type SharedAccount } from './shared-laws.ts';

export interface WorkerOptions {
  readonly seed: number;
  readonly workers: number;
  readonly runs: number;
  /** Rows of each run. */
  readonly rows: number;
  /**
   * A worker is killed, or stopped for longer than its lease, every so many milliseconds at most.
   */
  readonly strikeMsMax: number;
  /** Strikes before the killer leaves them alone. */
  readonly strikesMax: number;
  /** Seconds of a batch, as the emulator reads them. */
  readonly turnaround: string;
  /** The database, of which the campaign takes a schema. */
  readonly url: string;
  readonly tell: (line: string) => void;
}

export interface WorkerFigures extends Omit<SharedAccount, 'broken'> {
  readonly campaign: 'workers';
  readonly seed: number;
  readonly workers: number;
  readonly runs: number;
  readonly rows: number;
  readonly kills: number;
  /** Workers that were stopped for longer than their lease, and woke up. */
  readonly sleeps: number;
  readonly startsKilled: number;
  /** Times that a worker took a run. */
  readonly taken: number;
  readonly seconds: number;
  readonly failures: readonly string[];
}

/** As of the other campaign with processes, but for what concerns one process alone. */
const faults: FaultScript = [
  { type: 'lose_create_reply', everyBatch: 5 },
  { type: 'drop_create', everyBatch: 11 },
  { type: 'create_lands_late', everyBatch: 13, forMs: 3_000 },
  { type: 'list_lags', everyBatch: 3, forMs: 1_000 },
  { type: 'truncated_download', everyBatch: 4, keepRatio: 0.5 },
];
const leaseSeconds = 3;
const patienceMs = 20 * 60_000;

/**
 * Workers that share a database finish runs while a killer strikes at them; then everything is held
 * to the laws, and to the emulator's ledger.
 */
export const workerCampaign = async (options: WorkerOptions): Promise<WorkerFigures> => {
  const { seed, runs, rows, url, tell } = options;
  const beganMs = performance.now();
  const dice = diceOf(seed);
  const schema = `campaign_${randomBytes(6).toString('hex')}`;
  const pool = new Pool({ connectionString: url, max: 4 });
  const address = new URL(url);
  address.searchParams.set('schema', schema);
  const env = { BATCHOR_STORE: address.href, BATCHOR_ARTIFACTS: 'artifacts' };
  try {
    await using world = await createProcessWorld({
      seed,
      turnaround: options.turnaround,
      faults,
      latencyMs: dice.below(40),
      env,
    });
    const artifactStore = filesystemArtifacts({ dir: join(world.folder, 'artifacts') });
    await using runner = new BatchRunner({
      storage: pgStore({ pool, schema }),
      artifactStore,
      autorun: false,
    });
    // The tables exist before they are read.
    await runner.listRuns()[Symbol.asyncIterator]().next();
    const crew = createCrew(world, options.workers);
    const starting = startRuns(world, options, diceOf(seed + 1));
    const striking = strikeUntil(crew, options, dice, () => areOver(pool, schema, runs), tell);
    const [startsKilled, strikes] = await Promise.all([starting, striking]);
    const failures = [...strikes.failures, ...(await crew.dismiss())];
    const owned = await pool.query<{ readonly run_id: string }>(
      `select run_id from ${schema}.runs where owner is not null`,
    );
    for (const { run_id: runId } of owned.rows)
      failures.push(`run ${runId} is owned by a worker that was asked to stop`);
    const { broken, ...account } = await accountOfAll(world, runner, {
      runIds: runIdsOf(runs),
      saltOf: saltOf(seed),
      rowCount: rows,
    });
    return {
      campaign: 'workers',
      ...{
        seed,
        workers: options.workers,
        runs,
        rows,
        kills: strikes.kills,
        sleeps: strikes.sleeps,
        startsKilled,
        taken: crew.taken(),
      },
      ...account,
      seconds: Math.round((performance.now() - beganMs) / 1000),
      failures: [...failures, ...broken],
    };
  } finally {
    await pool.query(`drop schema if exists ${schema} cascade`);
    await pool.end();
  }
};

const runIdsOf = (runs: number): readonly string[] =>
  Array.from({ length: runs }, (_, run) => `run-${run}`);
/** No two runs ask the same: then a request line that the ledger has seen is of one run. */
const saltOf =
  (seed: number) =>
  (run: number): number =>
    seed * 1_000 + run;

/**
 * Starts every run, two at a time; each fifth `start` is killed on its way, and said again where
 * nothing came of it. Answers how many were.
 */
const startRuns = async (
  world: ProcessWorld,
  { seed, runs, rows }: WorkerOptions,
  dice: Dice,
): Promise<number> => {
  let killed = 0;
  const start = async (run: number): Promise<void> => {
    world.write(`rows-${run}.jsonl`, inputOf(saltOf(seed)(run), rows));
    const commandArguments = [
      ...[
        'start',
        '--input',
        `rows-${run}.jsonl`,
        '--id-field',
        'id',
        '--prompt-field',
        'text',
        '--model',
        'gpt-4.1',
      ],
      ...[
        '--run-id',
        `run-${run}`,
        '--max-requests-per-batch',
        String(dice.between(Math.ceil(rows / 6), rows)),
      ],
      ...['--poll-interval', '1', '--create-grace', '2'],
    ];
    for (;;) {
      const process = world.start(commandArguments);
      if (dice.isDrawn(0.2)) {
        await Promise.race([process.ended, sleep(dice.between(400, 2_000))]);
        if (signalGroup(process, 'SIGKILL')) killed += 1;
      }
      const { code, stderr } = await process.ended;
      if (code === 0) return;
      // A worker may have taken it from under a start that was killed; or the lease of one that
      // died before there was a run is not over yet.
      if (code !== -1 && code !== 5) throw new Error(`a start ends with ${code}: ${stderr}`);
      const known = await world.run(['status', '--run-id', `run-${run}`]);
      if (known.code === 0) return;
      await sleep(1_000);
    }
  };
  const waiting = Array.from({ length: runs }, (_, run) => run);
  const one = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) await start(run);
  };
  await Promise.all([one(), one()]);
  return killed;
};

interface Crew {
  readonly members: Built[];
  /** Another worker in place of one that is gone. */
  replace(member: Built): void;
  taken(): number;
  /** Asks all to stop; returns the errors of those that did not stop in order. */
  dismiss(): Promise<readonly string[]>;
}

const createCrew = (world: ProcessWorld, size: number): Crew => {
  const hire = (): Built =>
    world.start(['worker', '--max-runs', '6', '--lease', String(leaseSeconds)]);
  const members = Array.from({ length: size }, hire);
  const all = [...members];
  return {
    members,
    replace(member) {
      const next = hire();
      all.push(next);
      members[members.indexOf(member)] = next;
    },
    taken: () => all.reduce((count, { stdout }) => count + stdout().split('"taken"').length - 1, 0),
    async dismiss() {
      const gone = members.map(async (member): Promise<readonly string[]> => {
        const { pid = 0 } = member.child;
        const isOver = (): boolean =>
          member.child.exitCode !== null || member.child.signalCode !== null;
        await waitFor(`worker ${pid} hears signals`, () => isOver() || hearsSignal(pid, 'SIGTERM'));
        signalGroup(member, 'SIGTERM');
        await waitFor(`worker ${pid} goes when it is asked to`, isOver, { state: member.stderr });
        const ended = await member.ended;
        return ended.code === 0 ? [] : [`a worker ends with ${ended.code}: ${ended.stderr}`];
      });
      return (await Promise.all(gone)).flat();
    },
  };
};

const strikeUntil = async (
  crew: Crew,
  { strikeMsMax, strikesMax }: WorkerOptions,
  dice: Dice,
  isOver: () => Promise<boolean>,
  tell: (line: string) => void,
): Promise<{ readonly kills: number; readonly sleeps: number; readonly failures: string[] }> => {
  const untilMs = performance.now() + patienceMs;
  const sleepers: Promise<unknown>[] = [];
  let [kills, sleeps] = [0, 0];
  while (!(await isOver())) {
    if (performance.now() > untilMs)
      return {
        kills,
        sleeps,
        failures: [`not all runs ended within ${patienceMs / 60_000} minutes`],
      };
    await sleep(dice.between(Math.ceil(strikeMsMax / 2), strikeMsMax));
    const victim = crew.members[dice.below(crew.members.length)];
    if (victim === undefined || kills + sleeps >= strikesMax) continue;
    if (dice.isDrawn(0.25) && signalGroup(victim, 'SIGSTOP')) {
      sleeps += 1;
      const wakes = sleep(leaseSeconds * 1_000 + dice.below(3_000)).then(() =>
        signalGroup(victim, 'SIGCONT'),
      );
      sleepers.push(wakes);
    } else if (signalGroup(victim, 'SIGKILL')) {
      kills += 1;
      await victim.ended;
      crew.replace(victim);
    } else {
      const { code, stderr } = await victim.ended;
      tell(`a worker went by itself, with ${code}: ${stderr}`);
      return { kills, sleeps, failures: [`a worker went by itself, with ${code}: ${stderr}`] };
    }
  }
  await Promise.all(sleepers);
  return { kills, sleeps, failures: [] };
};

const areOver = async (pool: Pool, schema: string, runs: number): Promise<boolean> => {
  const { rows } = await pool.query<{ readonly open: string; readonly known: string }>(
    `select count(*) filter (where status = 'running') as open, count(*) as known from ${schema}.runs where version > 0`,
  );
  return Number(rows[0]?.known) === runs && Number(rows[0]?.open) === 0;
};
