import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createXai, xai, xaiTraits } from '../../../adapters/xai/index.ts';
import { readContainer } from '../../../adapters/xai/batches/batch.ts';
import { elementsOf } from '../../../adapters/xai/batches/page-elements.ts';
import { statusOf } from '../../../adapters/xai/batches/status.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import { ServiceTraitsType } from '../../../lib/core/values/service-traits.ts';
import {
  batchId,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  secret,
  startStub,
  sweepInput,
  uploadInput,
} from '../openai/stub.ts';

const connect = (baseURL: string) =>
  createXai({ apiKey: secret, baseURL }).connect({
    ...xai({ model: 'grok-4.3' }),
    requestTimeoutMs: 60_000,
  });
const wire = connect('http://127.0.0.1:1');
const id = 'batch_6cf19793-7856-44ab-86ec-c112af1b4054';

/** A batch in the keys of August 2026. */
const batch = (state: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  batch_id: id,
  name: 'batchor/key-1/2',
  create_time: '2026-08-10',
  expire_time: '2026-09-09',
  create_api_key_id: '00000000-0000-0000-0000-000000000000',
  cancel_time: null,
  cancel_by_xai_message: null,
  state: {
    num_requests: 0,
    num_pending: 0,
    num_success: 0,
    num_error: 0,
    num_cancelled: 0,
    ...state,
  },
  ...more,
});

/** A result in the keys of August 2026. */
const result = (usage: JsonObject = {}, message: JsonObject = {}): string =>
  JSON.stringify({
    batch_request_id: 'a',
    batch_result: {
      response: {
        chat_get_completion: {
          id: '4a57',
          object: 'chat.completion',
          created: 1_786_400_933,
          model: 'grok-4.3',
          choices: [
            {
              index: 0,
              message: {
                role: 'assistant',
                content: '4',
                reasoning_content: 'The question is easy.',
                refusal: null,
                ...message,
              },
              finish_reason: 'stop',
            },
          ],
          usage: {
            prompt_tokens: 204,
            completion_tokens: 1,
            total_tokens: 287,
            prompt_tokens_details: { text_tokens: 204, cached_tokens: 192 },
            completion_tokens_details: { reasoning_tokens: 82 },
            num_sources_used: 0,
            cost_in_usd_ticks: 2_087_200,
            ...usage,
          },
        },
      },
    },
  });

describe('a config of xAI', () => {
  it('is data with the traits of the service, and dated prices of the batch', () => {
    const config = xai({ model: 'grok-4.3', params: { max_completion_tokens: 5 } });
    expect(config).toMatchObject({
      kind: 'xai',
      endpoint: 'chat.completions',
      traits: { input: 'container', fence: 'container', answers: 'pages' },
      prices: { outputUsdPerMillion: 2, asOf: '2026-08-10' },
      outputTokensMax: 5,
    });
    expect(ServiceTraitsType.is(xaiTraits)).toBe(true);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(xai({ model: 'grok-9' }).prices).toBeNull();
  });

  it.each([
    [{ model: '' }, 'xai({ model })'],
    [{ model: 'm', endpoint: 'embeddings' }, 'xAI take chat.completions'],
    [{ model: 'm', completionWindow: '48h' }, 'xai({ completionWindow })'],
    [{ model: 'm', deleteInputFiles: true }, 'xai({ deleteInputFiles })'],
    [{ model: 'm', apiKey: 'k' }, 'createXai'],
  ])('refuses %j by the name of its setting', (settings, words) => {
    expect(() => xai(settings as Parameters<typeof xai>[0])).toThrow(words);
  });
});

