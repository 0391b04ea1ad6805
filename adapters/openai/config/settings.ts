import type OpenAI from 'openai';
import type { ProviderConfig, ProviderOperation } from '../../../lib/ports/provider.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import type { OpenAIEndpoint, OpenAIEndpoints } from './endpoints.ts';
import { openaiEndpoints, parseEndpoint } from './endpoints.ts';
import { servicePriceOf } from './prices.ts';
import { openaiProfile, type ServiceProfile, takesWindow } from './profiles.ts';
import { answersIn, outputTokensMaxOf } from './request-bounds.ts';
import { schemaRulesOf } from './schema-rules.ts';

/** Body keys that are the job's or the item's own, never parameters. */
type NotParams = 'model' | 'stream' | 'input' | 'messages' | 'prompt';
type Thinking = 'responses' | 'chat.completions';

/** How much a reasoning model thinks, in OpenAI's words. */
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh';

/** Data only. There is no key here to persist: keys belong to the connection. */
export interface OpenAISettings<E extends OpenAIEndpoint = 'responses'> {
  readonly model: (string & {}) | OpenAI.AllModels;
  /** Default `responses`. */
  readonly endpoint?: E;
  /** Any other body parameter, in the API's own spelling. */
  readonly params?: Partial<Omit<OpenAIEndpoints[E]['body'], NotParams>>;
  /** Of the endpoints that reason: `responses` and `chat.completions`. */
  readonly reasoningEffort?: E extends Thinking ? ReasoningEffort : never;
  readonly completionWindow?: '24h';
  /**
   * Per HTTP request. Default 60 000; uploads and downloads scale with size. Not compared on
   * resume.
   */
  readonly requestTimeoutMs?: number;
  /** The base of an adaptive, jittered interval. Default 60 000. Not compared on resume. */
  readonly pollIntervalMs?: number;
  readonly enqueueLimits?: NonNullable<ProviderOperation['enqueueLimits']>;
  /**
   * Milliseconds to check for an unconfirmed create before it is sent again. Default 600,000; not
   * compared on resume.
   */
  readonly createGraceMs?: number;
  /** When the provider deletes our files by itself: an hour to thirty days. */
  readonly filesExpireAfterMs?: number;
  /**
   * When it deletes its output and error files: an hour to thirty days from when they are written.
   * What is not downloaded by then is gone.
   */
  readonly outputFilesExpireAfterMs?: number;
  /**
   * Input files are deleted once their batch is settled. Default: they are left to expire. Not
   * compared on resume.
   */
  readonly deleteInputFiles?: boolean;
  readonly apiKey?: never;
  readonly baseURL?: never;
}

/**
 * The provider config of a job for OpenAI, typed by its endpoint: what prompts are, and what
 * answers are.
 */
export type OpenAIProviderConfig<E extends OpenAIEndpoint = 'responses'> = ProviderConfig<
  OpenAIEndpoints[E]['prompt'],
  OpenAIEndpoints[E]['output']
>;

const settingKeys: readonly string[] = [
  'model',
  'endpoint',
  'params',
  'reasoningEffort',
  'completionWindow',
  'requestTimeoutMs',
  'pollIntervalMs',
  'enqueueLimits',
  'createGraceMs',
  'filesExpireAfterMs',
  'outputFilesExpireAfterMs',
  'deleteInputFiles',
];
const enqueueKeys: readonly string[] = [
  'enqueuedTokenLimit',
  'enqueuedRequestLimit',
  'targetRatio',
  'headroom',
  'maxBatchEnqueuedTokens',
  'quotaScope',
];
const notParams: readonly string[] = [
  'model',
  'stream',
  'input',
  'messages',
  'prompt',
] satisfies readonly NotParams[];

/**
 * The config that is stored and compared. Throws a TypeError for what cannot be one, naming the
 * setting and never its value: a misplaced key must not end up in a log either.
 */
