import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAnthropic } from '../../../adapters/anthropic/index.ts';
import { createGemini } from '../../../adapters/gemini/index.ts';
import { createMistral } from '../../../adapters/mistral/index.ts';
import {
  createCompatible,
  createOpenAI,
  openai,
  serviceProfiles,
} from '../../../adapters/openai/index.ts';
import type { ProviderConnection } from '../../../lib/ports/provider.ts';
import type { AnyProviderConfig } from '../../../lib/run/job/job.ts';
import { BatchRunner } from '../../../lib/run/api/runner.ts';
import { memoryStore } from '../../../lib/sim/index.ts';

const model = 'gpt-4.1';
const remote = 'https://service.invalid/v1';
const here = 'http://127.0.0.1:1/v1';

/** A connection of one's own, which a runner finds by its name, and a job's config of it. */
interface Made {
  readonly connection: ProviderConnection;
  readonly config: AnyProviderConfig;
}
type Make = (baseURL: string) => Made;

const providers: readonly (readonly [variable: string, make: Make])[] = [
  [
    'OPENAI_API_KEY',
    (baseURL) => {
      const connection = createOpenAI({ baseURL });
      return { connection, config: connection({ model }) };
    },
  ],
  [
    'ANTHROPIC_API_KEY',
    (baseURL) => {
      const connection = createAnthropic({ baseURL });
      return { connection, config: connection({ model: 'claude-haiku-4-5', maxTokens: 9 }) };
    },
  ],
  [
    'GEMINI_API_KEY',
    (baseURL) => {
      const connection = createGemini({ baseURL });
      return { connection, config: connection({ model: 'gemini-2.5-flash' }) };
    },
  ],
  [
    'MISTRAL_API_KEY',
    (baseURL) => {
      const connection = createMistral({ baseURL });
      return { connection, config: connection({ model }) };
    },
  ],
  ...Object.values(serviceProfiles).map(
    ({ name, keyVariable, endpoints: [endpoint = 'chat.completions'] }) =>
      [
        keyVariable,
        (baseURL: string) => {
          const connection = createCompatible(name, { baseURL });
          return { connection, config: connection({ model, endpoint }) };
        },
      ] as const,
  ),
];

describe('a run that this process drives', () => {
  beforeEach(() => {
    for (const [variable] of providers) vi.stubEnv(variable, '');
    for (const variable of ['GOOGLE_API_KEY', 'VLLM_BASE_URL']) vi.stubEnv(variable, '');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  /** Starts a run; answers what the store holds then. */
  const start = async (
    { connection, config: providerConfig }: Made,
    options: { readonly autorun?: boolean } = {},
  ): Promise<number> => {
    await using runner = new BatchRunner({
      storage: memoryStore(),
      providers: [connection],
      ...options,
    });
    const job = {
      items: [{ itemId: 'a', payload: 'Hello' }],
      buildPrompt: ({ payload }: { readonly payload: string }) => payload,
      providerConfig,
    };
    const failure: unknown = await runner.start(job as never).then(
      () => null,
      (error: unknown) => error,
    );
    let count = 0;
    for await (const _ of runner.listRuns()) count += 1;
    if (failure === null) return count;
    expect(count).toBe(0);
    throw failure as Error;
  };

  it.each(providers)('is not created without %s', async (variable, make) => {
    await expect(start(make(remote))).rejects.toMatchObject({
      code: 'api_key_missing',
      details: { variable },
      message: expect.stringContaining(`set ${variable}`) as string,
      hint: expect.stringContaining('Nothing was stored') as string,
    });
  });

  it.each(providers)('needs no %s at an address of this machine', async (_, make) => {
    expect(await start(make(here))).toBe(1);
  });

  it('needs none with a client of its own', async () => {
    const client = new OpenAI({ apiKey: 'own', baseURL: here });
    const connection = createOpenAI({ client });
    expect(await start({ connection, config: connection({ model }) })).toBe(1);
  });

  it('needs none of this process where another one drives it', async () => {
    expect(await start({ connection: openai, config: openai({ model }) }, { autorun: false })).toBe(
      1,
    );
  });

  it('is not created without an address either', async () => {
    const connection = createCompatible('vllm');
    const config = connection({ model, endpoint: 'chat.completions' });
    await expect(start({ connection, config })).rejects.toMatchObject({
      code: 'provider_refused',
      message: expect.stringContaining('set VLLM_BASE_URL') as string,
    });
  });
});
