import { Mistral } from '@mistralai/mistralai';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startEmulator, type EmulatorOptions } from '../../../adapters/emulator/index.ts';
import { createMistral, mistral, type MistralOptions } from '../../../adapters/mistral/index.ts';
import { readJob } from '../../../adapters/mistral/batches/job.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { ServiceTraitsType } from '../../../lib/core/values/service-traits.ts';
import {
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
} from '../openai/stub.ts';

const connect = (options: MistralOptions, model = 'mistral-small-latest') =>
  createMistral({ apiKey: secret, ...options }).connect({
    ...mistral({ model }),
    requestTimeoutMs: 60_000,
  });

const wire = connect({ baseURL: 'http://127.0.0.1:1' });

/** A job as recorded in August 2026. */
const job = (more: JsonObject = {}): JsonObject => ({
  id: '0f6c2a52-8f5e-4b70-93c1-7b1f7ab2c3d4',
  object: 'batch',
  input_files: ['file-1'],
  metadata: null,
  endpoint: '/v1/chat/completions',
  model: 'mistral-small-latest',
  agent_id: null,
  output_file: null,
  error_file: null,
  errors: [],
  outputs: null,
  status: 'QUEUED',
  created_at: 1_787_000_000,
  total_requests: 0,
  completed_requests: 0,
  succeeded_requests: 0,
  failed_requests: 0,
  started_at: null,
  completed_at: null,
  ...more,
});

/** A result line in the keys of August 2026. */
const line = (more: JsonObject = {}, message: JsonObject = {}): string =>
  JSON.stringify({
    id: 'batch-0f6c2a52-1b2c3d4e-0',
    custom_id: 'a',
    response: {
      status_code: 200,
      body: {
        id: '5f0c',
        object: 'chat.completion',
        model: 'mistral-small-latest',
        usage: {
          prompt_tokens: 27,
          completion_tokens: 2,
          total_tokens: 29,
          prompt_audio_seconds: null,
          prompt_token_details: null,
          request_count: 0,
          prompt_tokens_details: { messages: [], cached_tokens: 3, audio_tokens: 0 },
          completion_tokens_details: null,
          service_tier: null,
        },
        created: 1_787_000_000,
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: { role: 'assistant', content: '4', tool_calls: null, ...message },
            ...more,
          },
        ],
      },
    },
    error: null,
  });

describe('a config of Mistral', () => {
  it('is data with the traits of the service, and no price that is not known', () => {
    const config = mistral({ model: 'mistral-large-latest', params: { max_tokens: 5 } });
    expect(config).toMatchObject({
      kind: 'mistral',
      connection: 'mistral',
      endpoint: 'chat.completions',
      completionWindow: '24h',
      prices: null,
      outputTokensMax: 5,
      traits: { correlates: 'metadata', answers: 'split', list: { filter: 'metadata' } },
    });
    expect(ServiceTraitsType.is(config.traits)).toBe(true);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it.each([
    [{ model: '' }, 'mistral({ model })'],
    [{ model: 'm', endpoint: 'responses' }, 'chat.completions, embeddings'],
    [{ model: 'm', completionWindow: 'soon' }, 'mistral({ completionWindow })'],
    [{ model: 'm', filesExpireAfterMs: 1 }, 'mistral({ filesExpireAfterMs })'],
    [{ model: 'm', apiKey: 'k' }, 'createMistral'],
  ])('refuses %j by the name of its setting', (settings, words) => {
    expect(() => mistral(settings as Parameters<typeof mistral>[0])).toThrow(words);
  });
});

describe('lines of Mistral', () => {
  const render = (schema: JsonObject | null = null, raised: number | null = null) =>
    wire.renderer({ jsonSchema: schema, schemaName: null, raisedOutputTokensMax: raised });

  it.each([
    ['Hi'],
    [{ prompt: 'Hi' }],
    [{ messages: [{ role: 'user', content: 'Hi' }] }],
    [{ messagesText: '[{"role":"user","content":"Hi"}]' }],
    [{ bodyText: '{"model":"mistral-small-latest","messages":[{"role":"user","content":"Hi"}]}' }],
    [{ body: { messages: [{ role: 'user', content: 'Hi' }] } }],
  ])('have an id and a body, and the job names the model (%j)', (prompt) => {
    const rendered = render()('a', prompt);
    expect(JSON.parse('line' in rendered ? rendered.line : '')).toEqual({
      custom_id: 'a',
      body: { messages: [{ role: 'user', content: 'Hi' }] },
    });
  });

  it('carry a strict schema as response_format', () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const rendered = render(schema)('a', 'Hi');
    expect(JSON.parse('line' in rendered ? rendered.line : '')).toMatchObject({
      body: {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'output', schema, strict: true },
        },
      },
    });
  });

  it.each([
    ['stop', null],
    ['tool_calls', null],
    ['length', 'truncated'],
    ['model_length', 'truncated'],
    ['error', 'server_error'],
  ])('that end with %s are %s', (reason, failureClass) => {
    const calls = [{ id: 'c', function: { name: 'f', arguments: '{}' }, index: 0 }];
    const verdict = wire.readVerdict(line({ finish_reason: reason }, { tool_calls: calls }));
    expect(verdict).toMatchObject(
      failureClass === null
        ? { type: 'succeeded', customId: 'a' }
        : { type: 'failed', customId: 'a', failureClass },
    );
  });

  it('give text, finish reason and usage', () => {
    expect(wire.readContent(line())).toMatchObject({
      outputText: '4',
      output: '4',
      finishReason: 'stop',
      error: null,
      usage: { inputTokens: 27, cachedInputTokens: 3, outputTokens: 2, reasoningTokens: 0 },
    });
  });

  it('that are damaged anywhere never throw, and give no text of their own', () => {
    const whole = line();
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.constantFrom('', '"', '}', 'null', '\u0000', '9e999'),
        (at, put) => {
          const damaged = whole.slice(0, at) + put + whole.slice(at + 1);
          const verdict = wire.readVerdict(damaged, 'text');
          const content = wire.readContent(damaged);
          expect(verdict.type === 'succeeded').toBe(content.error === null);
          if (verdict.type === 'malformed') expect(content.output).toBeNull();
        },
      ),
    );
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (at) => {
        expect(wire.readVerdict(whole.slice(0, at)).type).toBe('malformed');
      }),
    );
  });
});

