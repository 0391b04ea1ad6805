/** Flags for the prompt of a row. */
const promptFlags = [
  'idField',
  'promptField',
  'messagesField',
  'promptTemplate',
  'systemPrompt',
  'metadataField',
  'keepColumns',
] as const;
/** Flags for the model and the form of its answers. */
const modelFlags = [
  'model',
  'endpoint',
  'param',
  'schema',
  'structuredOutput',
  'schemaName',
] as const;

/** Flags for the rows and their prompts. */
export const rowFlags = [
  'input',
  'inputFormat',
  'delimiter',
  'quote',
  'encoding',
  'jsonPath',
  'maxRowBytes',
  'namespaceIds',
  ...promptFlags,
] as const;

/** Flags that each line of a prepared batch file replaces. */
export const flagsSetByLines = [...promptFlags, ...modelFlags] as const;

/** All flags about a job. */
export const jobFlags = [
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
