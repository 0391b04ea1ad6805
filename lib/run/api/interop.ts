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

/** Runs the effect; throws what it answers as an error. With the engine's observers, the only place that throws for the world's faults. */
export const must = async <A>(effect: TaskEither<PortError, A>, context: ErrorContext = {}): Promise<A> => unwrap(await effect(), context);

export const unwrap = <A>(answer: Either<PortError, A>, context: ErrorContext = {}): A => {
  if (isLeft(answer)) throw toBatchorError(answer.left, context);
  return answer.right;
};

/** The error a user sees for a fault that a port answered. */
export const toBatchorError = (error: PortError, { runId = '', storage = 'the store' }: ErrorContext = {}): BatchorError => {
  const message = messageOf(error);
  const cause = 'cause' in error ? { cause: error.cause } : undefined;
  switch (error.type) {
    case 'transient':
    case 'unclear':
    case 'over_capacity':
    case 'not_ready':
    case 'quota_taken':
      return new BatchorError('provider_unavailable', {}, message, 'Try again later; nothing was lost.', cause);
    case 'insufficient_quota':
      return new BatchorError(
        'insufficient_quota',
        {},
        message,
        'Add credit or raise the spend limit at the provider, then resume the run.',
      );
    case 'authentication_failed':
      return new BatchorError('authentication_failed', {}, message, 'Check the API key, and that it belongs to this base URL and project.');
    case 'refused':
      return new BatchorError(
        'provider_refused',
        { statusCode: error.statusCode, requestId: error.requestId },
        message,
        'Read what the provider says; the run is kept.',
      );
    case 'not_found':
      return new BatchorError('run_not_found', { runId, storage }, message, 'List the runs that this store holds: `batchor list`.');
    case 'owned_elsewhere':
      return new BatchorError(
        'run_owned_elsewhere',
        { runId, owner: error.owner },
        `run ${runId} is driven by ${error.owner}`,
        `Wait for it (\`batchor wait --run-id ${runId}\` follows), or stop that process.`,
      );
    case 'lease_lost':
      return new BatchorError(
        'lease_lost',
        { runId, owner: error.owner },
        `run ${runId} was taken over${error.owner === null ? '' : ` by ${error.owner}`}`,
        'Nothing to do here: the new owner goes on.',
      );
    case 'stale_version':
      return new BatchorError('lease_lost', { runId, owner: null }, `run ${runId}: ${message}`, 'Open the run again.');
    case 'corrupt':
      return new BatchorError(
        'store_corrupt',
        { where: error.where, runId },
        message,
        'Keep the run folder as it is. `batchor doctor` says what is whole, and with `--repair` goes on from there.',
      );
    case 'too_new':
      return new BatchorError('store_too_new', { storage }, message, 'Upgrade batchor; nothing was changed.');
    case 'other_root':
      return new BatchorError(
        'artifact_root_differs',
        { storage },
        message,
        'Give the artifacts of this store: the folder that its runs were started with, mounted here.',
      );
    case 'unavailable':
      return new BatchorError(
        'store_unavailable',
        { storage },
        message,
        'Nothing was acknowledged that is not durable. Mend the place and go on with the same run id.',
        cause,
      );
  }
};

/** Whatever the engine's stream failed with, as the user's error. */
export const fromEngineFailure = (failure: unknown, context: ErrorContext): unknown =>
  failure instanceof EngineFailure ? toBatchorError(failure.error, context) : failure;
