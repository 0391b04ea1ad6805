import type { SchedulerLike } from 'rxjs';
import type { JsonObject } from '../core/json.ts';
import type { ProviderConnection } from '../ports/provider.ts';
import type { Storage } from '../ports/run-store.ts';
import type { TokenCounter } from '../ports/tokens.ts';

export interface BatchRunnerOptions {
  /** Default: the file store under `.batchor/` of the working directory. */
  readonly storage?: Storage;
  /** Connections by which stored runs reach their provider in a fresh process. A default OpenAI connection is always there. */
  readonly providers?: readonly ProviderConnection[];
  /** Finds a connection that `providers` does not name, before the default one is thought of; undefined: not known here either. */
  readonly connectionOf?: (name: string, kind: string) => ProviderConnection | undefined;
  readonly tokenCounter?: TokenCounter;
  /** Drive started runs in the background. Default true; false leaves it to `drive()` and `wait()`. */
  readonly autorun?: boolean;
  /** How often to look for commands that other processes left for a run driven here. Default 1,000. */
  readonly inboxIntervalMs?: number;
  /** Time. Default the wall clock. */
  readonly scheduler?: SchedulerLike;
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
