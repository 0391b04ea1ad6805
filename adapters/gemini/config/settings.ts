import type { ProviderConfig, ProviderOperation } from '../../../lib/ports/provider.ts';
import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { inRestForm } from '../requests/body.ts';
import {
  type GeminiEndpoint,
  type GeminiEndpoints,
  geminiEndpoints,
  parseEndpoint,
} from './endpoints.ts';
import { geminiLimits } from './limits.ts';
import { geminiPriceOf } from './prices.ts';
import { plainModel } from './models.ts';
import { answersIn, outputTokensMaxOf } from './request-bounds.ts';
import { geminiSchemaRules } from './schema-rules.ts';
import { geminiTraits } from './traits.ts';

/** Body keys that are the item's own, never parameters. */
type NotParams = 'contents' | 'content';

/** Data only. There is no key here to persist: keys belong to the connection. */
export interface GeminiSettings<E extends GeminiEndpoint = 'generateContent'> {
  /** With or without `models/` in front. */
  readonly model: string;
  /** Default `generateContent`. */
  readonly endpoint?: E;
  /**
   * Any other body parameter, in the REST form: `generationConfig` nested, in camel case. `tools`
   * and `tool_choice` may be those of chat completions.
   */
  readonly params?: Partial<Omit<GeminiEndpoints[E]['body'], NotParams>> & {
    readonly tool_choice?: string | JsonObject;
  };
  /** Google aims at 24 hours, and gives a batch up after 48. */
  readonly completionWindow?: '24h';
  /**
   * Per HTTP request. Default 60 000; uploads and downloads scale with size. Not compared on
   * resume.
   */
  readonly requestTimeoutMs?: number;
  /** The base of an adaptive, jittered interval. Default 60 000. Not compared on resume. */
  readonly pollIntervalMs?: number;
  /** The queue's limit depends on model and tier, and is not known beforehand: give yours. */
  readonly enqueueLimits?: NonNullable<ProviderOperation['enqueueLimits']>;
  /**
   * Milliseconds to check for an unconfirmed create before it is sent again. Default 600,000; not
   * compared on resume.
   */
  readonly createGraceMs?: number;
  /**
   * Input files are deleted once their batch is settled. Default: they are left to expire after 48
   * hours. Not compared on resume.
   */
  readonly deleteInputFiles?: boolean;
  readonly apiKey?: never;
  readonly baseURL?: never;
}

/**
 * The provider config of a job for Gemini, typed by its endpoint: what prompts are, and what
 * answers are.
 */
export type GeminiProviderConfig<E extends GeminiEndpoint = 'generateContent'> = ProviderConfig<
  GeminiEndpoints[E]['prompt'],
  GeminiEndpoints[E]['output']
>;

const settingKeys: readonly string[] = [
  'model',
  'endpoint',
  'params',
  'completionWindow',
  'requestTimeoutMs',
  'pollIntervalMs',
  'enqueueLimits',
  'createGraceMs',
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
const notParams: readonly string[] = ['model', 'stream', 'contents', 'content'];

/**
 * The config that is stored and compared. Throws a TypeError for what cannot be one, naming the
 * setting and never its value: a misplaced key must not end up in a log either.
 */
export const makeProviderConfig = (
  connection: string,
  settings: GeminiSettings<GeminiEndpoint>,
): ProviderConfig<never, unknown> => {
  knownKeys('', settings, settingKeys);
  if (typeof settings.model !== 'string' || plainModel(settings.model) === '')
    throw new TypeError('gemini({ model }): a model name is needed');
  const endpoint = parseEndpoint(settings.endpoint ?? 'generateContent');
  if (endpoint === null)
    throw new TypeError(`gemini({ endpoint }): one of ${geminiEndpoints.join(', ')}`);
  const params = paramsOf(endpoint, settings);
  return {
    kind: 'gemini',
    connection,
    model: plainModel(settings.model),
    endpoint,
    completionWindow: settings.completionWindow ?? '24h',
    params,
    limits: geminiLimits,
    traits: geminiTraits,
    prices: geminiPriceOf(plainModel(settings.model)),
    outputTokensMax: outputTokensMaxOf(endpoint, params),
    answersPerRequest: answersIn(params),
    schemaRules: endpoint === 'generateContent' ? geminiSchemaRules : null,
    operation: operationOf(settings),
  };
};

const paramsOf = (
  endpoint: GeminiEndpoint,
  { params }: GeminiSettings<GeminiEndpoint>,
): JsonObject => {
  // Through JSON: what is stored and compared must be what is sent.
  const plain: unknown = JSON.parse(JSON.stringify(params ?? {}));
  if (!isJsonObject(plain)) throw new TypeError('gemini({ params }): an object of body parameters');
  const misplaced = Object.keys(plain).find((key) => notParams.includes(key));
  if (misplaced !== undefined)
    throw new TypeError(
      `gemini({ params }): "${misplaced}" is the job's or the item's own, not a parameter`,
    );
  const read = inRestForm(endpoint, plain);
  if ('reason' in read) throw new TypeError(`gemini({ params }): ${read.reason}`);
  return read.body;
};

const operationOf = ({
  pollIntervalMs,
  requestTimeoutMs,
  createGraceMs,
  deleteInputFiles,
  enqueueLimits,
}: GeminiSettings<GeminiEndpoint>): ProviderOperation => {
  if (enqueueLimits !== undefined) knownKeys('enqueueLimits.', enqueueLimits, enqueueKeys);
  const { quotaScope, ...limits } = enqueueLimits ?? {};
  if (quotaScope !== undefined && (typeof quotaScope !== 'string' || quotaScope.trim() === ''))
    throw new TypeError('gemini({ enqueueLimits.quotaScope }): a name');
  const numbers = { pollIntervalMs, requestTimeoutMs, createGraceMs, ...limits };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new TypeError(`gemini({ ${name} }): a number that is not negative`);
  }
  return {
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    ...(createGraceMs === undefined ? {} : { createGraceMs }),
    ...(deleteInputFiles === undefined ? {} : { deleteInputFiles }),
    ...(enqueueLimits === undefined ? {} : { enqueueLimits: { ...enqueueLimits } }),
  };
};

/** Settings of other adapters, which mean nothing here. */
const notHere: Readonly<Record<string, string>> = {
  filesExpireAfterMs: ': uploaded files live 48 hours, which cannot be changed',
  outputFilesExpireAfterMs: ': Google decides how long answers are kept',
};

const knownKeys = (where: string, given: object, known: readonly string[]): void => {
  const strange = Object.keys(given).find((key) => !known.includes(key));
  if (strange === undefined) return;
  const hint = Object.hasOwn(notHere, strange)
    ? notHere[strange]
    : /key|url|header|token/iu.test(strange) && where === ''
      ? ': keys, addresses and headers belong to createGemini, which stores none'
      : '';
  throw new TypeError(`gemini({ ${where}${strange} }): no such setting${hint}`);
};
