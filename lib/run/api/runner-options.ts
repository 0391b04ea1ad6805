import type { ConnectionFinder } from './connections.ts';
import type { RetryingRun } from './adopted-elsewhere.ts';
import type { SchedulerLike } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type { ProviderConnection } from '../../ports/provider.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { Storage, StorageOptions } from '../../ports/run-store.ts';
import type { TokenCounter } from '../../ports/tokens.ts';
import type { PriceBook } from '../job/price-book.ts';

/**
 * What a runner is made of: its storage, connections, token counter, prices and clock. Each has a
 * default; nothing is opened before it is used.
 */
export type BatchRunnerOptions = RunnerOptions & RunnerStorage;

/** Where runs are kept. */
export type RunnerStorage =
  | {
      /** Default: the file store under `.batchor/` of the working directory, payloads included. */
      readonly storage?: Storage<'local'>;
      readonly artifactStore?: undefined;
    }
  | {
      readonly storage: Storage<'shared'>;
      /**
       * Required with shared storage: all workers must use the same files. Null: none here; runs
       * can then be inspected and controlled, not driven.
       */
      readonly artifactStore: ArtifactStore | null;
    };

interface RunnerOptions {
  /** Name of this process as an owner of runs. Default: host and process id. */
  readonly owner?: string;
  /**
   * With shared storage: milliseconds without a heartbeat until an owner is replaced. Default
   * 30,000.
   */
  readonly leaseTtlMs?: number;
  /** Connections to providers, for stored runs too. A default OpenAI connection always exists. */
  readonly providers?: readonly ProviderConnection[];
  /** Finds a connection that `providers` does not name. Undefined: the default one is tried. */
  readonly connectionOf?: ConnectionFinder;
  /**
   * Counts prompt tokens at ingestion. Default: tiktoken if a token or money limit is set, else an
   * estimate by bytes, corrected by the run's own answers. Null: always the estimate.
   */
  readonly tokenCounter?: TokenCounter | null;
  /** Imports the module of a run's `schemaRef`, given its URL. Default `import()`. */
  readonly importModule?: (url: string) => Promise<unknown>;
  /** Your own prices. For models it does not know, the provider's adapter is asked. */
  readonly prices?: PriceBook;
  /**
   * Drive started runs in the background. Default true. False: only `drive()` and `wait()` drive.
   */
  readonly autorun?: boolean;
  /** Milliseconds between two polls for requests of other processes. Default 1,000. */
  readonly inboxIntervalMs?: number;
  /** Source of time. Default: the wall clock. */
  readonly scheduler?: SchedulerLike;
  /**
   * Milliseconds of a monotonic clock, to detect jumps of the scheduler's clock. Default:
   * `performance.now()` with the wall clock; none with your own scheduler.
   */
  readonly monotonicMs?: () => number;
  /** Random hexadecimal digits for run ids and batch keys. Default: the system's random source. */
  readonly randomHex?: (digits: number) => string;
}

/** How `start` names and finds its run. Without a `runId` each call creates a new run. */
export interface StartOptions {
  /** Continue this run if it exists, else create it under this id. */
  readonly runId?: string;
  readonly ifExists?: 'resume' | 'fail';
  /** Stored with a new run. `run.description` returns it. */
  readonly description?: JsonObject;
  /**
   * With `retryAdopted`: start although another run retries rows of the same batches. Default
   * false.
   */
  readonly adoptAgain?: boolean;
  /**
   * Called before a run without `retryAdopted` is created whose batches another run of the store
   * retries: that run has answers for more of their rows.
   */
  readonly onRetriedElsewhere?: (run: RetryingRun) => void;
  readonly signal?: AbortSignal;
}

export const storageOptionsOf = ({
  artifactStore,
  owner,
  leaseTtlMs,
}: BatchRunnerOptions): StorageOptions => ({
  ...(artifactStore ? { artifacts: artifactStore } : {}),
  ...(owner === undefined ? {} : { owner }),
  ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
});