describe('lines of xAI', () => {
  const render = (raised: number | null = null) =>
    wire.renderer({ jsonSchema: null, schemaName: null, raisedOutputTokensMax: raised });

  it.each([
    ['Hi\u2028'],
    [{ prompt: 'Hi\u2028' }],
    [{ messages: [{ role: 'user', content: 'Hi\u2028' }] }],
    [{ bodyText: '{"messages":[{"role":"user","content":"Hi\u2028"}]}' }],
  ])('wrap the body of a chat completion (%j)', (prompt) => {
    const rendered = render()('a"b', prompt);
    const line = 'line' in rendered ? rendered.line : '';
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      batch_request_id: 'a"b',
      batch_request: {
        chat_get_completion: {
          model: 'grok-4.3',
          messages: [{ role: 'user', content: 'Hi\u2028' }],
        },
      },
    });
  });

  it('can have their bounds raised', () => {
    const rendered = render(500)('a', { body: { messages: [], max_completion_tokens: 5 } });
    const line = 'line' in rendered ? rendered.line : '';
    const raised = wire.raiseOutputTokens?.(line, 500) ?? '';
    expect(raised).toHaveLength(line.length);
    expect(JSON.parse(raised)).toMatchObject({
      batch_request: { chat_get_completion: { max_completion_tokens: 500 } },
    });
  });

  it('give text, reason and usage, with thoughts as output once', () => {
    expect(wire.readContent(result())).toMatchObject({
      outputText: '4',
      finishReason: 'stop',
      usage: { inputTokens: 204, cachedInputTokens: 192, outputTokens: 83, reasoningTokens: 82 },
    });
    // A service that counts them in already says so by its total.
    expect(wire.readContent(result({ completion_tokens: 83 })).usage?.outputTokens).toBe(83);
  });

  it.each([
    [{ batch_result: { error: 'Model is not supported for batch processing' } }],
    [{ error_message: 'Model is not supported for batch processing' }],
  ])('tell of a failure in either place (%j)', (rest) => {
    const line = JSON.stringify({ batch_request_id: 'a', ...rest });
    expect(wire.readVerdict(line)).toMatchObject({ type: 'failed', customId: 'a' });
    expect(wire.readContent(line).error?.message).toContain('not supported');
  });

  it('that are damaged anywhere never throw, and give no text of their own', () => {
    const whole = result();
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.constantFrom('', '"', '}', 'null', '\u0000', '9e999'),
        (at, put) => {
          const damaged = whole.slice(0, at) + put + whole.slice(at + 1);
          const verdict = wire.readVerdict(damaged, 'text');
          expect(verdict.type === 'succeeded').toBe(wire.readContent(damaged).error === null);
        },
      ),
    );
  });
});

describe('a page of results', () => {
  it('is cut into its results letter by letter, whatever stands beside and inside', () => {
    const element = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => ({ value }));
    fc.assert(
      fc.property(fc.array(element), fc.jsonValue(), fc.boolean(), (results, beside, isPretty) => {
        const page = { beside: { results: [beside] }, note: '"results":[', results, token: null };
        const text = JSON.stringify(page, null, isPretty ? 2 : 0);
        const found = elementsOf(text, 'results', results.length);
        expect(found.map((line) => JSON.parse(line) as unknown)).toEqual(
          JSON.parse(JSON.stringify(results)),
        );
        expect(found.every((line) => !/[\r\n]/u.test(line))).toBe(true);
      }),
    );
  });

  it('keeps the digits of its numbers', () => {
    const text = '{"results":[{"a":12345678901234567890,"b":1.0}],"pagination_token":null}';
    expect(elementsOf(text, 'results', 1)).toEqual(['{"a":12345678901234567890,"b":1.0}']);
  });
});

describe('what a batch counts', () => {
  const shown = (state: JsonObject, more: JsonObject = {}, sent = 2) => {
    const read = readContainer(batch(state, more));
    if (read === null) throw new Error('no batch');
    const { word, ending } = statusOf(read, sent);
    return [word, ending?.type ?? null, ending?.outputFileId ?? null];
  };
  it.each([
    ['nothing', {}, {}, ['empty', null, null]],
    ['some', { num_requests: 2, num_pending: 1, num_success: 1 }, {}, ['in_progress', null, null]],
    ['all', { num_requests: 2, num_success: 1, num_error: 1 }, {}, ['completed', 'completed', id]],
    // Rows that are not counted yet: nothing pending is no end.
    ['fewer', { num_requests: 1, num_success: 1 }, {}, ['in_progress', null, null]],
    [
      'fewer once it is cancelled',
      { num_requests: 1, num_success: 1 },
      { cancel_time: '2026-08-10' },
      ['cancelled', 'cancelled', id],
    ],
    [
      'pending ones while it is cancelled',
      { num_requests: 2, num_pending: 2 },
      { cancel_time: '2026-08-10' },
      ['cancelling', null, null],
    ],
    [
      'none, and the service cancelled it',
      { num_requests: 2, num_cancelled: 2 },
      { cancel_by_xai_message: 'invalid line 3' },
      ['cancelled', 'rejected', null],
    ],
  ])('says that it is so far: %s', (_title, state, more, expected) => {
    expect(shown(state, more)).toEqual(expected);
  });

  it('is read from texts, too, and from nothing else', () => {
    expect(shown({ num_requests: '2', num_success: '2' })[0]).toBe('completed');
    for (const broken of [{ num_requests: -1 }, { num_pending: 'x' }, { num_error: 1.5 }])
      expect(readContainer(batch(broken as JsonObject))).toBeNull();
    expect(readContainer({ id: 'x' })).toBeNull();
  });
});

