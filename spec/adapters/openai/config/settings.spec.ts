import type OpenAI from 'openai';
import { openaiSchemaRules } from '../../../../adapters/openai/config/schema-rules.ts';
import { describe, expect, it } from 'vitest';
import {
  createOpenAI,
  openai,
  openaiLimits,
  parseEndpoint,
  type OpenAIEndpoint,
  type OpenAISettings,
} from '../../../../adapters/openai/index.ts';
import { openaiPriceOf } from '../../../../adapters/openai/config/prices.ts';
import type { ProviderConfig } from '../../../../lib/ports/provider.ts';

/** What a job says, in plain JavaScript or from a file. */
const configOf = (settings: object): ProviderConfig<never> =>
  openai(settings as OpenAISettings<'responses'>);

describe('a provider config', () => {
  it('is data, and all of it: stored, read back and compared', () => {
    const config = createOpenAI({ name: 'mine', apiKey: 'sk-not-in-here-0123' })({
      model: 'gpt-5-mini',
      params: {
        max_output_tokens: 200,
        text: { verbosity: 'low' },
        reasoning: { summary: 'auto' },
      },
      reasoningEffort: 'low',
      requestTimeoutMs: 10_000,
      pollIntervalMs: 30_000,
      filesExpireAfterMs: 86_400_000,
      enqueueLimits: { enqueuedTokenLimit: 2_000_000, targetRatio: 0.7 },
    });
    expect(config).toEqual({
      kind: 'openai',
      connection: 'mine',
      model: 'gpt-5-mini',
      endpoint: 'responses',
      completionWindow: '24h',
      params: {
        max_output_tokens: 200,
        text: { verbosity: 'low' },
        reasoning: { summary: 'auto', effort: 'low' },
      },
      limits: openaiLimits,
      prices: openaiPriceOf('gpt-5-mini'),
      answersPerRequest: 1,
      outputTokensMax: 200,
      schemaRules: openaiSchemaRules,
      operation: {
        requestTimeoutMs: 10_000,
        pollIntervalMs: 30_000,
        filesExpireAfterMs: 86_400_000,
        enqueueLimits: { enqueuedTokenLimit: 2_000_000, targetRatio: 0.7 },
      },
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(structuredClone(config)).toEqual(config);
  });

  it('spells the effort as its endpoint does', () => {
    expect(
      openai({ model: 'o3', endpoint: 'chat.completions', reasoningEffort: 'high' }).params,
    ).toEqual({ reasoning_effort: 'high' });
    expect(() => configOf({ model: 'm', endpoint: 'embeddings', reasoningEffort: 'high' })).toThrow(
      /embeddings does not reason/u,
    );
  });

  it('is not changed by what happens to the settings later', () => {
    const params = { stop: ['a'] };
    const config = configOf({ model: 'm', endpoint: 'chat.completions', params });
    params.stop.push('b');
    expect(config.params).toEqual({ stop: ['a'] });
  });

  it.each<[object, RegExp]>([
    [
      { model: 'm', apiKey: 'sk-0123456789' },
      /apiKey \}\): no such setting: keys, addresses and headers belong to createOpenAI/u,
    ],
    [{ model: 'm', temperature: 0 }, /temperature \}\): no such setting$/u],
    [{ model: 'm', enqueueLimits: { enqueuedTokensMax: 1 } }, /enqueueLimits\.enqueuedTokensMax/u],
    [{ model: 'm', params: { model: 'n' } }, /"model" is the job's/u],
    [{ model: 'm', params: { stream: true } }, /"stream"/u],
    [{ model: 'm', params: { input: 'x' } }, /"input"/u],
    [{ model: 'm', params: ['x'] }, /an object of body parameters/u],
    [{ model: ' ' }, /a model name is needed/u],
    [{}, /a model name is needed/u],
    [{ model: 'm', endpoint: 'videos' }, /one of responses, chat\.completions/u],
    [{ model: 'm', pollIntervalMs: -1 }, /pollIntervalMs/u],
    [{ model: 'm', requestTimeoutMs: Number.NaN }, /requestTimeoutMs/u],
    [{ model: 'm', enqueueLimits: { headroom: Infinity } }, /headroom/u],
  ])('from %j is refused by name, and no value is repeated', (settings, message) => {
    expect(() => configOf(settings)).toThrow(message);
    expect(() => configOf(settings)).not.toThrow(/0123456789/u);
  });

  it('does not compile with a key or an address in it', () => {
    const wrong = (): readonly unknown[] => [
      // @ts-expect-error keys belong to the connection
      openai({ model: 'm', apiKey: 'sk' }),
      // @ts-expect-error addresses belong to the connection
      openai({ model: 'm', baseURL: 'http://x' }),
      // @ts-expect-error an embedding does not reason
      openai({ model: 'm', endpoint: 'embeddings', reasoningEffort: 'low' }),
      // @ts-expect-error there is no such endpoint
      openai({ model: 'm', endpoint: 'videos' }),
      // @ts-expect-error the model is the job's
      openai({ model: 'm', params: { model: 'n' } }),
      // @ts-expect-error a client brings its own key
      createOpenAI({ client: {} as OpenAI, apiKey: 'sk' }),
    ];
    expect(wrong).toBeInstanceOf(Function);
  });
});

