import type { TokenPrices } from '../../lib/core/model/config.ts';
import { CliFailure } from '../shell/failure.ts';
import { choice, decimal, numberIn, required, wholeNumber } from '../shell/flags.ts';
import type { Policies } from './job-description.ts';
import type { JobBody } from '../../lib/run/job/job.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';

/** The flags for limits, pace and checks, as typed. */
export interface PolicyFlags {
  readonly pollInterval: string | undefined;
  readonly createGrace: string | undefined;
  readonly deleteInputFiles: boolean | undefined;
  readonly filesExpireAfter: string | undefined;
  readonly outputFilesExpireAfter: string | undefined;
  readonly noRawOutput: boolean;
  readonly sendDuplicatesOnce: boolean;
  readonly maxAttempts: string | undefined;
  readonly raiseOutputTokensTo: string | undefined;
  readonly maxRequestsPerBatch: string | undefined;
  readonly maxBytesPerBatch: string | undefined;
  readonly badRows: string | undefined;
  readonly maxCost: string | undefined;
  readonly assumeOutputTokens: string | undefined;
  readonly canary: string | undefined;
  readonly canaryPassRatio: string | undefined;
  readonly maxFailedBatches: string | undefined;
  readonly minPassRatio: string | undefined;
  readonly enqueuedTokenLimit: string | undefined;
  readonly enqueuedRequestLimit: string | undefined;
  readonly targetRatio: string | undefined;
  readonly headroom: string | undefined;
  readonly maxBatchEnqueuedTokens: string | undefined;
  readonly quotaScope: string | undefined;
}

/** The policies of the flags; null for each flag left out. */
export const policiesOf = (flags: PolicyFlags, prices: TokenPrices | null): Policies => {
  const createGrace = decimal('--create-grace', flags.createGrace, 0, 'seconds');
  const pollInterval = decimal('--poll-interval', flags.pollInterval, 0.001, 'seconds');
  const canaryItems = wholeNumber('--canary', flags.canary, 0);
  if (flags.canaryPassRatio !== undefined && (canaryItems === null || canaryItems === 0))
    throw new CliFailure('--canary-pass-ratio needs --canary N', {
      hint: 'Give the number of rows to send first.',
    });
  return {
    pollIntervalMs: pollInterval === null ? null : Math.max(1, Math.round(pollInterval * 1000)),
    createGraceMs: createGrace === null ? null : Math.round(createGrace * 1000),
    deletesInputFiles: flags.deleteInputFiles === true ? true : null,
    filesExpireAfterMs: expiryOf('--files-expire-after', flags.filesExpireAfter),
    outputFilesExpireAfterMs: expiryOf('--output-files-expire-after', flags.outputFilesExpireAfter),
    keepsRawOutput: flags.noRawOutput ? false : null,
    sendsDuplicatesOnce: flags.sendDuplicatesOnce ? true : null,
    retriesAdopted: null,
    attemptsMax: wholeNumber('--max-attempts', flags.maxAttempts),
    raisedOutputTokensMax: wholeNumber('--raise-output-tokens-to', flags.raiseOutputTokensTo),
    requestsPerBatchMax: wholeNumber('--max-requests-per-batch', flags.maxRequestsPerBatch),
    bytesPerBatchMax: wholeNumber('--max-bytes-per-batch', flags.maxBytesPerBatch),
    badRows:
      flags.badRows === undefined ? null : choice('--bad-rows', flags.badRows, ['fail', 'record']),
    costUsdMax: costOf(flags.maxCost),
    assumeOutputTokens: wholeNumber('--assume-output-tokens', flags.assumeOutputTokens, 0),
    canaryItems,
    canaryPassRatioMin: ratio('--canary-pass-ratio', flags.canaryPassRatio),
    failedBatchesMax: wholeNumber('--max-failed-batches', flags.maxFailedBatches),
    passRatioMin: ratio('--min-pass-ratio', flags.minPassRatio),
    ...enqueueLimitsOf(flags),
    quotaScope:
      flags.quotaScope === undefined
        ? null
        : required('--quota-scope', flags.quotaScope, 'Name the queue that runs share.'),
    prices,
  };
};

/** One hour to 30 days, the range of OpenAI (API reference, 2026-08), in milliseconds. */
export const expiryOf = (flag: string, value: string | undefined): number | null => {
  const seconds = wholeNumber(flag, value);
  if (seconds === null) return null;
  if (seconds >= 3_600 && seconds <= 2_592_000) return seconds * 1000;
  throw new CliFailure(
    `${flag} must be from 3600 (1 hour) to 2592000 (30 days) seconds (got ${seconds})`,
  );
};

