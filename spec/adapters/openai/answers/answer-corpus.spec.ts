import { describe, expect, it } from 'vitest';
import {
  openaiEndpoints,
  type OpenAIEndpoint,
} from '../../../../adapters/openai/config/endpoints.ts';
import { createOpenAIWire } from '../../../../adapters/openai/answers/wire.ts';
import { isFailureClass } from '../../../../lib/core/values/failure.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../lib/core/json/json.ts';
import { structureOfJsonSchema } from '../../../../lib/schema/structure.ts';
import { readTexts, textsIn } from '../../../../lib/schema/read-texts.ts';
import { defaultSchemaCompiler } from '../../../../lib/run/api/defaults.ts';
import type { Case, Reads } from './corpus/case.ts';
import { corpus } from './corpus/table.ts';

const lineOf = (body: JsonObject, customId = 'row-1'): string =>
  JSON.stringify({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response: { status_code: 200, request_id: '792c1a99-eabf-4ce2-82bf-f0256f7de7f1', body },
    error: null,
  });
const wireOf = (endpoint: OpenAIEndpoint) => createOpenAIWire({ model: 'm', endpoint, params: {} });
const label = structureOfJsonSchema(
  {
    type: 'object',
    properties: { label: { type: 'string' } },
    required: ['label'],
    additionalProperties: false,
  },
  defaultSchemaCompiler,
).structure;

const cases = openaiEndpoints.flatMap((endpoint) =>
  corpus[endpoint].map(([name, ...rest]: Case) => [endpoint, name, ...rest] as const),
);
const structured = cases.filter(
  ([endpoint]) => endpoint === 'responses' || endpoint === 'chat.completions',
);

const outcomeOf = (endpoint: OpenAIEndpoint, line: string): Reads => {
  const wire = wireOf(endpoint);
  const verdict = wire.readVerdict(line);
  if (verdict.type === 'malformed') throw new Error('malformed');
  const {
    outputText,
    output,
    finishReason = null,
    toolCalls = null,
    error,
  } = wire.readContent(line);
  expect(error === null, 'both readings agree on whether it is an answer').toBe(
    verdict.type === 'succeeded',
  );
  return {
    as: verdict.type === 'succeeded' ? 'completed' : verdict.failureClass,
    text: outputText,
    ...(verdict.type === 'succeeded' && output !== outputText ? { output } : {}),
    finish: finishReason,
    ...(toolCalls === null ? {} : { calls: toolCalls }),
  };
};

describe('the corpus of answers', () => {
  it('holds every API, every way to end, and more than forty bodies', () => {
    expect(cases.length).toBeGreaterThanOrEqual(100);
    for (const endpoint of openaiEndpoints) expect(corpus[endpoint].length).toBeGreaterThan(3);
  });

  it.each(cases)('%s: %s', (endpoint, _name, body, { structured: _, ...expected }) => {
    expect(outcomeOf(endpoint, lineOf(body))).toEqual(expected);
  });

  it.each(structured)('under a schema, %s: %s', async (endpoint, _name, body, expected) => {
    const verdict = wireOf(endpoint).readVerdict(lineOf(body), 'text');
    const readAll = (texts: readonly (string | null)[]) =>
      Promise.all(texts.map(async (text) => label.read(text)));
    const judged = async (): Promise<JsonValue> => {
      if (verdict.type === 'malformed') return verdict.type;
      const otherwise =
        verdict.type === 'failed'
          ? verdict.failureClass
          : verdict.isCall === true
            ? 'tool_call'
            : null;
      if (verdict.type === 'failed' && verdict.texts === undefined) return otherwise;
      const [found] = await readTexts(readAll, [textsIn(verdict)]);
      return found?.reading.type === 'fits'
        ? found.reading.json
        : (otherwise ?? found?.reading.failureClass ?? null);
    };
    expect(await judged()).toEqual(expected.structured ?? expected.as);
  });

  it('reads a body the same whose status is a text or left out, and one that is itself a JSON text', () => {
    for (const [endpoint, name, body] of cases) {
      const read = (response: JsonObject) => {
        const line = JSON.stringify({ custom_id: 'row-1', response, error: null });
        return [wireOf(endpoint).readVerdict(line, 'text'), wireOf(endpoint).readContent(line)];
      };
      const usual = read({ status_code: 200, body });
      expect(read({ status_code: '200', body }), name).toEqual(usual);
      expect(read({ status_code: 200, body: JSON.stringify(body) }), name).toEqual(usual);
      if (!isJsonObject(body['error'])) expect(read({ body }), name).toEqual(usual);
    }
  });

  it('takes no body without a status for an answer where an error is reported', () => {
    const wire = wireOf('responses');
    const [, body] = corpus.responses[0] as Case;
    const error = { code: 'server_error', message: 'It failed.' };
    for (const line of [
      { response: { body }, error },
      { response: { body: { ...body, error } }, error: null },
      { response: { status_code: 0, body }, error: null },
      { response: { status_code: '500', body }, error: null },
      { response: { status_code: 'fine', body }, error: null },
    ])
      expect(wire.readVerdict(JSON.stringify({ custom_id: 'row-1', ...line }))).toMatchObject({
        failureClass: 'server_error',
      });
  });

  it('asks for more output only where an output limit is named as the end', () => {
    const truncated = cases.flatMap(([endpoint, name, body, { as, finish }]) => {
      const verdict = wireOf(endpoint).readVerdict(lineOf(body));
      return as === 'truncated' && verdict.type === 'failed'
        ? [{ name, finish, stopsBeforeLimit: verdict.stopsBeforeLimit ?? false }]
        : [];
    });
    const limits = ['length', 'max_tokens', 'max_output_tokens'];
    for (const { name, finish, stopsBeforeLimit } of truncated)
      expect(stopsBeforeLimit, name).toBe(!limits.includes(finish ?? ''));
    expect(new Set(truncated.map(({ finish }) => finish)).size).toBeGreaterThan(8);
  });

  it('completes nothing that has nothing in it', () => {
    for (const [endpoint, name, body] of cases) {
      const { as, text, output = text, calls } = outcomeOf(endpoint, lineOf(body));
      const isEmpty =
        output === null ||
        (typeof output === 'string' && output.trim() === '') ||
        JSON.stringify(output).length < 3;
      expect(as === 'completed' && isEmpty && calls === undefined, `${endpoint}: ${name}`).toBe(
        false,
      );
      if (as !== 'completed') expect(isFailureClass(as), name).toBe(true);
    }
  });

  it('reads the same after any other body of its API: what was learned of one passes no other', () => {
    let pairs = 0;
    for (const endpoint of openaiEndpoints) {
      const lines = corpus[endpoint].map(([, body], i) => lineOf(body, `row-${i}`));
      const alone = lines.map((line) => [
        wireOf(endpoint).readVerdict(line),
        wireOf(endpoint).readContent(line),
      ]);
      for (const first of lines) {
        const wire = wireOf(endpoint);
        wire.readVerdict(first);
        lines.forEach((line, i) => {
          expect([wire.readVerdict(line), wire.readContent(line)]).toEqual(alone[i]);
          pairs += 1;
        });
      }
    }
    expect(pairs).toBeGreaterThan(2_000);
  });

  it('gives the whole body where it is asked for, of answers and of failures', () => {
    for (const [endpoint, , body] of cases) {
      const wire = wireOf(endpoint);
      wire.readVerdict(lineOf(body));
      expect(wire.readContent(lineOf(body), 'response').response).toEqual(body);
      expect(wire.readContent(lineOf(body))).not.toHaveProperty('response');
    }
  });
});
