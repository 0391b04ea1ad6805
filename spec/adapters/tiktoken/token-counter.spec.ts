import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byteBoundCounter,
  encodingOf,
  tiktokenCounter,
  type EncodingName,
} from '../../../adapters/tiktoken/index.ts';
import { segmentsOf } from '../../../adapters/tiktoken/segments.ts';

const { get_encoding: getEncoding } = createRequire(import.meta.url)(
  'tiktoken',
) as typeof import('tiktoken');
const references = {
  o200k_base: getEncoding('o200k_base'),
  cl100k_base: getEncoding('cl100k_base'),
};
const modelOf: Readonly<Record<EncodingName, string>> = {
  o200k_base: 'gpt-4.1-mini',
  cl100k_base: 'gpt-4',
};
const encodings = Object.keys(references) as readonly EncodingName[];
const counter = tiktokenCounter();

/** Plain text for the counter: never mistaken for a request line. */
const plain = fc.string({ unit: 'binary', maxLength: 60 }).filter((text) => !text.startsWith('{'));

describe.each(encodings)('counting %s', (encoding) => {
  const model = modelOf[encoding];
  const exact = (text: string): number => references[encoding].encode_ordinary(text).length;

  it('gives what tiktoken gives, on prose and code', () => {
    const text = readFileSync(fileURLToPath(import.meta.url), 'utf8');
    const parts = Array.from(
      { length: Math.floor(text.length / 97) },
      (_, index) => ` ${text.slice(index * 97, index * 97 + 97)}`,
    );
    expect(parts.length).toBeGreaterThan(20);
    for (const part of parts) expect(counter.count(part, model)).toBe(exact(part));
  });

  it.each([
    "I'll DON'T we'Re it'ſ",
    ' \n \r\n  x',
    '\u0085\u00a0\ufeff\u2028a',
    '1234567 ١٢٣',
    'Ǆungla ǅ ʼn',
    '<|endoftext|>',
    '日本語テキスト、漢字',
    'e\u0301\u0301\u0301',
    '👩‍👩‍👧 🏳️‍🌈',
    '',
  ])('gives what tiktoken gives on %j', (text) => {
    expect(counter.count(text, model)).toBe(exact(text));
  });

  it('loses no character of a text when cutting it into segments', () => {
    fc.assert(
      fc.property(plain, (text) => {
        expect(segmentsOf(text, encoding).join('')).toBe(text);
      }),
    );
  });

  it('is within a token of tiktoken, and never above the bytes, on any text', () => {
    fc.assert(
      fc.property(plain, (text) => {
        const tokens = counter.count(text, model);
        expect(Math.abs(tokens - exact(text))).toBeLessThanOrEqual(1);
        expect(tokens).toBeLessThanOrEqual(byteBoundCounter().count(text, model));
      }),
    );
  });
});

describe('a counter', () => {
  it('takes the byte bound where a segment is so long that tiktoken would take minutes', () => {
    // Tiktoken itself would say 12,500 and fewer.
    expect(counter.count('a'.repeat(100_000), 'gpt-4.1')).toBe(100_000);
    expect(counter.count(`${' '.repeat(100_000)}x`, 'gpt-4.1')).toBeGreaterThan(99_000);
  });

  it('forgets segments at its ceiling and still counts rightly', () => {
    const small = tiktokenCounter({ pieceCacheEntriesMax: 3 });
    const text = 'one two three four five six seven eight nine ten';
    for (let round = 0; round < 3; round += 1)
      expect(small.count(text, 'gpt-4.1')).toBe(counter.count(text, 'gpt-4.1'));
    expect(() => tiktokenCounter({ pieceCacheEntriesMax: 0 })).toThrow(RangeError);
  });

  it('loads tiktoken at the first count and not before', () => {
    const index = new URL('../../../adapters/tiktoken/index.ts', import.meta.url).href;
    const program = `const { createRequire } = await import('node:module');
      const { tiktokenCounter } = await import(${JSON.stringify(index)});
      const counter = tiktokenCounter();
      const loaded = () => Object.keys(createRequire(${JSON.stringify(index)}).cache).some((path) => path.includes('tiktoken_bg'));
      const before = loaded();
      const tokens = counter.count('hello world', 'gpt-4.1');
      console.log(JSON.stringify({ before, tokens, after: loaded() }));`;
    const tsx = fileURLToPath(new URL('../../../node_modules/tsx/dist/cli.mjs', import.meta.url));
    const out = execFileSync(process.execPath, [tsx, '--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(JSON.parse(out)).toEqual({ before: false, tokens: 2, after: true });
  });
});

describe('the tokens of a request line', () => {
  const line = (body: unknown): string =>
    JSON.stringify({ custom_id: 'row-1', method: 'POST', url: '/v1/responses', body });
  const tokens = (body: unknown): number => counter.count(line(body), 'gpt-4.1');
  const words = 'The quarterly report is late again.';
  const wordTokens = counter.count(words, 'gpt-4.1');

  it('are those of its words and a few for its frame', () => {
    for (const body of [
      { model: 'm', input: words },
      { model: 'm', messages: [{ role: 'user', content: words }] },
      { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: words }] }] },
      { model: 'm', prompt: words },
    ]) {
      expect(tokens(body)).toBe(wordTokens + 7);
    }
  });

  it('grow with instructions, tools and the schema of the answer', () => {
    const bare = tokens({ input: words });
    expect(tokens({ input: words, instructions: words })).toBe(bare + wordTokens + 4);
    expect(tokens({ input: words, tools: [{ type: 'function', name: 'find' }] })).toBeGreaterThan(
      bare,
    );
    expect(
      tokens({
        input: words,
        text: { format: { type: 'json_schema', schema: { type: 'object' } } },
      }),
    ).toBeGreaterThan(bare);
    expect(
      tokens({
        messages: [{ role: 'user', content: words }],
        response_format: { type: 'json_schema', json_schema: { schema: {} } },
      }),
    ).toBeGreaterThan(bare);
    expect(tokens({ input: words, temperature: 0, max_output_tokens: 100 })).toBe(bare);
  });

  it('do not grow with the bytes of a picture', () => {
    const picture = (bytes: number): unknown => ({
      input: [
        {
          role: 'user',
          content: [
            {
              type: 'input_image',
              detail: 'high',
              image_url: `data:image/png;base64,${'A'.repeat(bytes)}`,
            },
          ],
        },
      ],
    });
    expect(tokens(picture(10))).toBe(tokens(picture(1_000_000)));
    expect(tokens(picture(10))).toBeGreaterThan(1_000);
  });

  it('of a text that is tokens already are as many', () => {
    expect(tokens({ input: [1, 2, 3] })).toBe(6);
  });

  it('are counted for whatever JSON there is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(counter.count(line(body), 'gpt-4.1')).toBeGreaterThan(0);
      }),
    );
  });
});

