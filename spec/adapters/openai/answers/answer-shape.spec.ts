import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerReaders } from '../../../../adapters/openai/answers/answer-bodies.ts';
import { readContent, readVerdict } from '../../../../adapters/openai/answers/answer-line.ts';
import { jsonLeaves } from '../../../../adapters/openai/answers/json-leaves.ts';
import {
  createUsualAnswers,
  type UsualAnswers,
} from '../../../../adapters/openai/answers/answer-shape.ts';
import { noSecrets, scrubContent } from '../../../../adapters/http/scrub.ts';
import { createOpenAIWire } from '../../../../adapters/openai/answers/wire.ts';
import type { JsonObject } from '../../../../lib/core/json/json.ts';

type TextEndpoint = 'responses' | 'chat.completions' | 'completions';
const nothing = (): void => undefined;

const words = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 3, arbitrary: fc.string() },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '"output_text"',
      '\\"',
      '\\',
      '{"type":"output_text","text":"',
      '"usage":{}',
      '\u2028',
      '"}]}',
      '\u0000',
      '',
      ' \n',
      '\u00a0\ufeff',
      '\u200b',
      '\u0001',
    ),
  },
);
const counts = fc.nat({ max: 2_000 });
const usage = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      input_tokens: counts,
      input_tokens_details: fc.record({ cached_tokens: counts }),
      output_tokens: counts,
      output_tokens_details: fc.record({ reasoning_tokens: counts }),
      total_tokens: counts,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      prompt_tokens: counts,
      completion_tokens: counts,
      prompt_tokens_details: fc.constant(null),
    }),
  },
  { weight: 1, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      input_tokens: fc.oneof(
        counts,
        fc.double({ min: 0, noNaN: true }),
        fc.constantFrom('7', null),
      ),
      prompt_tokens: counts,
    }),
  },
);
const part = fc.oneof(
  {
    weight: 30,
    arbitrary: words.map((text) => ({ type: 'output_text', annotations: [], logprobs: [], text })),
  },
  { weight: 1, arbitrary: words.map((text) => ({ text, type: 'output_text', annotations: [] })) },
  {
    weight: 1,
    arbitrary: words.map((text) => ({
      type: 'output_text',
      annotations: [{ type: 'url_citation', text }],
      text,
    })),
  },
  { weight: 1, arbitrary: words.map((refusal) => ({ type: 'refusal', refusal })) },
  { weight: 1, arbitrary: words.map((text) => ({ type: 'other', text })) },
);
const message = fc
  .tuple(
    fc.oneof({ weight: 6, arbitrary: fc.constant('msg') }, { weight: 1, arbitrary: words }),
    fc.oneof(
      { weight: 5, arbitrary: part.map((only) => [only]) },
      { weight: 1, arbitrary: fc.array(part, { minLength: 2, maxLength: 2 }) },
    ),
  )
  .map(([id, content]) => ({
    id,
    type: 'message',
    status: 'completed',
    content,
    role: 'assistant',
  }));
const reasoning = words.map((text) => ({
  type: 'reasoning',
  id: text,
  summary: [{ type: 'summary_text', text }],
}));
const rarely = <A>(usual: A, rare: fc.Arbitrary<A>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: rare });

