import type { ResumeOptions } from '../../lib/run/control/resume-changes.ts';
import { choice, wholeNumber } from '../shell/flags.ts';
import { costOf, enqueueLimitsOf, expiryOf } from './policy-flags.ts';

/** The flags of `resume` that say something anew, as they were typed. */
export interface ResumeFlags {
  readonly badRows: string | undefined;
  readonly maxCost: string | undefined;
  readonly assumeOutputTokens: string | undefined;
  readonly canary: string | undefined;
  readonly enqueuedTokenLimit: string | undefined;
  readonly enqueuedRequestLimit: string | undefined;
  readonly targetRatio: string | undefined;
  readonly headroom: string | undefined;
  readonly maxRequestsPerBatch: string | undefined;
  readonly maxBytesPerBatch: string | undefined;
  readonly maxFailedBatches: string | undefined;
  readonly deleteInputFiles: boolean | undefined;
  readonly filesExpireAfter: string | undefined;
  readonly outputFilesExpireAfter: string | undefined;
}

/** What the flags ask for; what was left out stays as it is. */
export const resumeOptionsOf = (flags: ResumeFlags): ResumeOptions => {
  const costUsdMax = costOf(flags.maxCost);
  const assumed = wholeNumber('--assume-output-tokens', flags.assumeOutputTokens, 0);
  const items = wholeNumber('--canary', flags.canary, 0);
  const { enqueuedTokenLimit, enqueuedRequestLimit, targetRatio, headroom } = enqueueLimitsOf(flags);
  const enqueueLimits = {
    ...(enqueuedTokenLimit === null ? {} : { enqueuedTokenLimit }),
    ...(enqueuedRequestLimit === null ? {} : { enqueuedRequestLimit }),
    ...(targetRatio === null ? {} : { targetRatio }),
    ...(headroom === null ? {} : { headroom }),
  };
  const maxRequests = wholeNumber('--max-requests-per-batch', flags.maxRequestsPerBatch);
  const maxFileBytes = wholeNumber('--max-bytes-per-batch', flags.maxBytesPerBatch);
  const failedBatchesMax = wholeNumber('--max-failed-batches', flags.maxFailedBatches);
  const chunkPolicy = { ...(maxRequests === null ? {} : { maxRequests }), ...(maxFileBytes === null ? {} : { maxFileBytes }) };
  const filesExpireAfterMs = expiryOf('--files-expire-after', flags.filesExpireAfter);
  const outputFilesExpireAfterMs = expiryOf('--output-files-expire-after', flags.outputFilesExpireAfter);
  return {
    ...(flags.deleteInputFiles === undefined ? {} : { deleteInputFiles: flags.deleteInputFiles }),
    ...(filesExpireAfterMs === null ? {} : { filesExpireAfterMs }),
    ...(outputFilesExpireAfterMs === null ? {} : { outputFilesExpireAfterMs }),
    ...(flags.badRows === undefined ? {} : { badRows: choice('--bad-rows', flags.badRows, ['fail', 'record']) }),
    ...(costUsdMax === null ? {} : { costUsdMax }),
    ...(assumed === null ? {} : { assumeOutputTokens: assumed }),
    ...(items === null ? {} : { canary: items === 0 ? null : { items } }),
    ...(Object.keys(enqueueLimits).length === 0 ? {} : { enqueueLimits }),
    ...(Object.keys(chunkPolicy).length === 0 ? {} : { chunkPolicy }),
    ...(failedBatchesMax === null ? {} : { circuitBreaker: { failedBatchesMax } }),
  };
};