describe('a job', () => {
  it.each([
    ['QUEUED', 'validating', null],
    ['RUNNING', 'in_progress', null],
    ['CANCELLATION_REQUESTED', 'cancelling', null],
    ['SUCCESS', 'unknown', 'completed'],
    ['FAILED', 'unknown', 'rejected'],
    ['TIMEOUT_EXCEEDED', 'unknown', 'expired'],
    ['CANCELLED', 'unknown', 'cancelled'],
    ['PAUSED', 'unknown', null],
  ])('that is %s', (status, stage, ending) => {
    const report = readJob(job({ status }));
    expect([report?.stage, report?.ending?.type ?? null]).toEqual([stage, ending]);
  });

  it('that failed and yet names answers has answered', () => {
    const report = readJob(job({ status: 'FAILED', output_file: 'file-2' }));
    expect(report?.ending).toMatchObject({ type: 'completed', outputFileId: 'file-2' });
  });

  it('is none where its ids are no ids, or its status is none', () => {
    for (const more of [{ id: '' }, { id: 'a\nb' }, { id: 7 }, { status: null }])
      expect(readJob(job(more as JsonObject))).toBeNull();
  });

  it('is created with its window in hours, and not believed where another one is shown', async () => {
    await using stub = await startStub((seen, response) => {
      const { metadata } = JSON.parse(seen.body.toString()) as { readonly metadata: JsonObject };
      json(response, 200, job(stub.seen.length === 1 ? { metadata } : { input_files: ['file-9'] }));
    });
    const provider = connect({ baseURL: stub.baseURL });
    await rightOf(provider.create(createInput));
    expect(JSON.parse(stub.seen[0]?.body.toString() ?? '')).toEqual({
      input_files: ['file-1'],
      endpoint: '/v1/chat/completions',
      model: 'mistral-small-latest',
      metadata: { team: 'blue', batchor_batch_key: 'key-1', batchor_attempt: '2' },
      timeout_hours: 24,
    });
    expect((await leftOf(provider.create(createInput))).type).toBe('unclear');
  });
});

describe('a list of jobs', () => {
  const mine = job({
    metadata: { batchor_run_id: 'run', batchor_batch_key: 'key-1', batchor_attempt: '1' },
  });

  it('is read whole where the filter shows nothing: a filter that fails is no absence', async () => {
    await using stub = await startStub((seen, response) => {
      if (seen.path !== '/v1/batch/jobs') return json(response, 404, apiError('none'));
      const data = seen.query.has('batchor_run_id') ? [] : [mine];
      return json(response, 200, { data, object: 'list', total: data.length });
    });
    const report = await rightOf(
      connect({ baseURL: stub.baseURL }).sweep(sweepInput(['key-1'], 0)),
    );
    expect(report).toMatchObject({ isRunSeen: true, found: [{ batchKey: 'key-1' }] });
  });

  it.each([
    { data: [], total: 3 },
    { object: 'list' },
    { error: 'x' },
    [],
    { data: [job()], total: 2 },
  ])('that is not whole is an error: %j', async (body) => {
    await using stub = await startStub((seen, response) =>
      seen.path === '/v1/batch/jobs'
        ? json(response, 200, body)
        : json(response, 404, apiError('none')),
    );
    const error = await leftOf(connect({ baseURL: stub.baseURL }).sweep(sweepInput(['k'], 0)));
    expect(error.type).toBe('refused');
  });
});

const stand = async (options: EmulatorOptions = {}) => {
  const emulator = await startEmulator({
    speed: 0,
    provider: 'mistral',
    apiKey: secret,
    turnaroundMs: { min: 1_000, max: 1_000 },
    ...options,
  });
  const provider = connect({ baseURL: emulator.baseURL });
  return { emulator, provider, [Symbol.asyncDispose]: () => emulator.close() };
};

