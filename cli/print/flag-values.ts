import type { JsonObject, JsonValue } from '../../lib/core/json/json.ts';
import type { Operation, RunConfig } from '../../lib/core/model/config.ts';
import { flagOf } from '../shell/field-flags.ts';

/** The parts of a stored prompt that the command line writes, each from one flag. */
const promptParts = [
  'id_field',
  'prompt_field',
  'prompt_template',
  'system_prompt',
  'metadata_fields',
  'keep_columns',
  'limit',
  'namespace_ids',
  'delimiters',
  'encodings',
  'json_paths',
  'quotes',
  'max_row_bytes',
] as const;

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);

/** The settings that may change, as the flags take them. */
const ofOperation = ({
  retry,
  chunk,
  enqueue,
  money,
  canary,
  circuitBreaker,
  ...rest
}: Operation): Readonly<Record<string, JsonValue>> => ({
  '--max-attempts': retry.attemptsMax,
  '--raise-output-tokens-to': retry.raisedOutputTokensMax,
  '--max-requests-per-batch': chunk.requestsMax,
  '--max-bytes-per-batch': chunk.inputBytesMax,
  '--bad-rows': rest.badRows,
  '--max-cost': money.costUsdMax,
  '--assume-output-tokens': money.outputTokensMax,
  '--canary': canary?.items ?? null,
  '--canary-pass-ratio': canary?.passRatioMin ?? null,
  '--max-failed-batches': circuitBreaker.failedBatchesMax,
  '--min-pass-ratio': circuitBreaker.passRatioMin,
  '--enqueued-token-limit': enqueue.enqueuedTokenLimit,
  '--enqueued-request-limit': enqueue.enqueuedRequestLimit,
  '--target-ratio': enqueue.targetRatio,
  '--headroom': enqueue.headroom,
  '--max-batch-enqueued-tokens': enqueue.maxBatchEnqueuedTokens,
  '--quota-scope': enqueue.quotaScope,
  '--poll-interval': seconds(rest.pollIntervalMs),
  '--create-grace': seconds(rest.createGraceMs),
  '--delete-input-files': rest.deletesInputFiles,
  '--files-expire-after': seconds(rest.filesExpireAfterMs),
  '--output-files-expire-after': seconds(rest.outputFilesExpireAfterMs),
  '--no-raw-output': !rest.persistRawOutput,
  '--send-duplicates-once': rest.sendsDuplicatesOnce,
  '--retry-adopted': rest.retriesAdopted,
});

const isSet = (value: JsonValue): boolean =>
  value !== null &&
  value !== false &&
  !(typeof value === 'object' && Object.keys(value).length === 0);

/**
 * The settings of a run by the flags that set them, in the units of the flags: those of its start,
 * and the current values of those that may change. Flags that are off or have no value are absent.
 */
export const flagValues = ({ provider, prompt, operation }: RunConfig): JsonObject => {
  const stored: JsonObject = prompt ?? {};
  const values: Readonly<Record<string, JsonValue>> = {
    '--model': provider.model,
    '--endpoint': provider.endpoint,
    '--completion-window': provider.completionWindow,
    ...Object.fromEntries(
      promptParts.map((part) => [flagOf(`prompt.${part}`), stored[part] ?? null]),
    ),
    '--param': provider.params,
    ...ofOperation(operation),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => isSet(value)));
};
