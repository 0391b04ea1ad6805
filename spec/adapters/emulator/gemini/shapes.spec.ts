import { afterEach, describe, expect, it } from 'vitest';
import type { Emulator } from '../../../../adapters/emulator/index.ts';
import { model, startGemini, turnaroundMs } from './start.ts';

const time = '2026-01-02T03:04:05.123456789Z';
const name = 'batches/abcdefghijkl';
const types = 'type.googleapis.com/google.ai.generativelanguage.v1main';

/**
 * Keys in the order, and values of the types, that the service was recorded with in August 2026,
 * with made-up values. Counts are texts, and those of zero are left out.
 */
const metadata = {
  '@type': `${types}.GenerateContentBatch`,
  model: `models/${model}`,
  displayName: 'two rows',
  createTime: time,
  updateTime: time,
  batchStats: { requestCount: '2', pendingRequestCount: '2' },
  state: 'BATCH_STATE_PENDING',
  name,
};
const answer = (text: string) => ({
  response: {
    candidates: [{ content: { parts: [{ text }], role: 'model' }, finishReason: 'STOP', index: 0 }],
    usageMetadata: {
      promptTokenCount: 10,
      candidatesTokenCount: 2,
      totalTokenCount: 50,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: 10 }],
      thoughtsTokenCount: 38,
      serviceTier: 'standard',
    },
    modelVersion: model,
    responseId: 'aB3_x-9',
  },
});
const inlined = (id: string) => ({ ...answer('Some words.'), metadata: { custom_id: id } });
const output = { inlinedResponses: { inlinedResponses: [inlined('0'), inlined('1')] } };
const { createTime: _created, updateTime: _updated, ...named } = metadata;
const { batchStats: _stats, state: _state, name: _name, ...opening } = named;
const recorded = {
  created: { name, metadata },
  running: { name, metadata: { ...metadata, state: 'BATCH_STATE_RUNNING' } },
  ended: {
    name,
    metadata: {
      ...opening,
      output,
      createTime: time,
      endTime: time,
      updateTime: time,
      batchStats: { requestCount: '2', successfulRequestCount: '2' },
      state: 'BATCH_STATE_SUCCEEDED',
      name,
    },
    done: true,
    response: { '@type': `${types}.GenerateContentBatchOutput`, ...output },
  },
};

/** The value with its texts, times and numbers replaced by what they are. */
const shapeOf = (value: unknown, key = ''): unknown => {
  if (typeof value === 'string') {
    if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/u.test(value)) return 'time';
    if (key === 'text' || key === 'responseId') return 'words';
    return /^(batches|files)\//u.exec(value)?.[0] ?? value;
  }
  if (typeof value === 'number')
    return Number.isInteger(value) && key !== 'index' ? 'count' : value;
  if (Array.isArray(value)) return value.map((each) => shapeOf(each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, shapeOf(each, name)]),
  );
};
/** As text, so that the order of keys counts. */
const written = (value: unknown): string => JSON.stringify(shapeOf(value));

describe("the emulator's answers", () => {
  let emulator: Emulator | null = null;
  afterEach(async () => {
    await emulator?.close();
  });
  const headers = { 'x-goog-api-key': 'k', 'content-type': 'application/json' };
  const request = (id: string) => ({
    request: { contents: [{ role: 'user', parts: [{ text: `What is ${id}?` }] }] },
    metadata: { custom_id: id },
  });

  it('have the keys, the order, the types and the headers of those recorded', async () => {
    ({ emulator } = await startGemini());
    const { baseURL } = emulator;
    const created = await fetch(`${baseURL}/v1beta/models/${model}:batchGenerateContent`, {
      method: 'POST',
      headers,
      body: JSON.stringify({
        batch: {
          displayName: 'two rows',
          inputConfig: { requests: { requests: [request('0'), request('1')] } },
        },
      }),
    });
    const text = await created.text();
    const operation = JSON.parse(text) as { readonly name: string };
    expect(text).toBe(`${JSON.stringify(operation, null, 2)}\n`);
    expect(written(operation)).toBe(written(recorded.created));
    expect(created.headers.get('content-type')).toBe('application/json; charset=UTF-8');
    for (const header of ['vary', 'server', 'server-timing'])
      expect(created.headers.get(header)).toMatch(/./u);
    expect(created.headers.get('content-length')).toBeNull();

    const get = async (): Promise<unknown> =>
      (await fetch(`${baseURL}/v1beta/${operation.name}`, { headers })).json();
    await emulator.advance(120_000);
    expect(written(await get())).toBe(written(recorded.running));
    await emulator.advance(turnaroundMs);
    expect(written(await get())).toBe(written(recorded.ended));
  });

  it('are errors in Google’s shape, for a key, an address and a file', async () => {
    ({ emulator } = await startGemini({ apiKey: 'AIza-right' }));
    const { baseURL } = emulator;
    const errorAt = async (path: string, key: string | null, init: RequestInit = {}) => {
      const own: Record<string, string> = key === null ? {} : { 'x-goog-api-key': key };
      const response = await fetch(`${baseURL}${path}`, { ...init, headers: own });
      const { error } = (await response.json()) as { readonly error: unknown };
      expect(error).toMatchObject({ code: response.status });
      return error;
    };
    expect(await errorAt('/v1beta/batches', null)).toMatchObject({ status: 'PERMISSION_DENIED' });
    expect(await errorAt('/v1beta/batches', 'AIza-wrong')).toEqual({
      code: 400,
      message: 'API key not valid. Please pass a valid API key.',
      status: 'INVALID_ARGUMENT',
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'API_KEY_INVALID',
          domain: 'googleapis.com',
        },
      ],
    });
    expect(await errorAt('/v1beta/batches/none', 'AIza-right')).toMatchObject({
      status: 'NOT_FOUND',
    });
    expect(await errorAt('/v1beta/files/none', 'AIza-right')).toEqual({
      code: 403,
      message: 'You do not have permission to access the File none or it may not exist.',
      status: 'PERMISSION_DENIED',
    });
    expect(await errorAt('/v1beta/batches', 'AIza-right', { method: 'PUT' })).toMatchObject({
      code: 405,
    });
  });
});
