import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultScript } from '../../../lib/sim/provider/index.ts';
import type { Ran } from '../../cli/ran.ts';
import { hasBegun } from '../../cli/built.ts';
import { diceOf } from '../simulated/scenario.ts';
import { inputOf, runArguments, startArguments } from './campaign-input.ts';
import { waitFor } from '../../support/wait-for.ts';
import { type EmulatedName, emulatedServices } from './emulated-service.ts';
import { createProcessWorld, signalGroup } from './process-world.ts';
import { accountOf, type RunAccount } from './run-laws.ts';

export interface KillOptions {
  readonly kills: number;
  /** A run is brought to its end after so many kills; absent: as many as are left. */
  readonly processes?: number;
  /** Absent: OpenAI. */
  readonly provider?: EmulatedName;
  readonly seed: number;
  /** Rows of each run. */
  readonly rows: number;
  /** Full batches of each run, at least, and twice as many at most; absent: 10. */
  readonly batches?: number;
  /** Seconds of a batch, as the emulator reads them. */
  readonly turnaround: string;
  /**
   * Moments are drawn from so many milliseconds of a process's life once there are rows, a fifth of
   * them from the first 300 of all of it.
   */
  readonly lifeMs: number;
  readonly tell: (line: string) => void;
}

/** What the campaign saw. */
export interface KillFigures {
  readonly campaign: 'kills';
  readonly provider: EmulatedName;
  readonly seed: number;
  readonly runs: number;
  readonly kills: number;
  readonly killsInFirst300Ms: number;
  readonly killsBeforeAnyRow: number;
  /** Processes that ended by themselves before their moment came. */
  readonly survivals: number;
  readonly rows: number;
  readonly results: number;
  readonly batchesCreated: number;
  readonly createAttempts: number;
  /** Creates whose answer was lost. */
  readonly unconfirmed: number;
  readonly adopted: number;
  /** Late or second creates that failed validation, unbilled. */
  readonly fenced: number;
  readonly orphans: number;
  /** Where no fence stops a create: duplicate batches, and batches named as ones that may be. */
  readonly late: number;
  readonly undecided: number;
  readonly billedAgain: number;
  readonly billedAgainAfterLoss: number;
  readonly faultsMet: number;
  readonly seconds: number;
  readonly failures: readonly { readonly seed: number; readonly broken: readonly string[] }[];
}

/**
 * Creates without an answer, made, lost or late; a list that lags by a second, downloads that are
 * cut.
 */
const faults: FaultScript = [
  { type: 'lose_create_reply', everyBatch: 4 },
  { type: 'drop_create', everyBatch: 7 },
  { type: 'create_lands_late', everyBatch: 9, forMs: 3_000 },
  { type: 'list_lags', everyBatch: 2, forMs: 1_000 },
  { type: 'truncated_download', everyBatch: 3, keepRatio: 0.5 },
];
/** Seconds; longer than the list lags. */
const grace = '2';

const startUpMs = 300;
/** A slow provider leaves more moments between a request and its answer. */
const latencyMsMax = 80;

/**
 * Runs one after the other, their processes killed at random moments, until so many were; each is
 * brought to its end and held to the laws.
 */
export const killCampaign = async (options: KillOptions): Promise<KillFigures> => {
  const beganMs = performance.now();
  const played: Played[] = [];
  const count = (of: (run: Played) => number): number =>
    played.reduce((sum, run) => sum + of(run), 0);
  const failures: { seed: number; broken: readonly string[] }[] = [];
  while (count((run) => run.kills) < options.kills) {
    const seed = options.seed + played.length;
    const left = options.kills - count((run) => run.kills);
    const kills = Math.min(left, options.processes ?? left);
    const run = await playRun({ ...options, seed, kills });
    played.push(run);
    if (run.broken.length === 0) continue;
    failures.push({ seed, broken: run.broken });
    options.tell(
      `seed ${seed}: ${run.broken.slice(0, 5).join('\n  ')}\n  repeat it: npx tsx spec/campaign/kills.ts --kills ${run.kills} --seed ${seed} --rows ${options.rows} --provider ${options.provider ?? 'openai'}`,
    );
  }
  const events = (name: string): number => count(({ account }) => account?.events[name] ?? 0);
  return {
    campaign: 'kills',
    provider: options.provider ?? 'openai',
    seed: options.seed,
    runs: played.length,
    kills: count((run) => run.kills),
    killsInFirst300Ms: count((run) => run.earlyKills),
    killsBeforeAnyRow: count((run) => run.killsBeforeAnyRow),
    survivals: count((run) => run.survivals),
    rows: played.length * options.rows,
    results: count(({ account }) => account?.resultCount ?? 0),
    batchesCreated: count(({ account }) => account?.batchesCreated ?? 0),
    createAttempts: count(({ account }) => account?.createAttempts ?? 0),
    unconfirmed: events('batch_unclear'),
    adopted: count(({ account }) => account?.adoptedCount ?? 0),
    fenced: count(({ account }) => account?.fencedCount ?? 0),
    orphans: count(({ account }) => account?.orphanCount ?? 0),
    late: count(({ account }) => account?.lateCount ?? 0),
    undecided: count(({ account }) => account?.undecidedCount ?? 0),
    billedAgain: count(({ account }) => account?.doubleBilledCount ?? 0),
    billedAgainAfterLoss: count(({ account }) => account?.billedAgainAfterLossCount ?? 0),
    faultsMet: events('effect_retried'),
    seconds: Math.round((performance.now() - beganMs) / 1000),
    failures,
  };
};