export const makeProviderConfig = (
  connection: string,
  settings: OpenAISettings<OpenAIEndpoint>,
  service: ServiceProfile = openaiProfile,
): ProviderConfig<never, unknown> => {
  knownKeys('', settings, settingKeys);
  if (typeof settings.model !== 'string' || settings.model.trim() === '')
    throw new TypeError('openai({ model }): a model name is needed');
  const { limits, traits, endpoints, title, windows } = service;
  const endpoint = parseEndpoint(settings.endpoint ?? endpoints[0] ?? 'responses');
  if (endpoint === null)
    throw new TypeError(`openai({ endpoint }): one of ${openaiEndpoints.join(', ')}`);
  if (!endpoints.includes(endpoint))
    throw new TypeError(`openai({ endpoint }): batches of ${title} take ${endpoints.join(', ')}`);
  const completionWindow = settings.completionWindow ?? '24h';
  if (windows !== null && !takesWindow(service, completionWindow))
    throw new TypeError(
      `openai({ completionWindow }): ${title} takes ${windows.from} to ${windows.to}`,
    );
  const isOpenAI = service === openaiProfile;
  const params = paramsOf(endpoint, settings);
  return {
    kind: service.name,
    connection,
    model: settings.model,
    endpoint,
    completionWindow,
    params,
    limits,
    // A run without traits has OpenAI's.
    ...(isOpenAI ? {} : { traits }),
    // Another service may have a model of the same name at another price.
    prices: servicePriceOf(service.name, settings.model),
    outputTokensMax: outputTokensMaxOf(endpoint, params),
    answersPerRequest: answersIn(params),
    schemaRules: takesSchema(endpoint) ? schemaRulesOf(settings.model) : null,
    operation: operationOf(settings),
  };
};

/** The endpoints whose answers are words that a schema can shape. */
const takesSchema = (endpoint: OpenAIEndpoint): endpoint is Thinking =>
  endpoint === 'responses' || endpoint === 'chat.completions';

const paramsOf = (
  endpoint: OpenAIEndpoint,
  { params, reasoningEffort }: OpenAISettings<OpenAIEndpoint>,
): JsonObject => {
  // Through JSON: what is stored and compared must be what is sent.
  const plain: unknown = JSON.parse(JSON.stringify(params ?? {}));
  if (!isJsonObject(plain)) throw new TypeError('openai({ params }): an object of body parameters');
  const misplaced = Object.keys(plain).find((key) => notParams.includes(key));
  if (misplaced !== undefined)
    throw new TypeError(
      `openai({ params }): "${misplaced}" is the job's or the item's own, not a parameter`,
    );
  if (reasoningEffort === undefined) return plain;
  if (endpoint === 'chat.completions') return { ...plain, reasoning_effort: reasoningEffort };
  if (endpoint !== 'responses')
    throw new TypeError(`openai({ reasoningEffort }): ${endpoint} does not reason`);
  const reasoning = plain['reasoning'];
  return {
    ...plain,
    reasoning: { ...(isJsonObject(reasoning) ? reasoning : {}), effort: reasoningEffort },
  };
};

const operationOf = ({
  pollIntervalMs,
  requestTimeoutMs,
  createGraceMs,
  filesExpireAfterMs,
  outputFilesExpireAfterMs,
  deleteInputFiles,
  enqueueLimits,
}: OpenAISettings<OpenAIEndpoint>): ProviderOperation => {
  if (enqueueLimits !== undefined) knownKeys('enqueueLimits.', enqueueLimits, enqueueKeys);
  const { quotaScope, ...limits } = enqueueLimits ?? {};
  if (quotaScope !== undefined && (typeof quotaScope !== 'string' || quotaScope.trim() === ''))
    throw new TypeError('openai({ enqueueLimits.quotaScope }): a name');
  const numbers = {
    pollIntervalMs,
    requestTimeoutMs,
    createGraceMs,
    filesExpireAfterMs,
    outputFilesExpireAfterMs,
    ...limits,
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new TypeError(`openai({ ${name} }): a number that is not negative`);
  }
  return {
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(createGraceMs === undefined ? {} : { createGraceMs }),
    ...(deleteInputFiles === undefined ? {} : { deleteInputFiles }),
    ...(filesExpireAfterMs === undefined ? {} : { filesExpireAfterMs }),
    ...(outputFilesExpireAfterMs === undefined ? {} : { outputFilesExpireAfterMs }),
    ...(enqueueLimits === undefined ? {} : { enqueueLimits: { ...enqueueLimits } }),
  };
};

const knownKeys = (where: string, given: object, known: readonly string[]): void => {
  const strange = Object.keys(given).find((key) => !known.includes(key));
  if (strange === undefined) return;
  const hint =
    /key|url|header|token/iu.test(strange) && where === ''
      ? ': keys, addresses and headers belong to createOpenAI, which stores none'
      : '';
  throw new TypeError(`openai({ ${where}${strange} }): no such setting${hint}`);
};
