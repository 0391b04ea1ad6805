import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { build } from 'esbuild';
import * as fc from 'fast-check';
import { AzureOpenAI, OpenAI } from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createOpenAI, openai } from '../../../../adapters/openai/index.ts';
import { createScrub } from '../../../../adapters/http/scrub.ts';
import type { Port } from '../../../../lib/ports/port-error.ts';
import type { BatchProvider } from '../../../../lib/ports/provider.ts';
import {
  apiError,
  batchId,
  connect,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  secret,
  startStub,
  uploadInput,
  type Answer,
  sweepInput,
} from '../stub.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const emptyList = { object: 'list', data: [], has_more: false };

describe('a connection', () => {
  const connection = createOpenAI({
    name: 'mine',
    apiKey: secret,
    headers: { 'x-team-token': 'team-token-12345' },
  });

  it('shows its name and nothing else, however it is printed', () => {
    const looks = [
      JSON.stringify(connection),
      inspect(connection, { showHidden: true, depth: 9, getters: true }),
      inspect(connection, { showHidden: true, depth: 9, customInspect: false }),
      String(connection.connect),
      JSON.stringify(Object.getOwnPropertyDescriptors(connection)),
    ];
    for (const look of looks) expect(look).not.toMatch(/0123456789abcdef|team-token/u);
    expect(looks[0]).toBe('{"name":"mine","kind":"openai"}');
    expect(looks[1]).toBe('OpenAIConnection {"name":"mine","kind":"openai"}');
    expect([connection.name, connection.kind]).toEqual(['mine', 'openai']);
  });

  it('cannot be cloned to where it could be stored', () => {
    expect(() => structuredClone(connection)).toThrow(/could not be cloned/u);
  });

  it('once connected shows no secret either', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, emptyList);
    });
    const provider = connect({ baseURL: stub.baseURL, apiKey: secret });
    await rightOf(provider.check());
    expect(inspect(provider, { showHidden: true, depth: 9 })).not.toContain('0123456789abcdef');
    expect(JSON.stringify(provider)).not.toContain('0123456789abcdef');
  });

  it('says who is asking: key, organisation, project and headers', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, emptyList);
    });
    const headers = { 'x-team-token': 'team-token-12345' };
    await rightOf(
      connect({
        baseURL: stub.baseURL,
        apiKey: secret,
        organization: 'org-1',
        project: 'proj_1',
        headers,
      }).check(),
    );
    expect(stub.seen[0]?.headers).toMatchObject({
      authorization: `Bearer ${secret}`,
      'openai-organization': 'org-1',
      'openai-project': 'proj_1',
      ...headers,
    });
  });

  it('reads key and address from the environment at first use', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, emptyList);
    });
    const provider = openai.connect({
      model: 'm',
      endpoint: 'responses',
      completionWindow: '24h',
      params: {},
      requestTimeoutMs: 5_000,
    });
    vi.stubEnv('OPENAI_BASE_URL', 'https://gateway.invalid/v1');
    vi.stubEnv('OPENAI_API_KEY', '');
    expect(await leftOf(provider.check())).toMatchObject({
      type: 'authentication_failed',
      message: expect.stringContaining('set OPENAI_API_KEY') as string,
    });
    vi.stubEnv('OPENAI_BASE_URL', stub.baseURL);
    vi.stubEnv('OPENAI_API_KEY', `${secret}\n`);
    await rightOf(provider.check());
    expect(stub.seen[0]?.headers.authorization).toBe(`Bearer ${secret}`);
  });

  it('needs no key for a provider on this machine', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 200, emptyList);
    });
    vi.stubEnv('OPENAI_API_KEY', secret);
    await rightOf(connect({ baseURL: stub.baseURL, apiKey: '' }).check());
    expect(stub.seen[0]?.headers.authorization).toBe('Bearer no-key');
  });

  it.each<[string, string, RegExp]>([
    [
      'http://user:hunter2hunter2@host.test/v1',
      'baseURL holds a user name or password',
      /hunter2/u,
    ],
    ['http://host.test/v1?token=hunter2hunter2', 'baseURL holds a query', /hunter2/u],
    ['http://host.test/v1#hunter2hunter2', 'baseURL holds a query or fragment', /hunter2/u],
    ['ftp://host.test/hunter2', 'baseURL is not an http or https address', /hunter2/u],
    ['hunter2', 'baseURL is not an http or https address', /hunter2/u],
  ])('refuses %s in words that do not repeat it', async (baseURL, message, never) => {
    const error = await leftOf(connect({ baseURL, apiKey: secret }).create(createInput));
    expect(error).toMatchObject({
      type: 'refused',
      message: expect.stringContaining(message) as string,
    });
    expect(JSON.stringify(error)).not.toMatch(never);
  });

  it.each(['sk-one two three', 'sk-line\nbreak', 'sk-ümlaut'])(
    'refuses a key that no header may hold (%j)',
    async (apiKey) => {
      const error = await leftOf(
        connect({ apiKey, baseURL: 'http://127.0.0.1:1/v1' }).create(createInput),
      );
      expect(error.type).toBe('authentication_failed');
      expect(JSON.stringify(error)).not.toContain(apiKey.slice(3, 7));
    },
  );

  it('of another kind of endpoint is refused at once', () => {
    expect(() => connect({}, { endpoint: 'videos' as never })).toThrow(
      /knows no endpoint "videos"/u,
    );
    expect(() => createOpenAI({ name: ' ' })).toThrow(TypeError);
  });

  it('is imported without the SDK, which is loaded at the first request', async () => {
    const entry = fileURLToPath(new URL('../../../../adapters/openai/index.ts', import.meta.url));
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
    });
    const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
    expect(
      imports
        .filter(({ path }) => path === 'openai' || path === 'https-proxy-agent')
        .map(({ kind }) => kind),
    ).toEqual(['dynamic-import', 'dynamic-import']);
    expect(
      imports
        .map(({ path }) => path)
        .filter((path) => !/^(?:node:|fp-ts|openai$|https-proxy-agent$)/u.test(path)),
    ).toEqual([]);
  });
});