describe('billed tokens', () => {
  // By these words alone tiktoken says 12, in both encodings.
  const words = 'What is 2 + 2? Just the number.';
  const chat = {
    url: '/v1/chat/completions',
    body: { messages: [{ role: 'user', content: words }] },
  };
  const responses = { url: '/v1/responses', body: { input: [{ role: 'user', content: words }] } };
  const json = { ...chat, body: { ...chat.body, response_format: { type: 'json_object' } } };
  const jsonText = {
    ...responses,
    body: { ...responses.body, text: { format: { type: 'json_object' } } },
  };
  const plainText = {
    ...responses,
    body: { ...responses.body, text: { format: { type: 'text' }, verbosity: 'low' } },
  };
  const embedding = { url: '/v1/embeddings', body: { input: words } };
  const embeddings = { url: '/v1/embeddings', body: { input: [words, words, words] } };
  const measure = (model: string, { url, body }: { readonly url: string; readonly body: object }) =>
    counter.measure?.(
      JSON.stringify({ custom_id: 'row-1', method: 'POST', url, body: { model, ...body } }),
      model,
    );

  // What the service billed for one request of one message, beside the count of its words: recorded
  // of gpt-5-nano, and held against public result files of 2024 to 2026.
  it.each([
    ['gpt-3.5-turbo-0125', chat, 12 + 7],
    ['gpt-4-0613', chat, 12 + 7],
    ['gpt-4-turbo', chat, 12 + 7],
    ['gpt-4o-mini', chat, 12 + 7],
    ['gpt-4.1-mini', chat, 12 + 7],
    ['gpt-4.1-mini', responses, 12 + 7],
    ['ft:gpt-4o-mini:acme::abc', chat, 12 + 7],
    ['o4-mini', chat, 12 + 6],
    ['o3-mini', chat, 12 + 4],
    ['gpt-5.1', chat, 12 + 6],
    ['gpt-5-nano', responses, 18],
    ['gpt-4o', json, 12 + 7],
    ['gpt-4.1', jsonText, 12 + 7],
    ['gpt-4.1', plainText, 12 + 7],
    ['text-embedding-3-small', embedding, 12],
    ['text-embedding-3-small', embeddings, 36],
    ['text-embedding-ada-002', { ...embedding, body: { input: [1, 2, 3] } }, 3],
  ])('of %s, %j are counted: %i', (model, line, billed) => {
    expect(measure(model, line)).toEqual({ tokens: billed, isExact: true });
  });
});

describe('the encoding of a model', () => {
  it.each<[string, EncodingName]>([
    ['gpt-4.1-mini', 'o200k_base'],
    ['gpt-4o-2024-08-06', 'o200k_base'],
    ['gpt-4-turbo', 'cl100k_base'],
    ['gpt-4', 'cl100k_base'],
    ['gpt-3.5-turbo-0125', 'cl100k_base'],
    ['ft:gpt-3.5-turbo:acme::abc', 'cl100k_base'],
    ['ft:gpt-4o-mini:acme::abc', 'o200k_base'],
    ['text-embedding-3-small', 'cl100k_base'],
    ['gpt-5.4', 'o200k_base'],
    ['gpt-6-luna', 'o200k_base'],
    ['o4-mini', 'o200k_base'],
    ['my-deployment', 'o200k_base'],
  ])('%s is %s', (model, encoding) => {
    expect(encodingOf(model)).toBe(encoding);
  });

  it('is what the user says it is', () => {
    expect(encodingOf('my-deployment', { 'my-': 'cl100k_base' })).toBe('cl100k_base');
    expect(encodingOf('ft:gpt-4o:x', { 'ft:gpt-4o': 'cl100k_base' })).toBe('cl100k_base');
  });
});
