import type { BatchorError, BatchorErrorCode } from '../../lib/run/api/errors.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { ControlReason } from '../../lib/core/model/snapshot.ts';
import { exitCodeOfError } from '../shell/exit-codes.ts';
import { flagsThatHelp } from '../shell/file-flags.ts';
import { CliFailure } from '../shell/failure.ts';
import { commandLine, type Place, withStoreNamed } from '../shell/place.ts';

type Hint = (place: Place, runId: string) => string;
const resumeAndWait: Hint = (place, runId) => commandLine(place, 'resume', runId, '--wait');

/** The next command, by the reason for which a run is paused. */
const byReason: Readonly<Partial<Record<ControlReason, Hint>>> = {
  manual: (place, runId) => `Resume: ${resumeAndWait(place, runId)}`,
  bad_rows: (place, runId) =>
    `Resume and record bad rows as failed items: ${commandLine(place, 'resume', runId, '--bad-rows record --wait')}. Or correct the row and start a new run.`,
  insufficient_quota: (place, runId) =>
    `Add credit or raise the spend limit at the provider, then: ${resumeAndWait(place, runId)}`,
  authentication_failed: (place, runId) =>
    `Set a key that belongs to this address and project, then: ${resumeAndWait(place, runId)}`,
  source_unreadable: (place, runId) =>
    `Restore the input file, unchanged and readable, then: ${resumeAndWait(place, runId)}`,
  cancelled_at_provider: (place, runId) =>
    `Its finished answers are kept. Send the other rows again: ${resumeAndWait(place, runId)}. Or end the run: ${commandLine(place, 'cancel', runId)}`,
  provider_refused: (place, runId) =>
    `Fix what the provider refuses, then: ${resumeAndWait(place, runId)}. A run cannot change its requests: if those are wrong, end it (${commandLine(place, 'cancel', runId, '--wait')}) and start a new one.`,
  budget_exhausted: (place, runId) =>
    `Raise the limit that is used up. Cost cap: ${commandLine(place, 'resume', runId, '--max-cost USD --wait')}. Queue tokens: ${commandLine(place, 'resume', runId, '--enqueued-token-limit N --wait')}. Cost so far: ${commandLine(place, 'status', runId)}`,
  circuit_open: (place, runId) =>
    `If the job is wrong, end this run (${commandLine(place, 'cancel', runId, '--wait')}) and start a new one. To try again: ${resumeAndWait(place, runId)}. To allow more refused batches: --max-failed-batches N. Without a canary: --canary 0`,
  results_unavailable: (place, runId) =>
    `List the held batches: ${commandLine(place, 'status', runId)}. Download their files again: ${commandLine(place, 'resolve', runId, '--batch KEY --read-again')}, or all of them: ${resumeAndWait(place, runId)}. If their files are lost: ${commandLine(place, 'resolve', runId, '--batch KEY --results-lost')}`,
  results_unreadable: (place, runId) =>
    `List the held batches and the errors in their files: ${commandLine(place, 'status', runId)}. None of their rows is sent again. Fix the connection to the provider, then download their files again: ${commandLine(place, 'resolve', runId, '--batch KEY --read-again')}, then: ${commandLine(place, 'wait', runId)}. If the answers are lost, keep the readable ones and send the other rows again, which are billed again: ${commandLine(place, 'resolve', runId, '--batch KEY --results-lost')}`,
  batch_unresolved: (place, runId) =>
    `List the held batches and the reasons: ${commandLine(place, 'status', runId)}. For an unconfirmed create, find the batch at the provider by its metadata (batchor_batch_key), then ${commandLine(place, 'resolve', runId, '--batch KEY --exists ID')}, or --never-created. For a batch with an id that is lost, or whose files are: --results-lost. To check again: ${resumeAndWait(place, runId)}. Finished results: ${commandLine(place, 'results', runId, '--partial')}`,
};

/**
 * The next command for an error of the library; without an entry, the library's own hint is shown.
 */
