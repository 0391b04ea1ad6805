import { stuckFaults } from '../../core/machine/progress.ts';
import type { FaultRecord, RunSnapshot } from '../../core/model/snapshot.ts';
import { BatchorError } from '../api/errors.ts';

/** The error for a run that cannot progress: the reason, and what the user can do. */
export const stopReason = (snapshot: RunSnapshot, nowMs: number): BatchorError => {
  const { runId, control, live, ingest, config } = snapshot;
  const held = live.filter((batch) => batch.held !== null);
  const isUnconfirmed = held.some((batch) => batch.phase === 'indeterminate');
  if (isUnconfirmed && (control.reason === 'batch_unresolved' || control.state !== 'paused')) {
    return new BatchorError(
      'batch_unresolved',
      { runId, batchKeys: held.map((batch) => batch.batchKey) },
      `run ${runId}: ${held.length === 1 ? 'a batch is held' : `${held.length} batches are held`}, with ${held.reduce((rows, batch) => rows + batch.requests, 0)} rows: ${held[0]?.held ?? ''}`,
      'Search for the batch at the provider by its metadata (batchor_batch_key), then tell batchor what happened: run.resolve(batchKey, …). The rows are kept.',
    );
  }
  if (control.state === 'paused' && control.reason !== null) {
    const { reason, message } = control;
    const [stuck] = stuckFaults(snapshot, nowMs);
    const hint = hintsFor(runId)[reason] ?? 'Fix what the message names, then resume the run.';
    return new BatchorError(
      'run_paused',
      { runId, reason, message },
      `run ${runId} is paused (${reason})${message === null ? '' : `: ${message}`}${stuck === undefined ? '' : stuckText(stuck, message)}`,
      stuck === undefined
        ? hint
        : `${hint} Batches in flight are retried after ${new Date(stuck.dueAtMs).toISOString()}, while a process waits for the run.`,
    );
  }
  if (held.length > 0) {
    return new BatchorError(
      'batch_unresolved',
      { runId, batchKeys: held.map((batch) => batch.batchKey) },
      `run ${runId}: ${held[0]?.held ?? ''}`,
      'Resume the run to retry, or resolve the batch.',
    );
  }
  const { kind, ref } = config.source;
  return new BatchorError(
    'source_required',
    { runId, kind, ref, nextIndex: ingest.checkpoint?.nextIndex ?? 0 },
    `run ${runId} has not read all of ${ref} (${ingest.checkpoint?.nextIndex ?? 0} rows so far), and no source is attached`,
    'Call start(job, { runId }) with the same job, so that ingestion can continue.',
  );
};

/** Failures that block batches in flight, besides the pause. */
const stuckText = ({ count, message }: FaultRecord, pausedFor: string | null): string =>
  `; batches in flight make no progress: ${count} failures in a row${message === pausedFor ? '' : `, the last one: ${message}`}`;

const hintsFor = (runId: string): Readonly<Partial<Record<string, string>>> => ({
  manual: `Resume it: \`batchor resume --run-id ${runId}\`, or run.resume().`,
  insufficient_quota: 'Add credit or raise the spend limit at the provider, then resume.',
  authentication_failed: 'Give a key that belongs to this base URL and project, then resume.',
  bad_rows: `Fix the row in a new run, or continue and record bad rows as failed items: \`batchor resume --run-id ${runId} --bad-rows record\`.`,
  source_unreadable: 'Make the source readable again as it was, then resume.',
  cancelled_at_provider:
    'A batch of this run was cancelled at the provider; its finished answers are kept. Resume to send the rest again, or cancel the run.',
  provider_refused: 'Fix what the provider refuses, then resume.',
  results_unavailable:
    'Resume, or run.resolve(batchKey, "read_again"), to read the files again; if the answers are lost, run.resolve(batchKey, "results_lost"). Retrying will bill these rows again.',
  results_unreadable:
    'No row of these files is sent again yet. Read the files again: run.resolve(batchKey, "read_again"), or resume. If the answers are lost: run.resolve(batchKey, "results_lost") keeps the readable ones and sends the other rows again. Retrying will bill these rows again.',
  batch_unresolved:
    'Check what the message names: key, project and base URL, or why creates get no answer. Then resume. If the batch is lost: run.resolve(batchKey, "results_lost").',
  budget_exhausted: `Raise the exhausted limit and continue: \`batchor resume --run-id ${runId} --max-cost USD\` (or --enqueued-token-limit N), or run.resume({ costUsdMax, enqueueLimits }).`,
  circuit_open:
    'The provider refuses whole batches for the same reason. Fix it (model, endpoint, parameters), then resume or start a new run.',
});
