/** Flags that say what a row asks. */
const promptFlags = ['idField', 'promptField', 'promptTemplate', 'systemPrompt', 'metadataField', 'keepColumns'] as const;
/** Flags that say what answers them, and in which form. */
const modelFlags = ['model', 'endpoint', 'param', 'schema', 'structuredOutput', 'schemaName'] as const;

/** Flags that say which rows there are, and what they ask. */
export const rowFlags = ['input', 'inputFormat', 'delimiter', 'quote', 'encoding', 'jsonPath', 'namespaceIds', ...promptFlags] as const;

/** Flags that a prepared batch file says itself, in each of its lines. */
export const saidByLines = [...promptFlags, ...modelFlags] as const;

/** Flags that say something of a job. */
export const sayable = [
  ...rowFlags,
  'fromRun',
  'only',
  ...modelFlags,
  'completionWindow',
  'pollInterval',
  'createGrace',
  'deleteInputFiles',
  'filesExpireAfter',
  'outputFilesExpireAfter',
  'noRawOutput',
  'sendDuplicatesOnce',
  'maxAttempts',
  'raiseOutputTokensTo',
  'maxRequestsPerBatch',
  'maxBytesPerBatch',
  'badRows',
  'maxCost',
  'assumeOutputTokens',
  'canary',
  'canaryPassRatio',
  'maxFailedBatches',
  'minPassRatio',
  'enqueuedTokenLimit',
  'enqueuedRequestLimit',
  'targetRatio',
  'headroom',
  'maxBatchEnqueuedTokens',
  'quotaScope',
] as const;
