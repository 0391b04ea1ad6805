import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import { EngineFailure, messageOf } from '../../effects/faults.ts';
import type { PortError } from '../../ports/port-error.ts';
import { BatchorError } from './errors.ts';

/** Where an error happened, for its message. */
export interface ErrorContext {
  readonly runId?: string;
  readonly storage?: string;
}

/** Runs the effect. Throws a `PortError` as a `BatchorError`. */
export const must = async <A>(
  effect: TaskEither<PortError, A>,
  context: ErrorContext = {},
): Promise<A> => unwrap(await effect(), context);

export const unwrap = <A>(answer: Either<PortError, A>, context: ErrorContext = {}): A => {
  if (isLeft(answer)) throw toBatchorError(answer.left, context);
  return answer.right;
};

/** `variable` would hold the key where there is none. */
const keyError = (message: string, variable: string | undefined): BatchorError =>
  variable === undefined
    ? new BatchorError(
        'authentication_failed',
        {},
        message,
        'Check the API key, and that it belongs to this base URL and project.',
      )
    : new BatchorError(
        'api_key_missing',
        { variable },
        message,
        `Set ${variable}. It is never stored with a run.`,
      );

/** The error that a user sees for a port's error. */
export const toBatchorError = (error: PortError, context: ErrorContext = {}): BatchorError => {
  switch (error.type) {
    case 'not_found':
    case 'owned_elsewhere':
    case 'lease_lost':
    case 'stale_version':
      return ofRun(error, context);
    case 'corrupt':
    case 'too_new':
    case 'other_root':
    case 'unavailable':
      return ofStore(error, context);
    default:
      return ofProvider(error);
  }
};

type ErrorOf<T extends PortError['type']> = Extract<PortError, { readonly type: T }>;
type RunError = ErrorOf<'not_found' | 'owned_elsewhere' | 'lease_lost' | 'stale_version'>;
type StoreError = ErrorOf<'corrupt' | 'too_new' | 'other_root' | 'unavailable'>;
type ProviderError = Exclude<PortError, RunError | StoreError>;

const causeIn = (error: PortError): { readonly cause: unknown } | undefined =>
  'cause' in error ? { cause: error.cause } : undefined;

const ofProvider = (error: ProviderError): BatchorError => {
  const message = messageOf(error);
  switch (error.type) {
    case 'transient':
    case 'unclear':
    case 'over_capacity':
    case 'not_ready':
    case 'quota_taken':
      return new BatchorError(
        'provider_unavailable',
        {},
        message,
        'Try again later; nothing was lost.',
        causeIn(error),
      );
    case 'insufficient_quota':
      return new BatchorError(
        'insufficient_quota',
        {},
        message,
        'Add credit or raise the spend limit at the provider, then resume the run.',
      );
    case 'authentication_failed':
      return keyError(message, error.variable);
    case 'refused':
      return new BatchorError(
        'provider_refused',
        { statusCode: error.statusCode, requestId: error.requestId },
        message,
        'Fix what the provider names; the run is kept.',
      );
  }
};

const ofRun = (
  error: RunError,
  { runId = '', storage = 'the store' }: ErrorContext,
): BatchorError => {
  const message = messageOf(error);
  switch (error.type) {
    case 'not_found':
      return new BatchorError(
        'run_not_found',
        { runId, storage },
        message,
        'List the runs that this store holds: `batchor list`.',
      );
    case 'owned_elsewhere':
      return new BatchorError(
        'run_owned_elsewhere',
        { runId, owner: error.owner },
        `run ${runId} is driven by ${error.owner}`,
        `Follow it with \`batchor wait --run-id ${runId}\`, or stop that process.`,
      );
    case 'lease_lost':
      return new BatchorError(
        'lease_lost',
        { runId, owner: error.owner },
        `run ${runId} was taken over${error.owner === null ? '' : ` by ${error.owner}`}`,
        'Nothing to do: the new owner continues the run.',
      );
    case 'stale_version':
      return new BatchorError(
        'lease_lost',
        { runId, owner: null },
        `run ${runId}: ${message}`,
        'Open the run again.',
      );
  }
};

const ofStore = (
  error: StoreError,
  { runId = '', storage = 'the store' }: ErrorContext,
): BatchorError => {
  const message = messageOf(error);
  switch (error.type) {
    case 'corrupt':
      return new BatchorError(
        'store_corrupt',
        { where: error.where, runId },
        message,
        'Keep the run folder as it is. `batchor doctor` checks it, and `--repair` recovers the last verifiable state.',
      );
    case 'too_new':
      return new BatchorError(
        'store_too_new',
        { storage },
        message,
        'Upgrade batchor; nothing was changed.',
      );
    case 'other_root':
      return new BatchorError(
        'artifact_root_differs',
        { storage },
        message,
        "Give this store's artifact folder: the one that its runs were started with.",
      );
    case 'unavailable':
      return new BatchorError(
        'store_unavailable',
        { storage },
        message,
        'No saved work was lost. Fix the storage, then run the same command with the same run id.',
        causeIn(error),
      );
  }
};

/** The error of the engine's stream, as the user's error. */
export const fromEngineFailure = (failure: unknown, context: ErrorContext): unknown =>
  failure instanceof EngineFailure ? toBatchorError(failure.error, context) : failure;
