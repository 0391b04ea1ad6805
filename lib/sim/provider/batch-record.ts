import type { Life } from './states.ts';
import { isTerminal } from './states.ts';
import type { StoredBlob } from './blobs.ts';
import { snapshotOf } from './bodies/snapshots.ts';
import type { FileRecord } from './stored-files.ts';
import { progressAt, type Schedule } from './schedule.ts';
import type { Project } from './project.ts';
import type { BatchErrorEntry, BatchObject, BatchUsage, RequestCounts } from './wire.ts';

/** The provider's state of a batch. Immutable: each change makes a new record. */
export interface BatchRecord {
  readonly id: string;
  /** From 1, in order of creation. */
  readonly batchNo: number;
  readonly endpoint: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly outputExpiresAfterSeconds: number | null;
  readonly completionWindow: string;
  readonly createdMs: number;
  readonly project: Project;
  readonly schedule: Schedule;
  readonly life: Life;
  /** When cancelling ends; null while the batch is not being cancelled. */
  readonly cancelledMs: number | null;
  /** Share of the requests answered when cancelling began. */
  readonly cancelledRatio: number;
  /** True once validation did not find the input file. */
  readonly isFileMissed: boolean;
  readonly model: string | null;
  readonly tokens: number;
  /** The input file, held from validation to the end; null before and after. */
  readonly input: FileRecord | null;
  readonly errors: readonly BatchErrorEntry[];
  readonly counts: RequestCounts;
  readonly usage: BatchUsage | null;
  /** Rows that were written but are in no file yet; they become files when the batch ends. */
  readonly unpublished: { readonly output: StoredBlob | null; readonly error: StoredBlob | null };
  readonly outputFileId: string | null;
  readonly errorFileId: string | null;
  /** File ids stay hidden until this time. */
  readonly filesVisibleMs: number;
}

/** When the batch next changes by itself, in milliseconds; null: never. */
export const nextChangeMs = (batch: BatchRecord): number | null => {
  const atMs = dueMs(batch);
  return atMs === Infinity ? null : atMs;
};

/** When a stuck batch names a file of its answers. */
const namingMs = ({ input, schedule: { stuck } }: BatchRecord): number =>
  stuck !== null && stuck.namesFiles && input !== null ? stuck.atMs : Infinity;

const dueMs = (batch: BatchRecord): number | null => {
  switch (batch.life.status) {
    case 'validating':
      return batch.schedule.validatedMs;
    case 'in_progress':
      return Math.min(
        batch.schedule.finishedMs,
        batch.schedule.stuck === null ? batch.schedule.expiresMs : namingMs(batch),
        batch.schedule.handCancelMs ?? Infinity,
      );
    case 'finalizing':
      return batch.schedule.completedMs;
    case 'cancelling':
      return batch.cancelledMs;
    default:
      return null;
  }
};

/** The batch in OpenAI's shape at a time. */
export const toBatchObject = (batch: BatchRecord, nowMs: number): BatchObject => {
  const { stamps, status } = batch.life;
  const { stuck, shown } = batch.schedule;
  const areFilesVisible =
    (isTerminal(status) || stuck?.namesFiles === true) && nowMs >= batch.filesVisibleMs;
  const second = (ms: number | undefined): number | null =>
    ms === undefined ? null : Math.floor(ms / 1000);
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    model: batch.model === null ? null : snapshotOf(batch.model),
    errors: batch.errors.length === 0 ? null : { object: 'list', data: batch.errors },
    input_file_id: batch.inputFileId,
    completion_window: batch.completionWindow,
    status: shown?.status === status ? shown.as : status,
    output_file_id: areFilesVisible ? batch.outputFileId : null,
    error_file_id: areFilesVisible ? batch.errorFileId : null,
    created_at: Math.floor(batch.createdMs / 1000),
    in_progress_at: second(stamps.in_progress),
    expires_at: second(batch.schedule.expiresMs),
    finalizing_at: second(stamps.finalizing),
    completed_at: second(stamps.completed),
    failed_at: second(stamps.failed),
    expired_at: second(stamps.expired),
    cancelling_at: second(stamps.cancelling),
    cancelled_at: second(stamps.cancelled),
    request_counts: countsAt(batch, nowMs),
    usage: batch.usage ?? noUsage,
    metadata: batch.metadata,
  };
};

/** A batch has a usage from its creation, all zeros until it ends (recorded in August 2026). */
const noUsage: BatchUsage = {
  input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens_details: { reasoning_tokens: 0 },
};

const countsAt = (batch: BatchRecord, nowMs: number): RequestCounts => {
  const { total } = batch.counts;
  if (batch.life.status === 'in_progress')
    return { total, completed: Math.floor(total * progressAt(batch.schedule, nowMs)), failed: 0 };
  if (batch.life.status === 'cancelling' && batch.usage === null)
    return { total, completed: Math.floor(total * batch.cancelledRatio), failed: 0 };
  return batch.counts;
};
