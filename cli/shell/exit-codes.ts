import type { BatchorErrorCode } from '../../lib/run/api/errors.ts';
import type { RunSummary } from '../../lib/run/view/summary.ts';

/** What a shell learns from batchor. */
export const exitCodes = {
  ok: 0,
  /** The command line, or the input it names, is wrong; nothing was begun. */
  usage: 1,
  /** Over, and some rows have no answer. */
  finishedWithFailures: 2,
  runtime: 3,
  /** Not over: paused, bad rows, unresolved, unfinished; or cancelled before its end. */
  stopped: 4,
  ownedElsewhere: 5,
  /** A law of conservation is broken: the store or its files are not what the run made of them. Or the provider would refuse a schema. */
  verificationFailed: 6,
  /** By Ctrl-C; 143 by SIGTERM, 129 by SIGHUP. */
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

/** The code for an error of the library; what is not listed is a failure at run time. */
export const exitCodeOfError = (code: BatchorErrorCode): ExitCode => byErrorCode[code] ?? exitCodes.runtime;

/** The code for a run that is over: cancelled before its end, with failures, or whole. */
export const exitCodeOfRun = (summary: RunSummary): ExitCode => {
  // Cancelled after its last row was answered, it is whole all the same.
  if (summary.status === 'completed' && summary.isIngestionComplete) return exitCodes.ok;
  return summary.controlState === 'cancel_requested' ? exitCodes.stopped : exitCodes.finishedWithFailures;
};
