import * as TE from 'fp-ts/lib/TaskEither.js';
import { isDeepStrictEqual } from 'node:util';
import { effectsDue, type RunSnapshot } from '../../../lib/core/internal.ts';
import { isBatchorError, type Run, type RunSummary } from '../../../lib/index.ts';
import type { OwnedRun, Storage } from '../../../lib/ports/index.ts';
import {
  type CrashPoint,
  createWorld,
  type FaultScript,
  memoryStore,
  ProcessKilled,
} from '../../../lib/sim/index.ts';
import { lawfulStorage } from '../simulated/laws.ts';
import { itemsOf, jobOf } from '../../support/sim/jobs.ts';
import { says } from '../../support/sim/says.ts';
import { waitNoLonger } from '../../support/sim/wait-no-longer.ts';

/** One life and death of a small run. */
export interface CrashCase {
  readonly outcome: string;
  readonly faults: FaultScript;
  /** Where the process dies; null: nowhere. */
  readonly ordinal: number | null;
  /** An empty one. Default memory. */
  readonly storage?: Storage<'local'>;
}

export interface CrashVerdict {
  /** Each broken law, as text. */
  readonly broken: readonly string[];
  readonly points: readonly CrashPoint[];
  readonly pauses: readonly string[];
}

const rows = 6;
const batchRows = 3;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const resumesMax = 12;
const afterlifeMs = 4 * 60 * minuteMs;

/**
 * Plays the case to its end, resuming what pauses, and holds it to laws 1, 2, 5, 8 (at every
 * commit), 9 (at every commit), 12 and 13.
 */
export const playCrash = async ({
  faults,
  ordinal,
  storage: kept = memoryStore(),
}: CrashCase): Promise<CrashVerdict> => {
  const broken: string[] = [];
  const points: CrashPoint[] = [];
  const pauses: string[] = [];
  let hasStruck = false;
  const storage = reloadable(
    lawfulStorage(kept, (law) => broken.push(law)),
    (law) => broken.push(law),
  );
  await using world = await createWorld({
    seed: 11,
    storage,
    faults,
    turnaroundMs: { min: minuteMs, max: 5 * minuteMs },
    limits: { windowMs: 60 * minuteMs },
    crashAt: (point) => {
      points.push(point);
      return !hasStruck && (hasStruck = point.ordinal === ordinal);
    },
  });
  const job = jobOf(world.connection, itemsOf(rows), { maxRequests: batchRows });
  let run: Run<string> | null = null;
  const surviving = async <A>(work: (alive: Run<string>) => Promise<A>): Promise<A> => {
    for (;;) {
      try {
        run ??= await world.until(world.runner.start(job, { runId: 'mortal' }), {
          virtualMsMax: dayMs,
        });
        return await work(run);
      } catch (error) {
        if (!(error instanceof ProcessKilled)) throw error;
        run = null;
        await world.crash();
      }
    }
  };
  try {
    // A batch that never ends shows only as overdue: the run continues, and its operator checks it
    // after some hours.
    const isEndless = faults.some(
      ({ type }) => type === 'never_ends' || type === 'status_shown_as',
    );
    const settle = (): Promise<RunSummary> =>
      surviving((alive) =>
        world
          .settle(alive, { virtualMsMax: isEndless ? 4 * 60 * minuteMs : 14 * dayMs })
          .catch((error: unknown) => {
            if (
              !isEndless ||
              error instanceof ProcessKilled ||
              alive.summary().liveBatches.every(({ overdue }) => overdue === null)
            )
              throw error;
            return alive.summary();
          }),
      );
    let summary = await settle();
    for (let resumes = 0; summary.status === 'running' && resumes < resumesMax; resumes += 1) {
      pauses.push(summary.controlReason ?? 'none: a batch is overdue');
      await world.advance(60 * minuteMs);
      await surviving((alive) =>
        world.until(goOn(alive, pauses), { virtualMsMax: dayMs }).catch((error: unknown) => {
          if (!isBatchorError(error, 'run_finished')) throw error;
        }),
      );
      await surviving((alive) => world.until(waitNoLonger(alive), { virtualMsMax: dayMs }));
      summary = await settle();
      // A deleted file proves nothing of its create: an operator has to check it at the provider.
      if (faults.some(({ type }) => type === 'input_file_deleted')) {
        for (const { batchKey, phase, held } of summary.liveBatches) {
          if (held === null || phase !== 'indeterminate') continue;
          const made = world.provider.ledger.batches.find(
            ({ metadata }) => metadata?.['batchor_batch_key'] === batchKey,
          );
          const truth = made === undefined ? 'never_created' : { exists: made.id };
          await surviving((alive) =>
            world.until(alive.resolve(batchKey, truth), { virtualMsMax: dayMs }),
          );
        }
        summary = await settle();
      }
    }
    if (summary.status === 'running')
      broken.push(
        `it comes to no end: ${summary.controlReason ?? summary.controlState}: ${JSON.stringify(summary.liveBatches)}`,
      );
    else broken.push(...(await surviving((alive) => faultsOf(alive, summary))));
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error));
  }
  // What is under way still comes through, and is billed, when the run has no owner any more.
  await world.advance(afterlifeMs);
  await world.provider.settle();
  const again = world.ledger.doublePaidItemIds;
  if (again.length > 0) broken.push(`paid twice: ${again.join(', ')}`);
  if (ordinal !== null && !hasStruck) broken.push(`point ${ordinal} never came`);
  return { broken, points, pauses };
};