const byCode: Readonly<Partial<Record<BatchorErrorCode, Hint>>> = {
  price_unknown: () => 'Give its price: --prices FILE. Nothing was changed.',
  run_exists: (place, runId) =>
    `Continue it: ${commandLine(place, 'wait', runId)}. Or choose another --run-id.`,
  run_not_found: (place, runId) =>
    runId === ''
      ? 'Name the store that the run was started with: --store, or BATCHOR_STORE.'
      : `List the runs of the store: batchor list${place.storeFlag}`,
  artifact_root_differs: () =>
    'Name the folder that all processes of this store share: --artifacts FOLDER, or BATCHOR_ARTIFACTS.',
  store_unavailable: (place) =>
    `No saved work was lost. Fix the storage, then run the same command${place.store.type === 'folder' ? '' : ' (check the address in --store or BATCHOR_STORE)'}.`,
  item_not_found: (place, runId) =>
    `Ids are case-sensitive. List them: ${commandLine(place, 'results', runId, '--partial')}`,
  run_owned_elsewhere: (place, runId) =>
    `Follow it: ${commandLine(place, 'wait', runId)}. Or stop that process.`,
  source_required: (place, runId) =>
    `Continue reading the input: ${commandLine(place, 'wait', runId)}`,
  batch_not_resolved: (place, runId) =>
    `List the held batches and the reasons: ${commandLine(place, 'status', runId)}`,
  batch_unresolved: byReason.batch_unresolved as Hint,
  artifacts_not_exported: (place, runId) =>
    `Export it first: ${commandLine(place, 'export-artifacts', runId, '--destination-dir FOLDER')}. Nothing was removed.`,
  provider_not_configured: () =>
    'A program that creates its own connection must continue its runs itself. The command line can continue runs of `batchor start --job MODULE`, because the module exports the connection.',
  run_not_finished: (place, runId) => `Finish it first: ${commandLine(place, 'wait', runId)}`,
  store_corrupt: (place, runId) =>
    place.store.type === 'postgres'
      ? 'Do not change the database or the artifacts: stored records contradict each other. Nothing more was written.'
      : `Do not change the run's folder. See what is damaged and what a repair would discard: ${runId === '' ? `batchor doctor${place.storeFlag}` : commandLine(place, 'doctor', runId)}`,
  batch_already_retried: (place, runId) =>
    `Read its results: ${commandLine(place, 'results', runId)}. Or omit --retry-adopted. To pay for the rows again, add: --adopt-again. Nothing was sent.`,
  adopted_batches_in_progress: (place, runId) =>
    `To cancel them as well: ${commandLine(place, 'cancel', runId, '--cancel-adopted')}. To leave them and stop waiting: ${commandLine(place, 'pause', runId)}`,
  job_changed: (place, runId) =>
    `A run cannot change its rows and prompts. Continue it as it was started: ${commandLine(place, 'wait', runId)}. Or start a run of another id, or one that sends its rows again (--from-run ${runId}).`,
};

/** The flags for settings that the library names. */
const byField: Readonly<Record<string, string>> = {
  'budget.costUsdMax':
    'Give the maximum output tokens of an answer: --assume-output-tokens N. Nothing was changed.',
  'retryPolicy.raiseOutputTokensTo':
    'Set it with --raise-output-tokens-to, above the limit of the first attempt (--param max_output_tokens=N). Nothing was changed.',
  destinationDir: 'Name a new or empty folder: --destination-dir FOLDER. Nothing was written.',
  'enqueueLimits.headroom':
    'Give a smaller --headroom, or a larger --enqueued-token-limit. Nothing was changed.',
};

/** A run cannot change how its file is read, so flags for that need a new run. */
const badRowsHint = (message: string, place: Place, runId: string): string => {
  const flags = flagsThatHelp(message);
  return `${byReason.bad_rows?.(place, runId) ?? ''}${flags === null ? '' : ` Or start a new run with ${flags}.`}`;
};

/** The hint for any error of the library. */
export const hintFor = (error: BatchorError, place: Place): string => {
  const { details } = error;
  const runId = 'runId' in details ? details.runId : '';
  if (isBatchorError(error, 'run_paused') && error.details.reason === 'bad_rows')
    return badRowsHint(error.message, place, runId);
  if (isBatchorError(error, 'invalid_config')) return byField[error.details.field] ?? error.hint;
  const hint = isBatchorError(error, 'run_paused')
    ? (byReason[error.details.reason] ?? resumeAndWait)
    : byCode[error.code];
  return hint === undefined ? error.hint : hint(place, runId);
};

/**
 * The same error with its hint as commands; other errors, internal ones included, are returned
 * unchanged.
 */
export const inCommands = (error: unknown, place: Place): unknown => {
  if (!isBatchorError(error) || !error.isUserFault) return error;
  return new CliFailure(withStoreNamed(place, error.message), {
    hint: withStoreNamed(place, hintFor(error, place)),
    exitCode: exitCodeOfError(error.code),
  });
};
