import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGemini, gemini, type GeminiOptions } from '../../../../adapters/gemini/index.ts';
import {
  connect,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  secret,
  startStub,
  uploadInput,
} from '../stand.ts';

describe('a connection', () => {
  beforeEach(() => {
    for (const name of ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL'])
      vi.stubEnv(name, '');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const emptyList = () => startStub((_seen, response) => json(response, 200, {}));

  it('sends the key as a header, never in an address, and each of its own headers', async () => {
    await using stub = await emptyList();
    const options = { baseURL: stub.baseURL, apiKey: secret, headers: { 'x-team': 'blue' } };
    await rightOf(connect(options).check());
    const [seen] = stub.seen;
    expect(seen).toMatchObject({
      method: 'GET',
      path: '/v1beta/batches',
      headers: { 'x-goog-api-key': secret, 'x-team': 'blue' },
    });
    expect(seen?.query.toString()).toBe('pageSize=20');
  });

  it('reads key and address from the environment at first use, Gemini’s own name first', async () => {
    await using stub = await emptyList();
    const provider = connect({});
    expect(await leftOf(provider.check())).toMatchObject({
      type: 'authentication_failed',
      message: expect.stringContaining('GEMINI_API_KEY') as string,
    });
    vi.stubEnv('GOOGLE_GEMINI_BASE_URL', `${stub.baseURL.replace(/\/v1$/u, '')}/v1beta/`);
    vi.stubEnv('GOOGLE_API_KEY', 'AIza-google-0123456789');
    await rightOf(connect({}).check());
    vi.stubEnv('GEMINI_API_KEY', 'AIza-gemini-0123456789');
    await rightOf(connect({}).check());
    expect(stub.seen.map(({ headers }) => headers['x-goog-api-key'])).toEqual([
      'AIza-google-0123456789',
      'AIza-gemini-0123456789',
    ]);
    expect(stub.seen[0]?.path).toBe('/v1beta/batches');
  });

  it.each<[string, GeminiOptions, string]>([
    ['an address that is none', { baseURL: 'gemini', apiKey: 'k' }, 'not an http or https address'],
    [
      'a password in it',
      { baseURL: 'https://u:p@example.com', apiKey: 'k' },
      'user name or password',
    ],
    ['a key in it', { baseURL: 'https://example.com?key=AIza', apiKey: 'k' }, 'never so'],
    ['no key', { baseURL: 'https://example.com' }, 'GEMINI_API_KEY or GOOGLE_API_KEY'],
    ['half a key', { baseURL: 'https://example.com', apiKey: 'AIza x' }, 'copied whole'],
    [
      'a proxy that is none',
      { baseURL: 'https://example.com', apiKey: 'k', proxy: 'socks5://a' },
      'proxy',
    ],
  ])('with %s sends nothing, and says why', async (_name, options, message) => {
    const error = await leftOf(connect(options).check());
    expect(['refused', 'authentication_failed']).toContain(error.type);
    expect('message' in error && error.message).toContain(message);
    expect(JSON.stringify(error)).not.toMatch(/u:p@|key=AIza/u);
  });

  it('needs no key beside a header that carries one, nor on this machine', async () => {
    await using stub = await emptyList();
    await rightOf(connect({ baseURL: stub.baseURL }).check());
    await rightOf(
      connect({ baseURL: stub.baseURL, headers: { authorization: 'Bearer token' } }).check(),
    );
    expect(stub.seen[1]?.headers['x-goog-api-key']).toBeUndefined();
  });

  it('shows its name, and nothing else', () => {
    const own = createGemini({ name: 'team', apiKey: secret, headers: { 'x-a': secret } });
    expect(inspect(own)).toBe('GeminiConnection {"name":"team","kind":"gemini"}');
    expect(JSON.stringify(own)).toBe('{"name":"team","kind":"gemini"}');
    expect(own({ model: 'gemini-2.5-flash' }).connection).toBe('team');
    expect(gemini({ model: 'gemini-2.5-flash' }).connection).toBe('gemini');
    expect(() => createGemini({ name: ' ' })).toThrow(TypeError);
    expect(() =>
      own.connect({
        model: 'm',
        endpoint: 'images',
        completionWindow: '24h',
        params: {},
        requestTimeoutMs: 1,
      }),
    ).toThrow('images');
  });

  it('follows redirects within its origin, and gives its key to no other', async () => {
    await using elsewhere = await emptyList();
    await using stub = await startStub(({ path, query }, response) => {
      const to = path === '/v1beta/batches' ? `/moved?${query.toString()}` : '/v1beta/none';
      if (path === '/moved') json(response, 200, {});
      else response.writeHead(307, { location: to }).end();
    });
    await rightOf(connect({ baseURL: stub.baseURL, apiKey: secret }).check());
    expect(stub.seen.map(({ path }) => path)).toEqual(['/v1beta/batches', '/moved']);
    await using away = await startStub((_seen, response) =>
      response.writeHead(307, { location: `${elsewhere.baseURL}/x` }).end(),
    );
    const error = await leftOf(connect({ baseURL: away.baseURL, apiKey: secret }).check());
    expect(error).toMatchObject({ type: 'refused' });
    expect(elsewhere.seen).toEqual([]);
    expect(
      (await leftOf(connect({ baseURL: away.baseURL, apiKey: secret }).create(createInput))).type,
    ).not.toBe('transient');
    expect(away.seen).toHaveLength(2);
  });
});

describe('an upload', () => {
  const file = { name: 'files/abc', sizeBytes: '12', state: 'ACTIVE' };
  const stubOf = (address: (origin: string) => string | null, answer: object = { file }) =>
    startStub(({ headers, query }, response) => {
      if (query.has('upload_id')) return json(response, 200, answer);
      const to = address(`http://${headers.host ?? ''}`);
      response.writeHead(200, to === null ? {} : { 'x-goog-upload-url': to }).end();
    });
  const own = (origin: string) => `${origin}/upload/v1beta/files?upload_id=1`;

  it('announces its length and its kind, and sends all bytes in one request', async () => {
    await using stub = await stubOf(own);
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    const stored = await rightOf(provider.upload(uploadInput('{"key":"a"}\n')));
    expect(stored.inputFileId).toBe('files/abc');
    expect((stored.expiresAtMs ?? 0) - Date.now()).toBeGreaterThan(47 * 3_600_000);
    const [start, bytes, ...more] = stub.seen;
    expect(more).toEqual([]);
    expect(start).toMatchObject({
      path: '/upload/v1beta/files',
      headers: {
        'x-goog-upload-protocol': 'resumable',
        'x-goog-upload-command': 'start',
        'x-goog-upload-header-content-length': '12',
        'x-goog-upload-header-content-type': 'jsonl',
      },
    });
    expect(JSON.parse(String(start?.body))).toEqual({
      file: { displayName: 'batchor-key-1-1.jsonl', mimeType: 'jsonl' },
    });
    expect(bytes).toMatchObject({
      headers: {
        'x-goog-upload-command': 'upload, finalize',
        'x-goog-upload-offset': '0',
        'content-length': '12',
      },
    });
    expect(String(bytes?.body)).toBe('{"key":"a"}\n');
  });

  it('goes to no other origin, whatever the service answers', async () => {
    await using elsewhere = await stubOf(own);
    await using stub = await stubOf(() => own(elsewhere.baseURL.replace(/\/v1$/u, '')));
    await using silent = await stubOf(() => null);
    for (const { baseURL } of [stub, silent])
      expect(
        await leftOf(connect({ baseURL, apiKey: secret }).upload(uploadInput('{"key":"a"}\n'))),
      ).toMatchObject({ type: 'refused' });
    expect(elsewhere.seen).toEqual([]);
  });

  it('is believed only for a file of its own size', async () => {
    for (const [answer, type] of [
      [{ file: { ...file, sizeBytes: '11' } }, 'transient'],
      [{ file: { name: 'abc' } }, 'refused'],
      [{}, 'refused'],
    ] as const) {
      await using stub = await stubOf(own, answer);
      const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
      expect(await leftOf(provider.upload(uploadInput('{"key":"a"}\n')))).toMatchObject({ type });
    }
  });

  it('of lines that are not as long as promised, or cannot be read, is our own error', async () => {
    await using stub = await stubOf(own);
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    for (const bytes of [5, 50])
      expect(await leftOf(provider.upload(uploadInput('{"key":"a"}\n', { bytes })))).toMatchObject({
        type: 'corrupt',
      });
    const lines = (async function* (): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield Buffer.from('{"key"');
      throw new Error('the disk is gone');
    })();
    const input = { batchKey: key('k'), createAttempt: 1, bytes: 12, lines, expiresAfterMs: null };
    expect(await leftOf(provider.upload(input))).toMatchObject({
      type: 'unavailable',
      message: expect.stringContaining('the disk is gone') as string,
    });
  });
});
