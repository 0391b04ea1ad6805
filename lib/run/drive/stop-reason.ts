import { stuckFaults, type Standstill, standstillOf } from '../../core/machine/progress.ts';
import type { LiveBatch } from '../../core/model/batch.ts';
import type { FaultRecord, RunSnapshot } from '../../core/model/snapshot.ts';
import { traitsOf } from '../../core/values/service-traits.ts';
import { BatchorError } from '../api/errors.ts';
import { findsBy, waysOfProgram, whatHelps } from './what-helps.ts';

/** The error for a run that cannot progress: the reason, and what the user can do. */
export const stopReason = (snapshot: RunSnapshot, nowMs: number): BatchorError => {
  const { runId, config } = snapshot;
  const still = standstillOf(snapshot);
  switch (still.type) {
    case 'unconfirmed_create':
      return unresolved(
        runId,
        still.held,
        `${still.held.length === 1 ? 'a batch is held' : `${still.held.length} batches are held`}, with ${still.held.reduce((rows, batch) => rows + batch.requests, 0)} rows: `,
        `Search for the batch at the provider ${findsBy(traitsOf(config).correlates)}, then tell batchor what happened: run.resolve(batchKey, …). The rows are kept.`,
      );
    case 'paused':
      return paused(snapshot, still, stuckFaults(snapshot, nowMs)[0]);
    case 'held':
      return unresolved(runId, still.held, '', 'Resume the run to retry, or resolve the batch.');
    case 'source_missing': {
      const { kind, ref } = config.source;
      return new BatchorError(
        'source_required',
        { runId, kind, ref, nextIndex: still.nextIndex },
        `run ${runId} has not read all of ${ref} (${still.nextIndex} rows so far), and no source is attached`,
        'Call start(job, { runId }) with the same job, so that ingestion can continue.',
      );
    }
  }
};

const unresolved = (
  runId: string,
  held: readonly LiveBatch[],
  what: string,
  hint: string,
): BatchorError =>
  new BatchorError(
    'batch_unresolved',
    { runId, batchKeys: held.map((batch) => batch.batchKey) },
    `run ${runId}: ${what}${held[0]?.held ?? ''}`,
    hint,
  );

const paused = (
  { runId, config }: RunSnapshot,
  { reason, message }: Extract<Standstill, { readonly type: 'paused' }>,
  stuck: FaultRecord | undefined,
): BatchorError => {
  const { resume, dropCanary } = waysOfProgram;
  const hint = whatHelps(reason, {
    ...waysOfProgram,
    resume: reason === 'authentication_failed' ? `${resume} (${atShell(runId)})` : resume,
    dropCanary: config.operation.canary === null ? null : dropCanary,
  });
  return new BatchorError(
    'run_paused',
    { runId, reason, message },
    `run ${runId} is paused (${reason})${message === null ? '' : `: ${message}`}${stuck === undefined ? '' : stuckText(stuck, message)}`,
    stuck === undefined
      ? hint
      : `${hint} Batches in flight are retried after ${new Date(stuck.dueAtMs).toISOString()}, while a process waits for the run.`,
  );
};

/** A program that only starts and waits has no line that resumes. */
const atShell = (runId: string): string =>
  `or once, in a shell: batchor resume --run-id ${runId} --wait; start() does not resume a paused run`;

/** Failures that block batches in flight, besides the pause. */
const stuckText = ({ count, message }: FaultRecord, pausedFor: string | null): string =>
  `; batches in flight make no progress: ${count} failures in a row${message === pausedFor ? '' : `, the last one: ${message}`}`;
