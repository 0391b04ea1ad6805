import type { BatchorError, BatchorErrorCode } from '../../lib/run/api/errors.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import type { ControlReason } from '../../lib/core/model/snapshot.ts';
import { exitCodeOfError } from '../shell/exit-codes.ts';
import { flagsThatHelp } from '../shell/file-flags.ts';
import { CliFailure } from '../shell/failure.ts';
import { commandLine, type Place, withStoreNamed } from '../shell/place.ts';

type Hint = (place: Place, runId: string) => string;
const resumeAndWait: Hint = (place, runId) => commandLine(place, 'resume', runId, '--wait');

/** What to type next, by why a run stands still. */
const byReason: Readonly<Partial<Record<ControlReason, Hint>>> = {
  manual: (place, runId) => `Go on: ${resumeAndWait(place, runId)}`,
  bad_rows: (place, runId) =>
    `Go on and record bad rows as failed items: ${commandLine(place, 'resume', runId, '--bad-rows record --wait')}. Or mend the row and start a new run.`,
  insufficient_quota: (place, runId) => `Add credit or raise the spend limit at the provider, then: ${resumeAndWait(place, runId)}`,
  authentication_failed: (place, runId) => `Give a key that belongs to this address and project, then: ${resumeAndWait(place, runId)}`,
  source_unreadable: (place, runId) => `Make the input readable as it was, then: ${resumeAndWait(place, runId)}`,
  cancelled_at_provider: (place, runId) =>
    `Its finished answers are kept. Send the rest again: ${resumeAndWait(place, runId)}. Or end the run: ${commandLine(place, 'cancel', runId)}`,
  provider_refused: (place, runId) =>
    `Mend what the provider refuses, then: ${resumeAndWait(place, runId)}. What makes the requests is fixed with the run: if that is at fault, end it (${commandLine(place, 'cancel', runId, '--wait')}) and start a new one.`,
  budget_exhausted: (place, runId) =>
    `Raise what is used up. Dollars: ${commandLine(place, 'resume', runId, '--max-cost USD --wait')}. Tokens of the queue: ${commandLine(place, 'resume', runId, '--enqueued-token-limit N --wait')}. What it has cost so far: ${commandLine(place, 'status', runId)}`,
  circuit_open: (place, runId) =>
    `If the job is at fault, end this run (${commandLine(place, 'cancel', runId, '--wait')}) and start a new one. To try again: ${resumeAndWait(place, runId)}. More refused batches before it pauses: --max-failed-batches N; without a canary: --canary 0`,
  results_unavailable: (place, runId) =>
    `Which batches are held, and why: ${commandLine(place, 'status', runId)}. Read their files again: ${commandLine(place, 'resolve', runId, '--batch KEY --read-again')}, or all at once: ${resumeAndWait(place, runId)}. If their files are gone for good: ${commandLine(place, 'resolve', runId, '--batch KEY --results-lost')}`,
  results_unreadable: (place, runId) =>
    `Which batches are held, and what was found in their files: ${commandLine(place, 'status', runId)}. Nothing is sent again for them. Read their files again, once what is between you and the provider is mended: ${commandLine(place, 'resolve', runId, '--batch KEY --read-again')}, then: ${commandLine(place, 'wait', runId)}. If the answers are gone for good, keep what can be read and send the other rows again, which are paid for again: ${commandLine(place, 'resolve', runId, '--batch KEY --results-lost')}`,
  batch_unresolved: (place, runId) =>
    `Which batches are held, and why: ${commandLine(place, 'status', runId)}. Of one whose create is not answered: look for it at the provider by its metadata (batchor_batch_key), then ${commandLine(place, 'resolve', runId, '--batch KEY --exists ID')}, or --never-created. Of one that has an id, and is gone there for good or its files are: --results-lost. Let batchor look once more: ${resumeAndWait(place, runId)}. What is finished: ${commandLine(place, 'results', runId, '--partial')}`,
};

