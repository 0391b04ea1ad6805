import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  azureOpenai,
  compatible,
  type CompatibleName,
  createAzureOpenAI,
  createCompatible,
  serviceProfiles,
} from '../../../adapters/openai/index.ts';
import { ownTraits } from '../../../adapters/openai/config/traits.ts';
import { openaiTraits, ServiceTraitsType } from '../../../lib/core/values/service-traits.ts';
import type { BatchProvider, ProviderWire } from '../../../lib/ports/provider.ts';
import { isKnownAddress } from '../../../cli/shell/confirmed-addresses.ts';
import { cliProvider } from '../../../cli/job/providers.ts';
import {
  type Answer,
  apiError,
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
} from './stub.ts';

const names = Object.keys(serviceProfiles) as readonly CompatibleName[];

afterEach(() => {
  vi.unstubAllEnvs();
});

const at = (name: CompatibleName, baseURL: string): BatchProvider & ProviderWire =>
  createCompatible(name, { apiKey: secret, baseURL }).connect({
    model: 'm',
    endpoint: 'chat.completions',
    completionWindow: '24h',
    params: {},
    requestTimeoutMs: 60_000,
  });

const batch = (more: object = {}) => ({
  id: 'batch_1',
  object: 'batch',
  status: 'in_progress',
  input_file_id: 'file-1',
  created_at: 1_790_000_000,
  ...more,
});

