import type { BatchorError, BatchorErrorCode } from '../../lib/run/api/errors.ts';
import { isBatchorError } from '../../lib/run/api/errors.ts';
import { type Ways, waysOfProgram, whatHelps } from '../../lib/run/drive/what-helps.ts';
import { exitCodeOfError } from '../shell/exit-codes.ts';
import { flagsThatHelp } from '../shell/file-flags.ts';
import { SourceError } from '../../lib/ports/source-error.ts';
import { CliFailure } from '../shell/failure.ts';
import { isAboutWindow, refusedWindowHint, windowHint } from './window-hint.ts';
import type { Retype } from '../shell/retyped.ts';
import { commandLine, type Place, withStoreNamed } from '../shell/place.ts';

type Hint = (place: Place, runId: string) => string;

/** The commands by which a user of this run does what helps. */
const waysOf = (place: Place, runId: string): Ways => {
  const command = (name: string, rest?: string): string => commandLine(place, name, runId, rest);
  return {
    resume: command('resume', '--wait'),
    recordBadRows: command('resume', '--bad-rows record --wait'),
    raiseCostCap: command('resume', '--max-cost USD --wait'),
    raiseQueueTokens: command('resume', '--enqueued-token-limit N --wait'),
    allowRefusedBatches: command('resume', '--max-failed-batches N --wait'),
    dropCanary: command('resume', '--canary 0 --wait'),
    cancel: command('cancel'),
    end: command('cancel', '--wait'),
    wait: command('wait'),
    status: command('status'),
    partialResults: command('results', '--partial'),
    readAgain: command('resolve', '--batch KEY --read-again'),
    resultsLost: command('resolve', '--batch KEY --results-lost'),
    batchExists: command('resolve', '--batch KEY --exists ID'),
    neverCreated: command('resolve', '--batch KEY --never-created'),
    lost: command('resolve', '--batch KEY --results-lost'),
  };
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
  batch_unresolved: (place, runId) => whatHelps('batch_unresolved', waysOf(place, runId)),
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
const badRowsRetype = (message: string, runId: string): Retype | undefined => {
  const flags = flagsThatHelp(message);
  return flags === null
    ? undefined
    : {
        says: 'Or read it in a new run',
        without: ['--run-id'],
        adds: [`--run-id ${nextId(runId)}`, flags],
        otherwise: `Or read it in a new run with ${flags}.`,
      };
};

/** `reviews-2` for `reviews`, `reviews-3` for that. */
const nextId = (runId: string): string => {
  const [, name = runId, count = '1'] = /^(.*)-(\d{1,6})$/u.exec(runId) ?? [];
  return `${name}-${Number(count) + 1}`;
};

/** Flags that let the files of a run expire, where the account's space for files is used up. */
const filesHint = (place: Place, runId: string, message: string): string | null =>
  message.includes('--delete-input-files')
    ? `Delete files at the provider, then let this run delete its own: ${commandLine(place, 'resume', runId, '--delete-input-files --wait')}`
    : null;

/** The hint for any error of the library. */
export const hintFor = (error: BatchorError, place: Place): string => {
  const { details } = error;
  const runId = 'runId' in details ? details.runId : '';
  if (isBatchorError(error, 'invalid_config')) return byField[error.details.field] ?? error.hint;
  if (
    isBatchorError(error, 'run_paused') &&
    error.details.reason === 'provider_refused' &&
    isAboutWindow(error.message)
  )
    return refusedWindowHint(place, runId, error.message);
  if (isBatchorError(error, 'job_changed')) {
    const [first, ...others] = error.details.differences;
    if (first?.field === 'provider.completionWindow' && others.length === 0)
      return windowHint(place, runId, String(first.given));
  }
  if (isBatchorError(error, 'run_paused'))
    return (
      filesHint(place, runId, error.message) ??
      whatHelps(error.details.reason, {
        ...waysOf(place, runId),
        // The library advises it only where the run has a canary.
        ...(error.hint.includes(waysOfProgram.dropCanary) ? {} : { dropCanary: null }),
      })
    );
  const hint = byCode[error.code];
  return hint === undefined ? error.hint : hint(place, runId);
};

const retypeFor = (error: BatchorError): Retype | undefined =>
  isBatchorError(error, 'run_paused') && error.details.reason === 'bad_rows'
    ? badRowsRetype(error.message, error.details.runId)
    : undefined;

/**
 * The same error with its hint as commands; other errors, internal ones included, are returned
 * unchanged.
 */
export const inCommands = (error: unknown, place: Place): unknown => {
  if (error instanceof SourceError && error.hint !== null)
    return new CliFailure(error.message, { hint: withStoreNamed(place, error.hint) });
  if (!isBatchorError(error) || !error.isUserFault) return error;
  return new CliFailure(withStoreNamed(place, error.message), {
    hint: withStoreNamed(place, hintFor(error, place)),
    retype: retypeFor(error),
    exitCode: exitCodeOfError(error.code),
  });
};
