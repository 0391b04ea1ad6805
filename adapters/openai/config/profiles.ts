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
  /** Holds the key where the other is not set. */
  readonly otherKeyVariable?: string;
  readonly addressVariable: string;
  /** Where address, variables and differences come from, and as of which day. */
  readonly documentation: { readonly address: string; readonly asOf: string };
  /** What it lacks or has otherwise than OpenAI, beside windows and retention: for people. */
  readonly lacks: readonly string[];
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
  documentation: {
    address: 'https://developers.openai.com/api/docs/guides/batch',
    asOf: '2026-09-26',
  },
  lacks: [],
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
  | 'name'
  | 'title'
  | 'address'
  | 'keyVariable'
  | 'addressVariable'
  | 'model'
  | 'documentation'
  | 'lacks'
> = {
  ...openaiProfile,
  endpoints: ['chat.completions', 'embeddings', 'completions', 'responses', 'moderations'],
  limits: { ...openaiLimits, createsPerHourMax: null },
  traits: unknownTraits,
};

/**
 * By the name of `compatible(name, …)` and `--provider`. What a profile says is in its
 * documentation; where another source says it, a comment names that.
 */
export const serviceProfiles = {
  /** The v1 address; the model is the deployment's name, and the deployment a batch one. */
  azure: {
    ...unknown,
    name: 'azure',
    title: 'Azure OpenAI',
    address: null,
    basePath: '/openai/v1',
    keyVariable: 'AZURE_OPENAI_API_KEY',
    addressVariable: 'AZURE_OPENAI_ENDPOINT',
    documentation: {
      address: 'https://learn.microsoft.com/azure/foundry/openai/how-to/batch',
      asOf: '2026-01-27',
    },
    lacks: [
      'the deployment is the model',
      '24 hours are a target: a job does not expire',
      'files expire in 14 to 30 days',
      '500 input files without expiry',
    ],
    model: 'the deployment',
    windows: { from: '24h', to: '24h' },
    limits: { ...openaiLimits, requestsMax: 100_000, createsPerHourMax: null },
    traits: { ...unknownTraits, discount: 0.5 },
    fileExpirySecondsMin: 1_209_600,
  },
  /** Its list takes no parameters and has no `has_more` (its SDK). */
  groq: {
    ...unknown,
    name: 'groq',
    title: 'Groq',
    address: 'https://api.groq.com/openai/v1',
    keyVariable: 'GROQ_API_KEY',
    addressVariable: 'GROQ_BASE_URL',
    documentation: { address: 'https://console.groq.com/docs/batch', asOf: '2026-10-02' },
    lacks: [
      'chat completions alone',
      'its list cannot say that it is whole: a lost create may be held',
    ],
    model: 'llama-3.3-70b-versatile',
    endpoints: ['chat.completions'],
    windows: { from: '24h', to: '7d' },
    list: 'plain',
    traits: { ...unknownTraits, discount: 0.5, resultRetentionMs: 30 * dayMs },
  },
  /**
   * No metadata, a bare array as its list, `{ job }` from a create, states in capitals, an upload
   * that leads to another address, lines without method and url (its SDK 0.52).
   */
  together: {
    ...unknown,
    name: 'together',
    title: 'Together',
    address: 'https://api.together.xyz/v1',
    keyVariable: 'TOGETHER_API_KEY',
    addressVariable: 'TOGETHER_BASE_URL',
    documentation: {
      address: 'https://docs.together.ai/docs/inference/batch/manage',
      asOf: '2026-10-02',
    },
    lacks: [
      'chat completions alone',
      'no metadata: a batch is known by its input file',
      '100 MB a batch, 10 MB a line',
      'a discount on some models',
    ],
    model: 'meta-llama/Llama-3.3-70B-Instruct-Turbo',
    endpoints: ['chat.completions'],
    limits: { ...openaiLimits, inputBytesMax: 100_000_000, createsPerHourMax: null },
    traits: { ...unknownTraits, resultRetentionMs: 7 * dayMs, lineBytesMax: 10_000_000 },
    lines: 'bare',
    takesMetadata: false,
    upload: 'redirect',
  },
  /** `DEEPINFRA_TOKEN` is its documentation's name; `DEEPINFRA_API_KEY` is LiteLLM's. */
  deepinfra: {
    ...unknown,
    name: 'deepinfra',
    title: 'DeepInfra',
    address: 'https://api.deepinfra.com/v1/openai',
    keyVariable: 'DEEPINFRA_API_KEY',
    otherKeyVariable: 'DEEPINFRA_TOKEN',
    addressVariable: 'DEEPINFRA_BASE_URL',
    documentation: {
      address: 'https://docs.deepinfra.com/batch/introduction',
      asOf: '2026-06-19',
    },
    lacks: ['20 % off, not half', 'no responses and no moderations'],
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    endpoints: ['chat.completions', 'embeddings', 'completions'],
    windows: { from: '24h', to: '24h' },
    traits: { ...unknownTraits, discount: 0.2, resultRetentionMs: 30 * dayMs },
  },
  doubleword: {
    ...unknown,
    name: 'doubleword',
    title: 'Doubleword',
    address: 'https://api.doubleword.ai/v1',
    keyVariable: 'DOUBLEWORD_API_KEY',
    addressVariable: 'DOUBLEWORD_BASE_URL',
    documentation: {
      address: 'https://docs.doubleword.ai/inference-api/batch-inference',
      asOf: '2026-12-01',
    },
    lacks: ['its price depends on the window'],
    model: 'Qwen/Qwen3-VL-30B-A3B-Instruct-FP8',
    windows: { from: '1h', to: '24h' },
  },
  /** Moonshot's Kimi. The windows are those of its Chinese reference. */
  moonshot: {
    ...unknown,
    name: 'moonshot',
    title: 'Moonshot',
    address: 'https://api.moonshot.ai/v1',
    keyVariable: 'MOONSHOT_API_KEY',
    addressVariable: 'MOONSHOT_BASE_URL',
    documentation: {
      address: 'https://platform.kimi.ai/docs/api/batch-create',
      asOf: '2026-12-01',
    },
    lacks: ['chat completions alone', '100 MB a batch', '1,000 input files'],
    model: 'kimi-k2.6',
    endpoints: ['chat.completions'],
    windows: { from: '12h', to: '7d' },
    limits: { ...openaiLimits, inputBytesMax: 100_000_000, createsPerHourMax: null },
  },
  /** Alibaba's models, of Beijing; Singapore has an address of its own. */
  dashscope: {
    ...unknown,
    name: 'dashscope',
    title: 'DashScope',
    address: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
    keyVariable: 'DASHSCOPE_API_KEY',
    addressVariable: 'DASHSCOPE_BASE_URL',
    documentation: {
      address:
        'https://www.alibabacloud.com/help/en/model-studio/batch-interfaces-compatible-with-openai',
      asOf: '2025-12-04',
    },
    lacks: [
      'other regions have other addresses: `--base-url`',
      'chat completions and embeddings alone',
    ],
    model: 'qwen-plus',
    endpoints: ['chat.completions', 'embeddings'],
    windows: { from: '24h', to: '14d' },
    traits: { ...unknownTraits, discount: 0.5 },
  },
  /** What a proxy of your own can do is what the service behind it can. */
  litellm: {
    ...unknown,
    name: 'litellm',
    title: 'a LiteLLM proxy',
    address: null,
    keyVariable: 'LITELLM_API_KEY',
    addressVariable: 'LITELLM_BASE_URL',
    documentation: { address: 'https://docs.litellm.ai/docs/batches', asOf: '2026-10-17' },
    lacks: [
      'an address of your own: `--base-url`',
      'not for Anthropic',
      'prices, limits and windows are of the service behind it',
    ],
    model: 'gpt-4.1',
  },
  /** A gateway of your own before vLLM, which has no batches over HTTP itself. */
  vllm: {
    ...unknown,
    name: 'vllm',
    title: 'a gateway before vLLM',
    address: null,
    keyVariable: 'VLLM_API_KEY',
    addressVariable: 'VLLM_BASE_URL',
    documentation: {
      address: 'https://docs.litellm.ai/docs/providers/vllm_batches',
      asOf: '2026-10-10',
    },
    lacks: [
      'an address of your own: `--base-url`',
      'vLLM alone has no batches over HTTP',
      'error lines without a body',
    ],
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

/** The variables that may hold a service's key, the one that counts first. */
export const keyVariablesOf = ({
  keyVariable,
  otherKeyVariable,
}: Pick<ServiceProfile, 'keyVariable' | 'otherKeyVariable'>): readonly string[] =>
  otherKeyVariable === undefined ? [keyVariable] : [keyVariable, otherKeyVariable];

/** The key that the environment holds for a service; empty: none. */
export const keyInEnvironment = (
  service: Pick<ServiceProfile, 'keyVariable' | 'otherKeyVariable'>,
): string => keyVariablesOf(service).flatMap((name) => process.env[name]?.trim() || [])[0] ?? '';
