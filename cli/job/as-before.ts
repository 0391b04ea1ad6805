import type { Operation } from '../../lib/core/model/config.ts';
import type { InputFile } from './input-kinds.ts';
import {
  type Description,
  isOfBatches,
  isOfModule,
  isOfRun,
  type Policies,
} from './job-description.ts';

/**
 * Fills flags that were left out from the stored run. The same file under another name counts as
 * the same.
 */
export const asBefore = (
  given: Description,
  stored: Description | null,
  operation: Operation,
): Description => {
  if (stored === null || isOfModule(given) || isOfModule(stored)) return given;
  const policies = policiesAsBefore(given.policies, stored.policies, operation);
  if (isOfRun(given) || isOfRun(stored) || isOfBatches(given) || isOfBatches(stored))
    return {
      ...given,
      policies,
      ...(isOfRun(given) && isOfRun(stored) ? { keepsLetters: stored.keepsLetters ?? false } : {}),
    };
  const { inputs } = given;
  const isSameInput =
    inputs.length === stored.inputs.length &&
    inputs.every((input, i) => input.absolute === stored.inputs[i]?.absolute);
  return {
    ...given,
    inputs: isSameInput
      ? inputs.map((input, i) => inputAsBefore(input, stored.inputs[i] ?? input))
      : inputs,
    namespacesIds: given.namespacesIds ?? stored.namespacesIds,
    refusesObjects: stored.refusesObjects,
    refusesMessageTexts: stored.refusesMessageTexts,
    keepsDigits: stored.keepsDigits,
    keepsLetters: stored.keepsLetters,
    policies,
  };
};

/** The input as first typed, with the settings given or detected now, which are compared. */
const inputAsBefore = (
  { delimiter, encoding, quote, jsonPath, rowBytesMax }: InputFile,
  stored: InputFile,
): InputFile => ({
  ...stored,
  ...(delimiter === undefined ? {} : { delimiter }),
  ...(encoding === undefined ? {} : { encoding }),
  ...(quote === undefined ? {} : { quote }),
  ...(jsonPath === undefined ? {} : { jsonPath }),
  ...(rowBytesMax === undefined ? {} : { rowBytesMax }),
});

/** True if a flag differs from the current value of the run. */
export const changesPolicies = (
  given: Description,
  stored: Description | null,
  operation: Operation,
): boolean => {
  if (stored === null || isOfModule(given) || isOfModule(stored)) return false;
  const now = policiesAsBefore(given.policies, stored.policies, operation);
  const nothing = Object.fromEntries(
    Object.keys(given.policies).map((name) => [name, null]),
  ) as unknown as Policies;
  const before = policiesAsBefore(nothing, stored.policies, operation);
  return JSON.stringify(now) !== JSON.stringify(before);
};

/**
 * Policies that `resume` may have changed come from the run's current state; the others from its
 * start.
 */
const policiesAsBefore = (
  given: Policies,
  stored: Policies,
  { badRows, money, canary, enqueue, chunk, circuitBreaker, ...files }: Operation,
): Policies => ({
  pollIntervalMs: given.pollIntervalMs ?? stored.pollIntervalMs,
  createGraceMs: given.createGraceMs ?? stored.createGraceMs,
  deletesInputFiles: given.deletesInputFiles ?? (files.deletesInputFiles || null),
  filesExpireAfterMs: given.filesExpireAfterMs ?? files.filesExpireAfterMs,
  outputFilesExpireAfterMs: given.outputFilesExpireAfterMs ?? files.outputFilesExpireAfterMs,
  sendsDuplicatesOnce: given.sendsDuplicatesOnce ?? stored.sendsDuplicatesOnce,
  retriesAdopted: given.retriesAdopted ?? (files.retriesAdopted || null),
  keepsRawOutput: given.keepsRawOutput ?? stored.keepsRawOutput,
  attemptsMax: given.attemptsMax ?? stored.attemptsMax,
  raisedOutputTokensMax: given.raisedOutputTokensMax ?? stored.raisedOutputTokensMax,
  requestsPerBatchMax: given.requestsPerBatchMax ?? chunk.requestsMax,
  bytesPerBatchMax: given.bytesPerBatchMax ?? chunk.inputBytesMax,
  badRows: given.badRows ?? badRows,
  costUsdMax: given.costUsdMax ?? money.costUsdMax,
  assumeOutputTokens: given.assumeOutputTokens ?? money.outputTokensMax,
  canaryItems: given.canaryItems ?? canary?.items ?? null,
  canaryPassRatioMin: given.canaryPassRatioMin ?? canary?.passRatioMin ?? null,
  failedBatchesMax: given.failedBatchesMax ?? circuitBreaker.failedBatchesMax,
  passRatioMin: given.passRatioMin ?? stored.passRatioMin,
  enqueuedTokenLimit: given.enqueuedTokenLimit ?? enqueue.enqueuedTokenLimit,
  enqueuedRequestLimit: given.enqueuedRequestLimit ?? enqueue.enqueuedRequestLimit,
  targetRatio: given.targetRatio ?? enqueue.targetRatio,
  headroom: given.headroom ?? enqueue.headroom,
  maxBatchEnqueuedTokens: given.maxBatchEnqueuedTokens ?? enqueue.maxBatchEnqueuedTokens,
  // A given scope is stored; the default follows from the address and is not.
  quotaScope: given.quotaScope ?? stored.quotaScope,
  prices: given.prices ?? money.prices,
});
