import { describe, expect, it } from 'vitest';
import { makeProviderConfig } from '../../../adapters/anthropic/config/settings.ts';
import { anthropicPriceOf } from '../../../adapters/anthropic/config/prices.ts';
import { isKnownModel } from '../../../adapters/anthropic/config/models.ts';

const configOf = (settings: object) =>
  makeProviderConfig('anthropic', { model: 'claude-haiku-4-5', ...settings });

describe('a provider config for Anthropic', () => {
  it('has a bound for each answer, which the API requires', () => {
    expect(configOf({})).toMatchObject({
      kind: 'anthropic',
      endpoint: 'messages',
      params: { max_tokens: 4096 },
      outputTokensMax: 4096,
    });
    expect(configOf({ maxTokens: 64 })).toMatchObject({
      params: { max_tokens: 64 },
      outputTokensMax: 64,
    });
    expect(configOf({ params: { max_tokens: 65 } })).toMatchObject({ outputTokensMax: 65 });
  });

  it('has tools in Anthropic’s form, in whichever spelling they are given', () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const own = { name: 'h', input_schema: { type: 'object' } };
    const { params } = configOf({
      params: {
        tools: [
          { type: 'function', function: { name: 'f', description: 'F', parameters, strict: true } },
          { type: 'function', name: 'g', parameters: null },
          own,
          { type: 'web_search_20250305', name: 'web_search' },
        ],
        tool_choice: 'required',
      },
    });
    expect(params['tools']).toEqual([
      { name: 'f', description: 'F', input_schema: parameters, strict: true },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
      own,
      { type: 'web_search_20250305', name: 'web_search' },
    ]);
    expect(params['tool_choice']).toEqual({ type: 'any' });
  });

  it.each([
    ['auto', { type: 'auto' }],
    ['none', { type: 'none' }],
    [
      { type: 'function', function: { name: 'f' } },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'function', name: 'f' },
      { type: 'tool', name: 'f' },
    ],
    [
      { type: 'tool', name: 'f', disable_parallel_tool_use: true },
      { type: 'tool', name: 'f', disable_parallel_tool_use: true },
    ],
  ])('has the choice among tools %j as Anthropic spells it', (given, choice) => {
    expect(configOf({ params: { tool_choice: given } }).params['tool_choice']).toEqual(choice);
  });

  it('has the effort where the API has it', () => {
    expect(configOf({ effort: 'low' }).params['output_config']).toEqual({ effort: 'low' });
  });

  it.each<[string, object, RegExp]>([
    ['no model', { model: ' ' }, /\{ model \}/u],
    ['another endpoint', { endpoint: 'responses' }, /\{ endpoint \}/u],
    ['another window', { completionWindow: '7d' }, /\{ completionWindow \}/u],
    ['a key', { apiKey: 'sk-ant-secret' }, /apiKey \}\).*createAnthropic/u],
    ['a strange setting', { colour: 'red' }, /\{ colour \}/u],
    ['two bounds', { maxTokens: 5, params: { max_tokens: 6 } }, /another bound/u],
    ['a bound of 0', { maxTokens: 0 }, /at least 1/u],
    ['a bound that is no whole number', { maxTokens: 1.5 }, /at least 1/u],
    ['a stream', { params: { stream: true } }, /"stream"/u],
    ['fast mode', { params: { speed: 'fast' } }, /"speed"/u],
    ['a store', { params: { store: true } }, /"store"/u],
    ['a thread', { params: { previous_thread_event_id: 'a' } }, /thread/u],
    ['a cache hint', { params: { cache_hint: 'a' } }, /cache_hint/u],
    ['a context hint', { params: { context_hint: 'a' } }, /context_hint/u],
    ['a model among the parameters', { params: { model: 'm' } }, /"model"/u],
    ['messages among the parameters', { params: { messages: [] } }, /"messages"/u],
    ['a negative interval', { pollIntervalMs: -1 }, /not negative/u],
    ['a nameless queue', { enqueueLimits: { quotaScope: '' } }, /quotaScope/u],
  ])('is refused for %s, without its value', (_title, settings, words) => {
    expect(() => configOf(settings)).toThrow(words);
    expect(() => configOf(settings)).not.toThrow(/secret/u);
  });

  it('knows the batch prices of models and of their snapshots', () => {
    expect(anthropicPriceOf('claude-haiku-4-5-20251001')).toMatchObject({
      inputUsdPerMillion: 0.5,
      cachedInputUsdPerMillion: 0.05,
      outputUsdPerMillion: 2.5,
      asOf: '2026-06-11',
    });
    expect(anthropicPriceOf('claude-opus-5-5')).toMatchObject({
      inputUsdPerMillion: 2,
      outputUsdPerMillion: 10,
    });
    expect(anthropicPriceOf('claude-new')).toBeNull();
    expect(isKnownModel('claude-sonnet-4-5-20250929')).toBe(true);
    expect(isKnownModel('gpt-4.1')).toBe(false);
  });
});
