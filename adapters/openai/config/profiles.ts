import type { ServiceTraits } from '../../../lib/ports/provider.ts';
import type { ProviderLimits } from '../../../lib/core/values/limits.ts';
import type { OpenAIEndpoint } from './endpoints.ts';
import { fileExpirySecondsMin, openaiLimits } from './limits.ts';
import { ownTraits } from './traits.ts';

/** What a service that speaks OpenAI's API has otherwise than OpenAI. Data alone. */
export interface ServiceProfile {
  /** Names the service, its connection, and the kind of its runs. */
  readonly name: string;
  readonly title: string;
  /** Its own address; null: each installation or resource has one of its own. */
  readonly address: string | null;
  /** What an address that names only a host lacks; empty: nothing. */
  readonly basePath: string;
  readonly keyVariable: string;
  readonly addressVariable: string;
  /** A model, for messages. */
  readonly model: string;
  /** Endpoints of its batches, the default first. */
  readonly endpoints: readonly OpenAIEndpoint[];
  /** The shortest and the longest completion window; null: not known, any is sent. */
  readonly windows: { readonly from: string; readonly to: string } | null;
  readonly limits: ProviderLimits;
  readonly traits: ServiceTraits;
  /** `bare`: request lines are `{custom_id, body}`, without method and url. */
  readonly lines: 'full' | 'bare';
  /** `pages`: with `limit` and `after`. `plain`: its list takes no parameters. */
  readonly list: 'pages' | 'plain';
  /** Whether a create takes metadata; without, a batch is known by its input file. */
  readonly takesMetadata: boolean;
  /** `redirect`: the answer to the upload leads to an address that takes the bytes. */
  readonly upload: 'form' | 'redirect';
  /** The shortest `expires_after` of a file, in seconds. */
  readonly fileExpirySecondsMin: number;
}

const dayMs = 86_400_000;

/** OpenAI itself. */
export const openaiProfile: ServiceProfile = {
  name: 'openai',
  title: 'OpenAI',
  address: 'https://api.openai.com/v1',
  basePath: '',
  keyVariable: 'OPENAI_API_KEY',
  addressVariable: 'OPENAI_BASE_URL',
  model: 'gpt-4.1',
  endpoints: ['responses', 'chat.completions', 'embeddings', 'completions', 'moderations'],
  windows: null,
  limits: openaiLimits,
  traits: ownTraits,
  lines: 'full',
  list: 'pages',
  takesMetadata: true,
  upload: 'form',
  fileExpirySecondsMin,
};

/**
 * What is known of no service: retention, discount and the order of the list. Limits are OpenAI's
 * until a refusal teaches others.
 */
const unknownTraits: ServiceTraits = {
  ...ownTraits,
  resultRetentionMs: null,
  discount: null,
  list: { ...ownTraits.list, order: 'unknown' },
};
const unknown: Omit<
  ServiceProfile,
  'name' | 'title' | 'address' | 'keyVariable' | 'addressVariable' | 'model'
> = {
  ...openaiProfile,
  endpoints: ['chat.completions', 'embeddings', 'completions', 'responses', 'moderations'],
  limits: { ...openaiLimits, createsPerHourMax: null },
  traits: unknownTraits,
};

