import { Mistral } from '@mistralai/mistralai';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type EmulatorOptions, startEmulator } from '../../../adapters/emulator/index.ts';
import { createMistral, type MistralOptions } from '../../../adapters/mistral/index.ts';
import { BatchRunner, memoryStore } from '../../../lib/index.ts';
import { batchId, createInput, leftOf, rightOf, secret, uploadInput } from '../openai/stub.ts';

const itemsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ itemId: `item-${i}`, payload: `prompt ${i}` }));
const buildPrompt = ({ payload }: { readonly payload: string }): string => payload;

const backoff = { initialMs: 10, factor: 2, maxMs: 50 };
const quick = { itemBackoff: backoff, batchBackoff: backoff };

/** An emulator, a connection to it, and a runner that has it. */
const stand = async (options: EmulatorOptions = {}) => {
  const emulator = await startEmulator({
    provider: 'mistral',
    turnaroundMs: { min: 50, max: 100 },
    validationMs: 10,
    finalizingMs: 10,
    apiKey: secret,
    ...options,
  });
  const mistral = createMistral({ name: 'own', baseURL: emulator.baseURL, apiKey: secret });
  const runner = new BatchRunner({ storage: memoryStore(), providers: [mistral] });
  return {
    emulator,
    mistral,
    runner,
    pace: { model: 'mistral-small-latest', pollIntervalMs: 20, createGraceMs: 200 } as const,
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
};

/** The provider itself, at a clock that only the spec moves. */
const provider = (baseURL: string, more: MistralOptions = {}, completionWindow = '24h') =>
  createMistral({ apiKey: secret, baseURL, ...more }).connect({
    model: 'mistral-small-latest',
    endpoint: 'chat.completions',
    completionWindow,
    params: {},
    requestTimeoutMs: 60_000,
  });

const rows = ['a', 'b']
  .map((id) => `{"custom_id":"${id}","body":{"messages":[{"role":"user","content":"Hi ${id}"}]}}\n`)
  .join('');

describe('a run at Mistral', () => {
  it('asks for rows again that are in neither file, and answers each once', async () => {
    await using at = await stand({ faults: [{ type: 'rows_missing', ratio: 0.5, batch: 1 }] });
    const { runner, mistral, pace, emulator } = at;
    const run = await runner.runAndWait({
      items: itemsOf(20),
      buildPrompt,
      providerConfig: mistral(pace),
      retryPolicy: quick,
    });
    const results = await run.results().toArray();
    expect(results.map(({ status }) => status)).toEqual(Array(20).fill('completed'));
    expect(new Set(results.map(({ itemId }) => itemId)).size).toBe(20);
    expect(emulator.ledger.batchesCreated).toBeGreaterThan(1);
    expect(await run.verify()).toMatchObject({ isSound: true });
  });

  it('reads the error file: faults of a request fail their rows, others are asked again', async () => {
    await using at = await stand({
      faults: [
        { type: 'rows_fail', ratio: 0.3, statusCode: 422, batch: 1 },
        { type: 'rows_fail', ratio: 0.5, statusCode: 503, batch: 1 },
      ],
    });
    const { runner, mistral, pace } = at;
    const run = await runner.runAndWait({
      items: itemsOf(30),
      buildPrompt,
      providerConfig: mistral(pace),
      retryPolicy: quick,
    });
    const failed: string[] = [];
    let again = 0;
    for await (const result of run.results()) {
      if (result.status === 'failed_permanent') failed.push(result.error.errorClass);
      else again += result.attemptCount > 1 ? 1 : 0;
    }
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed)).toEqual(new Set(['invalid_request']));
    expect(again).toBeGreaterThan(0);
  });

  it('completes where all rows failed and no output file is named', async () => {
    await using at = await stand({
      faults: [{ type: 'rows_fail', ratio: 1, statusCode: 400 }],
    });
    const { runner, mistral, pace } = at;
    const run = await runner.runAndWait({
      items: itemsOf(3),
      buildPrompt,
      providerConfig: mistral(pace),
    });
    expect(run.summary()).toMatchObject({ itemCounts: { failed_permanent: 3 } });
  });

  it('gives vectors for embeddings', async () => {
    await using at = await stand();
    const run = await at.runner.runAndWait({
      items: itemsOf(4),
      buildPrompt,
      providerConfig: at.mistral({ ...at.pace, model: 'mistral-embed', endpoint: 'embeddings' }),
    });
    const results = await run.results().toArray();
    for (const result of results) {
      if (result.status !== 'completed') throw new Error(result.error.message);
      expect(result.output.length).toBeGreaterThan(100);
      expect(result.usage).toMatchObject({ outputTokens: 0 });
    }
    expect(results).toHaveLength(4);
  });

  it('gives typed objects for a schema', async () => {
    const City = z.object({ name: z.string(), people: z.number().int() });
    await using at = await stand();
    const run = await at.runner.runAndWait({
      items: itemsOf(3),
      buildPrompt,
      providerConfig: at.mistral(at.pace),
      structuredOutput: City,
    });
    for (const result of await run.results().toArray()) {
      if (result.status !== 'completed') throw new Error(result.error.message);
      expect(City.parse(result.output)).toEqual(result.output);
    }
  });
});

