import { interval, take, lastValueFrom } from 'rxjs';
import type { ItemResult, ResumeOptions, Run, RunSummary } from '../../../lib/index.ts';
import { isBatchorError } from '../../../lib/index.ts';
import type { CheckpointedItemSource, SourceEntry, Storage } from '../../../lib/ports/index.ts';
import {
  createWorld,
  memoryStore,
  ProcessKilled,
  type ServiceShape,
  serviceShapes,
  uniform,
  type World,
} from '../../../lib/sim/index.ts';
import { isMarked, type JsonObject } from '../../../lib/core/internal.ts';
import type { Job } from '../../support/sim/jobs.ts';
import { waitNoLonger } from '../../support/sim/wait-no-longer.ts';
import { lawfulStorage, type Truth } from './laws.ts';
import { shownBy } from './shown.ts';
import { type Action, type Scenario, scenarioOf } from './scenario.ts';
import { says } from '../../support/sim/says.ts';

/** How a seed's run ended, for the campaign's figures. */
export interface Played {
  readonly seed: number;
  readonly end: 'completed' | 'completed_with_failures';
  readonly rows: number;
  readonly batches: number;
  readonly commits: number;
  readonly crashes: number;
  readonly pauses: readonly string[];
  readonly virtualMs: number;
  readonly history: string;
  readonly shape: ServiceShape;
}

const runId = 'campaign';
const dayMs = 86_400_000;
const liveAgainMax = 40;
const afterlifeMs = 4 * 3_600_000;

/**
 * Plays a world with failures, then one without; throws, naming what went wrong, where a law is
 * broken or the run comes to no end.
 */
export const playSeed = async (
  seed: number,
  kept: Storage<'local'> = memoryStore(),
  shape: ServiceShape | null = null,
): Promise<Played> => {
  const scenario = scenarioOf(seed, shape);
  let isFaulty = true;
  let broken: string | null = null;
  // Set once the world is there, which is made over this storage.
  let truth: Truth = { nowMs: () => 0, clockOffsetMs: () => 0 };
  const storage = lawfulStorage(kept, (law) => (broken ??= law), {
    nowMs: () => truth.nowMs(),
    clockOffsetMs: () => truth.clockOffsetMs(),
  });
  let points = 0;
  await using world = await createWorld({
    seed,
    storage,
    faults: scenario.faults,
    turnaroundMs: scenario.turnaroundMs,
    limits: scenario.limits,
    traits: serviceShapes[scenario.shape],
    ...(scenario.enqueuedTokensMax === null
      ? {}
      : { enqueuedTokensMax: scenario.enqueuedTokensMax }),
    queueIsFullAt: scenario.queue.isFullAt,
    statesQueueLimit: scenario.queue.isStated,
    crashAt: ({ call, side }) =>
      isFaulty && uniform(seed, 'crash', call, side, (points += 1)) < scenario.crashProbability,
  });
  truth = { nowMs: () => world.now().getTime(), clockOffsetMs: () => world.clockOffsetMs };
  const held = (): void => {
    if (broken !== null) throw new Error(broken);
  };
  const job = jobOf(scenario, world);
  const player = createPlayer(world, job);
  for (const action of scenario.actions) {
    await player.act(action);
    held();
  }
  isFaulty = false;
  const pauses: string[] = [];
  let summary = await player.settle();
  for (let again = 0; !isOver(summary) && again < liveAgainMax; again += 1) {
    held();
    // Files that could not be read are read again, and given up when they still cannot; a cancel
    // waits for that command, too.
    if (summary.controlState === 'paused' || summary.controlReason === 'results_unreadable') {
      pauses.push(summary.controlReason ?? '');
      await player.resolveFiles();
    }
    // A deleted file proves nothing of its create, and neither does a list that cannot be read: an
    // operator has to check it at the provider.
    // So has a batch that does not end, or not by its status, where only answers say whose it is.
    const isUnproved =
      serviceShapes[scenario.shape].correlates === 'answers' &&
      scenario.faults.some(({ type }) => type === 'status_shown_as' || type === 'never_ends');
    if (isUnproved || scenario.faults.some(({ type }) => provesNothing.has(type)))
      await player.resolveCreates();
    // No create goes out while the list cannot be read that is to prove it: its time passes first.
    if (isMarked({ traits: serviceShapes[scenario.shape] }))
      await player.act({ type: 'advance', ms: 30 * 60_000 });
    if (summary.controlState === 'paused') await player.resume(changeFor(summary));
    await player.waitNoLonger();
    summary = await player.settle();
  }
  held();
  await checkEnd(scenario, world, await player.run(), summary);
  return {
    seed,
    shape: scenario.shape,
    end: summary.status === 'completed' ? 'completed' : 'completed_with_failures',
    rows: summary.itemCount,
    batches: world.ledger.batchesCreated,
    commits: storage.watch.commits,
    crashes: player.crashes(),
    pauses,
    virtualMs: world.now().getTime() - startMs,
    history: await historyOf(world),
  };
};

