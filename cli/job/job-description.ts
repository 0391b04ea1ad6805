import * as t from 'typanion';
import type { EnqueueLimits, TokenPrices } from '../../lib/core/model/config.ts';
import { type FailureClass, failureClasses } from '../../lib/core/values/failure.ts';
import type { AdoptedBatch } from '../../lib/core/model/adopted.ts';
import type { JsonObject } from '../../lib/core/json/json.ts';
import { type BatchFormName, batchFormNames } from './batch-forms.ts';
import { CliFailure } from '../shell/failure.ts';
import { exitCodes } from '../shell/exit-codes.ts';
import { type InputFile, inputKinds } from './input-kinds.ts';
import type { ModuleExport } from '../shell/load-module.ts';
import type { SchemaSource } from './schema-source.ts';

/**
 * The request of a command line, stored with the run, so that `wait` can continue without the
 * flags. Holds where the key is to be sent, never the key.
 */
export interface JobDescription extends Settings {
  readonly inputs: readonly InputFile[];
  /**
   * Ids get the name of their file in front; null, which is never stored: where there are several
   * files.
   */
  readonly namespacesIds: boolean | null;
  readonly idField: string;
  readonly prompt:
    | { readonly type: 'field'; readonly field: string }
    /** A field of chat messages: a list, or a text that is such a list as JSON. */
    | { readonly type: 'messages'; readonly field: string }
    | { readonly type: 'template'; readonly template: string }
    /**
     * A prepared batch file: each row is a request of this url (of a form without urls: of this
     * endpoint), and its body goes out as it is. Without a form: OpenAI's.
     */
    | { readonly type: 'prepared'; readonly url: string; readonly form?: BatchFormName };
  readonly systemPrompt: string | null;
  /**
   * A prompt field that holds an object, a list or null makes a bad row; false in runs started
   * before that rule, which send its JSON.
   */
  readonly refusesObjects: boolean;
  /**
   * A prompt field whose text is a list of chat messages makes a bad row; false in runs started
   * before that rule, which send it as one text.
   */
  readonly refusesMessageTexts: boolean;
  /**
   * Numbers of JSON lines, and decimals of Parquet, are their digits where they become text; false
   * in runs begun before that was so.
   */
  readonly keepsDigits: boolean;
  /**
   * Prepared bodies and messages go out letter by letter, and metadata has its numbers as they are
   * written; false in runs begun before that was so.
   */
  readonly keepsLetters: boolean;
  readonly metadataFields: readonly string[];
  /** All columns but id and prompt come back as metadata. */
  readonly keepsColumns: boolean;
  /** Only the first rows of the input; null: all. */
  readonly rowsMax: number | null;
}

/** Where a run was started. Absent in descriptions that were written before. */
export interface Reached {
  /** Absent: OpenAI. */
  readonly provider?: string;
  /** Null: the provider's own address. */
  readonly baseUrl: string | null;
  readonly azureApiVersion?: string;
  /** Names alone: values are secrets. */
  readonly headerNames?: readonly string[];
}

/** Model, answer and pace settings, for rows of any source. */
export interface Settings extends Reached {
  readonly version: 1;
  readonly model: string;
  readonly endpoint: string;
  readonly params: JsonObject;
  readonly completionWindow: string;
  /** The schema of the answers; null: plain text. */
  readonly structuredOutput: SchemaSource | null;
  readonly schemaName: string | null;
  readonly policies: Policies;
}

/** Rows of a finished run of the same store, asked again. */
export interface EarlierDescription extends Settings {
  readonly earlier: {
    readonly runId: string;
    readonly only: 'failed' | 'all' | readonly FailureClass[];
  };
  /** Requests go out letter by letter; absent in runs begun before that was so. */
  readonly keepsLetters?: boolean;
}

/** Batches that were created elsewhere, as they were found at the provider. */
export interface BatchesDescription extends Settings {
  readonly adopted: readonly AdoptedBatch[];
}

/** A job that a user's module exports: the module has all other settings. */
export interface ModuleDescription extends Reached {
  readonly version: 1;
  readonly job: ModuleExport;
}

export type Description =
  JobDescription | EarlierDescription | BatchesDescription | ModuleDescription;
export const isOfModule = (description: Description): description is ModuleDescription =>
  'job' in description;
export const isOfFiles = (description: Description): description is JobDescription =>
  'inputs' in description;
export const isOfBatches = (description: Description): description is BatchesDescription =>
  'adopted' in description;
export const isOfRun = (description: Description): description is EarlierDescription =>
  'earlier' in description;

type Nullable<A> = { readonly [Key in keyof A]: A[Key] | null };