/** What to do about an error of the library, in commands; the library's own hint where there is none. */
const byCode: Readonly<Partial<Record<BatchorErrorCode, Hint>>> = {
  price_unknown: () => 'Give its price: --prices FILE. Nothing was changed.',
  run_exists: (place, runId) => `Go on with it: ${commandLine(place, 'wait', runId)}. Or choose another --run-id.`,
  run_not_found: (place, runId) =>
    runId === ''
      ? 'Name the store that the run was started with: --store, or BATCHOR_STORE.'
      : `See which runs there are: batchor list${place.storeFlag}`,
  artifact_root_differs: () => 'Name the folder that all who work on this store share: --artifacts FOLDER, or BATCHOR_ARTIFACTS.',
  store_unavailable: (place) =>
    `Nothing was acknowledged that is not durable. Mend it, then go on with the same run id${place.store.type === 'folder' ? '' : ' (is the address in --store, or BATCHOR_STORE, right?)'}.`,
  item_not_found: (place, runId) =>
    `Ids are compared letter by letter, and are as the results have them: ${commandLine(place, 'results', runId, '--partial')}`,
  run_owned_elsewhere: (place, runId) => `Follow it: ${commandLine(place, 'wait', runId)}. Or stop that process.`,
  source_required: (place, runId) => `Go on reading: ${commandLine(place, 'wait', runId)}`,
  batch_not_resolved: (place, runId) => `See which batches are held, and why: ${commandLine(place, 'status', runId)}`,
  batch_unresolved: byReason.batch_unresolved as Hint,
  artifacts_not_exported: (place, runId) =>
    `Export it first: ${commandLine(place, 'export-artifacts', runId, '--destination-dir FOLDER')}. Nothing was removed.`,
  provider_not_configured: () =>
    'A connection lives in a program, which goes on with its runs. What `batchor start --job MODULE` runs goes on by the command line: its module brings the connection.',
  run_not_finished: (place, runId) => `Finish it first: ${commandLine(place, 'wait', runId)}`,
  store_corrupt: (place, runId) =>
    place.store.type === 'postgres'
      ? 'Keep the database and the artifacts as they are: what is stored does not fit together, and nothing more was written.'
      : `Keep the run's folder as it is. What is whole, and what a repair would give up: ${runId === '' ? `batchor doctor${place.storeFlag}` : commandLine(place, 'doctor', runId)}`,
  adopted_batches_in_progress: (place, runId) =>
    `To cancel them, too: ${commandLine(place, 'cancel', runId, '--cancel-adopted')}. To leave them and stop waiting: ${commandLine(place, 'pause', runId)}`,
  job_changed: (place, runId) =>
    `What makes the prompts is fixed with the run. Go on as it was: ${commandLine(place, 'wait', runId)}. Or start a new run.`,
};

/** What to type about a setting that the library calls by its own name. */
const byField: Readonly<Record<string, string>> = {
  'budget.costUsdMax': 'Say how many output tokens an answer has at most: --assume-output-tokens N. Nothing was changed.',
  'retryPolicy.raiseOutputTokensTo':
    'Say it with --raise-output-tokens-to, above the limit of the first attempt (--param max_output_tokens=N). Nothing was changed.',
  destinationDir: 'Name a folder that is not there yet, or an empty one: --destination-dir FOLDER. Nothing was written.',
  'enqueueLimits.headroom': 'Say a smaller --headroom, or a larger --enqueued-token-limit. Nothing was changed.',
};

/** How the file is read is fixed with the run. */
const badRowsHint = (message: string, place: Place, runId: string): string => {
  const flags = flagsThatHelp(message);
  return `${byReason.bad_rows?.(place, runId) ?? ''}${flags === null ? '' : ` Or start a new run with ${flags}.`}`;
};

/** What the user can do, for any error of the library. */
export const hintFor = (error: BatchorError, place: Place): string => {
  const { details } = error;
  const runId = 'runId' in details ? details.runId : '';
  if (isBatchorError(error, 'run_paused') && error.details.reason === 'bad_rows') return badRowsHint(error.message, place, runId);
  if (isBatchorError(error, 'invalid_config')) return byField[error.details.field] ?? error.hint;
  const hint = isBatchorError(error, 'run_paused') ? (byReason[error.details.reason] ?? resumeAndWait) : byCode[error.code];
  return hint === undefined ? error.hint : hint(place, runId);
};

/** The same error with its hint in commands; anything else, our own faults among them, as it is. */
export const inCommands = (error: unknown, place: Place): unknown => {
  if (!isBatchorError(error) || !error.isUserFault) return error;
  return new CliFailure(withStoreNamed(place, error.message), {
    hint: withStoreNamed(place, hintFor(error, place)),
    exitCode: exitCodeOfError(error.code),
  });
};