type LimitFlags = Pick<
  PolicyFlags,
  'enqueuedTokenLimit' | 'enqueuedRequestLimit' | 'targetRatio' | 'headroom'
> & {
  readonly maxBatchEnqueuedTokens?: string | undefined;
};

/** The limits of the queue, which `resume` may change as well. */
export const enqueueLimitsOf = (
  flags: LimitFlags,
): Pick<
  Policies,
  | 'enqueuedTokenLimit'
  | 'enqueuedRequestLimit'
  | 'targetRatio'
  | 'headroom'
  | 'maxBatchEnqueuedTokens'
> => {
  const targetRatio = ratio('--target-ratio', flags.targetRatio);
  if (targetRatio === 0) throw new CliFailure('--target-ratio must be above 0 (got 0)');
  const enqueuedTokenLimit = wholeNumber('--enqueued-token-limit', flags.enqueuedTokenLimit);
  const headroom = wholeNumber('--headroom', flags.headroom, 0);
  if (enqueuedTokenLimit !== null && headroom !== null && headroom >= enqueuedTokenLimit)
    throw new CliFailure(
      `--headroom ${headroom} leaves nothing of --enqueued-token-limit ${enqueuedTokenLimit}`,
      {
        hint: 'It is the part of the limit to leave free; omit it to use the whole limit.',
      },
    );
  return {
    enqueuedTokenLimit,
    enqueuedRequestLimit: wholeNumber('--enqueued-request-limit', flags.enqueuedRequestLimit),
    targetRatio,
    headroom,
    maxBatchEnqueuedTokens: wholeNumber(
      '--max-batch-enqueued-tokens',
      flags.maxBatchEnqueuedTokens,
    ),
  };
};

/** Dollars above 0; null where the flag is absent. */
export const costOf = (value: string | undefined): number | null => {
  if (value === undefined) return null;
  const usd = numberIn(value);
  if (usd > 0) return usd;
  throw new CliFailure(
    `--max-cost must be a dollar amount above 0, e.g. 2.50 (got ${JSON.stringify(value)})`,
  );
};

const ratio = (flag: string, value: string | undefined): number | null => {
  if (value === undefined) return null;
  const share = numberIn(value);
  if (share >= 0 && share <= 1) return share;
  throw new CliFailure(
    `${flag} must be a share between 0 and 1, e.g. 0.8 (got ${JSON.stringify(value)})`,
  );
};

/** The policies of a description, as options of a job. */
export const policyOptions = (
  policies: Policies,
): Pick<
  JobBody<unknown, JsonObject, undefined, never>,
  | 'retryPolicy'
  | 'chunkPolicy'
  | 'budget'
  | 'canary'
  | 'circuitBreaker'
  | 'badRows'
  | 'artifactPolicy'
  | 'reusePolicy'
> => ({
  retryPolicy: {
    ...(policies.attemptsMax === null ? {} : { maxAttempts: policies.attemptsMax }),
    ...(policies.raisedOutputTokensMax === null
      ? {}
      : { raiseOutputTokensTo: policies.raisedOutputTokensMax }),
  },
  chunkPolicy: {
    ...(policies.requestsPerBatchMax === null ? {} : { maxRequests: policies.requestsPerBatchMax }),
    ...(policies.bytesPerBatchMax === null ? {} : { maxFileBytes: policies.bytesPerBatchMax }),
  },
  budget: {
    ...(policies.costUsdMax === null ? {} : { costUsdMax: policies.costUsdMax }),
    ...(policies.assumeOutputTokens === null
      ? {}
      : { assumeOutputTokens: policies.assumeOutputTokens }),
  },
  ...(policies.canaryItems === null
    ? {}
    : {
        canary: {
          items: policies.canaryItems,
          ...(policies.canaryPassRatioMin === null
            ? {}
            : { passRatioMin: policies.canaryPassRatioMin }),
        },
      }),
  circuitBreaker: {
    ...(policies.failedBatchesMax === null ? {} : { failedBatchesMax: policies.failedBatchesMax }),
    ...(policies.passRatioMin === null ? {} : { passRatioMin: policies.passRatioMin }),
  },
  badRows: policies.badRows ?? 'fail',
  reusePolicy: { duplicates: policies.sendsDuplicatesOnce === true ? 'send_once' : 'send_each' },
  artifactPolicy: { persistRawOutputArtifacts: policies.keepsRawOutput ?? true },
});
