import type { RunEvent } from '../core/machine/run-event.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { AnyJob, AnyProviderConfig, BatchJob, JobResult } from '../run/job/job.ts';
import type { Run } from '../run/api/run.ts';
import type { StructuredOutput } from '../schema/types.ts';
import type { RunSummary } from '../run/view/summary.ts';
import type { Verification } from '../run/audit/verification.ts';
import { repeatable } from './repeatable.ts';
import {
  createWorld,
  ProcessKilled,
  type World,
  type WorldLedger,
  type WorldOptions,
} from './world.ts';

/** What a simulation plays: its world, its rows, and where the process is killed. */
export interface SimulateOptions extends WorldOptions {
  /**
   * Kills the process at every n-th crash point of its life: around each effect and each commit. At
   * least 2, since with 1 nothing would ever be done.
   */
  readonly crashEvery?: number;
  /** The most rows to read of the input. */
  readonly itemsMax?: number;
  /** The most virtual milliseconds before the simulation fails (default 14 days). */
  readonly virtualMsMax?: number;
}

/** The outcome of a simulated job. */
export interface Simulation<Output, Metadata extends JsonObject> {
  readonly seed: number;
  readonly summary: RunSummary;
  readonly run: Run<Output, Metadata>;
  readonly events: readonly RunEvent[];
  /** Batches that the provider created. */
  readonly batches: number;
  /** How often the process was killed. */
  readonly crashes: number;
  readonly virtualDurationMs: number;
  readonly ledger: WorldLedger;
  /** What the answers cost by their usage, in USD; null: a price is unknown. */
  readonly costUsd: number | null;
  /** The proof that no row was lost and none counts twice. */
  readonly verification: Verification;
}

/**
 * Runs a job in virtual time until it finishes or can make no progress, and returns the outcome.
 * The same options give the same history.
 */
export const simulate = async <
  Payload,
  Provider extends AnyProviderConfig,
  Metadata extends JsonObject = JsonObject,
  const Schema extends StructuredOutput | undefined = undefined,
>(
  job: BatchJob<Payload, Metadata, Schema, Provider>,
  options: SimulateOptions = {},
): Promise<Simulation<JobResult<Schema, Provider>, Metadata>> => {
  const { crashEvery, itemsMax = Infinity, virtualMsMax } = options;
  if (crashEvery !== undefined && !(Number.isInteger(crashEvery) && crashEvery >= 2))
    throw new RangeError('crashEvery must be an integer of at least 2');
  // Each life is a point longer than the one before, so that a crash does not repeat for ever.
  let crashes = 0;
  const world = await createWorld({
    ...options,
    ...(crashEvery === undefined
      ? {}
      : { crashAt: (point) => point.ordinal === crashEvery + crashes }),
  });
  const startMs = world.now().getTime();
  const played = repeatable(job as unknown as AnyJob, itemsMax) as unknown as BatchJob<
    Payload,
    Metadata,
    Schema,
    Provider
  >;
  const runId = 'simulated';
  for (;;) {
    try {
      const run = await world.until(world.runner.start(played, { runId }));
      const summary = await world.settle(run, virtualMsMax === undefined ? {} : { virtualMsMax });
      const events = await eventsOf(world, runId);
      const { ledger } = world;
      return {
        seed: world.seed,
        summary,
        run,
        events,
        batches: ledger.batchesCreated,
        crashes,
        virtualDurationMs: world.now().getTime() - startMs,
        ledger,
        costUsd: summary.cost.spentUsd,
        verification: await world.until(run.verify()),
      };
    } catch (error) {
      if (!(error instanceof ProcessKilled)) throw error;
      crashes += 1;
      await world.crash();
    }
  }
};

const eventsOf = async (world: World, runId: string): Promise<readonly RunEvent[]> => {
  const store = await world.storage.open()();
  if (store._tag === 'Left') throw new Error(`the storage cannot be opened: ${store.left.type}`);
  const reader = await store.right.read(runId as Parameters<typeof store.right.read>[0])();
  if (reader._tag === 'Left') throw new Error(`the run cannot be read: ${reader.left.type}`);
  const read = await reader.right.eventsAfter(0, Number.MAX_SAFE_INTEGER)();
  if (read._tag === 'Left') throw new Error(`the events cannot be read: ${read.left.type}`);
  return read.right.map(({ atMs, ...event }) => ({ ...event, at: new Date(atMs) }));
};
