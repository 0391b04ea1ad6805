import * as t from 'io-ts';
import { later, laterOrNull, NonNegative } from '../json/codec-parts.ts';
import { form, listOf, optional } from '../json/form.ts';
import {
  type BatchEnding,
  batchEndings,
  type BatchRejection,
  batchStages,
  type NamedFiles,
  type RefusedId,
  type RefusedLine,
  refusedLineClasses,
} from '../model/batch.ts';
import type {
  BatchObservation,
  SweepReport,
  SweptBatch,
  UnconfirmedCreateQuery,
  UndecidedBatch,
} from '../model/command.ts';
import { finite, key, oneOf, orNull, providerBatchId } from './codec.ts';

/**
 * What providers say, as commands bring it. Open, so that what a provider's port adds comes into no
 * event.
 */

/** A number that the provider reports. Anything else, and a number below zero, is read as null. */
export const reportedNumber = new t.Type<number | null, unknown>(
  'a number or null',
  (u): u is number | null => u === null || (typeof u === 'number' && Number.isFinite(u) && u >= 0),
  (u, c) =>
    u !== null && typeof u !== 'number'
      ? t.failure(u, c)
      : t.success(u !== null && Number.isFinite(u) && u >= 0 ? u : null),
  t.identity,
);
/** The attempt that a foreign batch's metadata names, if it names one. */
const reportedAttempt = new t.Type<number, unknown>(
  'an attempt',
  (u): u is number => NonNegative.is(u),
  (u, c) =>
    u !== null && typeof u !== 'number' ? t.failure(u, c) : t.success(NonNegative.is(u) ? u : 0),
  t.identity,
);

const saidOfLine = {
  code: orNull(t.string),
  message: orNull(t.string),
  param: orNull(t.string),
  failureClass: laterOrNull(oneOf('a failure class', refusedLineClasses)),
};
export const Refused = form<RefusedLine>('RefusedLine', { line: finite, ...saidOfLine });
const RefusedById = form<RefusedId>('RefusedId', {
  line: orNull(finite),
  customId: t.string,
  ...saidOfLine,
});
const Rejection = form<BatchRejection>('BatchRejection', {
  type: oneOf('a rejection', [
    'invalid_lines',
    'over_capacity',
    'insufficient_quota',
    'too_large',
    'other',
  ] as const),
  message: t.string,
  lines: listOf(finite),
  // Absent in commands of programs that were written for an earlier release.
  said: later(listOf(Refused), []),
  statedTokensMax: reportedNumber,
  statedRequestsMax: reportedNumber,
  statedBytesMax: later(reportedNumber, null),
});
const Ending = form<BatchEnding>('BatchEnding', {
  type: oneOf('an ending', batchEndings),
  outputFileId: orNull(t.string),
  errorFileId: orNull(t.string),
  rejection: orNull(Rejection),
});
export const Observation = form<BatchObservation>('BatchObservation', {
  batchKey: key,
  providerBatchId,
  providerStatus: t.string,
  isAccepted: t.boolean,
  progress: orNull(
    form<NonNullable<BatchObservation['progress']>>('Progress', {
      total: NonNegative,
      completed: NonNegative,
      failed: NonNegative,
    }),
  ),
  ending: orNull(Ending),
  stage: optional(oneOf('a stage', batchStages)),
  createdAtMs: optional(reportedNumber),
  expiresAtMs: optional(reportedNumber),
  statusSinceMs: optional(reportedNumber),
  providerNowMs: optional(reportedNumber),
  retryAfterMs: optional(reportedNumber),
  named: optional(
    form<NamedFiles>('NamedFiles', {
      outputFileId: orNull(t.string),
      errorFileId: orNull(t.string),
    }),
  ),
  areFilesPending: optional(t.boolean),
  refusedIds: optional(listOf(RefusedById)),
});
export const UnconfirmedCreateQueryType = form<UnconfirmedCreateQuery>('UnclearCreate', {
  batchKey: key,
  createAttempt: NonNegative,
  inputFileId: orNull(t.string),
  stage: oneOf('a stage', ['looking', 'absent', 'fenced'] as const),
  sinceMs: optional(finite),
  requests: optional(NonNegative),
  sentAtMs: optional(finite),
  newestBatchId: optional(orNull(providerBatchId)),
  isUnfenced: optional(t.boolean),
});
export const SweptBatchType = form<SweptBatch>('SweptBatch', {
  batchKey: orNull(key),
  createAttempt: reportedAttempt,
  inputFileId: orNull(t.string),
  providerBatchId,
  providerStatus: t.string,
  createdAtMs: reportedNumber,
  ending: orNull(oneOf('an ending', batchEndings)),
});
const Undecided = form<UndecidedBatch>('UndecidedBatch', {
  providerBatchId,
  providerStatus: t.string,
  createdAtMs: reportedNumber,
  requests: reportedNumber,
  ending: orNull(oneOf('an ending', batchEndings)),
  customId: orNull(t.string),
});
export const Report = form<SweepReport>('SweepReport', {
  found: listOf(SweptBatchType),
  files: listOf(
    form<SweepReport['files'][number]>('SweptFile', {
      inputFileId: t.string,
      createdAtMs: reportedNumber,
    }),
  ),
  readBackToMs: reportedNumber,
  isRunSeen: t.boolean,
  // No default: a report that does not say which known batches it showed must not count as proof.
  shown: listOf(providerBatchId),
  undecided: optional(listOf(Undecided)),
});