/** Settings that may change when a run continues; null: batchor's default. */
export interface Policies extends Nullable<EnqueueLimits> {
  readonly pollIntervalMs: number | null;
  readonly createGraceMs: number | null;
  readonly deletesInputFiles: true | null;
  readonly filesExpireAfterMs: number | null;
  readonly outputFilesExpireAfterMs: number | null;
  readonly keepsRawOutput: false | null;
  readonly sendsDuplicatesOnce: true | null;
  /**
   * Of batches that were created elsewhere: rows that failed in a way worth a retry are sent again.
   */
  readonly retriesAdopted: true | null;
  readonly attemptsMax: number | null;
  readonly raisedOutputTokensMax: number | null;
  readonly requestsPerBatchMax: number | null;
  readonly bytesPerBatchMax: number | null;
  readonly badRows: 'fail' | 'record' | null;
  readonly costUsdMax: number | null;
  readonly assumeOutputTokens: number | null;
  /** 0: no canary, the default; given explicitly, it removes a canary. */
  readonly canaryItems: number | null;
  readonly canaryPassRatioMin: number | null;
  readonly failedBatchesMax: number | null;
  readonly passRatioMin: number | null;
  /** What the model costs by the user's own file. */
  readonly prices: TokenPrices | null;
}

/** What descriptions that were written before these policies leave out. */
const laterPolicies: Pick<
  Policies,
  | keyof EnqueueLimits
  | 'filesExpireAfterMs'
  | 'outputFilesExpireAfterMs'
  | 'keepsRawOutput'
  | 'sendsDuplicatesOnce'
  | 'retriesAdopted'
  | 'raisedOutputTokensMax'
  | 'costUsdMax'
  | 'assumeOutputTokens'
  | 'canaryItems'
  | 'canaryPassRatioMin'
  | 'failedBatchesMax'
  | 'passRatioMin'
  | 'prices'
> = {
  filesExpireAfterMs: null,
  outputFilesExpireAfterMs: null,
  keepsRawOutput: null,
  sendsDuplicatesOnce: null,
  retriesAdopted: null,
  raisedOutputTokensMax: null,
  enqueuedTokenLimit: null,
  enqueuedRequestLimit: null,
  targetRatio: null,
  headroom: null,
  maxBatchEnqueuedTokens: null,
  quotaScope: null,
  costUsdMax: null,
  assumeOutputTokens: null,
  canaryItems: null,
  canaryPassRatioMin: null,
  failedBatchesMax: null,
  passRatioMin: null,
  prices: null,
};

const count = t.isNullable(t.isNumber());
const laterCount = t.isOptional(count);
const reached = {
  provider: t.isOptional(t.isString()),
  baseUrl: t.isNullable(t.isString()),
  azureApiVersion: t.isOptional(t.isString()),
  headerNames: t.isOptional(t.isArray(t.isString())),
};
const settings = {
  ...reached,
  version: t.isLiteral(1),
  model: t.isString(),
  endpoint: t.isString(),
  params: t.isDict(t.isUnknown()),
  completionWindow: t.isString(),
  structuredOutput: t.isOptional(
    t.isNullable(
      t.isObject({
        given: t.isString(),
        absolute: t.isString(),
        export: t.isNullable(t.isString()),
      }),
    ),
  ),
  schemaName: t.isOptional(t.isNullable(t.isString())),
  policies: t.isObject({
    pollIntervalMs: count,
    createGraceMs: count,
    deletesInputFiles: t.isNullable(t.isLiteral(true)),
    filesExpireAfterMs: laterCount,
    outputFilesExpireAfterMs: laterCount,
    keepsRawOutput: t.isOptional(t.isNullable(t.isLiteral(false))),
    sendsDuplicatesOnce: t.isOptional(t.isNullable(t.isLiteral(true))),
    retriesAdopted: t.isOptional(t.isNullable(t.isLiteral(true))),
    attemptsMax: count,
    raisedOutputTokensMax: laterCount,
    requestsPerBatchMax: count,
    bytesPerBatchMax: count,
    badRows: t.isNullable(t.isEnum(['fail', 'record'] as const)),
    enqueuedTokenLimit: laterCount,
    enqueuedRequestLimit: laterCount,
    targetRatio: laterCount,
    headroom: laterCount,
    maxBatchEnqueuedTokens: laterCount,
    quotaScope: t.isOptional(t.isNullable(t.isString())),
    costUsdMax: laterCount,
    assumeOutputTokens: laterCount,
    canaryItems: laterCount,
    canaryPassRatioMin: laterCount,
    failedBatchesMax: laterCount,
    passRatioMin: laterCount,
    prices: t.isOptional(
      t.isNullable(
        t.isObject({
          inputUsdPerMillion: t.isNumber(),
          cachedInputUsdPerMillion: t.isNumber(),
          outputUsdPerMillion: t.isNumber(),
          asOf: t.isString(),
          source: t.isString(),
        }),
      ),
    ),
  }),
};
const isJobDescription = t.isObject({
  ...settings,
  inputs: t.isArray(
    t.isObject({
      given: t.isString(),
      absolute: t.isString(),
      kind: t.isOptional(t.isNullable(t.isEnum(inputKinds))),
      delimiter: t.isOptional(t.isString()),
      encoding: t.isOptional(t.isString()),
      jsonPath: t.isOptional(t.isString()),
      rowBytesMax: t.isOptional(t.isNumber()),
      quote: t.isOptional(t.isNullable(t.isEnum(['"', "'"] as const))),
    }),
  ),
  namespacesIds: t.isOptional(t.isBoolean()),
  idField: t.isString(),
  prompt: t.isOneOf([
    t.isObject({ type: t.isLiteral('field'), field: t.isString() }),
    t.isObject({ type: t.isLiteral('messages'), field: t.isString() }),
    t.isObject({ type: t.isLiteral('template'), template: t.isString() }),
    t.isObject({
      type: t.isLiteral('prepared'),
      url: t.isString(),
      form: t.isOptional(t.isEnum(batchFormNames)),
    }),
  ]),
  systemPrompt: t.isNullable(t.isString()),
  refusesObjects: t.isOptional(t.isBoolean()),
  refusesMessageTexts: t.isOptional(t.isBoolean()),
  keepsDigits: t.isOptional(t.isBoolean()),
  keepsLetters: t.isOptional(t.isBoolean()),
  metadataFields: t.isArray(t.isString()),
  keepsColumns: t.isBoolean(),
  rowsMax: count,
});
const isEarlierDescription = t.isObject({
  ...settings,
  earlier: t.isObject({
    runId: t.isString(),
    only: t.isOneOf([t.isEnum(['failed', 'all'] as const), t.isArray(t.isEnum(failureClasses))]),
  }),
  keepsLetters: t.isOptional(t.isBoolean()),
});
const isBatchesDescription = t.isObject({
  ...settings,
  adopted: t.isArray(
    t.isObject({
      providerBatchId: t.isString(),
      inputFileId: t.isString(),
      requests: t.isNumber(),
      providerStatus: t.isString(),
    }),
  ),
});
const isModuleDescription = t.isObject({
  version: t.isLiteral(1),
  job: t.isObject({ given: t.isString(), absolute: t.isString(), export: t.isString() }),
  ...reached,
});

