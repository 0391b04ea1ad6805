import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../../../adapters/gemini/config/endpoints.ts';
import { isKnownModel } from '../../../../adapters/gemini/config/models.ts';
import {
  type GeminiSettings,
  makeProviderConfig,
} from '../../../../adapters/gemini/config/settings.ts';

const made = (settings: object) =>
  makeProviderConfig('gemini', { model: 'gemini-2.5-flash', ...settings } as GeminiSettings);

describe('a provider config', () => {
  it('is data: equal after a round trip through JSON', () => {
    const config = made({
      params: {
        generationConfig: {
          maxOutputTokens: 300,
          candidateCount: 2,
          thinkingConfig: { thinkingBudget: 0 },
        },
        systemInstruction: 'Be brief.',
        tools: [{ type: 'function', function: { name: 'w' } }],
        tool_choice: 'required',
      },
      enqueueLimits: { enqueuedTokenLimit: 3_000_000 },
    });
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(config).toMatchObject({
      kind: 'gemini',
      endpoint: 'generateContent',
      params: {
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        tools: [{ functionDeclarations: [{ name: 'w' }] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY' } },
      },
      outputTokensMax: 600,
      answersPerRequest: 2,
      prices: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 1.25, asOf: '2026-10-07' },
      limits: { inputBytesMax: 2_000_000_000 },
      operation: { enqueueLimits: { enqueuedTokenLimit: 3_000_000 } },
    });
  });

  it('names the model as requests do, and bounds nothing that is not bounded', () => {
    expect(made({ model: ' models/gemini-2.5-pro ' })).toMatchObject({
      model: 'gemini-2.5-pro',
      outputTokensMax: null,
    });
    expect(made({ model: 'gemini-embedding-001', endpoint: 'embedContent' })).toMatchObject({
      outputTokensMax: 0,
      schemaRules: null,
    });
  });

  it.each<[object, RegExp]>([
    [{ model: ' models/ ' }, /a model name is needed/],
    [{ endpoint: 'images' }, /one of generateContent, embedContent/],
    [{ params: { contents: [] } }, /"contents" is the job's or the item's own/],
    [{ params: { temperature: 0 } }, /"temperature" belongs into "generationConfig"/],
    [
      { params: { generation_config: {} } },
      /"generation_config" is "generationConfig" in the REST form/,
    ],
    [{ params: { max_output_tokens: 9 } }, /"generationConfig": \{"maxOutputTokens"/],
    [{ params: { max_tokens: 9 } }, /"max_tokens" is "generationConfig": \{"maxOutputTokens"/],
    [{ params: { generationConfig: { max_output_tokens: 9 } } }, /snake case/],
    [{ params: { generationConfig: 7 } }, /no object/],
    [{ params: { tools: [{ type: 'web_search' }] } }, /"web_search", which Gemini does not have/],
    [{ params: { tool_choice: 'perhaps' } }, /auto, none, required/],
    [{ pollIntervalMs: -1 }, /pollIntervalMs .*not negative/],
    [{ enqueueLimits: { tokens: 3 } }, /enqueueLimits\.tokens .*no such setting/],
    [{ filesExpireAfterMs: 1 }, /live 48 hours/],
    [{ apiKey: 'AIza-secret' }, /belong to createGemini/],
  ])('is refused as %j, and says why without the value of a key', (settings, message) => {
    expect(() => made(settings)).toThrow(TypeError);
    expect(() => made(settings)).toThrow(message);
    expect(() => made(settings)).not.toThrow(/secret/);
  });
});

describe('names', () => {
  it.each([
    ['generateContent', 'generateContent'],
    ['batchGenerateContent', 'generateContent'],
    ['chat.completions', 'generateContent'],
    ['/v1beta/embedContent', 'embedContent'],
    ['embeddings', 'embedContent'],
    ['asyncBatchEmbedContent', 'embedContent'],
    ['/v1/embeddings', 'embedContent'],
    ['moderations', null],
    ['constructor', null],
  ])('of an endpoint: %s is %s', (text, endpoint) => {
    expect(parseEndpoint(text)).toBe(endpoint);
  });

  it.each([
    ['gemini-2.5-flash', true],
    ['models/gemini-2.5-flash-lite', true],
    ['gemini-2.5-flash-001', true],
    ['gemini-2.5-flash-preview-09-2025', true],
    ['gemini-embedding-001', true],
    ['gemini-9', false],
    ['gpt-4.1', false],
  ])('of a model: %s is known: %s', (model, isKnown) => {
    expect(isKnownModel(model)).toBe(isKnown);
  });
});