const provesNothing: ReadonlySet<string> = new Set([
  'input_file_deleted',
  'list_refused',
  'list_bare',
  'list_page_empty',
]);

/** What a person changes who resumes a run that is paused for this reason. */
const changeFor = ({ controlReason, cost }: RunSummary): ResumeOptions => {
  switch (controlReason) {
    case 'bad_rows':
      return { badRows: 'record' };
    case 'budget_exhausted':
      return cost.capUsd === null ? {} : { costUsdMax: cost.capUsd * 4 };
    case 'circuit_open':
      return { canary: null };
    default:
      return {};
  }
};

const startMs = Date.UTC(2026, 0, 1);
/** So often an operator has the files of one batch read again. */
const readingsMax = 2;

const isOver = (summary: RunSummary): boolean => summary.status !== 'running';

interface Player {
  act(action: Action): Promise<void>;
  settle(): Promise<RunSummary>;
  resume(options: ResumeOptions): Promise<void>;
  /**
   * Has the files of every batch that is held for them read again, twice; then says that its
   * answers are lost.
   */
  resolveFiles(): Promise<void>;
  /** Checks at the provider whether the create of a held batch made one, and resolves it. */
  resolveCreates(): Promise<void>;
  /** Takes what overdue batches have, or gives them up. */
  waitNoLonger(): Promise<void>;
  run(): Promise<Run<string, JsonObject>>;
  crashes(): number;
}

const createPlayer = (world: World, job: Job): Player => {
  let run: Run<string, JsonObject> | null = null;
  let crashes = 0;
  /**
   * Does it in whatever process lives; a process that dies over it is followed by the next, as a
   * supervisor would.
   */
  const surviving = async <A>(work: (run: Run<string, JsonObject>) => Promise<A>): Promise<A> => {
    for (;;) {
      try {
        run ??= await world.until(world.runner.start(job, { runId }), { virtualMsMax: dayMs });
        return await work(run);
      } catch (error) {
        if (!(error instanceof ProcessKilled)) throw error;
        crashes += 1;
        run = null;
        await world.crash();
      }
    }
  };
  const onRun = (work: (run: Run<string, JsonObject>) => Promise<unknown>): Promise<void> =>
    surviving(async (alive) => {
      // A finished run stays as it is, and says so.
      await world.until(work(alive), { virtualMsMax: dayMs }).catch((error: unknown) => {
        if (!isBatchorError(error, 'run_finished')) throw error;
      });
    });
  const readings = new Map<string, number>();
  const resolveFiles = (): Promise<void> =>
    onRun(async (alive) => {
      for (const { batchKey, phase, held } of alive.summary().liveBatches) {
        if (held === null || (phase !== 'ended' && phase !== 'created')) continue;
        const count = (readings.get(batchKey) ?? 0) + 1;
        readings.set(batchKey, count);
        await alive.resolve(batchKey, count > readingsMax ? 'results_lost' : 'read_again');
      }
    });
  const resolveCreates = (): Promise<void> =>
    onRun(async (alive) => {
      for (const { batchKey, phase, held } of alive.summary().liveBatches) {
        if (held === null || phase !== 'indeterminate') continue;
        const made = world.provider.ledger.batches.find(
          ({ metadata }) => metadata?.['batchor_batch_key'] === batchKey,
        );
        await alive.resolve(batchKey, made === undefined ? 'never_created' : { exists: made.id });
      }
    });
  return {
    run: () => surviving((alive) => Promise.resolve(alive)),
    crashes: () => crashes,
    settle: () =>
      surviving((alive) =>
        world.settle(alive, { virtualMsMax: 4 * dayMs }).catch((error: unknown) => {
          // A batch that never ends is reported, and waited for until its operator gives it up.
          if (
            error instanceof ProcessKilled ||
            alive.summary().liveBatches.every(({ overdue }) => overdue === null)
          )
            throw error;
          return alive.summary();
        }),
      ),
    waitNoLonger: () => onRun(waitNoLonger),
    resume: (options) => onRun((alive) => alive.resume(options)),
    resolveFiles,
    resolveCreates,
    async act(action) {
      switch (action.type) {
        case 'advance':
          await surviving(() => Promise.resolve());
          await world.advance(action.ms);
          if (world.isDown) {
            crashes += 1;
            run = null;
            await world.crash();
          }
          return;
        case 'crash':
          await surviving(() => Promise.resolve());
          crashes += 1;
          run = null;
          await world.crash();
          return;
        case 'close':
          // An orderly end of the process; the next one finds the run free.
          await surviving(async () => world.until(world.runner.close(), { virtualMsMax: dayMs }));
          run = null;
          await world.crash();
          return;
        case 'set_clock':
          await surviving(() => Promise.resolve());
          return world.setClock(action.byMs);
        case 'pause':
          return onRun((alive) => alive.pause());
        case 'resume':
          return onRun((alive) => alive.resume());
        case 'cancel':
          return onRun((alive) => alive.cancel());
      }
    },
  };
};