describe('the hours of a job', () => {
  it.each([
    ['2h', 2],
    ['7d', 168],
  ])('end it, and what was answered in %s is kept', async (completionWindow, hours) => {
    await using emulator = await startEmulator({
      provider: 'mistral',
      speed: 0,
      turnaroundMs: { min: 1_000 * 3_600_000, max: 1_000 * 3_600_000 },
    });
    const at = provider(emulator.baseURL, {}, completionWindow);
    const { inputFileId } = await rightOf(at.upload(uploadInput(rows)));
    const { providerBatchId } = await rightOf(at.create({ ...createInput, inputFileId }));
    const status = async () =>
      (await rightOf(at.observe([{ batchKey: createInput.batchKey, providerBatchId }])))[0];
    await emulator.advance((hours - 1) * 3_600_000);
    expect((await status())?.ending).toBeNull();
    await emulator.advance(2 * 3_600_000);
    expect(await status()).toMatchObject({
      providerStatus: 'TIMEOUT_EXCEEDED',
      ending: { type: 'expired' },
    });
  });

  it('are refused at the create where the service has no such window', async () => {
    await using emulator = await startEmulator({ provider: 'mistral', speed: 0 });
    const at = provider(emulator.baseURL, {}, '8d');
    const { inputFileId } = await rightOf(at.upload(uploadInput(rows)));
    expect(await leftOf(at.create({ ...createInput, inputFileId }))).toMatchObject({
      type: 'refused',
      statusCode: 422,
      message: expect.stringContaining("'1h' to '168h'") as string,
    });
  });
});

describe('what Mistral refuses', () => {
  it('is said in the words of its gateway, its checks and its API, and understood', async () => {
    await using emulator = await startEmulator({
      provider: 'mistral',
      speed: 0,
      apiKey: secret,
      faults: [
        { type: 'create_refused', reason: 'insufficient_quota', batch: 1, times: 1 },
        { type: 'http_error', operation: 'list_batches', statusCode: 429, times: 1 },
      ],
    });
    const at = provider(emulator.baseURL);
    expect(await leftOf(provider(emulator.baseURL, { apiKey: 'other' }).check())).toMatchObject({
      type: 'authentication_failed',
      message: expect.stringContaining('Unauthorized') as string,
    });
    expect(await leftOf(at.check())).toMatchObject({
      type: 'transient',
      message: expect.stringContaining('429 1300') as string,
    });
    const { inputFileId } = await rightOf(at.upload(uploadInput(rows)));
    expect((await leftOf(at.create({ ...createInput, inputFileId }))).type).toBe(
      'insufficient_quota',
    );
    expect(await rightOf(at.identify(batchId('none')))).toBeNull();
    const client = new Mistral({
      apiKey: secret,
      serverURL: emulator.baseURL.replace(/\/v1$/u, ''),
    });
    const wrong = client.batch.jobs.create({
      inputFiles: [inputFileId],
      model: 'mistral-small-latest',
      endpoint: '/v1/chat/completions',
      timeoutHours: 1_000,
    });
    await expect(wrong).rejects.toMatchObject({
      statusCode: 422,
      body: expect.stringContaining('"timeout_hours"') as string,
    });
  });
});
