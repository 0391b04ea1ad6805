import { AzureOpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import {
  at,
  batchId,
  connect,
  createInput,
  json,
  key,
  leftOf,
  rightOf,
  startStub,
  sweepInput,
  type Answer,
  type Stub,
} from '../stub.ts';

const list = { object: 'list', data: [], has_more: false };
const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
};
const to =
  (target: () => string): Answer =>
  (_seen, response) =>
    void response.writeHead(302, { location: target() }).end();
/** The same server under another name is another origin. */
const elsewhere = (stub: Stub): string => stub.baseURL.replace('127.0.0.1', 'localhost');
const secrets = {
  'x-team-token': 'team-token-12345',
  'api-key': 'azure-key-12345',
  cookie: 'session=12345678',
  'proxy-authorization': 'Basic abcd',
};
const told = (stub: Stub): string => JSON.stringify(stub.seen.map(({ headers }) => headers));

describe('a redirect to another origin', () => {
  it('is followed for a file, without any header of the connection', async () => {
    await using blobs = await startStub((_seen, response) => void response.end('the bytes'));
    await using stub = await startStub(to(() => `${elsewhere(blobs)}/blob?sig=abc`));
    const provider = connect({
      baseURL: stub.baseURL,
      apiKey: 'sk-spec-0123456789',
      organization: 'org-secret',
      headers: secrets,
    });
    expect(await textOf((await rightOf(provider.download('file-1'))).chunks)).toBe('the bytes');
    expect(Object.keys(blobs.seen[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(stub.seen[0]?.headers).toMatchObject({ 'x-team-token': 'team-token-12345' });
  });

  it('is followed no further than there with anything: a way back takes no key either', async () => {
    await using stub = await startStub((seen, response) => {
      if (seen.path === '/v1/back') response.end('the bytes');
      else response.writeHead(302, { location: `${elsewhere(stub)}/over` }).end();
    });
    await using other = await startStub(to(() => `${stub.baseURL}/back`));
    await using first = await startStub(to(() => elsewhere(other)));
    expect(await textOf((await rightOf(at(first.baseURL).download('file-1'))).chunks)).toBe(
      'the bytes',
    );
    expect(told(other)).not.toContain('authorization');
    expect(told(stub)).not.toContain('authorization');
  });

  it('takes nothing along over a client of the user, whatever its headers are named', async () => {
    await using blobs = await startStub((_seen, response) => void response.end('the bytes'));
    await using stub = await startStub(to(() => elsewhere(blobs)));
    const client = new AzureOpenAI({
      endpoint: stub.baseURL.replace('/v1', ''),
      apiVersion: '1',
      apiKey: 'azure-key-12345',
      defaultHeaders: secrets,
    });
    expect(await textOf((await rightOf(connect({ client }).download('file-1'))).chunks)).toBe(
      'the bytes',
    );
    expect(told(stub)).toContain('azure-key-12345');
    expect(told(blobs)).not.toMatch(/azure-key|team-token|session=|Basic/u);
  });

  it('whose answer is no file says nothing of our key, or of what the provider has', async () => {
    for (const status of [401, 403, 404, 500]) {
      await using blobs = await startStub(
        (_seen, response) => void response.writeHead(status).end(),
      );
      await using stub = await startStub(to(() => elsewhere(blobs)));
      expect(await leftOf(at(stub.baseURL).download('file-1'))).toMatchObject({
        type: 'transient',
        message: expect.stringContaining(`answered ${status}`) as string,
      });
    }
  });

  it.each<[string, (stub: Stub) => ReturnType<typeof leftOf>]>([
    ['a list', ({ baseURL }) => leftOf(at(baseURL).sweep(sweepInput([], 0)))],
    ['a file of a lost create', ({ baseURL }) => leftOf(at(baseURL).sweep(sweepInput(['k'], 0)))],
    [
      'a batch',
      ({ baseURL }) =>
        leftOf(at(baseURL).observe([{ batchKey: key('k'), providerBatchId: batchId('b') }])),
    ],
  ])('is not read as %s: the answer is an error that names the origin', async (_name, ask) => {
    let asked = 0;
    await using other = await startStub((_seen, response) => {
      asked += 1;
      json(response, 200, list);
    });
    await using stub = await startStub(to(() => elsewhere(other)));
    const origin = new URL(elsewhere(other)).origin;
    expect(await ask(stub)).toMatchObject({
      type: 'refused',
      message: expect.stringContaining(`redirects to ${origin}`) as string,
    });
    expect(asked).toBe(0);
  });
});

describe('a redirect at its origin', () => {
  it('is followed for a list, by the same request', async () => {
    await using stub = await startStub((seen, response) => {
      if (seen.path === '/v1/batches')
        response.writeHead(308, { location: '/v1/batches/?limit=100' }).end();
      else json(response, 200, list);
    });
    const provider = connect({
      baseURL: stub.baseURL,
      apiKey: 'sk-spec-0123456789',
      headers: secrets,
    });
    await rightOf(provider.check());
    expect(stub.seen.map(({ headers }) => headers['x-team-token'])).toEqual([
      'team-token-12345',
      'team-token-12345',
    ]);
    expect(stub.seen[1]?.query.get('limit')).toBe('100');
  });

  it('without an end is an error', async () => {
    await using stub = await startStub(to(() => '/v1/round'));
    expect((await leftOf(at(stub.baseURL).check())).type).toBe('refused');
    expect(stub.seen.length).toBeLessThan(10);
  });

  it('of a create is not followed: whether it happened is not known', async () => {
    await using stub = await startStub(to(() => '/v1/elsewhere'));
    expect((await leftOf(at(stub.baseURL).create(createInput))).type).toBe('unclear');
    expect(stub.seen).toHaveLength(1);
  });
});