const idOf = (scenario: Scenario, row: number): string =>
  scenario.badRows.includes(row) ? (row % 2 === 0 ? '' : 'id-0') : `id-${row}`;

const dollarAToken = {
  inputUsdPerMillion: 1_000_000,
  cachedInputUsdPerMillion: 1_000_000,
  outputUsdPerMillion: 1_000_000,
  asOf: '2026-01-01',
  source: 'made up',
};

const jobOf = (scenario: Scenario, world: World): Job => ({
  source: sourceOf(scenario, world),
  buildPrompt: ({ payload }) => {
    if (scenario.throwingRows.includes(Number(payload))) throw new Error('no prompt for this row');
    return promptOf(scenario, Number(payload));
  },
  providerConfig: {
    ...world.connection({
      model: 'gpt-4.1-mini',
      params: { max_output_tokens: 100 },
      createGraceMs: scenario.createGraceMs,
      ...(scenario.enqueuedTokenLimit === null
        ? {}
        : { enqueueLimits: { enqueuedTokenLimit: scenario.enqueuedTokenLimit } }),
    }),
    prices: dollarAToken,
    outputTokensMax: 100,
  },
  ...(scenario.costUsdMax === null ? {} : { budget: { costUsdMax: scenario.costUsdMax } }),
  ...(scenario.canary === null ? {} : { canary: { items: scenario.canary } }),
  chunkPolicy: { maxRequests: scenario.maxRequests },
  retryPolicy: {
    maxAttempts: scenario.maxAttempts,
    ...(scenario.raiseOutputTokensTo === null || scenario.maxAttempts < 2
      ? {}
      : { raiseOutputTokensTo: scenario.raiseOutputTokensTo }),
  },
  badRows: scenario.badRowPolicy,
  ...(scenario.promptCount === null ? {} : { reusePolicy: { duplicates: 'send_once' } }),
});

const promptOf = ({ promptCount }: Scenario, row: number): string =>
  `word${promptCount === null ? row : row % promptCount} asks`;

const sourceOf = (
  { rowCount, rowEveryMs, ...scenario }: Scenario,
  world: World,
): CheckpointedItemSource<string, JsonObject> => ({
  kind: 'campaign',
  ref: 'rows',
  fingerprint: () => Promise.resolve(String(rowCount)),
  async *read(from) {
    for (let row = Number(from ?? 0); row < rowCount; row += 1) {
      if (rowEveryMs > 0) await lastValueFrom(interval(rowEveryMs, world.scheduler).pipe(take(1)));
      const entry: SourceEntry<string, JsonObject> = {
        item: {
          itemId: idOf({ rowCount, rowEveryMs, ...scenario }, row),
          payload: String(row),
          metadata: { row },
        },
        position: row + 1,
      };
      yield entry;
    }
  },
});

