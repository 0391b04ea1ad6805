import type { BatchorErrorCode } from '../../lib/run/api/errors.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';

/** The exit codes of batchor. */
export const exitCodes = {
  ok: 0,
  /** The command line or its input is wrong; nothing was started. */
  usage: 1,
  /** The run finished, and some rows failed. */
  finishedWithFailures: 2,
  runtime: 3,
  /** The run is not finished: paused, bad rows, unresolved, in progress; or it was cancelled. */
  stopped: 4,
  ownedElsewhere: 5,
  /**
   * A check of `verify` or `doctor` failed: the store or its files have changed. Or the provider
   * would refuse a schema.
   */
  verificationFailed: 6,
  /** Interrupted by Ctrl-C; 143 for SIGTERM, 129 for SIGHUP. */
  interrupted: 130,
  /** The reader of stdout closed it: 128 and SIGPIPE. */
  outputClosed: 141,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byErrorCode: Readonly<Partial<Record<BatchorErrorCode, ExitCode>>> = {
  invalid_config: exitCodes.usage,
  schema_not_strict: exitCodes.usage,
  schema_unsupported: exitCodes.usage,
  invalid_run_id: exitCodes.usage,
  batch_not_adoptable: exitCodes.usage,
  batch_already_retried: exitCodes.usage,
  batch_retry_under_way: exitCodes.ownedElsewhere,
  adopted_batches_in_progress: exitCodes.usage,
  price_unknown: exitCodes.usage,
  api_key_missing: exitCodes.usage,
  run_not_found: exitCodes.usage,
  run_exists: exitCodes.usage,
  item_not_found: exitCodes.usage,
  run_finished: exitCodes.usage,
  job_changed: exitCodes.usage,
  source_changed: exitCodes.usage,
  source_unreadable: exitCodes.usage,
  batch_not_resolved: exitCodes.usage,
  run_paused: exitCodes.stopped,
  run_not_finished: exitCodes.stopped,
  source_required: exitCodes.stopped,
  batch_unresolved: exitCodes.stopped,
  artifacts_not_exported: exitCodes.stopped,
  run_owned_elsewhere: exitCodes.ownedElsewhere,
  lease_lost: exitCodes.ownedElsewhere,
};

/** The exit code for an error of the library; an unlisted error is a runtime error. */
export const exitCodeOfError = (code: BatchorErrorCode): ExitCode =>
  byErrorCode[code] ?? exitCodes.runtime;

/** The exit code for a finished run: completed, completed with failures, or cancelled. */
export const exitCodeOfRun = (summary: RunSummary): ExitCode => {
  // A run cancelled after its last answer is still complete.
  if (summary.status === 'completed' && summary.isIngestionComplete) return exitCodes.ok;
  return summary.controlState === 'cancel_requested'
    ? exitCodes.stopped
    : exitCodes.finishedWithFailures;
};
