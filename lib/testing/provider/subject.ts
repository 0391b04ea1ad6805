import type { ProviderConfig, ProviderConnection } from '../../ports/provider.ts';
import type { FakeProviderOptions } from '../../sim/provider/options.ts';
import type { Fault } from '../../sim/provider/faults.ts';

/**
 * How the double of a service is to behave. All of it but the keys are options of
 * `createFakeProvider` (`batchor/sim`) and of `startEmulator`: a double over one of these takes
 * them as they are.
 */
export interface DoubleOptions extends Pick<
  FakeProviderOptions,
  'faults' | 'keepsPartialAnswers' | 'answer'
> {
  /** The only key that the service takes. */
  readonly acceptedKey: string;
  /** The key that the adapter sends: the same, but where a wrong one is tried. */
  readonly sentKey: string;
}

/** A double of the service that runs, and the adapter's connection to it. */
export interface OpenDouble {
  readonly connection: ProviderConnection;
  /** Moves the service's clock by so many ms, and does what is due. */
  advance(ms: number): Promise<void>;
  /** Batches that the service has created so far. */
  batchesCreated(): number;
  /** The service's clock, in ms since 1970. */
  nowMs(): number;
  /** What the service has billed so far, in tokens. Reasoning tokens are part of the output. */
  tokensBilled(): { readonly input: number; readonly output: number };
  /** True after: nothing of it is left. */
  close(): Promise<void>;
}

/** An adapter, and a double of its service, to be held to the contract of providers. */
export interface ProviderSubject {
  /** A config of a job as your function makes it, of an endpoint that answers with text. */
  readonly config: ProviderConfig<never>;
  /** Opens a double with nothing in it. Each case opens its own. */
  open(options: DoubleOptions): Promise<OpenDouble>;
  /** Faults that the double, or the service, cannot have. Their cases are skipped, and say so. */
  readonly lacks?: readonly Fault['type'][];
  /** True of a service without keys. */
  readonly takesNoKey?: boolean;
  /** True of a service whose error lines are texts alone: every failure may be the server's. */
  readonly saysNoRowStatus?: boolean;
  /** True where the double keeps uploads in memory: then nothing is measured of the adapter's. */
  readonly holdsUploads?: boolean;
  /**
   * How long a case may take, in ms (default ten minutes). It only ends a case that hangs, with an
   * error that names the operation without an answer.
   */
  readonly caseTimeoutMs?: number;
  /** Of the random draws (default 1). */
  readonly seed?: number;
}
