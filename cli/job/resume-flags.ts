import type { ResumeOptions } from '../../lib/run/control/resume-changes.ts';
import { choice, wholeNumber } from '../shell/flags.ts';
import { costOf, enqueueLimitsOf, expiryOf, type PolicyFlags } from './policy-flags.ts';

/** The flags of `resume` that change policies, as typed. */
export type ResumeFlags = Pick<
  PolicyFlags,
  | 'badRows'
  | 'maxCost'
  | 'assumeOutputTokens'
  | 'canary'
  | 'enqueuedTokenLimit'
  | 'enqueuedRequestLimit'
  | 'targetRatio'
  | 'headroom'
  | 'maxRequestsPerBatch'
  | 'maxBytesPerBatch'
  | 'maxFailedBatches'
  | 'deleteInputFiles'
  | 'filesExpireAfter'
  | 'outputFilesExpireAfter'
>;

/** The changes of the flags; flags left out change nothing. */
export const resumeOptionsOf = (flags: ResumeFlags): ResumeOptions => {
  const costUsdMax = costOf(flags.maxCost);
  const assumed = wholeNumber('--assume-output-tokens', flags.assumeOutputTokens, 0);
  const items = wholeNumber('--canary', flags.canary, 0);
  const { enqueuedTokenLimit, enqueuedRequestLimit, targetRatio, headroom } =
    enqueueLimitsOf(flags);
  const enqueueLimits = {
    ...(enqueuedTokenLimit === null ? {} : { enqueuedTokenLimit }),
    ...(enqueuedRequestLimit === null ? {} : { enqueuedRequestLimit }),
    ...(targetRatio === null ? {} : { targetRatio }),
    ...(headroom === null ? {} : { headroom }),
  };
  const maxRequests = wholeNumber('--max-requests-per-batch', flags.maxRequestsPerBatch);
  const maxFileBytes = wholeNumber('--max-bytes-per-batch', flags.maxBytesPerBatch);
  const failedBatchesMax = wholeNumber('--max-failed-batches', flags.maxFailedBatches);
  const chunkPolicy = {
    ...(maxRequests === null ? {} : { maxRequests }),
    ...(maxFileBytes === null ? {} : { maxFileBytes }),
  };
  const filesExpireAfterMs = expiryOf('--files-expire-after', flags.filesExpireAfter);
  const outputFilesExpireAfterMs = expiryOf(
    '--output-files-expire-after',
    flags.outputFilesExpireAfter,
  );
  return {
    ...(flags.deleteInputFiles === undefined ? {} : { deleteInputFiles: flags.deleteInputFiles }),
    ...(filesExpireAfterMs === null ? {} : { filesExpireAfterMs }),
    ...(outputFilesExpireAfterMs === null ? {} : { outputFilesExpireAfterMs }),
    ...(flags.badRows === undefined
      ? {}
      : { badRows: choice('--bad-rows', flags.badRows, ['fail', 'record']) }),
    ...(costUsdMax === null ? {} : { costUsdMax }),
    ...(assumed === null ? {} : { assumeOutputTokens: assumed }),
    ...(items === null ? {} : { canary: items === 0 ? null : { items } }),
    ...(Object.keys(enqueueLimits).length === 0 ? {} : { enqueueLimits }),
    ...(Object.keys(chunkPolicy).length === 0 ? {} : { chunkPolicy }),
    ...(failedBatchesMax === null ? {} : { circuitBreaker: { failedBatchesMax } }),
  };
};