const bodies: Readonly<Record<TextEndpoint, fc.Arbitrary<JsonObject>>> = {
  responses: fc.record({
    id: words,
    created_at: counts,
    status: rarely('completed', fc.constantFrom('incomplete', 'failed')),
    error: fc.constant(null),
    output: fc.oneof(
      { weight: 6, arbitrary: message.map((only) => [only]) },
      { weight: 2, arbitrary: fc.tuple(reasoning, message) },
      { weight: 1, arbitrary: fc.array(fc.oneof(message, reasoning), { maxLength: 2 }) },
    ),
    metadata: rarely(
      {},
      fc.dictionary(fc.constantFrom('text', 'usage', 'a.b', '__proto__'), words),
    ),
    instructions: rarely<string | null>(null, words),
    usage,
  }) as fc.Arbitrary<JsonObject>,
  'chat.completions': fc.record({
    id: words,
    created: counts,
    choices: fc.array(
      fc.record({
        index: fc.constant(0),
        message: fc.record({
          role: fc.constant('assistant'),
          content: rarely<string | null>('so', words),
          refusal: rarely<string | null>(null, words),
          tool_calls: rarely<object[] | null>(
            null,
            fc.constantFrom([], [{}], [{ id: 'c', function: { name: 'f', arguments: '{}' } }]),
          ),
          reasoning_content: rarely('hm', words),
        }),
        logprobs: rarely<object | null>(
          null,
          fc.constantFrom({ content: [] }, { content: [{ token: 'c' }] }),
        ),
        finish_reason: rarely(
          'stop',
          fc.constantFrom('length', 'content_filter', 'model_length', 'tea_break', '', 'STOP'),
        ),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    usage,
    system_fingerprint: fc.constantFrom(
      'fp_1',
      'fp_2',
      'fp_3',
      'fp_4',
      'fp_5',
      'fp_6',
      'fp_7',
      'fp_8',
      null,
    ),
  }) as fc.Arbitrary<JsonObject>,
  completions: fc.record({
    id: words,
    choices: fc.array(
      fc.record({ text: words, finish_reason: rarely('stop', fc.constant('length')) }),
      { minLength: 1, maxLength: 1 },
    ),
    usage,
  }) as fc.Arbitrary<JsonObject>,
};

const lineOf = (endpoint: TextEndpoint): fc.Arbitrary<string> =>
  fc
    .record({
      custom_id: fc.oneof(words, fc.constant('row-1')),
      status: rarely(200, fc.constantFrom(400, 0, 500)),
      body: bodies[endpoint],
    })
    .map(({ custom_id, status, body }) =>
      JSON.stringify({
        id: 'batch_req',
        custom_id,
        response: { status_code: status, request_id: 'r', body },
        error: null,
      }),
    );

/** As a broken transfer or a broken service would leave it. */
const damaged = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      line,
      line,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom('cut', 'drop', 'put', 'double', 'splice', 'space'),
    )
    .chain(([text, other, place, how]) => {
      const at = Math.floor(place * text.length);
      return fc
        .constantFrom('"', '\\', '{', '}', '0', '01', '-', '.5', 'e9', ',', '\t', 'null')
        .map((put) => {
          switch (how) {
            case 'cut':
              return text.slice(0, at);
            case 'drop':
              return text.slice(0, at) + text.slice(at + 1);
            case 'put':
              return text.slice(0, at) + put + text.slice(at);
            case 'double':
              return text.replace('"custom_id":', '"custom_id":"other","custom_id":');
            case 'splice':
              return text.slice(0, at) + other.slice(Math.floor(place * other.length));
            case 'space':
              return text.replaceAll('":', '": ');
          }
        });
    });

const endpoints = Object.keys(bodies) as TextEndpoint[];

describe('usual answers, read without parsing whole lines', () => {
  it.each(endpoints)(
    'say of every line what the whole parse says, whatever was learned before: %s',
    (endpoint) => {
      const reader = answerReaders[endpoint];
      const line = lineOf(endpoint);
      let [read, lines] = [0, 0];
      fc.assert(
        fc.property(
          fc.array(
            fc.oneof({ weight: 3, arbitrary: line }, { weight: 1, arbitrary: damaged(line) }),
            { maxLength: 12 },
          ),
          (given) => {
            const usual = createUsualAnswers(reader);
            const wire = createOpenAIWire({ model: 'm', endpoint, params: {} });
            for (const each of [...given, ...given]) {
              if (usual.read(each) === null) readVerdict(each, reader, usual.learn);
              else read += 1;
              expect(wire.readVerdict(each)).toEqual(readVerdict(each, reader, nothing));
              expect(wire.readContent(each)).toEqual(
                scrubContent(readContent(each, reader, nothing), noSecrets),
              );
              lines += 1;
            }
          },
        ),
        { numRuns: 600 },
      );
      expect(lines).toBeGreaterThan(1_000);
      expect(read / lines).toBeGreaterThan(0.1);
    },
  );

  const answer = (text: string, output_tokens = 2, customId = 'row-1'): string =>
    JSON.stringify({
      id: `batch_req_${customId}`,
      custom_id: customId,
      response: {
        status_code: 200,
        body: {
          status: 'completed',
          output: [{ type: 'message', content: [{ type: 'output_text', text }] }],
          usage: { input_tokens: 1, output_tokens },
        },
      },
      error: null,
    });
  const taught = (line: string): UsualAnswers => {
    const usual = createUsualAnswers(answerReaders.responses);
    readVerdict(line, answerReaders.responses, usual.learn);
    return usual;
  };

  it('are known by one example', () => {
    const usual = taught(answer('one'));
    const other = answer('so "it" is \\ {}', 77, 'row-2');
    expect(usual.read(other)).toEqual({
      customId: 'row-2',
      quotedWords: JSON.stringify('so "it" is \\ {}'),
      finishReason: 'completed',
      usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 77, reasoningTokens: 0 },
    });
  });

  it('are not what has another status, a cut number, a raw control character, a wrong escape, or more behind it', () => {
    const usual = taught(answer('one'));
    const wrong: readonly [string, string][] = [
      ['"status":"completed"', '"status":"failed"'],
      ['"status_code":200', '"status_code":429'],
      ['"input_tokens":1', '"input_tokens":'],
      ['"input_tokens":1', '"input_tokens":01'],
      ['"input_tokens":1', '"input_tokens":1.5'],
      ['"one"', '"o\tne"'],
      ['"one"', '"o\\xne"'],
      ['"one"', '"o\\u12"'],
      ['"one"', '"one'],
      ['"error":null}', '"error":null}}'],
      ['"error":null}', '"error":null} '],
    ];
    for (const [from, to] of wrong) {
      const line = answer('one').replace(from, to);
      expect(line).not.toBe(answer('one'));
      expect(usual.read(line), line).toBeNull();
    }
    expect(usual.read(answer('one'))).not.toBeNull();
  });

  it('are not learned where nothing repeats, nor from lines that are long', () => {
    const usual = createUsualAnswers(answerReaders.responses);
    for (let i = 0; i < 5; i += 1)
      readVerdict(
        answer('one').replace('"status_code"', `"x${i}":1,"status_code"`),
        answerReaders.responses,
        usual.learn,
      );
    expect(
      usual.read(answer('one').replace('"status_code"', '"x3":1,"status_code"')),
    ).not.toBeNull();
    expect(usual.read(answer('one').replace('"status_code"', '"x4":1,"status_code"'))).toBeNull();
    expect(taught(answer('x'.repeat(70_000))).read(answer('one'))).toBeNull();
    // What is read may be longer, up to a bound.
    expect(taught(answer('one')).read(answer('x'.repeat(900_000)))?.quotedWords).toHaveLength(
      900_002,
    );
    expect(taught(answer('one')).read(answer('"\n'.repeat(200_000)))?.quotedWords).toHaveLength(
      800_002,
    );
    expect(taught(answer('one')).read(answer('x'.repeat(2_000_000)))).toBeNull();
  });

  it('are not learned from lines that would make a pattern of thousands of gaps, and reading those lines is no slower and never throws', () => {
    const odd = (output: unknown, extra: object): string =>
      answer('one')
        .replace('"output":[', `"output":${JSON.stringify(output).slice(0, -1)},`)
        .replace('"input_tokens":1', `"input_tokens":1,"x":${JSON.stringify(extra)}`);
    const reasonings = Array.from({ length: 3_000 }, (_, i) => ({ type: 'reasoning', id: `${i}` }));
    const lines = [
      odd(
        [{}],
        Array.from({ length: 4_100 }, () => 1),
      ),
      odd(reasonings.slice(0, 1_500), []),
      odd([{}], { ['k'.repeat(32_000)]: Array.from({ length: 10_000 }, () => 1) }),
    ];
    for (const line of lines) {
      const wire = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
      for (let i = 0; i < 3; i += 1) {
        expect(wire.readVerdict(line)).toEqual(readVerdict(line, answerReaders.responses, nothing));
        expect(wire.readContent(line)).toEqual(readContent(line, answerReaders.responses, nothing));
      }
    }
  });

  it('are one shape of all the machines, costs and thoughts of a batch', () => {
    const chatLine = (i: number): string =>
      JSON.stringify({
        id: `batch_req_${i}`,
        custom_id: `row-${i}`,
        response: {
          status_code: 200,
          request_id: `r-${i}`,
          body: {
            id: `chatcmpl-${i}`,
            created: 1787150442 + i,
            choices: [
              {
                index: 0,
                message: {
                  role: 'assistant',
                  content: `text ${i}`,
                  refusal: null,
                  reasoning_content: 'hm '.repeat(i),
                },
                seed: i * 77,
                finish_reason: 'stop',
              },
            ],
            usage: {
              prompt_tokens: i,
              completion_tokens: 2,
              total_time: i / 7,
              cost: i === 3 ? 1e-7 : i / 1000,
            },
            x_groq: { id: `req_${i}` },
            system_fingerprint: `fp_${i % 8}`,
          },
        },
        error: null,
      });
    const reader = answerReaders['chat.completions'];
    const usual = createUsualAnswers(reader);
    readVerdict(chatLine(1), reader, usual.learn);
    for (let i = 2; i < 50; i += 1)
      expect(usual.read(chatLine(i))).toMatchObject({
        customId: `row-${i}`,
        quotedWords: `"text ${i}"`,
        usage: { inputTokens: i },
      });
    // What decides is no gap.
    expect(usual.read(chatLine(2).replace('"stop"', '"length"'))).toBeNull();
    expect(usual.read(chatLine(2).replace('"refusal":null', '"refusal":"no"'))).toBeNull();
    expect(usual.read(chatLine(2).replace('"prompt_tokens":2', '"prompt_tokens":2.5'))).toBeNull();
  });

  it('are none without text to be seen: the whole parse says that they are empty', () => {
    for (const text of [
      '',
      ' ',
      '\n\t',
      '\u00a0',
      '\u2028 \ufeff',
      '\u200b',
      '\u0000',
      ' \u2060\u0007',
    ]) {
      const wire = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
      wire.readVerdict(answer('one'));
      expect(wire.readVerdict(answer(text)), JSON.stringify(text)).toMatchObject({
        type: 'failed',
        failureClass: 'empty_output',
      });
      expect(wire.readContent(answer(text)).error).not.toBeNull();
    }
    expect(taught(answer('one')).read(answer('\n so'))).not.toBeNull();
  });

  it('are asked first by the provider', () => {
    const wire = createOpenAIWire({ model: 'm', endpoint: 'responses', params: {} });
    for (const text of ['one', 'two']) {
      expect(wire.readVerdict(answer(text))).toMatchObject({
        type: 'succeeded',
        customId: 'row-1',
      });
      expect(wire.readContent(answer(text))).toMatchObject({
        outputText: text,
        output: text,
        error: null,
      });
    }
  });
});

describe('the leaves of a JSON text', () => {
  it('are the strings and numbers of the parsed value, each where it stands', () => {
    let leafCount = 0;
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false } as fc.JsonSharedConstraints), (text) => {
        const leaves = jsonLeaves(text);
        for (const { path, kind, from, to } of leaves ?? []) {
          const value = JSON.parse(text.slice(from, to)) as unknown;
          expect(typeof value).toBe(kind);
          expect(path === '' ? JSON.parse(text) : at(JSON.parse(text), path.split('.'))).toEqual(
            value,
          );
          leafCount += 1;
        }
      }),
      { numRuns: 250 },
    );
    expect(leafCount).toBeGreaterThan(100);
  });

  it('are none where a key stands twice, has a dot, or lies too deep', () => {
    expect(jsonLeaves('{"a":1,"a":2}')).toBeNull();
    expect(jsonLeaves('{"a":{"x":1},"a":{"y":2}}')).toBeNull();
    expect(jsonLeaves('{"a.b":1}')).toBeNull();
    expect(jsonLeaves('{"\\u0061":1}')).toBeNull();
    expect(jsonLeaves('['.repeat(5_000) + ']'.repeat(5_000))).toBeNull();
    expect(jsonLeaves('{"a":[1,"b",{"c":-2.5e3}],"d":null}')?.map(({ path }) => path)).toEqual([
      'a.0',
      'a.1',
      'a.2.c',
    ]);
  });
});

const at = (value: unknown, keys: readonly string[]): unknown =>
  keys.reduce<unknown>((found, key) => (found as Readonly<Record<string, unknown>>)[key], value);
