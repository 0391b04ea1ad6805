import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  geminiEndpoints,
  type GeminiEndpoint,
} from '../../../../adapters/gemini/config/endpoints.ts';
import { createGeminiWire } from '../../../../adapters/gemini/answers/wire.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';

interface Options {
  readonly params?: JsonObject;
  readonly jsonSchema?: JsonObject | null;
  readonly raisedOutputTokensMax?: number | null;
}
const renderedBy = (
  endpoint: GeminiEndpoint,
  prompt: unknown,
  { params = {}, jsonSchema = null, raisedOutputTokensMax = null }: Options = {},
  key = 'row-1',
) =>
  createGeminiWire({ model: 'gemini-2.5-flash', endpoint, params }).renderer({
    jsonSchema,
    schemaName: null,
    raisedOutputTokensMax,
  })(key, prompt);

/** The line for a prompt that has one. */
const lineOf = (endpoint: GeminiEndpoint, prompt: unknown, options?: Options): string => {
  const rendered = renderedBy(endpoint, prompt, options);
  if ('reason' in rendered) throw new Error(rendered.reason);
  return rendered.line;
};
const requestOf = (endpoint: GeminiEndpoint, prompt: unknown, options?: Options): unknown =>
  (JSON.parse(lineOf(endpoint, prompt, options)) as { readonly request: unknown }).request;

const said = (text: string, role = 'user') => ({ role, parts: [{ text }] });
const generate = 'generateContent';