describe('the endpoint decides', () => {
  type BuildPrompt<Provider> =
    Provider extends ProviderConfig<infer Prompt, infer _Output>
      ? (payload: string) => Prompt | Promise<Prompt>
      : never;
  type Output<Provider> = Provider extends ProviderConfig<never, infer O> ? O : never;
  const job = <Provider extends ProviderConfig<never>>(given: {
    readonly providerConfig: Provider;
    readonly buildPrompt: BuildPrompt<Provider>;
  }) => given;
  type Same<A, B> =
    (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
  const same = <T extends true>(): T | undefined => undefined;

  it('what a prompt may be', () => {
    const jobs = [
      job({
        buildPrompt: (text) => ({ prompt: text, systemPrompt: 's' }),
        providerConfig: openai({ model: 'gpt-4.1' }),
      }),
      job({
        buildPrompt: (text) => ({ messages: [{ role: 'developer', content: text }] }),
        providerConfig: openai({ model: 'gpt-4.1', reasoningEffort: 'low' }),
      }),
      job({
        buildPrompt: (text) => ({
          body: { messages: [{ role: 'user', content: text }], logprobs: true, seed: 7 },
        }),
        providerConfig: openai({
          model: 'gpt-4.1',
          endpoint: 'chat.completions',
          params: { max_completion_tokens: 50 },
        }),
      }),
      job({
        buildPrompt: (text) => Promise.resolve(text),
        providerConfig: openai({
          model: 'text-embedding-3-small',
          endpoint: 'embeddings',
          params: { dimensions: 256 },
        }),
      }),
      job({
        // @ts-expect-error an embedding has no system prompt
        buildPrompt: (text) => ({ prompt: text, systemPrompt: 's' }),
        providerConfig: openai({ model: 'text-embedding-3-small', endpoint: 'embeddings' }),
      }),
    ];
    expect(jobs.map(({ providerConfig }) => providerConfig.endpoint)).toEqual([
      'responses',
      'responses',
      'chat.completions',
      'embeddings',
      'embeddings',
    ]);
  });

  it('what an output is', () => {
    const text = openai({ model: 'gpt-4.1' });
    const vector = openai({ model: 'text-embedding-3-small', endpoint: 'embeddings' });
    same<Same<Output<typeof text>, string>>();
    same<Same<Output<typeof vector>, readonly number[]>>();
    expect([text.endpoint, vector.endpoint]).toEqual(['responses', 'embeddings']);
  });
});

describe('an endpoint', () => {
  it.each<[string, OpenAIEndpoint | null]>([
    ['responses', 'responses'],
    ['/v1/responses', 'responses'],
    ['chat.completions', 'chat.completions'],
    ['/v1/chat/completions', 'chat.completions'],
    ['chat/completions', 'chat.completions'],
    ['/chat/completions', 'chat.completions'],
    [' /V1/Embeddings ', 'embeddings'],
    ['v1/completions', 'completions'],
    ['moderations', 'moderations'],
    ['/v1/images/generations', null],
    ['constructor', null],
    ['', null],
  ])('written as %j is %s', (text, endpoint) => {
    expect(parseEndpoint(text)).toBe(endpoint);
  });
});