const rows = ['a', 'b', 'c']
  .map((id) => `{"custom_id":"${id}","body":{"messages":[{"role":"user","content":"Hi ${id}"}]}}\n`)
  .join('');

describe('Mistral over the emulator', () => {
  it('takes a file, runs a job, gives its answers, and deletes the file', async () => {
    await using at = await stand();
    const { emulator, provider } = at;
    await rightOf(provider.check());
    const { inputFileId } = await rightOf(provider.upload(uploadInput(rows)));
    const created = await rightOf(
      provider.create({ ...createInput, inputFileId, metadata: { batchor_run_id: 'run' } }),
    );
    const asked = [{ batchKey: key('key-1'), providerBatchId: created.providerBatchId }];
    for (let step = 0; step < 20; step += 1) await emulator.advance(60_000);
    const [observed] = await rightOf(provider.observe(asked));
    expect(observed).toMatchObject({
      providerStatus: 'SUCCESS',
      ending: { type: 'completed' },
      progress: { total: 3, completed: 3, failed: 0 },
      areFilesPending: false,
    });
    const { chunks } = await rightOf(provider.download(observed?.ending?.outputFileId ?? 'none'));
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const lines = Buffer.concat(parts).toString().trim().split('\n');
    expect(lines.map((each) => provider.readVerdict(each).type)).toEqual(
      Array(3).fill('succeeded'),
    );
    expect(Object.keys(JSON.parse(lines[0] ?? '') as object)).toEqual([
      'id',
      'custom_id',
      'response',
      'error',
    ]);
    const sweep = { ...sweepInput(['key-1'], 0), runId: 'run' as RunId };
    expect((await rightOf(provider.sweep(sweep))).found).toHaveLength(1);
    await rightOf(provider.deleteFile(inputFileId));
    // A create that arrives after that fails at its validation, with nothing run.
    const late = await rightOf(provider.create({ ...createInput, inputFileId }));
    for (let step = 0; step < 20; step += 1) await emulator.advance(60_000);
    const [fenced] = await rightOf(
      provider.observe([{ batchKey: key('key-1'), providerBatchId: late.providerBatchId }]),
    );
    expect(fenced?.ending).toMatchObject({ type: 'rejected', outputFileId: null });
  });

  it('finds a job whose create was not answered, by metadata', async () => {
    await using at = await stand({ faults: [{ type: 'lose_create_reply' }] });
    const { provider } = at;
    const { inputFileId } = await rightOf(provider.upload(uploadInput(rows)));
    const lost = await leftOf(
      provider.create({ ...createInput, inputFileId, metadata: { batchor_run_id: 'run' } }),
    );
    expect(lost.type).toBe('unclear');
    const sweep = { ...sweepInput(['key-1'], 0), runId: 'run' as RunId };
    const report = await rightOf(provider.sweep(sweep));
    expect(report.found).toMatchObject([{ batchKey: 'key-1', createAttempt: 2 }]);
  });

  it('cancels a job, once and again', async () => {
    await using at = await stand({ turnaroundMs: { min: 3_600_000, max: 3_600_000 } });
    const { emulator, provider } = at;
    const { inputFileId } = await rightOf(provider.upload(uploadInput(rows)));
    const { providerBatchId } = await rightOf(provider.create({ ...createInput, inputFileId }));
    await emulator.advance(120_000);
    await rightOf(provider.cancel(providerBatchId));
    await emulator.advance(3_600_000);
    await rightOf(provider.cancel(providerBatchId));
    const [observed] = await rightOf(
      provider.observe([{ batchKey: key('key-1'), providerBatchId }]),
    );
    expect(observed?.ending?.type).toBe('cancelled');
  });

  it('does not know a job that is none, and says so of a wrong key', async () => {
    await using at = await stand();
    expect(await rightOf(at.provider.identify(batchId('batch_none')))).toBeNull();
    const other = connect({ baseURL: at.emulator.baseURL, apiKey: 'other-key' });
    expect((await leftOf(other.check())).type).toBe('authentication_failed');
  });

  it('is spoken by the official client', async () => {
    await using at = await stand();
    const { emulator } = at;
    const client = new Mistral({
      apiKey: secret,
      serverURL: emulator.baseURL.replace(/\/v1$/u, ''),
    });
    const { inputFileId } = await rightOf(at.provider.upload(uploadInput(rows)));
    const created = await client.batch.jobs.create({
      inputFiles: [inputFileId],
      model: 'mistral-small-latest',
      endpoint: '/v1/chat/completions',
      metadata: { team: 'blue' },
    });
    expect(created).toMatchObject({ status: 'QUEUED', metadata: { team: 'blue' } });
    for (let step = 0; step < 20; step += 1) await emulator.advance(60_000);
    const ended = await client.batch.jobs.get({ jobId: created.id });
    expect(ended).toMatchObject({ status: 'SUCCESS', totalRequests: 3, succeededRequests: 3 });
    const listed = await client.batch.jobs.list({ metadata: { team: 'red' } });
    expect(listed.total).toBe(0);
  });
});