describe('a request line', () => {
  it.each<[string, GeminiEndpoint, unknown, JsonObject]>([
    ['a text', generate, 'Hi', { contents: [said('Hi')] }],
    [
      'a system prompt',
      generate,
      { prompt: 'Hi', systemPrompt: 'Be brief' },
      { systemInstruction: { parts: [{ text: 'Be brief' }] }, contents: [said('Hi')] },
    ],
    ['turns of its own', generate, { contents: [said('Hi')] }, { contents: [said('Hi')] }],
    [
      'a conversation',
      generate,
      {
        messages: [
          { role: 'system', content: 'S' },
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content: 'Yes?' },
          { role: 'user', content: ['one', { type: 'text', text: 'two' }] },
        ],
      },
      {
        contents: [
          said('Hi'),
          said('Yes?', 'model'),
          { role: 'user', parts: [{ text: 'one' }, { text: 'two' }] },
        ],
        systemInstruction: { parts: [{ text: 'S' }] },
      },
    ],
    [
      'pictures, sound and files',
      generate,
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
              { type: 'input_image', image_url: 'https://example.com/a.jpg' },
              { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } },
              { type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=' } },
              { type: 'input_file', file_id: 'files/abc', mime_type: 'text/plain' },
              { inlineData: { mimeType: 'image/webp', data: 'UklG' } },
            ],
          },
        ],
      },
      {
        contents: [
          {
            role: 'user',
            parts: [
              { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } },
              { fileData: { fileUri: 'https://example.com/a.jpg' } },
              { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
              { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0=' } },
              { fileData: { fileUri: 'files/abc', mimeType: 'text/plain' } },
              { inlineData: { mimeType: 'image/webp', data: 'UklG' } },
            ],
          },
        ],
      },
    ],
    [
      'calls and their answers',
      generate,
      {
        messages: [
          { role: 'user', content: 'Weather?' },
          {
            role: 'assistant',
            content: null,
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'w', arguments: '{"city":"Rome"}' } },
              { id: 'b', type: 'function', function: { name: 'w', arguments: '{"city":"Oslo"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'a', content: '{"c":20}' },
          { role: 'tool', tool_call_id: 'b', content: 'cold' },
        ],
      },
      {
        contents: [
          said('Weather?'),
          {
            role: 'model',
            parts: [
              { functionCall: { id: 'a', name: 'w', args: { city: 'Rome' } } },
              { functionCall: { id: 'b', name: 'w', args: { city: 'Oslo' } } },
            ],
          },
          {
            role: 'user',
            parts: [
              { functionResponse: { id: 'a', name: 'w', response: { c: 20 } } },
              { functionResponse: { id: 'b', name: 'w', response: { output: 'cold' } } },
            ],
          },
        ],
      },
    ],
    [
      'a body',
      generate,
      { body: { contents: [said('Hi')], systemInstruction: 'S', safetySettings: [] } },
      {
        contents: [said('Hi')],
        systemInstruction: { parts: [{ text: 'S' }] },
        safetySettings: [],
      },
    ],
    ['a text to embed', 'embedContent', 'Hi', { content: { parts: [{ text: 'Hi' }] } }],
    [
      'a body to embed',
      'embedContent',
      { body: { content: { parts: [{ text: 'Hi' }] }, taskType: 'RETRIEVAL_QUERY' } },
      { content: { parts: [{ text: 'Hi' }] }, taskType: 'RETRIEVAL_QUERY' },
    ],
  ])('carries %s to %s', (_name, endpoint, prompt, request) => {
    expect(requestOf(endpoint, prompt)).toEqual(request);
  });

  it('is one line of JSON with the key and the words as they were, whatever they are', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('\u2028', '\u2029', '\n', '\r', '"', '\\', '\ud800', '👩‍👧', '\0'),
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...geminiEndpoints),
        anyText,
        fc.option(anyText),
        (endpoint, prompt, systemPrompt) => {
          const withSystem = endpoint === generate && systemPrompt !== null;
          const line = lineOf(endpoint, withSystem ? { prompt, systemPrompt } : prompt, {
            params: endpoint === generate ? { systemInstruction: { parts: [{ text: 'P' }] } } : {},
          });
          expect(line.match(/[\n\r\u2028\u2029]/gu)).toEqual(['\n']);
          const { key, request } = JSON.parse(line) as {
            readonly key: string;
            readonly request: Readonly<Record<string, unknown>>;
          };
          expect(key).toBe('row-1');
          expect(JSON.stringify(request)).toContain(JSON.stringify(prompt));
          if (withSystem)
            expect(request['systemInstruction']).toEqual({ parts: [{ text: systemPrompt }] });
        },
      ),
    );
  });

  it('keeps parameters of the job, and lets a body change single fields of generationConfig', () => {
    const params = { generationConfig: { temperature: 0, seed: 1 }, safetySettings: [] };
    const own = { body: { contents: [said('Hi')], generationConfig: { temperature: 1 } } };
    expect(requestOf(generate, 'Hi', { params })).toMatchObject(params);
    expect(requestOf(generate, own, { params })).toMatchObject({
      generationConfig: { temperature: 1, seed: 1 },
      safetySettings: [],
    });
  });

  it('asks for the schema in generationConfig, with a constant as an enum of one', () => {
    const jsonSchema = {
      type: 'object',
      properties: { kind: { type: 'string', const: 'a' }, const: { type: 'number' } },
      required: ['kind', 'const'],
      additionalProperties: false,
      $defs: { n: { anyOf: [{ type: 'integer', const: 2 }, { type: 'null' }] } },
    };
    const config = {
      temperature: 0,
      responseMimeType: 'application/json',
      responseJsonSchema: {
        ...jsonSchema,
        properties: { kind: { type: 'string', enum: ['a'] }, const: { type: 'number' } },
        $defs: { n: { anyOf: [{ type: 'integer', enum: [2] }, { type: 'null' }] } },
      },
    };
    const params = { generationConfig: { temperature: 0, responseSchema: { type: 'STRING' } } };
    for (const prompt of ['Hi', { contents: [said('Hi')] }])
      expect(requestOf(generate, prompt, { params, jsonSchema })).toEqual({
        contents: [said('Hi')],
        generationConfig: config,
      });
    expect(renderedBy('embedContent', 'Hi', { jsonSchema })).toHaveProperty('reason');
  });

  it('has a body of text letter by letter, in either spelling, with what the job adds behind it', () => {
    const body =
      '{"contents": [{"parts":[{"text":"Hi"}]}],  "generation_config":{"temperature":0.70}}';
    expect(lineOf(generate, { bodyText: body })).toBe(`{"key":"row-1","request":${body}}\n`);
    const params = { generationConfig: { topK: 3 }, safetySettings: [] };
    expect(lineOf(generate, { bodyText: body }, { params })).toBe(
      '{"key":"row-1","request":{"contents": [{"parts":[{"text":"Hi"}]}],"generationConfig":{"topK":3,"temperature":0.7},"safetySettings":[]}}\n',
    );
    const named = (model: string) =>
      renderedBy(generate, { bodyText: `{"model":"${model}","contents":[]}` });
    expect(named('models/gemini-2.5-flash')).toHaveProperty('line');
    expect(named('gemini-3')).toEqual({
      reason: 'its model is "gemini-3", but the run\'s is "gemini-2.5-flash"',
    });
    expect(renderedBy(generate, { bodyText: '{"content":{}}' })).toEqual({
      reason: '"bodyText" holds no "contents"',
    });
  });

  it('bounds its answer by either spelling, which can be raised', () => {
    const bodyText = '{"generation_config":{"max_output_tokens":40,"top_k":2.0},"contents":[]}';
    const prompt = { bodyText };
    expect(renderedBy(generate, prompt)).toMatchObject({ outputTokensMax: 40 });
    const line = lineOf(generate, prompt, { raisedOutputTokensMax: 900 });
    expect(line).toMatch(
      /^\{"key":"row-1","request":\{"contents":\[\],"generationConfig":\{"topK":2,"maxOutputTokens":40 +\}\}\}\n$/u,
    );
  });

  it('has messages of text in the spelling of the API', () => {
    const messagesText = '[{"role":"user","content":"Hi"}]';
    expect(requestOf(generate, { messagesText })).toEqual({ contents: [said('Hi')] });
  });

  it('can have its output bound raised without becoming longer, and only that', () => {
    const wire = createGeminiWire({ model: 'gemini-2.5-flash', endpoint: generate, params: {} });
    const text = 'say "maxOutputTokens":7   } and more';
    const params = { generationConfig: { maxOutputTokens: 500, temperature: 0 } };
    for (const prompt of [text, { contents: [said(text)] }]) {
      const line = lineOf(generate, prompt, { params, raisedOutputTokensMax: 9_000 });
      const raised = wire.raiseOutputTokens?.(line, 9_000) ?? '';
      expect(raised).toHaveLength(line.length);
      expect(JSON.parse(raised)).toEqual({
        key: 'row-1',
        request: {
          contents: [said(text)],
          generationConfig: { maxOutputTokens: 9_000, temperature: 0 },
        },
      });
      expect(wire.raiseOutputTokens?.(raised, 600)).toBe(raised);
    }
  });

  it('says how long the answer to a body of its own may be, of all candidates', () => {
    const body = (generationConfig: JsonObject) => ({
      body: { contents: [said('Hi')], generationConfig },
    });
    const params = { generationConfig: { maxOutputTokens: 100 } };
    const boundOf = (prompt: unknown) => {
      const rendered = renderedBy(generate, prompt, { params });
      return 'line' in rendered ? rendered.outputTokensMax : rendered.reason;
    };
    expect(boundOf('Hi')).toBeUndefined();
    expect(boundOf(body({ temperature: 1 }))).toBeUndefined();
    expect(boundOf(body({ candidateCount: 3 }))).toBe(300);
    expect(boundOf(body({ maxOutputTokens: 20, candidateCount: 2 }))).toBe(40);
  });

  it.each<[string, GeminiEndpoint, unknown]>([
    ['a prompt of type number', generate, 7],
    ['nothing', generate, null],
    ['two forms', generate, { prompt: 'Hi', contents: [said('Hi')] }],
    ['"temperature"', generate, { prompt: 'Hi', temperature: 1 }],
    ['a system prompt to embed', 'embedContent', { prompt: 'Hi', systemPrompt: 'S' }],
    ['no turns', generate, { contents: [] }],
    ['turns without parts', generate, { contents: [{ role: 'user', parts: [] }] }],
    [
      'a conversation of the system alone',
      generate,
      { messages: [{ role: 'system', content: 'S' }] },
    ],
    ['a role that there is not', generate, { messages: [{ role: 'critic', content: 'S' }] }],
    ['a turn without content', generate, { messages: [{ role: 'user' }] }],
    ['a part of no type', generate, { messages: [{ role: 'user', content: [{ url: 'x' }] }] }],
    [
      'a picture without an address',
      generate,
      { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
    ],
    [
      'data that is not base64',
      generate,
      { messages: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:,x' }] }] },
    ],
    [
      'an answer to no call',
      generate,
      { messages: [{ role: 'tool', tool_call_id: 'x', content: '' }] },
    ],
    [
      'arguments that are no JSON',
      generate,
      {
        messages: [
          { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{' } }] },
        ],
      },
    ],
    ['a model of its own', generate, { body: { model: 'm', contents: [said('Hi')] } }],
    ['a body without contents', generate, { body: { generationConfig: {} } }],
    ['a body in snake case', generate, { body: { contents: [said('Hi')], generation_config: {} } }],
    ['a field beside its object', generate, { body: { contents: [said('Hi')], temperature: 1 } }],
    [
      'a tool of another service',
      generate,
      {
        body: { contents: [said('Hi')], tools: [{ type: 'web_search' }] },
      },
    ],
    ['a body to embed without content', 'embedContent', { body: { taskType: 'X' } }],
  ])('refuses %s with a reason', (_name, endpoint, prompt) => {
    const rendered = renderedBy(endpoint, prompt);
    expect(rendered).toHaveProperty('reason');
    expect('reason' in rendered && rendered.reason.length).toBeGreaterThan(10);
  });

  it('refuses what cannot be written, whatever it is, and never throws', () => {
    const circle: Record<string, unknown> = { parts: [{ text: 'Hi' }] };
    circle['self'] = circle;
    expect(renderedBy(generate, { contents: [circle] })).toHaveProperty('reason');
    fc.assert(
      fc.property(fc.constantFrom(...geminiEndpoints), fc.anything(), (endpoint, prompt) => {
        const rendered = renderedBy(endpoint, prompt);
        if ('line' in rendered) expect(JSON.parse(rendered.line)).toHaveProperty('key', 'row-1');
      }),
    );
  });
});

describe('tools', () => {
  const parameters = { type: 'object', properties: { city: { type: 'string' } } };
  const declaration = { name: 'w', description: 'Weather', parametersJsonSchema: parameters };
  const bodyWith = (more: JsonObject) =>
    requestOf(generate, { body: { contents: [said('Hi')], ...more } });

  it.each<[string, JsonObject]>([
    [
      'chat completions',
      {
        type: 'function',
        function: { name: 'w', description: 'Weather', parameters, strict: true },
      },
    ],
    ['responses', { type: 'function', name: 'w', description: 'Weather', parameters }],
  ])('of %s become declarations', (_name, tool) => {
    const own = { googleSearch: {} };
    expect(bodyWith({ tools: [tool, own] })).toMatchObject({
      tools: [{ functionDeclarations: [declaration] }, own],
    });
  });

  it.each<[unknown, JsonObject]>([
    ['auto', { mode: 'AUTO' }],
    ['none', { mode: 'NONE' }],
    ['required', { mode: 'ANY' }],
    [
      { type: 'function', function: { name: 'w' } },
      { mode: 'ANY', allowedFunctionNames: ['w'] },
    ],
  ])('are chosen by %j', (choice, functionCallingConfig) => {
    expect(bodyWith({ tool_choice: choice as JsonObject })).toMatchObject({
      toolConfig: { functionCallingConfig },
    });
  });
});