/** By the name of `compatible(name, …)` and `--provider`. Read in 2026-10, where not said. */
export const serviceProfiles = {
  /**
   * The v1 address; the model is the deployment's name, and a batch belongs to a batch deployment.
   * 100,000 requests in 200 MB, files that expire in 14 to 30 days (Microsoft's "Batch" how-to and
   * limits, 2026-01). Jobs are never expired there: 24 hours are a target.
   */
  azure: {
    ...unknown,
    name: 'azure',
    title: 'Azure OpenAI',
    address: null,
    basePath: '/openai/v1',
    keyVariable: 'AZURE_OPENAI_API_KEY',
    addressVariable: 'AZURE_OPENAI_ENDPOINT',
    model: 'the deployment',
    limits: { ...openaiLimits, requestsMax: 100_000, createsPerHourMax: null },
    fileExpirySecondsMin: 1_209_600,
  },
  /**
   * 50,000 requests in 200 MB, windows of 24 hours to 7 days, half the price, results for 30 days,
   * chat alone of what batchor sends (console.groq.com/docs/batch). Its list takes no parameters
   * and has no `has_more` (its SDK).
   */
  groq: {
    ...unknown,
    name: 'groq',
    title: 'Groq',
    address: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    addressVariable: 'GROQ_BASE_URL',
    model: 'llama-3.3-70b-versatile',
    endpoints: ['chat.completions'],
    windows: { from: '24h', to: '7d' },
    list: 'plain',
    traits: { ...unknownTraits, discount: 0.5, resultRetentionMs: 30 * dayMs },
  },
  /**
   * No metadata, a bare array as its list, `{ job }` from a create, states in capitals, an upload
   * that leads to another address, lines without method and url (its SDK 0.52); 50,000 requests in
   * 100 MB, 10 MB a line, results for 7 days, a discount on some models
   * (docs.together.ai/docs/inference/batch).
   */
  together: {
    ...unknown,
    name: 'together',
    title: 'Together',
    address: 'https://api.together.xyz/v1',
    keyVariable: 'TOGETHER_API_KEY',
    addressVariable: 'TOGETHER_BASE_URL',
    model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    endpoints: ['chat.completions'],
    limits: { ...openaiLimits, inputBytesMax: 100_000_000, createsPerHourMax: null },
    traits: { ...unknownTraits, resultRetentionMs: 7 * dayMs, lineBytesMax: 10_000_000 },
    lines: 'bare',
    takesMetadata: false,
    upload: 'redirect',
  },
  /** OpenAI's API as it is. */
  deepinfra: {
    ...unknown,
    name: 'deepinfra',
    title: 'DeepInfra',
    address: 'https://api.deepinfra.com/v1/openai',
    keyVariable: 'DEEPINFRA_API_KEY',
    addressVariable: 'DEEPINFRA_BASE_URL',
    model: 'meta-llama/Llama-3.3-70B-Instruct',
  },
  /** OpenAI's API as it is; windows of an hour and of 24. */
  doubleword: {
    ...unknown,
    name: 'doubleword',
    title: 'Doubleword',
    address: 'https://api.doubleword.ai/v1',
    keyVariable: 'DOUBLEWORD_API_KEY',
    addressVariable: 'DOUBLEWORD_BASE_URL',
    model: 'Qwen/Qwen3-VL-30B-A3B-Instruct-FP8',
    windows: { from: '1h', to: '24h' },
  },
  /** Moonshot's Kimi: OpenAI's API as it is. */
  moonshot: {
    ...unknown,
    name: 'moonshot',
    title: 'Moonshot',
    address: 'https://api.moonshot.ai/v1',
    keyVariable: 'MOONSHOT_API_KEY',
    addressVariable: 'MOONSHOT_BASE_URL',
    model: 'kimi-k2.6',
  },
  /** Alibaba's models: OpenAI's API as it is. Other regions have other addresses. */
  dashscope: {
    ...unknown,
    name: 'dashscope',
    title: 'DashScope',
    address: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    keyVariable: 'DASHSCOPE_API_KEY',
    addressVariable: 'DASHSCOPE_BASE_URL',
    model: 'qwen-plus',
  },
  /** A proxy of your own; what it can do is what the service behind it can. Not for Anthropic. */
  litellm: {
    ...unknown,
    name: 'litellm',
    title: 'a LiteLLM proxy',
    address: null,
    keyVariable: 'LITELLM_API_KEY',
    addressVariable: 'LITELLM_BASE_URL',
    model: 'gpt-4.1',
  },
  /** A gateway of your own before vLLM: vLLM itself has no batches over HTTP. */
  vllm: {
    ...unknown,
    name: 'vllm',
    title: 'a gateway before vLLM',
    address: null,
    keyVariable: 'VLLM_API_KEY',
    addressVariable: 'VLLM_BASE_URL',
    model: 'meta-llama/Llama-3.3-70B-Instruct',
  },
} as const satisfies Readonly<Record<string, ServiceProfile>>;

/** A service that speaks OpenAI's API, by name. */
export type CompatibleName = keyof typeof serviceProfiles;

/** The profile of a name; null: there is none. */
export const profileOf = (name: string): ServiceProfile | null => {
  const profiles: Readonly<Record<string, ServiceProfile>> = serviceProfiles;
  return Object.hasOwn(profiles, name) ? (profiles[name] ?? null) : null;
};

const hours = (window: string): number => {
  const [, count = '', unit] = /^(\d{1,4})([hd])$/u.exec(window) ?? [];
  return count === '' ? Number.NaN : Number(count) * (unit === 'd' ? 24 : 1);
};

/** True for a completion window that the service takes, as far as that is known. */
export const takesWindow = ({ windows }: ServiceProfile, window: string): boolean =>
  windows === null || (hours(window) >= hours(windows.from) && hours(window) <= hours(windows.to));