/**
 * Whether ids are prefixed with the file name: as given, else only with several files, whose ids
 * may be equal.
 */
export const doesNamespaceIds = ({
  namespacesIds,
  inputs,
}: Pick<JobDescription, 'namespacesIds' | 'inputs'>): boolean => namespacesIds ?? inputs.length > 1;

/** The stored form: passed through JSON, so that later comparisons see what was written. */
export const encodeDescription = (description: Description): JsonObject => {
  const settled =
    'inputs' in description
      ? { ...description, namespacesIds: doesNamespaceIds(description) }
      : description;
  return JSON.parse(JSON.stringify(settled)) as JsonObject;
};

/**
 * The description stored with a run; null where the run was not started by a command line. Throws
 * for one that this version cannot read.
 */
export const decodeDescription = (runId: string, stored: JsonObject | null): Description | null => {
  if (stored === null) return null;
  const errors: string[] = [];
  if ('job' in stored && isModuleDescription(stored, { errors }))
    return stored as unknown as ModuleDescription;
  const check =
    'adopted' in stored
      ? isBatchesDescription
      : 'earlier' in stored
        ? isEarlierDescription
        : isJobDescription;
  if (check(stored, { errors })) {
    const description = stored as unknown as
      JobDescription | EarlierDescription | BatchesDescription;
    const { structuredOutput = null, schemaName = null, policies } = description;
    const later = { structuredOutput, schemaName, policies: { ...laterPolicies, ...policies } };
    return isOfRun(description) || isOfBatches(description)
      ? { ...description, ...later }
      : {
          ...description,
          namespacesIds: description.namespacesIds ?? false,
          refusesObjects: description.refusesObjects ?? false,
          refusesMessageTexts: description.refusesMessageTexts ?? false,
          keepsDigits: description.keepsDigits ?? false,
          keepsLetters: description.keepsLetters ?? false,
          ...later,
        };
  }
  const { version } = stored;
  const isNewer = typeof version === 'number' && version > 1;
  throw new CliFailure(
    `the job description stored with run ${runId} cannot be read${isNewer ? `: it is of version ${version}` : ` (${errors[0] ?? 'unknown'})`}`,
    {
      hint: isNewer
        ? 'A newer batchor wrote it: use that one.'
        : `You can still read the run: batchor status --run-id ${runId}, batchor results --run-id ${runId} --partial.`,
      exitCode: exitCodes.runtime,
    },
  );
};