describe('a proxy of the environment', () => {
  const ask = (baseURL: string) => connect({ baseURL, apiKey: secret }).create(createInput);

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['HTTPS_PROXY', 'https://api.test/v1', { HTTPS_PROXY: 'http://user:hunter2@proxy.test:3128' }],
    [
      'https_proxy',
      'https://api.test/v1',
      { https_proxy: 'http://proxy.test:3128', HTTP_PROXY: 'http://other.test' },
    ],
    ['HTTP_PROXY', 'http://api.test/v1', { HTTP_PROXY: 'http://proxy.test:3128' }],
    [
      'HTTPS_PROXY',
      'https://api.test/v1',
      { HTTPS_PROXY: 'http://proxy.test', NO_PROXY: 'other.test, notapi.test, api.test:8443' },
    ],
  ])('%s that applies to %s is used, and its password is not shown', async (name, baseURL, env) => {
    for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
    const error = await leftOf(ask(baseURL));
    expect(error).toMatchObject({
      type: 'transient',
      message: expect.stringMatching(
        new RegExp(`through the proxy proxy\\.test(?::3128)? \\(${name}\\)`, 'u'),
      ) as string,
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it.each(['socks5://user:hunter2@proxy.test', 'http://:hunter2@'])(
    'of another kind is refused, not ignored (%s)',
    async (address) => {
      vi.stubEnv('ALL_PROXY', address);
      const error = await leftOf(ask('https://api.test/v1'));
      expect(error).toMatchObject({
        type: 'refused',
        message: expect.stringMatching(
          /^ALL_PROXY asks for a proxy to api\.test, but it is .* NO_PROXY/u,
        ) as string,
      });
      expect(JSON.stringify(error)).not.toContain('hunter2');
    },
  );

  it.each<[string, Readonly<Record<string, string>>]>([
    ['http://api.test/v1', { HTTPS_PROXY: 'http://proxy.test' }],
    ['https://api.test/v1', { HTTPS_PROXY: 'http://proxy.test', NO_PROXY: '.test' }],
    ['https://api.test/v1', { HTTPS_PROXY: 'http://proxy.test', NO_PROXY: '*' }],
    ['https://api.test:8443/v1', { HTTPS_PROXY: 'http://proxy.test', no_proxy: 'api.test:8443' }],
    ['http://127.0.0.1:1/v1', { ALL_PROXY: 'http://proxy.test' }],
    ['http://[::1]:1/v1', { ALL_PROXY: 'http://proxy.test' }],
    ['http://localhost:1/v1', { http_proxy: 'http://proxy.test' }],
    ['https://api.test/v1', { HTTPS_PROXY: '' }],
  ])('that does not apply to %s (%j) does not stop it', async (baseURL, env) => {
    for (const [variable, value] of Object.entries(env)) vi.stubEnv(variable, value);
    expect((await leftOf(ask(baseURL))).type).toBe('transient');
  });

  it('is the business of a client of the user', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://proxy.test');
    const fetch = () => Promise.resolve(Response.json(emptyList));
    await rightOf(
      connect({
        client: new OpenAI({ baseURL: 'https://api.test/v1', apiKey: secret, fetch }),
      }).check(),
    );
  });
});

describe('a client of the user', () => {
  it('of Azure is asked at its own address, and by its own credentials', async () => {
    await using stub = await startStub(({ method }, response) => {
      json(response, 200, method === 'POST' ? { id: 'batch_1', status: 'validating' } : emptyList);
    });
    const client = new AzureOpenAI({
      endpoint: stub.baseURL.replace('/v1', ''),
      apiVersion: '2025-04-01-preview',
      azureADTokenProvider: () => Promise.resolve('eyJ-token'),
    });
    const provider = connect(
      { name: 'azure-sweden', client },
      { endpoint: 'chat.completions', model: 'my-batch-deployment' },
    );
    await rightOf(provider.check());
    await rightOf(provider.create(createInput));
    expect(stub.seen.map(({ path }) => path)).toEqual(['/openai/batches', '/openai/batches']);
    expect(stub.seen[1]?.query.get('api-version')).toBe('2025-04-01-preview');
    expect(stub.seen[1]?.headers.authorization).toBe('Bearer eyJ-token');
    expect(JSON.parse(stub.seen[1]?.body.toString() ?? '')).toMatchObject({
      endpoint: '/v1/chat/completions',
    });
  });

  it('sends a create once, whatever retries it was made with', async () => {
    await using stub = await startStub((_seen, response) => {
      json(response, 500, apiError('Oops.'));
    });
    const client = new OpenAI({ baseURL: stub.baseURL, apiKey: secret, maxRetries: 5 });
    expect((await leftOf(connect({ client }).create(createInput))).type).toBe('unclear');
    expect(stub.seen).toHaveLength(1);
  });

  it.each<[string, string, string]>([
    ['a connection refused', 'ECONNREFUSED', 'transient'],
    ['an unknown host', 'ENOTFOUND', 'transient'],
    ['a certificate that nobody knows', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'transient'],
    ['a connection reset', 'ECONNRESET', 'unclear'],
    ['a socket that closed', 'UND_ERR_SOCKET', 'unclear'],
  ])('that ends in %s says %s: a create is %s', async (_name, code, type) => {
    const fetch = () =>
      Promise.reject(
        new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) }),
      );
    const client = new OpenAI({ baseURL: 'https://api.test/v1', apiKey: secret, fetch });
    expect((await leftOf(connect({ client }).create(createInput))).type).toBe(type);
  });

  it('that gets no token says so: nothing was sent', async () => {
    class CredentialUnavailableError extends Error {}
    const azureADTokenProvider = () => Promise.reject(new CredentialUnavailableError('no login'));
    const client = new AzureOpenAI({
      endpoint: 'https://azure.test',
      apiVersion: '1',
      azureADTokenProvider,
    });
    expect((await leftOf(connect({ client }).create(createInput))).type).toBe(
      'authentication_failed',
    );
  });
});

