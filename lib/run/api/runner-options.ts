import type { SchedulerLike } from 'rxjs';
import type { JsonObject } from '../../core/json/json.ts';
import type { ProviderConnection } from '../../ports/provider.ts';
import type { ArtifactStore } from '../../ports/artifacts.ts';
import type { Storage, StorageOptions } from '../../ports/run-store.ts';
import type { TokenCounter } from '../../ports/tokens.ts';
import type { PriceBook } from '../job/price-book.ts';

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
      /** Several machines share the rows, so only you know where they share the files. Null: none at hand; runs can then be looked at and told things. */
      readonly artifactStore: ArtifactStore | null;
    };

interface RunnerOptions {
  /** How this process is called where it owns runs, for people. Default host and process id. */
  readonly owner?: string;
  /** With shared storage: after so long without a sign of life an owner is taken for dead. Default 30,000. */
  readonly leaseTtlMs?: number;
  /** Connections by which stored runs reach their provider in a fresh process. A default OpenAI connection is always there. */
  readonly providers?: readonly ProviderConnection[];
  /** Finds a connection that `providers` does not name, before the default one is thought of; undefined: not known here either. */
  readonly connectionOf?: (name: string, kind: string) => ProviderConnection | undefined;
  /**
   * Counts prompt tokens at ingestion, if given. Default: tiktoken where a budget in tokens or money is set, else an estimate by bytes, which
   * the run's own answers correct. Null: always the estimate.
   */
  readonly tokenCounter?: TokenCounter | null;
  /** Imports the module of a run's `schemaRef`, given its URL. Default `import()`. */
  readonly importModule?: (url: string) => Promise<unknown>;
  /** Prices of your own; what it does not know is asked of the provider's adapter. */
  readonly prices?: PriceBook;
  /** Drive started runs in the background. Default true; false leaves it to `drive()` and `wait()`. */
  readonly autorun?: boolean;
  /** How often to look for commands that other processes left for a run driven here. Default 1,000. */
  readonly inboxIntervalMs?: number;
  /** Time. Default the wall clock. */
  readonly scheduler?: SchedulerLike;
  /**
   * Milliseconds of a clock that nothing sets, by which a jump of the scheduler's clock is noticed. Default `performance.now()` beside the wall
   * clock; with a scheduler of your own, none.
   */
  readonly monotonicMs?: () => number;
  /** Chance for run ids and batch keys: so many hexadecimal digits. Default the system's. */
  readonly randomHex?: (digits: number) => string;
}

export interface StartOptions {
  /** Continue this run if it exists, else create it under this id. */
  readonly runId?: string;
  readonly ifExists?: 'resume' | 'fail';
  /** Stored with a new run, and given back by `run.description`. */
  readonly description?: JsonObject;
  readonly signal?: AbortSignal;
}

export const storageOptionsOf = ({ artifactStore, owner, leaseTtlMs }: BatchRunnerOptions): StorageOptions => ({
  ...(artifactStore ? { artifacts: artifactStore } : {}),
  ...(owner === undefined ? {} : { owner }),
  ...(leaseTtlMs === undefined ? {} : { leaseTtlMs }),
});
