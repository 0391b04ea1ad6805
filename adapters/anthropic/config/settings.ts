import type {
  PromptParts,
  ProviderConfig,
  ProviderOperation,
} from '../../../lib/ports/provider.ts';
import { isJsonObject, type JsonObject } from '../../../lib/core/json/json.ts';
import { messagesEndpoint } from '../requests/prepared-request.ts';
import { refusedParamIn } from '../requests/refused-params.ts';
import { withTools } from '../requests/tools.ts';
import { anthropicLimits } from './limits.ts';
import type {
  AnthropicEffort,
  AnthropicMessage,
  AnthropicParams,
  NeutralMessage,
} from './params.ts';
import { plainParams } from './params.ts';
import { anthropicPriceOf } from './prices.ts';
import { anthropicTraits } from './traits.ts';
import { maxTokensDefault, outputTokensMaxOf } from './request-bounds.ts';
import { anthropicSchemaRules } from './schema-rules.ts';

/** Data only. There is no key here to persist: keys belong to the connection. */
export interface AnthropicSettings {
  readonly model: string;
  /**
   * Longest answer in tokens, thinking included (`max_tokens`); default 4,096. An answer that
   * reaches it is truncated, which fails its row.
   */
  readonly maxTokens?: number;
  /** Any other body parameter, in the API's own spelling. */
  readonly params?: AnthropicParams;
  /** Short for `output_config.effort`. */
  readonly effort?: AnthropicEffort;
  /** There is only one. */
  readonly endpoint?: 'messages';
  /** A batch expires after a day. */
  readonly completionWindow?: '24h';
  /** Per HTTP request. Default 60 000; transfers scale with size. Not compared on resume. */
  readonly requestTimeoutMs?: number;
  /** The base of an adaptive, jittered interval. Default 60 000. Not compared on resume. */
  readonly pollIntervalMs?: number;
  readonly enqueueLimits?: NonNullable<ProviderOperation['enqueueLimits']>;
  /**
   * Milliseconds to check for an unconfirmed create before it is sent again. Default 600,000; not
   * compared on resume.
   */
  readonly createGraceMs?: number;
  readonly apiKey?: never;
  readonly baseURL?: never;
}

/** What `buildPrompt` may return. */
export type AnthropicPrompt =
  | string
  | PromptParts
  | { readonly messages: readonly (AnthropicMessage | NeutralMessage)[] }
  /** A whole Messages body, merged over `params`. The model stays the job's. */
  | {
      readonly body: AnthropicParams & { readonly messages: readonly AnthropicMessage[] };
    }
  /** The same as JSON text, which goes out letter by letter; a model in it is the job's. */
  | { readonly bodyText: string }
  /** The messages as JSON text. */
  | { readonly messagesText: string };

/** The provider config of a job for Anthropic: what prompts are, and what answers are. */
export type AnthropicProviderConfig = ProviderConfig<AnthropicPrompt, string>;

const settingKeys: readonly string[] = [
  'model',
  'maxTokens',
  'params',
  'effort',
  'endpoint',
  'completionWindow',
  'requestTimeoutMs',
  'pollIntervalMs',
  'createGraceMs',
  'enqueueLimits',
];
const enqueueKeys: readonly string[] = [
  'enqueuedTokenLimit',
  'enqueuedRequestLimit',
  'targetRatio',
  'headroom',
  'maxBatchEnqueuedTokens',
  'quotaScope',
];
/** Body keys that are the job's or the item's own, never parameters. */
const notParams: readonly string[] = ['model', 'messages'];

/**
 * The config that is stored and compared. Throws a TypeError for what cannot be one, naming the
 * setting and never its value: a misplaced key must not end up in a log either.
 */
export const makeProviderConfig = (
  connection: string,
  settings: AnthropicSettings,
): ProviderConfig<never, unknown> => {
  knownKeys('', settings, settingKeys);
  if (typeof settings.model !== 'string' || settings.model.trim() === '')
    throw new TypeError('anthropic({ model }): a model name is needed');
  const { endpoint = messagesEndpoint, completionWindow = '24h' } = settings;
  if (endpoint !== messagesEndpoint)
    throw new TypeError(`anthropic({ endpoint }): only ${messagesEndpoint}`);
  if (completionWindow !== '24h') throw new TypeError('anthropic({ completionWindow }): only 24h');
  const params = paramsOf(settings);
  return {
    kind: 'anthropic',
    connection,
    model: settings.model,
    endpoint,
    completionWindow,
    params,
    limits: anthropicLimits,
    traits: anthropicTraits,
    prices: anthropicPriceOf(settings.model),
    outputTokensMax: outputTokensMaxOf(params),
    schemaRules: anthropicSchemaRules,
    operation: operationOf(settings),
  };
};

const paramsOf = ({ params, maxTokens, effort }: AnthropicSettings): JsonObject => {
  const plain = plainParams(params);
  if (plain === null) throw new TypeError('anthropic({ params }): an object of body parameters');
  const misplaced = Object.keys(plain).find((key) => notParams.includes(key));
  if (misplaced !== undefined)
    throw new TypeError(
      `anthropic({ params }): "${misplaced}" is the job's or the item's own, not a parameter`,
    );
  const given = plain['max_tokens'];
  if (given !== undefined && maxTokens !== undefined && given !== maxTokens)
    throw new TypeError('anthropic({ maxTokens }): params.max_tokens names another bound');
  const config = plain['output_config'];
  const bounded: JsonObject = {
    ...withTools(plain),
    max_tokens: maxTokens ?? given ?? maxTokensDefault,
    ...(effort === undefined
      ? {}
      : { output_config: { ...(isJsonObject(config) ? config : {}), effort } }),
  };
  const refused = refusedParamIn(bounded);
  if (refused === null) return bounded;
  throw new TypeError(
    refused.key === 'max_tokens'
      ? `anthropic({ maxTokens }): ${refused.reason}`
      : `anthropic({ params }): "${refused.key}" is refused: ${refused.reason}`,
  );
};

const operationOf = ({
  pollIntervalMs,
  requestTimeoutMs,
  createGraceMs,
  enqueueLimits,
}: AnthropicSettings): ProviderOperation => {
  if (enqueueLimits !== undefined) knownKeys('enqueueLimits.', enqueueLimits, enqueueKeys);
  const { quotaScope, ...limits } = enqueueLimits ?? {};
  if (quotaScope !== undefined && (typeof quotaScope !== 'string' || quotaScope.trim() === ''))
    throw new TypeError('anthropic({ enqueueLimits.quotaScope }): a name');
  const numbers = { pollIntervalMs, requestTimeoutMs, createGraceMs };
  for (const [name, value] of Object.entries({ ...numbers, ...limits }))
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      throw new TypeError(`anthropic({ ${name} }): a number that is not negative`);
  return {
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== undefined)),
    ...(enqueueLimits === undefined ? {} : { enqueueLimits: { ...enqueueLimits } }),
  };
};

const knownKeys = (where: string, given: object, known: readonly string[]): void => {
  const strange = Object.keys(given).find((key) => !known.includes(key));
  if (strange === undefined) return;
  const hint =
    where === '' && /key|url|header|token/iu.test(strange)
      ? ': keys, addresses and headers belong to createAnthropic, which stores none'
      : '';
  throw new TypeError(`anthropic({ ${where}${strange} }): no such setting${hint}`);
};
