import type { Operation } from '../../lib/core/model/config.ts';
import type { InputFile } from './input-kinds.ts';
import { type Description, isOfBatches, isOfModule, isOfRun, type Policies } from './job-description.ts';

/** Flags that were left out mean what the run has; the same file under another name is the same file. */
export const asBefore = (given: Description, told: Description | null, operation: Operation): Description => {
  if (told === null || isOfModule(given) || isOfModule(told)) return given;
  const policies = policiesAsBefore(given.policies, told.policies, operation);
  if (isOfRun(given) || isOfRun(told) || isOfBatches(given) || isOfBatches(told)) return { ...given, policies };
  const { inputs } = given;
  const isSameInput = inputs.length === told.inputs.length && inputs.every((input, i) => input.absolute === told.inputs[i]?.absolute);
  return {
    ...given,
    inputs: isSameInput ? inputs.map((input, i) => inputAsBefore(input, told.inputs[i] ?? input)) : inputs,
    namespacesIds: given.namespacesIds ?? told.namespacesIds,
    refusesObjects: told.refusesObjects,
    keepsDigits: told.keepsDigits,
    policies,
  };
};

/** As it was typed then; how to read it, said or found now, is compared. */
const inputAsBefore = ({ delimiter, encoding, quote, jsonPath }: InputFile, told: InputFile): InputFile => ({
  ...told,
  ...(delimiter === undefined ? {} : { delimiter }),
  ...(encoding === undefined ? {} : { encoding }),
  ...(quote === undefined ? {} : { quote }),
  ...(jsonPath === undefined ? {} : { jsonPath }),
});

/** True where a flag says something else than what holds for the run. */
export const saysAnew = (given: Description, told: Description | null, operation: Operation): boolean => {
  if (told === null || isOfModule(given) || isOfModule(told)) return false;
  const now = policiesAsBefore(given.policies, told.policies, operation);
  const nothing = Object.fromEntries(Object.keys(given.policies).map((name) => [name, null])) as unknown as Policies;
  const before = policiesAsBefore(nothing, told.policies, operation);
  return JSON.stringify(now) !== JSON.stringify(before);
};

/** What a resume may have changed is as the run has it now; the rest is as it was started. */
const policiesAsBefore = (
  given: Policies,
  told: Policies,
  { badRows, money, canary, enqueue, chunk, circuitBreaker, ...files }: Operation,
): Policies => ({
  pollIntervalMs: given.pollIntervalMs ?? told.pollIntervalMs,
  createGraceMs: given.createGraceMs ?? told.createGraceMs,
  deletesInputFiles: given.deletesInputFiles ?? (files.deletesInputFiles || null),
  filesExpireAfterMs: given.filesExpireAfterMs ?? files.filesExpireAfterMs,
  outputFilesExpireAfterMs: given.outputFilesExpireAfterMs ?? files.outputFilesExpireAfterMs,
  sendsDuplicatesOnce: given.sendsDuplicatesOnce ?? told.sendsDuplicatesOnce,
  retriesAdopted: given.retriesAdopted ?? (files.retriesAdopted || null),
  keepsRawOutput: given.keepsRawOutput ?? told.keepsRawOutput,
  attemptsMax: given.attemptsMax ?? told.attemptsMax,
  raisedOutputTokensMax: given.raisedOutputTokensMax ?? told.raisedOutputTokensMax,
  requestsPerBatchMax: given.requestsPerBatchMax ?? chunk.requestsMax,
  bytesPerBatchMax: given.bytesPerBatchMax ?? chunk.inputBytesMax,
  badRows: given.badRows ?? badRows,
  costUsdMax: given.costUsdMax ?? money.costUsdMax,
  assumeOutputTokens: given.assumeOutputTokens ?? money.outputTokensMax,
  canaryItems: given.canaryItems ?? canary?.items ?? null,
  canaryPassRatioMin: given.canaryPassRatioMin ?? canary?.passRatioMin ?? null,
  failedBatchesMax: given.failedBatchesMax ?? circuitBreaker.failedBatchesMax,
  passRatioMin: given.passRatioMin ?? told.passRatioMin,
  enqueuedTokenLimit: given.enqueuedTokenLimit ?? enqueue.enqueuedTokenLimit,
  enqueuedRequestLimit: given.enqueuedRequestLimit ?? enqueue.enqueuedRequestLimit,
  targetRatio: given.targetRatio ?? enqueue.targetRatio,
  headroom: given.headroom ?? enqueue.headroom,
  maxBatchEnqueuedTokens: given.maxBatchEnqueuedTokens ?? enqueue.maxBatchEnqueuedTokens,
  // The default follows from the address and is not stored; what was said is.
  quotaScope: given.quotaScope ?? told.quotaScope,
  prices: given.prices ?? money.prices,
});
