import type { JsonObject } from '../../../lib/core/json/json.ts';
import type {
  PromptParts,
  ProviderConfig,
  ProviderOperation,
} from '../../../lib/ports/provider.ts';
import { makeProviderConfig as makeCompatibleConfig } from '../../openai/config/settings.ts';
import { xaiPriceOf } from './prices.ts';
import { xaiProfile } from './profile.ts';

/** Body parameters of chat completions, in the API's own spelling: `temperature`, `tools` … */
export type XaiParams = Readonly<Record<string, unknown>>;

/** What `buildPrompt` may return. */
export type XaiPrompt =
  | string
  | PromptParts
  | { readonly messages: readonly JsonObject[] }
  | { readonly messagesText: string }
  | { readonly bodyText: string }
  | { readonly body: JsonObject };

/** Data only. There is no key here to persist: keys belong to the connection. */
export interface XaiSettings {
  readonly model: string;
  /** Chat completions alone. */
  readonly endpoint?: 'chat.completions';
  readonly params?: XaiParams;
  readonly completionWindow?: '24h';
  /** Per HTTP request, in ms. Default 60 000; transfers scale with size. */
  readonly requestTimeoutMs?: number;
  /** The base of an adaptive, jittered interval, in ms. Default 60 000. */
  readonly pollIntervalMs?: number;
  readonly enqueueLimits?: NonNullable<ProviderOperation['enqueueLimits']>;
  /** Milliseconds to check for an unconfirmed create before it is sent again. Default 600,000. */
  readonly createGraceMs?: number;
  readonly apiKey?: never;
  readonly baseURL?: never;
}

/** The provider config of a job for xAI. */
export type XaiProviderConfig = ProviderConfig<XaiPrompt, string>;

/** Settings of OpenAI that mean nothing here: no file is uploaded. */
const notHere = [
  'filesExpireAfterMs',
  'outputFilesExpireAfterMs',
  'deleteInputFiles',
  'reasoningEffort',
];

/**
 * The config that is stored and compared. Throws a TypeError for what cannot be one, naming the
 * setting and never its value. What structured outputs take is not documented in full: no rules are
 * checked.
 */
export const makeProviderConfig = (
  connection: string,
  settings: XaiSettings,
): ProviderConfig<never, unknown> => {
  const strange = notHere.find((key) => Object.hasOwn(settings, key));
  if (strange !== undefined) throw new TypeError(`xai({ ${strange} }): no such setting`);
  try {
    const given = settings as unknown as Parameters<typeof makeCompatibleConfig>[1];
    const { schemaRules: _openaiRules, ...config } = makeCompatibleConfig(
      connection,
      given,
      xaiProfile,
    );
    return { ...config, prices: xaiPriceOf(config.model) };
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    const words = thrown.message.replaceAll('openai({', 'xai({');
    throw new TypeError(words.replaceAll('createOpenAI', 'createXai'), { cause: thrown });
  }
};