/**
 * What an operator does about a pause: files that could not be read are read again, and given up
 * when they still cannot.
 */
const goOn = async (run: Run<string>, pauses: readonly string[]): Promise<unknown> => {
  if (pauses.filter((reason) => reason === 'results_unreadable').length < 2) return run.resume();
  for (const { batchKey, held } of run.summary().liveBatches)
    if (held !== null) await run.resolve(batchKey, 'results_lost');
  return run.summary().controlState === 'paused' ? run.resume() : null;
};

const faultsOf = async (run: Run<string>, summary: RunSummary): Promise<readonly string[]> => {
  const results = await run.results({ order: 'input' }).toArray();
  const lost =
    results.length === rows && summary.itemCount === rows
      ? []
      : [`${results.length} results for ${rows} rows`];
  const wrong = results.flatMap((result, i) =>
    result.itemIndex === i && (result.status !== 'completed' || says(result.output, `prompt ${i}`))
      ? []
      : [`row ${i} is wrong`],
  );
  const audit = await run.verify();
  const broken = audit.broken === null ? [] : [`verify: ${JSON.stringify(audit.broken)}`];
  return [...lost, ...wrong, ...broken];
};

/**
 * Law 9, at every commit: what is due is the same for the snapshot as it comes back from a store.
 */
const reloadable = <S extends Storage<'local'>>(storage: S, broken: (law: string) => void): S => {
  const watched = (run: OwnedRun): OwnedRun => {
    const commit: OwnedRun['commit'] = (version, events, guard) => async () => {
      const committed = await run.commit(version, events, guard)();
      if (committed._tag === 'Right' && !isSameReloaded(committed.right))
        broken(`what is due differs after a reload at ${version}`);
      return committed;
    };
    return new Proxy(run, {
      get: (target, key) =>
        key === 'commit' ? commit : (Reflect.get(target, key, target) as unknown),
    });
  };
  return {
    ...storage,
    open: () =>
      TE.Monad.map(storage.open(), (store) => ({
        ...store,
        own: (runId) => TE.Monad.map(store.own(runId), watched),
        create: (runId, description) => TE.Monad.map(store.create(runId, description), watched),
      })),
  };
};

const isSameReloaded = (snapshot: RunSnapshot): boolean => {
  const reloaded = JSON.parse(JSON.stringify(snapshot)) as RunSnapshot;
  return [snapshot.updatedAtMs, Infinity].every((atMs) =>
    isDeepStrictEqual(effectsDue(reloaded, atMs), effectsDue(snapshot, atMs)),
  );
};
