import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { OpenAIOptions } from '../../../adapters/openai/index.ts';
import { certificate } from './certificate.ts';
import { startProxy } from './proxy-server.ts';
import {
  connect,
  createInput,
  json,
  leftOf,
  rightOf,
  secret,
  startStub,
  uploadInput,
} from './stub.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const emptyList = { object: 'list', data: [], has_more: false };
const portOf = (url: string): number => Number(new URL(url).port);
const through = (options: OpenAIOptions = {}) =>
  connect({ baseURL: 'http://api.test/v1', apiKey: secret, ...options } as OpenAIOptions);

const answering = () =>
  startStub(({ method, path, body }, response) => {
    if (path.endsWith('/files')) json(response, 200, { id: 'file-1', object: 'file' });
    else if (method === 'GET') json(response, 200, emptyList);
    else
      json(response, 200, {
        id: 'batch_1',
        status: 'validating',
        ...(JSON.parse(body.toString()) as object),
      });
  });

describe('a proxy', () => {
  it('of the environment carries every request by a tunnel, with its own password and without ours', async () => {
    await using stub = await answering();
    await using proxy = await startProxy({ port: portOf(stub.baseURL) });
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('http://', 'http://me:hunter2@'));
    const provider = through();
    await rightOf(provider.check());
    await rightOf(provider.upload(uploadInput('{"a":1}\n'.repeat(200))));
    await rightOf(provider.create(createInput));
    expect(proxy.plain).toEqual([]);
    expect(new Set(proxy.tunnels.map(({ target }) => target))).toEqual(new Set(['api.test:80']));
    expect(proxy.tunnels[0]?.authorization).toBe(
      `Basic ${Buffer.from('me:hunter2').toString('base64')}`,
    );
    for (const seen of stub.seen) {
      expect(seen.headers).toMatchObject({ host: 'api.test', authorization: `Bearer ${secret}` });
      expect(seen.headers['proxy-authorization']).toBeUndefined();
    }
    // What costs something has a connection of its own.
    expect(proxy.tunnels.length).toBeGreaterThanOrEqual(3);
  });

  it('leads to an encrypted service, and is shown nothing of it', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer(certificate, (request, response) => {
      seen.push(request.headers.authorization);
      json(response, 200, emptyList);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await using proxy = await startProxy({ port: (server.address() as AddressInfo).port });
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const provider = through({ baseURL: 'https://api.test/v1' });
    const refused = await leftOf(provider.check());
    expect(refused).toMatchObject({
      type: 'transient',
      message: expect.stringMatching(/SELF_SIGNED|through the proxy/u) as string,
    });
    // A certificate is judged before anything is sent.
    expect(await leftOf(provider.create(createInput))).toMatchObject({ type: 'transient' });
    expect(seen).toEqual([]);
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await rightOf(through({ baseURL: 'https://api.test/v1' }).check());
    expect(seen).toContain(`Bearer ${secret}`);
    expect(proxy.tunnels[0]?.target).toBe('api.test:443');
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is named where it refuses, and what it answers is not taken for the answer of the service', async () => {
    await using proxy = await startProxy({ port: 1, status: 407 });
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('http://', 'http://me:hunter2@'));
    const error = await leftOf(through().create(createInput));
    expect(error).toMatchObject({
      type: 'transient',
      message: expect.stringMatching(
        /the proxy answered 407, through the proxy 127\.0\.0\.1:\d+ \(HTTP_PROXY\): give it a user name and a password/u,
      ) as string,
    });
    expect(JSON.stringify(error)).not.toContain('hunter2');
  });

  it('that cannot be reached means that nothing was sent', async () => {
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    expect(await leftOf(through().create(createInput))).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('through the proxy 127.0.0.1:1 (HTTP_PROXY)') as string,
    });
  });

  it('whose tunnel breaks leaves it open whether a create happened', async () => {
    await using stub = await answering();
    await using proxy = await startProxy({ port: portOf(stub.baseURL), breaks: true });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    expect(await leftOf(through().create(createInput))).toMatchObject({ type: 'unclear' });
  });

  it('is the one that a connection is given, whatever the environment says; null is none', async () => {
    await using stub = await answering();
    await using proxy = await startProxy({ port: portOf(stub.baseURL) });
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:1');
    await rightOf(through({ proxy: proxy.url.replace('http://', '') }).check());
    expect(proxy.tunnels).toHaveLength(1);
    await rightOf(through({ baseURL: stub.baseURL, proxy: null }).check());
    expect(proxy.tunnels).toHaveLength(1);
  });

  it('does not redirect the key: what it is asked for is the host of the service', async () => {
    await using stub = await startStub((_seen, response) =>
      response.writeHead(302, { location: 'http://elsewhere.test/' }).end(),
    );
    await using proxy = await startProxy({ port: portOf(stub.baseURL) });
    vi.stubEnv('HTTP_PROXY', proxy.url);
    await leftOf(through().check());
    expect(proxy.tunnels.map(({ target }) => target)).toEqual(['api.test:80']);
  });
});

describe('a connection to Azure', () => {
  it('has its version in every query and its key in `api-key`, below /openai of the resource', async () => {
    await using stub = await answering();
    for (const baseURL of [
      stub.baseURL.replace('/v1', ''),
      stub.baseURL.replace('/v1', '/openai/'),
    ]) {
      const provider = connect(
        { baseURL, apiKey: secret, azureApiVersion: '2025-04-01-preview' },
        { endpoint: 'chat.completions' },
      );
      await rightOf(provider.check());
      await rightOf(provider.upload(uploadInput('{"a":1}\n', { expiresAfterMs: 1_209_600_000 })));
      await rightOf(provider.create(createInput));
    }
    expect([...new Set(stub.seen.map(({ path }) => path))]).toEqual([
      '/openai/batches',
      '/openai/files',
    ]);
    for (const { query, headers } of stub.seen) {
      expect(query.get('api-version')).toBe('2025-04-01-preview');
      expect(headers['api-key']).toBe(secret);
      expect(headers.authorization).toBeUndefined();
    }
    expect(stub.seen.find(({ path }) => path === '/openai/files')?.body.toString()).toContain(
      'expires_after',
    );
  });
});

describe('headers of a connection', () => {
  it('stand in for the key, where they carry one', async () => {
    await using stub = await answering();
    vi.stubEnv('OPENAI_API_KEY', '');
    vi.stubEnv('HTTP_PROXY', '');
    const baseURL = stub.baseURL.replace('127.0.0.1', 'localhost');
    await rightOf(connect({ baseURL, headers: { 'api-key': 'own-key-12345' } }).check());
    await rightOf(
      connect({ baseURL, headers: { Authorization: 'Bearer own-token-12345' } }).check(),
    );
    expect(stub.seen.map(({ headers }) => [headers.authorization, headers['api-key']])).toEqual([
      [undefined, 'own-key-12345'],
      ['Bearer own-token-12345', undefined],
    ]);
  });
});
