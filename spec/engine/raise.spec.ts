import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OpenAIEndpoint } from '../../adapters/openai/index.ts';
import { createOpenAIWire } from '../../adapters/openai/answers/wire.ts';
import { isJsonObject, type JsonObject } from '../../lib/core/json/json.ts';
import { createFakeWire } from '../../lib/sim/fake-wire.ts';
import type { ProviderWire } from '../../lib/ports/provider.ts';
import { changedLines, raisingOf } from '../../lib/effects/submit/batch-lines.ts';
import { makeConfig } from '../support/core/config.ts';

const encoder = new TextEncoder();
/** Texts that resemble bounds, in every form that JSON allows. */
const trap = fc.constantFrom(
  '"max_output_tokens":300 ,',
  'max_output_tokens":300   }',
  '\\"max_output_tokens":300 ',
  '"max_tokens":7         ,"x":1',
  'ö\u2028\n"max_completion_tokens":1 }',
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  trap,
  fc.tuple(fc.string(), trap, fc.string()).map((parts) => parts.join('')),
);
const prompts = fc.oneof(
  text,
  fc.record({ prompt: text, systemPrompt: text }),
  fc.record({
    body: fc.record({
      input: text,
      messages: fc.constant([]),
      user: text,
      max_output_tokens: fc.integer({ min: 1, max: 9_999 }),
    }),
  }),
  fc.record({
    body: fc.record({
      metadata: fc.dictionary(fc.constantFrom('max_output_tokens', 'max_tokens', 'x'), fc.nat()),
      note: text,
    }),
  }),
);
const wires: readonly (readonly [string, (params: JsonObject) => ProviderWire, string])[] = [
  ...(
    [
      ['responses', 'max_output_tokens'],
      ['chat.completions', 'max_completion_tokens'],
      ['chat.completions', 'max_tokens'],
      ['completions', 'max_tokens'],
    ] as readonly (readonly [OpenAIEndpoint, string])[]
  ).map(
    ([endpoint, key]) =>
      [
        `${endpoint} with ${key}`,
        (params: JsonObject) => createOpenAIWire({ model: 'm', endpoint, params }),
        key,
      ] as const,
  ),
  [
    'the fake',
    (params) => createFakeWire({ model: 'm', endpoint: 'responses', params }),
    'max_output_tokens',
  ],
];

const bodyOf = (line: string): JsonObject => {
  const parsed: unknown = JSON.parse(line);
  const body = isJsonObject(parsed) ? parsed['body'] : null;
  if (!isJsonObject(body)) throw new Error(`no body in ${line}`);
  return body;
};

async function* cut(bytes: Uint8Array, at: readonly number[]): AsyncGenerator<Uint8Array> {
  const cuts = [...new Set([0, ...at.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (let i = 1; i < cuts.length; i += 1)
    yield await Promise.resolve(bytes.subarray(cuts[i - 1], cuts[i]));
}

describe.each(wires)('lines of %s that are asked again', (_, wireOf, key) => {
  it('differ from the first ones in the bound of their answers alone, and are as long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(prompts, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 401, max: 999_999_999 }),
        fc.array(fc.nat(4_000), { maxLength: 8 }),
        async (given, bound, raised, cuts) => {
          const wire = wireOf({ temperature: 0, [key]: bound });
          const plain = wire.renderer({
            jsonSchema: null,
            schemaName: null,
            raisedOutputTokensMax: null,
          });
          const roomy = wire.renderer({
            jsonSchema: null,
            schemaName: null,
            raisedOutputTokensMax: raised,
          });
          const lines = given.flatMap((prompt, i) => {
            const [first, again] = [plain(`row-${i}`, prompt), roomy(`row-${i}`, prompt)];
            expect('reason' in first).toBe('reason' in again);
            return 'line' in first && 'line' in again
              ? [{ first: bodyOf(first.line), again: again.line }]
              : [];
          });
          for (const { first, again } of lines) expect(bodyOf(again)).toEqual(first);
          const raise = raisingOf(wire, makeConfig({ retry: { raisedOutputTokensMax: raised } }));
          if (raise === null) throw new Error('the wire raises nothing');
          const bytes = encoder.encode(lines.map(({ again }) => again).join(''));
          const pieces: Uint8Array[] = [];
          for await (const piece of changedLines(cut(bytes, cuts), raise)) pieces.push(piece);
          const sent = Buffer.concat(pieces);
          expect(sent.length).toBe(bytes.length);
          const sentBodies = sent.toString('utf8').split('\n').slice(0, -1).map(bodyOf);
          expect(sentBodies).toEqual(
            lines.map(({ first }) => {
              const own = first[key];
              return typeof own === 'number' ? { ...first, [key]: Math.max(own, raised) } : first;
            }),
          );
        },
      ),
    );
  });
});

describe('lines that were rendered without padding', () => {
  it('stay as they are', () => {
    const wire = createOpenAIWire({
      model: 'm',
      endpoint: 'responses',
      params: { max_output_tokens: 5 },
    });
    const line = wire.renderer({ jsonSchema: null, schemaName: null, raisedOutputTokensMax: null })(
      'row-0',
      '"max_output_tokens":300 }',
    );
    if (!('line' in line)) throw new Error('no line');
    expect(wire.raiseOutputTokens?.(line.line, 900)).toBe(line.line);
  });
});
