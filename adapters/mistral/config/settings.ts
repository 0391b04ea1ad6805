import type { JsonObject } from '../../../lib/core/json/json.ts';
import type {
  PromptParts,
  ProviderConfig,
  ProviderOperation,
} from '../../../lib/ports/provider.ts';
import { makeProviderConfig as makeCompatibleConfig } from '../../openai/config/settings.ts';
import { mistralPriceOf } from './prices.ts';
import { mistralProfile } from './profile.ts';

/** An endpoint that jobs are made for. */
export type MistralEndpoint = 'chat.completions' | 'embeddings';

/** Body parameters in the API's own spelling: `temperature`, `max_tokens`, `tools` … */
export type MistralParams = Readonly<Record<string, unknown>>;

/** What `buildPrompt` may return. */
export type MistralPrompt<E extends MistralEndpoint> = E extends 'embeddings'
  ? string | { readonly input: string | readonly string[] } | { readonly body: JsonObject }
  : | string
    | PromptParts
    | { readonly messages: readonly JsonObject[] }
    | { readonly messagesText: string }
    | { readonly bodyText: string }
    | { readonly body: JsonObject };

/** Data only. There is no key here to persist: keys belong to the connection. */
export interface MistralSettings<E extends MistralEndpoint = 'chat.completions'> {
  readonly model: string;
  /** Default `chat.completions`. */
  readonly endpoint?: E;
  readonly params?: MistralParams;
  /** Hours or days after which the job ends (`timeout_hours`). Default 24h. */
  readonly completionWindow?: `${number}h` | `${number}d`;
  /** Per HTTP request, in ms. Default 60 000; uploads and downloads scale with size. */
  readonly requestTimeoutMs?: number;
  /** The base of an adaptive, jittered interval, in ms. Default 60 000. */
  readonly pollIntervalMs?: number;
  readonly enqueueLimits?: NonNullable<ProviderOperation['enqueueLimits']>;
  /** Milliseconds to check for an unconfirmed create before it is sent again. Default 600,000. */
  readonly createGraceMs?: number;
  /** Input files are deleted once their batch is settled. Default: they are kept. */
  readonly deleteInputFiles?: boolean;
  readonly apiKey?: never;
  readonly baseURL?: never;
}

/** The provider config of a job for Mistral, typed by its endpoint. */
export type MistralProviderConfig<E extends MistralEndpoint = 'chat.completions'> = ProviderConfig<
  MistralPrompt<E>,
  E extends 'embeddings' ? readonly number[] : string
>;

/** Settings of OpenAI that mean nothing here. */
const notHere = ['filesExpireAfterMs', 'outputFilesExpireAfterMs', 'reasoningEffort'];

/**
 * The config that is stored and compared. Throws a TypeError for what cannot be one, naming the
 * setting and never its value. What structured outputs take is not documented: no rules are
 * checked.
 */
export const makeProviderConfig = (
  connection: string,
  settings: MistralSettings<MistralEndpoint>,
): ProviderConfig<never, unknown> => {
  const strange = notHere.find((key) => Object.hasOwn(settings, key));
  if (strange !== undefined) throw new TypeError(`mistral({ ${strange} }): no such setting`);
  try {
    const given = settings as unknown as Parameters<typeof makeCompatibleConfig>[1];
    const { schemaRules, ...config } = makeCompatibleConfig(connection, given, mistralProfile);
    timeoutHoursOf(config.completionWindow);
    const priced = { ...config, prices: mistralPriceOf(config.model) };
    return schemaRules === null ? { ...priced, schemaRules } : priced;
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    const words = thrown.message.replaceAll('openai({', 'mistral({');
    throw new TypeError(words.replaceAll('createOpenAI', 'createMistral'), { cause: thrown });
  }
};

/** A window in hours. Throws a TypeError for what is none. */
export const timeoutHoursOf = (completionWindow: string): number => {
  const [, count, unit] = /^([1-9]\d{0,3})([hd])$/u.exec(completionWindow) ?? [];
  if (count === undefined)
    throw new TypeError('mistral({ completionWindow }): hours or days, such as 24h');
  return Number(count) * (unit === 'd' ? 24 : 1);
};