interface Played {
  readonly kills: number;
  readonly earlyKills: number;
  readonly killsBeforeAnyRow: number;
  readonly survivals: number;
  readonly account: RunAccount | null;
  readonly broken: readonly string[];
}

const runId = 'killed';

const playRun = async ({
  seed,
  kills,
  rows,
  turnaround,
  lifeMs,
  batches = 10,
  provider = 'openai',
}: KillOptions): Promise<Played> => {
  const service = emulatedServices[provider];
  const dice = diceOf(seed);
  await using world = await createProcessWorld({
    seed,
    service,
    turnaround,
    faults,
    latencyMs: dice.below(latencyMsMax),
  });
  world.write('rows.jsonl', inputOf(seed, rows));
  const start = startArguments({
    runId,
    service,
    batchRows: dice.between(Math.ceil(rows / batches / 2), Math.ceil(rows / batches)),
    pollInterval: '1',
    more: ['--create-grace', grace, '--wait'],
  });
  const wait = runArguments('wait', runId);
  const sums = { kills: 0, earlyKills: 0, killsBeforeAnyRow: 0, survivals: 0 };
  let last: Ran | null = null;
  while (last === null && sums.kills < kills) {
    const isThere = hasBegun(world.folder, runId);
    // A process that died before the run existed is started with the same arguments; later, `wait`
    // does the same.
    const victim = world.start(isThere && dice.isDrawn(0.8) ? wait : start);
    const isEarly = dice.isDrawn(0.2);
    const momentMs = isEarly ? dice.below(startUpMs) : dice.below(lifeMs);
    const isOver = (): boolean =>
      victim.child.exitCode !== null || victim.child.signalCode !== null;
    // A slow machine starts a process slowly: moments are of its work, but for the early ones.
    if (!isEarly)
      await waitFor('a process has read rows', () => isOver() || hasBegun(world.folder, runId), {
        state: victim.stderr,
      });
    const ended = await Promise.race([victim.ended, sleep(momentMs, null)]);
    if (ended === null && signalGroup(victim, 'SIGKILL')) {
      sums.kills += 1;
      if (isEarly) sums.earlyKills += 1;
      if (!hasBegun(world.folder, runId)) sums.killsBeforeAnyRow += 1;
    }
    const ran = await victim.ended;
    if (ran.code !== -1) {
      sums.survivals += 1;
      last = ran;
    }
  }
  // A new process, which is not killed, finishes it.
  last ??= await world.run(hasBegun(world.folder, runId) ? wait : start);
  // No create may stay unconfirmed.
  if (last.code !== 0)
    return {
      ...sums,
      account: null,
      broken: [`it ends with ${last.code}: ${last.stderr}${last.stdout}`],
    };
  const account = await accountOf(world, { runId, salt: seed, rowCount: rows });
  return { ...sums, account, broken: [...account.broken, ...conserved(last, rows)] };
};

/** What the run says of itself: every row in one state. */
const conserved = (last: Ran, rows: number): readonly string[] => {
  const counts = last.json['item_counts'] as Readonly<Record<string, number>>;
  const sum = Object.values(counts).reduce((total, count) => total + count, 0);
  return sum === rows || last.json['is_ingestion_complete'] !== true
    ? []
    : [`${sum} rows in all states, ${rows} in the input`];
};
