import { BatchorError } from '../api/errors.ts';
import { nearest } from './nearest.ts';
import type { AnyJob } from './job.ts';

type Keys<Type> = Readonly<Record<keyof Type & string, true>>;
type Policies = Required<Pick<AnyJob, PolicyName>>;
type PolicyName =
  | 'retryPolicy'
  | 'chunkPolicy'
  | 'budget'
  | 'canary'
  | 'circuitBreaker'
  | 'reusePolicy'
  | 'artifactPolicy';

const jobKeys: Keys<AnyJob> = {
  name: true,
  items: true,
  source: true,
  fromBatches: true,
  retryAdopted: true,
  buildPrompt: true,
  providerConfig: true,
  structuredOutput: true,
  schemaName: true,
  schemaRef: true,
  retryPolicy: true,
  chunkPolicy: true,
  budget: true,
  canary: true,
  circuitBreaker: true,
  reusePolicy: true,
  badRows: true,
  artifactPolicy: true,
  batchMetadata: true,
  promptDescription: true,
};

const policyKeys: { readonly [Name in PolicyName]: Keys<Policies[Name]> } = {
  retryPolicy: {
    maxAttempts: true,
    maxUnchargedAttempts: true,
    raiseOutputTokensTo: true,
    itemBackoff: true,
    batchBackoff: true,
  },
  chunkPolicy: { maxRequests: true, maxFileBytes: true, maxInputTokens: true, planAfterMs: true },
  budget: { costUsdMax: true, assumeOutputTokens: true },
  canary: { items: true, passRatioMin: true },
  circuitBreaker: { failedBatchesMax: true, passRatioMin: true, judgedRowsMin: true },
  reusePolicy: { duplicates: true },
  artifactPolicy: { persistRawOutputArtifacts: true },
};

const backoffKeys = { initialMs: true, factor: true, maxMs: true } as const;

/**
 * Throws `invalid_config` for a key that no job, or no policy of one, has: a misspelled limit would
 * be none.
 */
export const requireKnownKeys = (job: AnyJob): void => {
  requireIn('', job, jobKeys);
  for (const [name, keys] of Object.entries(policyKeys))
    requireIn(name, job[name as PolicyName], keys);
  requireIn('retryPolicy.itemBackoff', job.retryPolicy?.itemBackoff, backoffKeys);
  requireIn('retryPolicy.batchBackoff', job.retryPolicy?.batchBackoff, backoffKeys);
};

const requireIn = (
  where: string,
  given: object | null | undefined,
  keys: Readonly<Record<string, true>>,
): void => {
  const known = Object.keys(keys);
  const odd = Object.keys(given ?? {}).find((key) => !known.includes(key));
  if (odd === undefined) return;
  const near = nearest(odd, known);
  const field = where === '' ? odd : `${where}.${odd}`;
  throw new BatchorError(
    'invalid_config',
    { field },
    `${where === '' ? 'a job' : where} has no ${odd}`,
    near === null
      ? `${where === '' ? 'Its fields are' : 'It has'} ${known.join(', ')}.`
      : `Did you mean ${near}?`,
  );
};