/** What must hold of every run at its end. */
const checkEnd = async (
  scenario: Scenario,
  world: World,
  run: Run<string, JsonObject>,
  summary: RunSummary,
): Promise<void> => {
  const wasCancelled = summary.controlState === 'cancel_requested';
  if (summary.status === 'running') {
    const stopped = await run.wait().then(
      () => 'finished',
      (error: unknown) => (isBatchorError(error) ? error.code : String(error)),
    );
    throw new Error(
      `the run comes to no end: ${stopped}, ${JSON.stringify(summary.liveBatches)}, ${summary.controlState} ${summary.controlReason}`,
    );
  }
  if (!wasCancelled && summary.itemCount !== scenario.rowCount)
    throw new Error(`${summary.itemCount} of ${scenario.rowCount} rows were read`);
  const results = await run.results({ order: 'input' }).toArray();
  if (results.length !== summary.itemCount)
    throw new Error(`${results.length} results for ${summary.itemCount} rows`);
  results.forEach((result, index) => {
    const fault = faultOf(scenario, result, index);
    if (fault !== null) throw new Error(`row ${index}: ${fault}`);
  });
  const twice = sentTwice(scenario, results);
  if (twice !== null) throw new Error(`the prompt ${JSON.stringify(twice)} was sent for two rows`);
  const overAtMs = await finishedAtMs(world);
  // What is under way still comes through, and is billed, when the run has no owner any more.
  await world.advance(afterlifeMs);
  await world.provider.settle();
  const again = await unexplained(scenario, world, summary, overAtMs);
  if (again.length > 0) throw new Error(`paid twice: ${again.join(', ')}`);
};

/** When it finished, in time as it passed: its clock may be ahead of that, or behind. */
const finishedAtMs = async (world: World): Promise<number> => {
  const { events } = await shownBy(world.storage, runId);
  const finished = events.findLast(({ eventType }) => eventType === 'run_finished');
  return (finished?.atMs ?? 0) - world.clockOffsetMs;
};

/**
 * Requests that were billed again, and that nothing says. Where no fence stops a create, one that
 * comes through late is billed as well: then its batch is counted as a duplicate, or named as one
 * that may be, unless it came when the run was over.
 */
const unexplained = async (
  { shape, faults }: Scenario,
  world: World,
  { strays, unfencedCreates }: RunSummary,
  overAtMs: number,
): Promise<readonly string[]> => {
  const again = world.provider.ledger.doubleBilled;
  const mayBeLate =
    serviceShapes[shape].fence === 'none' &&
    faults.some(({ type }) => type === 'create_lands_late' || type === 'create_doubled');
  if (!mayBeLate || again.length === 0) return again.map(({ customId }) => customId);
  const told = new Set<string>(
    [...strays.batches, ...unfencedCreates.flatMap(({ candidates }) => candidates)].map(
      ({ providerBatchId }) => providerBatchId,
    ),
  );
  const cameAfter = new Set<string>();
  for (const id of new Set(again.flatMap(({ batchIds }) => batchIds))) {
    const batch = await world.provider.retrieveBatch(id);
    if (batch.type === 'done' && batch.value.created_at * 1000 + 1_000 >= overAtMs)
      cameAfter.add(id);
  }
  return again
    .filter(({ batchIds }) => !batchIds.some((id) => told.has(id) || cameAfter.has(id)))
    .map(({ customId, batchIds }) => `${customId} in ${batchIds.join(' and ')}`);
};

/** A prompt that two rows asked for by themselves, where each is sent once; null: none. */
const sentTwice = (
  scenario: Scenario,
  results: readonly ItemResult<string, JsonObject>[],
): string | null => {
  if (scenario.promptCount === null) return null;
  const sent = new Set<string>();
  for (const { itemIndex: index, sharedWithIndex } of results) {
    if (
      sharedWithIndex !== undefined ||
      scenario.badRows.includes(index) ||
      scenario.throwingRows.includes(index)
    )
      continue;
    const prompt = promptOf(scenario, index);
    if (sent.has(prompt)) return prompt;
    sent.add(prompt);
  }
  return null;
};

const faultOf = (
  scenario: Scenario,
  result: ItemResult<string, JsonObject>,
  index: number,
): string | null => {
  if (result.itemIndex !== index) return `the result of row ${result.itemIndex} is at its position`;
  const isBad = scenario.badRows.includes(index) || scenario.throwingRows.includes(index);
  if (isBad !== (result.status === 'failed_permanent' && result.error.errorClass === 'invalid_row'))
    return `it is ${isBad ? 'bad' : 'good'} and became ${JSON.stringify(result)}`;
  if (result.metadata['row'] !== index && !isBad)
    return `its metadata is ${JSON.stringify(result.metadata)}`;
  // The fake answers with text of the prompt: an answer of another row would show.
  if (result.status === 'completed' && !says(result.output, promptOf(scenario, index)))
    return `it got the answer ${JSON.stringify(result.output)}`;
  return null;
};

const historyOf = async (world: World): Promise<string> =>
  JSON.stringify(await shownBy(world.storage, runId));