describe('a secret', () => {
  type Ask = (provider: BatchProvider) => Port<unknown>;
  const calls: readonly Ask[] = [
    (provider) => provider.check(),
    (provider) => provider.create(createInput),
    (provider) => provider.upload(uploadInput('{}\n')),
    (provider) => provider.download('file-1'),
    (provider) => provider.cancel(batchId('batch_1')),
    (provider) => provider.sweep(sweepInput(['k'], 0)),
    (provider) => provider.observe([{ batchKey: key('k'), providerBatchId: batchId('batch_1') }]),
  ];
  const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
  const secrets = fc.string({ unit: visible, minLength: 12, maxLength: 60 });

  it('is in no error, wherever the other side repeats it', async () => {
    let answer: Answer = () => undefined;
    await using stub = await startStub((seen, response) => {
      answer(seen, response);
    });
    await fc.assert(
      fc.asyncProperty(
        secrets,
        secrets,
        fc.constantFrom(400, 401, 403, 409, 413, 429, 500),
        fc.constantFrom('json', 'text', 'header'),
        fc.constantFrom(...calls),
        async (apiKey, token, status, where, ask) => {
          const echo = `You sent ${apiKey} and ${token}: ${new URLSearchParams({ apiKey, token }).toString()}.`;
          answer = (_seen, response) => {
            const headers = {
              'x-should-retry': 'false',
              'x-request-id': where === 'header' ? apiKey : 'req_1',
            };
            if (where === 'json') json(response, status, apiError(echo, apiKey, token), headers);
            else response.writeHead(status, headers).end(where === 'text' ? echo : '');
          };
          const error = await leftOf(
            ask(connect({ baseURL: stub.baseURL, apiKey, headers: { 'x-team-token': token } })),
          );
          for (const look of [
            JSON.stringify(error),
            inspect(error, { depth: 9, showHidden: true }),
          ]) {
            for (const hidden of [apiKey, token]) {
              expect(look).not.toContain(hidden);
              expect(look).not.toContain(JSON.stringify(hidden).slice(1, -1));
            }
          }
        },
      ),
    );
  });

  it.each([
    'Incorrect API key provided: sk-proj-abcdefghijklmnop.',
    'Bearer abc.def.ghi was refused',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.abc',
    'see http://joe:hunter2@host.test/',
  ])('of a shape that keys have is taken out of %j, though it was never named', (text) => {
    expect(createScrub([])(text)).toContain('[secret]');
    expect(createScrub([])(text)).not.toMatch(/abcdefgh|abc\.def|eyJ|hunter2/u);
  });
});
