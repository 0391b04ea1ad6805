import { describe, expect, it } from 'vitest';
import { createGeminiWire } from '../../../../adapters/gemini/answers/wire.ts';
import type { GeminiEndpoint } from '../../../../adapters/gemini/config/endpoints.ts';
import type { JsonObject, JsonValue } from '../../../../lib/core/json/json.ts';
import { defaultSchemaCompiler } from '../../../../lib/run/api/defaults.ts';
import { readTexts, textsIn } from '../../../../lib/schema/read-texts.ts';
import { structureOfJsonSchema } from '../../../../lib/schema/structure.ts';
import { answers, type Case, embeddings, errors, type Reads } from './corpus.ts';

const lineOf = (line: JsonObject, key = 'row-1'): string => JSON.stringify({ key, ...line });
const wireOf = (endpoint: GeminiEndpoint) =>
  createGeminiWire({ model: 'gemini-2.5-flash', endpoint, params: {} });
const ofChat = (all: readonly Case[]) =>
  all.map(([name, ...rest]) => [name, 'generateContent' as GeminiEndpoint, ...rest] as const);
const cases = [
  ...ofChat([...answers, ...errors]),
  ...embeddings.map(
    ([name, ...rest]) => [name, 'embedContent' as GeminiEndpoint, ...rest] as const,
  ),
];
const label = structureOfJsonSchema(
  {
    type: 'object',
    properties: { label: { type: 'string' } },
    required: ['label'],
    additionalProperties: false,
  },
  defaultSchemaCompiler,
).structure;

const outcomeOf = (endpoint: GeminiEndpoint, line: string): Reads => {
  const wire = wireOf(endpoint);
  const verdict = wire.readVerdict(line);
  if (verdict.type === 'malformed') throw new Error('malformed');
  const content = wire.readContent(line);
  const { outputText, output, finishReason = null, toolCalls = null, error } = content;
  expect(error === null, 'both readings agree on whether it is an answer').toBe(
    verdict.type === 'succeeded',
  );
  expect(content.usage).toEqual(verdict.usage);
  if (error !== null) expect(error.message.length).toBeGreaterThan(3);
  return {
    as: verdict.type === 'succeeded' ? 'completed' : verdict.failureClass,
    text: outputText,
    ...(verdict.type === 'succeeded' && output !== outputText ? { output } : {}),
    finish: finishReason,
    ...(toolCalls === null ? {} : { calls: toolCalls }),
  };
};

describe('a line of answers', () => {
  it('is judged by a corpus with each code, each ending and both endpoints', () => {
    expect(answers.length).toBeGreaterThanOrEqual(45);
    expect(errors.length).toBeGreaterThanOrEqual(25);
  });

  it.each(cases)('is read for what it is: %s (%s)', (_name, endpoint, line, expected) => {
    const { structured: _, ...reads } = expected;
    expect(outcomeOf(endpoint, lineOf(line))).toEqual(reads);
  });

  it.each(ofChat(answers))(
    'is read under a schema: %s',
    async (_name, endpoint, line, expected) => {
      const verdict = wireOf(endpoint).readVerdict(lineOf(line), 'text');
      const readAll = (texts: readonly (string | null)[]) =>
        Promise.all(texts.map(async (text) => label.read(text)));
      const judged = async (): Promise<JsonValue> => {
        if (verdict.type === 'malformed') return verdict.type;
        if (verdict.type === 'failed') return verdict.failureClass;
        const [found] = await readTexts(readAll, [textsIn(verdict)]);
        return found?.reading.type === 'fits'
          ? found.reading.json
          : verdict.isCall === true
            ? 'tool_call'
            : (found?.reading.failureClass ?? null);
      };
      expect(await judged()).toEqual(expected.structured ?? expected.as);
    },
  );

  it('counts thoughts as output, tool prompts as input, and what is left out as none', () => {
    const usageOf = (usageMetadata: JsonObject) => {
      const response = { candidates: [], usageMetadata };
      const verdict = wireOf('generateContent').readVerdict(lineOf({ response }));
      return verdict.type === 'malformed' ? verdict.type : verdict.usage;
    };
    expect(
      usageOf({
        promptTokenCount: 100,
        cachedContentTokenCount: 60,
        candidatesTokenCount: 5,
        thoughtsTokenCount: 40,
        toolUsePromptTokenCount: 7,
        totalTokenCount: 152,
      }),
    ).toEqual({ inputTokens: 107, cachedInputTokens: 60, outputTokens: 45, reasoningTokens: 40 });
    expect(usageOf({ promptTokenCount: 13, totalTokenCount: 13 })).toEqual({
      inputTokens: 13,
      cachedInputTokens: 0,
      outputTokens: 0,
      reasoningTokens: 0,
    });
    for (const promptTokenCount of [-1, 1.5, '1e3', null, {}])
      expect(usageOf({ promptTokenCount })).toBeNull();
    expect(usageOf({ totalTokenCount: 5 })).toBeNull();
  });

  it('counts the tokens of an embedding wherever they stand', () => {
    const usageOf = (more: JsonObject) => {
      const response = { embedding: { values: [1] }, ...more };
      const verdict = wireOf('embedContent').readVerdict(lineOf({ response }));
      return verdict.type === 'malformed' ? verdict.type : (verdict.usage?.inputTokens ?? null);
    };
    expect(usageOf({ tokenCount: '3' })).toBe(3);
    expect(usageOf({ usageMetadata: { promptTokenCount: 4 } })).toBe(4);
    expect(usageOf({})).toBeNull();
  });

  it('asks for more output only where the output limit is named as the end', () => {
    const truncated = cases.flatMap(([name, endpoint, line, { as, finish }]) => {
      const verdict = wireOf(endpoint).readVerdict(lineOf(line));
      return as === 'truncated' && verdict.type === 'failed'
        ? [{ name, finish, stops: verdict.stopsBeforeLimit ?? false }]
        : [];
    });
    for (const { name, finish, stops } of truncated)
      expect(stops, name).toBe(finish !== 'MAX_TOKENS');
    expect(truncated.length).toBeGreaterThan(5);
  });

  it('gives the response as it came where it is asked for', () => {
    for (const [, endpoint, line] of cases) {
      const { readContent } = wireOf(endpoint);
      expect(readContent(lineOf(line), 'response').response).toEqual(line['response'] ?? null);
      expect(readContent(lineOf(line))).not.toHaveProperty('response');
    }
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"row-1"',
    '{"key":1,"response":{}}',
    '{"response":{"candidates":[]}}',
    '{"custom_id":"row-1","response":{}}',
  ])('is malformed as %j', (line) => {
    const wire = wireOf('generateContent');
    expect(wire.readVerdict(line)).toEqual({ type: 'malformed' });
    expect(wire.readContent(line, 'response')).toMatchObject({ output: null, response: null });
  });

  it('bears a mark at its head, and nesting without end', () => {
    const wire = wireOf('generateContent');
    const [, first] = answers[0] as Case;
    expect(wire.readVerdict(`\uFEFF${lineOf(first)}`)).toMatchObject({ type: 'succeeded' });
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    for (const line of [
      `{"key":"a","response":{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":${deep}}}}]},"finishReason":"STOP"}]}}`,
      `{"key":"a","error":{"code":3,"message":"No.","details":${deep}}}`,
      `{"key":"a","error":${deep}}`,
    ]) {
      expect(wire.readVerdict(line, 'text').type).toBe('failed');
      expect(JSON.stringify(wire.readContent(line, 'response')).length).toBeLessThan(1_000);
    }
  });
});