describe('an unconfirmed addition of requests', () => {
  const sweep = async (state: JsonObject, more: JsonObject = {}, status = 200) => {
    await using stub = await startStub((_seen, response) =>
      json(response, status, batch(state, more)),
    );
    const query = sweepInput(['key-1'], 0);
    const creates = query.creates.map((create) => ({ ...create, inputFileId: id, requests: 2 }));
    return await rightOf(connect(stub.baseURL).sweep({ ...query, creates }));
  };

  it('is found once its batch counts all of them', async () => {
    const { found, files } = await sweep({ num_requests: 2, num_pending: 2 });
    expect(found).toMatchObject([{ batchKey: 'key-1', createAttempt: 2, providerBatchId: id }]);
    expect(files).toEqual([{ inputFileId: id, createdAtMs: null }]);
  });

  it('is not there yet while the batch counts none, or some: then cancelling it decides', async () => {
    for (const num_requests of [0, 1])
      expect((await sweep({ num_requests, num_pending: num_requests })).found).toEqual([]);
    const cancelled = { cancel_time: '2026-08-10' };
    expect((await sweep({}, cancelled)).found).toEqual([]);
    expect((await sweep({ num_requests: 1, num_success: 1 }, cancelled)).found).toMatchObject([
      { providerBatchId: id, ending: 'cancelled' },
    ]);
  });

  it('is not asked of a batch that this key does not see', async () => {
    expect(await sweep({}, {}, 404)).toMatchObject({ found: [], files: [] });
  });
});

describe('the calls', () => {
  it('make a batch by name, add all lines by one call, and cancel it', async () => {
    await using stub = await startStub((seen, response) =>
      json(
        response,
        200,
        seen.path.endsWith('/requests') ? null : batch({}, { name: 'batchor/key-1/1' }),
      ),
    );
    const provider = connect(stub.baseURL);
    const made = await rightOf(provider.upload({ ...uploadInput(''), createAttempt: 1 }));
    expect(made).toEqual({ inputFileId: id, expiresAtMs: null });
    const lines = '{"batch_request_id":"a"}\n{"batch_request_id":"b"}\n';
    const created = await rightOf(
      provider.create({
        ...createInput,
        inputFileId: id,
        requests: 2,
        bytes: lines.length,
        lines: async function* () {
          yield await Promise.resolve(Buffer.from(lines));
        },
      }),
    );
    expect(created.providerBatchId).toBe(id);
    await rightOf(provider.deleteFile(id));
    expect(stub.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /v1/batches',
      `POST /v1/batches/${id}/requests`,
      `POST /v1/batches/${id}:cancel`,
    ]);
    expect(JSON.parse(stub.seen[1]?.body.toString() ?? '')).toEqual({
      batch_requests: [{ batch_request_id: 'a' }, { batch_request_id: 'b' }],
    });
  });

  it('leave an addition unconfirmed that is not answered, and send it once', async () => {
    await using stub = await startStub((_seen, response) => json(response, 503, { error: 'x' }));
    const provider = connect(stub.baseURL);
    const error = await leftOf(
      provider.create({
        ...createInput,
        inputFileId: id,
        bytes: 3,
        lines: async function* () {
          yield await Promise.resolve(Buffer.from('{}\n'));
        },
      }),
    );
    expect([error.type, stub.seen.length]).toEqual(['unclear', 1]);
  });

  it.each([
    ['a login page', 'text/html', '<html><body>Sign in</body></html>'],
    ['no body', 'application/json', ''],
    ['a word', 'application/json', '"ok"'],
    ['an error under a good status', 'application/json', '{"error":"upstream is down"}'],
  ])('leave an addition unconfirmed that is answered with %s', async (_title, type, text) => {
    await using stub = await startStub((_seen, response) =>
      response.writeHead(200, { 'content-type': type }).end(text),
    );
    const lines = async function* () {
      yield await Promise.resolve(Buffer.from('{}\n'));
    };
    const input = { ...createInput, inputFileId: id, bytes: 3, lines };
    const error = await leftOf(connect(stub.baseURL).create(input));
    expect([error.type, stub.seen.length]).toEqual(['unclear', 1]);
  });

  it('take another batch for none of ours', async () => {
    await using stub = await startStub((_seen, response) =>
      json(response, 200, batch({ num_requests: 1 })),
    );
    const provider = connect(stub.baseURL);
    expect((await leftOf(provider.upload(uploadInput('')))).type).toBe('refused');
    const asked = { batchKey: key('key-9'), providerBatchId: batchId(id), requests: 1 };
    expect(await rightOf(provider.observe([asked]))).toEqual([]);
  });

  it('read pages to their end, and break off where a list does not end', async () => {
    const page = (token: string | null) =>
      `{"results":[${result()}],"pagination_token":${JSON.stringify(token)}}`;
    for (const [tokens, isEnded] of [
      [['p2', null], true],
      [['p2', 'p2', 'p2'], false],
    ] as const) {
      let at = 0;
      await using stub = await startStub((_seen, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(page(tokens[at] ?? null));
        at += 1;
      });
      const { chunks } = await rightOf(connect(stub.baseURL).download(id));
      const read = async (): Promise<string> => {
        let text = '';
        for await (const chunk of chunks) text += Buffer.from(chunk).toString();
        return text;
      };
      if (isEnded) expect(await read()).toBe(`${result()}\n${result()}\n`);
      else await expect(read()).rejects.toThrow('do not end');
    }
  });
});
