import type { JobBody } from '../../lib/run/job/job.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import type { Policies } from './job-description.ts';

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
