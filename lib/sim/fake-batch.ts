import type {
  BatchEnding,
  BatchRejection,
  BatchStage,
  RefusedId,
  RefusedLine,
} from '../core/model/batch.ts';
import type { BatchObservation, SweptBatch } from '../core/model/command.ts';
import type { BatchKey, ProviderBatchId } from '../core/values/ids.ts';
import type { DescribedBatch } from '../ports/provider.ts';
import type { BatchObject } from './provider/wire.ts';
import { statedLimits } from './reply-errors.ts';

/** Metadata keys that identify a batch. */
export const batchKeyKey = 'batchor_batch_key';
export const attemptKey = 'batchor_attempt';

/** The fake's batch as an observation of the port. */
export const observationOf = (
  batchKey: BatchKey,
  batch: BatchObject,
  providerNowMs: number,
): BatchObservation => ({
  batchKey,
  providerBatchId: batch.id as ProviderBatchId,
  providerStatus: batch.status,
  isAccepted: !['validating', 'failed'].includes(batch.status.toLowerCase()),
  progress: progressOf(batch),
  ending: endingOf(batch),
  stage: stages[batch.status.toLowerCase()] ?? 'unknown',
  createdAtMs: timeOf(batch.created_at),
  expiresAtMs: timeOf(batch.expires_at),
  statusSinceMs: sinceOf(batch),
  providerNowMs,
  named: {
    outputFileId: fileIdOf(batch.output_file_id),
    errorFileId: fileIdOf(batch.error_file_id),
  },
  ...refusedIdsOf(batch),
});

/** Requests that a failed validation names by their ids. */
const refusedIdsOf = ({
  status,
  errors,
}: BatchObject): { readonly refusedIds?: readonly RefusedId[] } => {
  if (status.toLowerCase() !== 'failed') return {};
  const refusedIds = (errors?.data ?? []).flatMap(
    ({ code, message, param, line }): readonly RefusedId[] => {
      const customId = /^Request '([^']*)'/u.exec(message)?.[1];
      return customId === undefined
        ? []
        : [{ customId, line, code, message, param, failureClass: null }];
    },
  );
  return refusedIds.length === 0 ? {} : { refusedIds };
};

const stages: Readonly<Partial<Record<string, BatchStage>>> = {
  validating: 'validating',
  in_progress: 'in_progress',
  finalizing: 'finalizing',
  cancelling: 'cancelling',
};

/** Unix seconds, or a date text as some services write it. */
const timeOf = (time: unknown): number | null => {
  if (typeof time === 'number') return time * 1000;
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  return Number.isFinite(ms) ? ms : null;
};

/** The Unix time of its current status. */
const sinceOf = (batch: BatchObject): number | null => {
  const { created_at, in_progress_at, finalizing_at, cancelling_at } = batch;
  const times = {
    validating: created_at,
    in_progress: in_progress_at,
    finalizing: finalizing_at,
    cancelling: cancelling_at,
  };
  return timeOf(
    Object.entries(times).find(([status]) => status === batch.status.toLowerCase())?.[1],
  );
};

/** Some services leave their counts null until the end. */
const progressOf = ({ request_counts: counts }: BatchObject): BatchObservation['progress'] =>
  Object.values(counts).every((count) => typeof count === 'number') ? counts : null;

/** A batch, as described before it is adopted. */
export const describedBatchOf = (batch: BatchObject): DescribedBatch => {
  const total = progressOf(batch)?.total ?? 0;
  return {
    providerBatchId: batch.id as ProviderBatchId,
    providerStatus: batch.status,
    inputFileId: batch.input_file_id,
    named: {
      outputFileId: fileIdOf(batch.output_file_id),
      errorFileId: fileIdOf(batch.error_file_id),
    },
    requests: total === 0 ? null : total,
  };
};

/** A listed batch in the form of the port. */
export const listedBatchOf = (batch: BatchObject): SweptBatch => ({
  batchKey: (batch.metadata?.[batchKeyKey] ?? null) as BatchKey | null,
  createAttempt: Number(batch.metadata?.[attemptKey] ?? 0),
  inputFileId: batch.input_file_id,
  providerBatchId: batch.id as ProviderBatchId,
  providerStatus: batch.status,
  createdAtMs: batch.created_at * 1000,
  ending: endingOf(batch)?.type ?? null,
});

const endingOf = (batch: BatchObject): BatchEnding | null => {
  const files = {
    outputFileId: fileIdOf(batch.output_file_id),
    errorFileId: fileIdOf(batch.error_file_id),
  };
  const status = batch.status.toLowerCase();
  switch (status) {
    case 'completed':
    case 'expired':
    case 'cancelled':
      return { type: status, ...files, rejection: null };
    case 'failed':
      return { type: 'rejected', ...files, rejection: rejectionOf(batch) };
    default:
      return null;
  }
};

// No file is null or an empty string.
const fileIdOf = (id: string | null): string | null => (id === '' ? null : id);

const sharedByAllLines: readonly string[] = [
  'model_not_found',
  'mismatched_model',
  'mismatched_url',
];

const rejectionOf = ({ errors }: BatchObject): BatchRejection => {
  const data = errors?.data ?? [];
  const [first] = data;
  const message =
    first === undefined
      ? 'the batch failed, and the provider gave no reason'
      : `${first.code}: ${first.message}`;
  const rejected = (
    type: BatchRejection['type'],
    said: readonly RefusedLine[] = [],
  ): BatchRejection => ({
    type,
    message,
    lines: said.map(({ line }) => line),
    said,
    statedBytesMax: null,
    ...statedLimits(''),
  });
  const full = data.find(({ code }) => code === 'token_limit_exceeded');
  if (full !== undefined) return { ...rejected('over_capacity'), ...statedLimits(full.message) };
  if (data.some(({ code }) => code === 'insufficient_quota')) return rejected('insufficient_quota');
  const large = data.find(({ code }) => code === 'file_too_large');
  if (large !== undefined)
    return rejected('too_large', [{ ...large, line: 1, failureClass: null }]);
  const said = data.flatMap(({ code, message: text, param, line }): readonly RefusedLine[] =>
    line === null
      ? []
      : [
          {
            line,
            code,
            message: text,
            param,
            failureClass: code === 'content_filter' ? 'content_filtered' : null,
          },
        ],
  );
  const isAboutLines = said.length > 0 && !data.some(({ code }) => sharedByAllLines.includes(code));
  return isAboutLines
    ? rejected(
        'invalid_lines',
        said
          .filter(({ line }, i) => said.findIndex((other) => other.line === line) === i)
          .sort((a, b) => a.line - b.line),
      )
    : rejected('other');
};
