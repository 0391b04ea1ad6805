import type { ErrorForm, ServiceLimits } from '../../../lib/sim/provider/index.ts';

/**
 * How a service that speaks OpenAI's API speaks it: what it has otherwise than OpenAI. Data alone,
 * from the sources that the adapter's profiles name (`adapters/openai/config/profiles.ts`).
 */
export interface Dialect {
  /** What a client's base URL has behind the origin. */
  readonly basePath: string;
  readonly limits: Partial<ServiceLimits>;
  /** The endpoints of its batches; absent: all that the fake has. */
  readonly endpoints?: readonly string[];
  /** How the words of a status are written (default as OpenAI's). */
  readonly statuses?: 'capitals' | 'title';
  /** How times are written (default seconds). */
  readonly times?: 'iso';
  /** `null`: counts are null until the end. */
  readonly counts?: 'null';
  /** False: a batch has no metadata, whatever a create carries. */
  readonly metadata?: false;
  /** `plain`: the list takes no parameters and has no `has_more`. `array`: it is a bare array. */
  readonly list?: 'plain' | 'array';
  /** What a create answers (default the batch). */
  readonly create?: 'job';
  /** `redirect`: the upload leads to an address that takes the bytes. */
  readonly upload?: 'redirect';
  /** `bare`: request lines are `{custom_id, body}`. */
  readonly lines?: 'bare';
  /** Of a batch without failures: an empty text as its id, or a file of no bytes (default null). */
  readonly errorFile?: 'blank' | 'empty';
  /** The form of error lines (default OpenAI's). */
  readonly rowErrors?: ErrorForm;
  /** `detail`: errors of calls are `{ detail }`, as FastAPI writes them. */
  readonly errors?: 'detail';
}

const days = (count: number): number => count * 86_400;
const chat = '/v1/chat/completions';
const megabytes = (count: number): Pick<ServiceLimits, 'inputBytesMax' | 'fileBytesMax'> => ({
  inputBytesMax: count * 1_000_000,
  fileBytesMax: count * 1_000_000,
});

/** By the name of the adapter's profile. */
export const dialects = {
  azure: {
    basePath: '/openai/v1',
    limits: { requestsMax: 100_000, expirySecondsMin: days(14) },
    statuses: 'title',
    times: 'iso',
    counts: 'null',
    errorFile: 'empty',
    rowErrors: 'azure',
  },
  groq: {
    basePath: '/openai/v1',
    limits: { windowHours: { min: 24, max: 168 } },
    endpoints: [chat],
    list: 'plain',
  },
  together: {
    basePath: '/v1',
    limits: megabytes(100),
    endpoints: [chat],
    statuses: 'capitals',
    times: 'iso',
    metadata: false,
    list: 'array',
    create: 'job',
    upload: 'redirect',
    lines: 'bare',
  },
  deepinfra: {
    basePath: '/v1/openai',
    limits: {},
    endpoints: [chat, '/v1/completions', '/v1/embeddings'],
    errors: 'detail',
  },
  doubleword: { basePath: '/v1', limits: { windowHours: { min: 1, max: 24 } } },
  moonshot: {
    basePath: '/v1',
    limits: { ...megabytes(100), windowHours: { min: 12, max: 168 } },
    endpoints: [chat],
  },
  dashscope: {
    basePath: '/compatible-mode/v1',
    limits: { ...megabytes(500), windowHours: { min: 24, max: 336 } },
    endpoints: [chat, '/v1/embeddings'],
  },
  litellm: { basePath: '/v1', limits: {}, errorFile: 'blank' },
  vllm: { basePath: '/v1', limits: {}, rowErrors: 'vllm', errors: 'detail' },
} as const satisfies Readonly<Record<string, Dialect>>;