describe('the profile of a service', () => {
  it('of OpenAI has the traits that a run without any has', () => {
    expect(ownTraits).toEqual(openaiTraits);
  });

  it.each(names)('is the config of its runs, with nothing of OpenAI made up (%s)', (name) => {
    const config = compatible(name, { model: 'm' });
    const profile = serviceProfiles[name];
    expect(config).toMatchObject({ kind: name, connection: name, endpoint: 'chat.completions' });
    expect([config.limits, config.traits, config.prices]).toEqual([
      profile.limits,
      profile.traits,
      null,
    ]);
    expect(ServiceTraitsType.is(config.traits)).toBe(true);
    expect(config.traits).not.toEqual(openaiTraits);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it.each(names)('has its own variables for key and address (%s)', async (name) => {
    await using stub = await startStub((_seen, response) => json(response, 200, batch()));
    const { keyVariable, addressVariable } = serviceProfiles[name];
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-openai');
    vi.stubEnv(keyVariable, secret);
    vi.stubEnv(addressVariable, stub.baseURL);
    const provider = createCompatible(name).connect({
      model: 'm',
      endpoint: 'chat.completions',
      completionWindow: '24h',
      params: {},
      requestTimeoutMs: 60_000,
    });
    await rightOf(provider.identify(batchId('batch_1')));
    expect(stub.seen.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${secret}`]);
  });

  it.each(names.filter((name) => serviceProfiles[name].address === null))(
    'without an address of its own asks for one (%s)',
    async (name) => {
      const { keyVariable, addressVariable } = serviceProfiles[name];
      vi.stubEnv(keyVariable, secret);
      vi.stubEnv(addressVariable, '');
      const provider = createCompatible(name).connect({
        model: 'm',
        endpoint: 'chat.completions',
        completionWindow: '24h',
        params: {},
        requestTimeoutMs: 60_000,
      });
      const error = await leftOf(provider.check());
      expect(error).toMatchObject({ type: 'refused' });
      expect(JSON.stringify(error)).toContain(addressVariable);
      // A subdomain of a cloud may be another customer's.
      expect(isKnownAddress('https://x.openai.azure.com', cliProvider(name))).toBe(false);
    },
  );

  it('gives its key to its own host alone', () => {
    const groq = cliProvider('groq');
    expect(isKnownAddress('https://api.groq.com/openai/v1', groq)).toBe(true);
    expect(isKnownAddress('https://api.openai.com/v1', groq)).toBe(false);
    expect(isKnownAddress('https://api.groq.com/openai/v1', cliProvider('openai'))).toBe(false);
  });

  it('refuses what the service is known not to take', () => {
    expect(() => compatible('groq', { model: 'm', endpoint: 'embeddings' })).toThrow(
      'batches of Groq take chat.completions',
    );
    expect(() => compatible('groq', { model: 'm', completionWindow: '1h' })).toThrow(
      'Groq takes 24h to 7d',
    );
    expect(compatible('groq', { model: 'm', completionWindow: '7d' }).completionWindow).toBe('7d');
    expect(compatible('doubleword', { model: 'm', completionWindow: '1h' })).toMatchObject({
      completionWindow: '1h',
    });
    expect(() => compatible('other' as CompatibleName, { model: 'm' })).toThrow('no such service');
    expect(() => azureOpenai({ deployment: ' ' })).toThrow('azureOpenai({ deployment })');
  });
});

describe('Groq', () => {
  it('is asked for its list without parameters, which proves absence as far back as it shows', async () => {
    const batches = [3, 2, 1].map((n) =>
      batch({ id: `batch_${n}`, created_at: 1_790_000_000 + n, input_file_id: `file-of-key-${n}` }),
    );
    await using stub = await startStub((seen, response) =>
      seen.path === '/v1/batches'
        ? json(response, 200, { object: 'list', data: batches })
        : json(response, 404, apiError('none')),
    );
    const report = await rightOf(
      at('groq', stub.baseURL).sweep(sweepInput(['key-2'], 1_790_000_000_000)),
    );
    const lists = stub.seen.filter(({ path }) => path === '/v1/batches');
    expect(lists.map(({ query }) => query.toString())).toEqual(['']);
    expect(report.found.map(({ providerBatchId }) => providerBatchId)).toEqual(['batch_2']);
    expect(report.readBackToMs).toBe(1_790_000_001_000);
  });
});

describe('Together', () => {
  const line = '{"custom_id":"a","body":{"model":"m","messages":[]}}\n';
  /** Its API, and a store of files at another origin. */
  const service =
    (bucket: () => string): Answer =>
    (seen, response) => {
      if (seen.method === 'POST' && seen.path === '/v1/files')
        return response
          .writeHead(302, { location: bucket(), 'x-together-file-id': 'file-1' })
          .end() as unknown as undefined;
      if (seen.path === '/v1/files/file-1/preprocess')
        return json(response, 200, { id: 'file-1', Processed: true });
      if (seen.method === 'POST')
        return json(response, 200, { job: batch({ status: 'VALIDATING' }) });
      return seen.path === '/v1/batches'
        ? json(response, 200, [batch({ status: 'IN_PROGRESS' })])
        : json(response, 200, batch({ status: 'COMPLETED', output_file_id: 'file-2' }));
    };

  it('takes uploads by redirect, and the other origin gets no key', async () => {
    await using bucket = await startStub((_seen, response) => response.writeHead(200).end());
    await using stub = await startStub(service(() => `${bucket.baseURL}/signed?s=1`));
    const { inputFileId } = await rightOf(at('together', stub.baseURL).upload(uploadInput(line)));
    expect(inputFileId).toBe('file-1');
    expect(bucket.seen.map(({ method, body }) => [method, body.toString()])).toEqual([
      ['PUT', line],
    ]);
    expect(bucket.seen[0]?.headers).not.toHaveProperty('authorization');
    expect(Object.fromEntries(new URLSearchParams(stub.seen[0]?.body.toString()))).toEqual({
      purpose: 'batch-api',
      file_name: 'batchor-key-1-1.jsonl',
      file_type: 'jsonl',
    });
    expect(stub.seen.map(({ path }) => path)).toEqual(['/v1/files', '/v1/files/file-1/preprocess']);
  });

  it('does not end an upload that broke off, or whose length is wrong', async () => {
    await using bucket = await startStub((_seen, response) => response.writeHead(403).end());
    await using stub = await startStub(service(() => `${bucket.baseURL}/signed`));
    const provider = at('together', stub.baseURL);
    expect((await leftOf(provider.upload(uploadInput(line)))).type).toBe('transient');
    expect((await leftOf(provider.upload(uploadInput(line, { bytes: 5 })))).type).not.toBe(
      'unclear',
    );
    expect(stub.seen.filter(({ path }) => path.endsWith('preprocess'))).toEqual([]);
  });

  it('gets no metadata, and answers a create with a job', async () => {
    await using stub = await startStub(service(() => ''));
    const created = await rightOf(at('together', stub.baseURL).create(createInput));
    expect(created.providerBatchId).toBe('batch_1');
    expect(JSON.parse(stub.seen[0]?.body.toString() ?? '')).toEqual({
      input_file_id: 'file-1',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
  });

  it('is observed by its words in capitals, and a lost create is found by its input file', async () => {
    await using stub = await startStub(service(() => ''));
    const provider = at('together', stub.baseURL);
    const [observed] = await rightOf(
      provider.observe([{ batchKey: key('key-1'), providerBatchId: batchId('batch_1') }]),
    );
    expect(observed).toMatchObject({ ending: { type: 'completed', outputFileId: 'file-2' } });
    const query = sweepInput(['key-1'], 0);
    const creates = query.creates.map((create) => ({ ...create, inputFileId: 'file-1' }));
    const report = await rightOf(provider.sweep({ ...query, creates }));
    expect(report.found).toMatchObject([{ inputFileId: 'file-1', providerBatchId: 'batch_1' }]);
  });

  it('gets lines of id and body alone, for each form of prompt', () => {
    const render = at('together', 'http://127.0.0.1:1/v1').renderer({
      jsonSchema: null,
      schemaName: null,
      raisedOutputTokensMax: null,
    });
    const messages = [{ role: 'user', content: 'Hi' }];
    for (const prompt of ['Hi', { messages }, { messagesText: JSON.stringify(messages) }])
      expect(render('a', prompt)).toMatchObject({
        line: expect.stringMatching(/^\{"custom_id":"a","body":\{.*\}\}\n$/) as string,
      });
  });
});

describe('Azure OpenAI', () => {
  it('is asked at the v1 address of its resource, with the deployment as the model', async () => {
    await using stub = await startStub((_seen, response) => json(response, 200, batch()));
    const config = azureOpenai({ deployment: 'my-batches' });
    expect(config).toMatchObject({ model: 'my-batches', limits: { requestsMax: 100_000 } });
    for (const baseURL of [new URL(stub.baseURL).origin, `${new URL(stub.baseURL).origin}/`]) {
      const provider = createAzureOpenAI({ apiKey: secret, baseURL }).connect({
        ...config,
        requestTimeoutMs: 60_000,
      });
      await rightOf(provider.identify(batchId('batch_1')));
    }
    expect(stub.seen.map(({ path }) => path)).toEqual([
      '/openai/v1/batches/batch_1',
      '/openai/v1/batches/batch_1',
    ]);
  });

  it.each([
    [3_600_000, 1_209_600],
    [20 * 86_400_000, 1_728_000],
    [90 * 86_400_000, 2_592_000],
  ])('keeps files for 14 to 30 days (%i ms asked for)', async (expiresAfterMs, seconds) => {
    await using stub = await startStub((seen, response) =>
      json(response, 200, seen.path.endsWith('/files') ? { id: 'file-1' } : batch()),
    );
    const provider = at('azure', stub.baseURL);
    await rightOf(provider.upload(uploadInput('{}\n', { expiresAfterMs })));
    await rightOf(provider.create({ ...createInput, outputExpiresAfterMs: expiresAfterMs }));
    expect(stub.seen[0]?.body.toString()).toContain(
      `name="expires_after[seconds]"\r\n\r\n${seconds}\r\n`,
    );
    expect(JSON.parse(stub.seen[1]?.body.toString() ?? '')).toMatchObject({
      output_expires_after: { anchor: 'created_at', seconds },
    });
  });

  it('is understood in words of any case, ISO times and counts of null', async () => {
    await using stub = await startStub((_seen, response) =>
      json(
        response,
        200,
        batch({
          status: 'Completed',
          created_at: '2026-01-27T10:00:00Z',
          completed_at: '2026-01-27T11:00:00Z',
          request_counts: { total: null, completed: null, failed: null },
          output_file_id: 'file-2',
          error_file_id: 'file-3',
        }),
      ),
    );
    const [observed] = await rightOf(
      at('azure', stub.baseURL).observe([
        { batchKey: key('key-1'), providerBatchId: batchId('batch_1') },
      ]),
    );
    expect(observed).toMatchObject({
      ending: { type: 'completed', outputFileId: 'file-2', errorFileId: 'file-3' },
      progress: null,
      createdAtMs: Date.UTC(2026, 0, 27, 10),
      statusSinceMs: Date.UTC(2026, 0, 27, 11),
    });
  });

  it('says in nested errors what became of a row', () => {
    const wire = at('azure', 'http://127.0.0.1:1');
    const error = {
      code: null,
      message: { error: { code: 'BadRequest', message: 'Invalid value: temperature' } },
    };
    const line = JSON.stringify({
      custom_id: 'a',
      response: { request_id: '', status_code: 400 },
      error,
    });
    expect(wire.readVerdict(line)).toMatchObject({
      type: 'failed',
      customId: 'a',
      failureClass: 'invalid_request',
    });
    expect(wire.readContent(line).error?.message).toContain('Invalid value: temperature');
  });

  it('is waited for where it is not done with the input file', async () => {
    await using stub = await startStub((seen, response) =>
      seen.method === 'POST'
        ? json(response, 400, apiError('File file-1 is not processed yet.'))
        : json(response, 200, { id: 'file-1', status: 'pending' }),
    );
    expect((await leftOf(at('azure', stub.baseURL).create(createInput))).type).toBe('not_ready');
  });
});
