import {
  type Backoff,
  defaultOperation,
  faultOfConfig,
  type Operation,
  type RunConfig,
} from '../../core/model/config.ts';
import type { CustomIdFormat } from '../../core/values/custom-ids.ts';
import { openaiTraits, traitsOf } from '../../core/values/service-traits.ts';
import { breakerOf, canaryOf, count, enqueueOf, invalid, moneyOf, raisedOf } from './job-limits.ts';
import type { AnyJob } from './job.ts';
import { structuredOutputOf } from './job-structure.ts';
import type { PriceBook } from './price-book.ts';
import { BatchorError } from '../api/errors.ts';
import { nearest } from './nearest.ts';

/** Metadata pairs for the user: OpenAI accepts 16 per batch, and batchor uses four. */
const userMetadataPairsMax = 12;

/** The job name that runs store. */
export const jobNameOf = (job: Pick<AnyJob, 'name'>): string => job.name ?? 'job';

/** The run config of a job. Throws `invalid_config`, which names the field. */
export const configOf = (
  job: AnyJob,
  source: { readonly kind: string; readonly ref: string; readonly fingerprint: string },
  prices?: PriceBook,
  customIds: CustomIdFormat | null = null,
): RunConfig => {
  const provider = job.providerConfig;
  requireKnownKeys(job);
  checkMetadata(job.batchMetadata ?? {});
  const config: RunConfig = {
    jobName: jobNameOf(job),
    source,
    provider: {
      kind: provider.kind,
      connection: provider.connection,
      model: provider.model,
      endpoint: provider.endpoint,
      completionWindow: provider.completionWindow,
      params: provider.params,
    },
    prompt: job.promptDescription ?? null,
    structuredOutput: structuredOutputOf(job),
    batchMetadata: job.batchMetadata ?? {},
    customIds,
    takesWholeAnswers: true,
    adopted: adoptedOf(job),
    limits: provider.limits,
    traits: provider.traits ?? openaiTraits,
    operation: operationOf(job, prices),
  };
  const fault = faultOfConfig(config);
  if (fault !== null) throw invalid('job', fault);
  return config;
};

export const operationOf = (job: AnyJob, prices?: PriceBook): Operation => {
  const house = defaultOperation(job.providerConfig.limits);
  const { retryPolicy = {}, chunkPolicy = {}, badRows = 'fail' } = job;
  const pace = job.providerConfig.operation;
  const backoff = (base: Backoff, given: Partial<Backoff> = {}): Backoff => ({ ...base, ...given });
  return {
    retry: {
      attemptsMax: count(
        'retryPolicy.maxAttempts',
        retryPolicy.maxAttempts ?? house.retry.attemptsMax,
      ),
      unchargedAttemptsMax: count(
        'retryPolicy.maxUnchargedAttempts',
        retryPolicy.maxUnchargedAttempts ?? house.retry.unchargedAttemptsMax,
      ),
      itemBackoff: backoff(house.retry.itemBackoff, retryPolicy.itemBackoff),
      batchBackoff: backoff(house.retry.batchBackoff, retryPolicy.batchBackoff),
      raisedOutputTokensMax: raisedOf(job),
    },
    chunk: {
      requestsMax: count(
        'chunkPolicy.maxRequests',
        chunkPolicy.maxRequests ?? house.chunk.requestsMax,
      ),
      inputBytesMax: count(
        'chunkPolicy.maxFileBytes',
        chunkPolicy.maxFileBytes ?? house.chunk.inputBytesMax,
      ),
      inputTokensMax:
        chunkPolicy.maxInputTokens === undefined
          ? house.chunk.inputTokensMax
          : count('chunkPolicy.maxInputTokens', chunkPolicy.maxInputTokens),
      planAfterMs: count(
        'chunkPolicy.planAfterMs',
        chunkPolicy.planAfterMs ?? house.chunk.planAfterMs,
        0,
      ),
    },
    enqueue: enqueueOf(pace.enqueueLimits ?? {}, {
      ...house.enqueue,
      enqueuedRequestLimit: traitsOf(job.providerConfig).queuedRequestsMax,
    }),
    money: moneyOf(job, prices),
    canary: canaryOf(job.canary),
    circuitBreaker: breakerOf(job, house.circuitBreaker),
    badRows,
    persistRawOutput: job.artifactPolicy?.persistRawOutputArtifacts ?? house.persistRawOutput,
    pollIntervalMs: count('pollIntervalMs', pace.pollIntervalMs ?? house.pollIntervalMs),
    requestTimeoutMs: count('requestTimeoutMs', pace.requestTimeoutMs ?? house.requestTimeoutMs),
    createGraceMs: count('createGraceMs', pace.createGraceMs ?? house.createGraceMs, 0),
    // Every line of an adopted batch was sent.
    sendsDuplicatesOnce:
      job.reusePolicy?.duplicates === 'send_once' && job.fromBatches === undefined,
    retriesAdopted: job.retryAdopted ?? house.retriesAdopted,
    deletesInputFiles: pace.deleteInputFiles ?? house.deletesInputFiles,
    filesExpireAfterMs: pace.filesExpireAfterMs ?? null,
    outputFilesExpireAfterMs: pace.outputFilesExpireAfterMs ?? null,
  };
};

/** The batches to adopt. A run has one endpoint and one model. */
const adoptedOf = ({
  fromBatches,
  providerConfig,
  retryPolicy,
}: AnyJob): RunConfig['adopted'] & object => {
  if (fromBatches === undefined) return [];
  for (const field of ['model', 'endpoint'] as const) {
    const [stated, found] = [providerConfig[field], fromBatches[field]];
    if (stated !== found)
      throw invalid(
        `providerConfig.${field}`,
        `providerConfig.${field} is ${stated}, but the batches use ${found}`,
      );
  }
  if (fromBatches.batches.length === 0) throw invalid('fromBatches', 'fromBatches names no batch');
  if (retryPolicy?.raiseOutputTokensTo !== undefined)
    throw invalid(
      'retryPolicy.raiseOutputTokensTo',
      'batchor cannot raise the output limit of requests in adopted batches',
    );
  return fromBatches.batches;
};

const checkMetadata = (pairs: Readonly<Record<string, string>>): void => {
  const entries = Object.entries(pairs);
  if (entries.length > userMetadataPairsMax)
    throw invalid(
      'batchMetadata',
      `batchMetadata has ${entries.length} pairs, but at most ${userMetadataPairsMax} are allowed`,
    );
  for (const [key, value] of entries) {
    if (key.startsWith('batchor_'))
      throw invalid(`batchMetadata.${key}`, 'keys starting with batchor_ are reserved');
    if (key.length > 64 || value.length > 512)
      throw invalid(
        `batchMetadata.${key}`,
        'a metadata key may have at most 64 characters, a value at most 512',
      );
  }
};

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
const requireKnownKeys = (job: AnyJob): void => {
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
