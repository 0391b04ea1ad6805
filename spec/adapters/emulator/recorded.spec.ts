import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../../adapters/emulator/index.ts';
import { jsonOf, post, send, upload, type WireReply } from './http.ts';
import { recordedBodies, recordedHeaders, recordedLines } from './recorded.ts';
import { skeletonOf } from './skeleton.ts';

const minuteMs = 60_000;
let emulator: Emulator;
beforeAll(async () => {
  emulator = await startEmulator({
    speed: 0,
    turnaroundMs: { min: 60 * minuteMs, max: 60 * minuteMs },
    faults: [{ type: 'rows_fail', batch: 2, ratio: 1, statusCode: 400 }],
  });
});
afterAll(() => emulator.close());

const fieldOf = (reply: WireReply, name: string): string =>
  String((jsonOf(reply) as Readonly<Record<string, unknown>>)[name]);

const expectRecorded = (reply: WireReply, body: string, statusCode = 200): void => {
  expect(reply.statusCode).toBe(statusCode);
  expect(skeletonOf(reply.body.toString('utf8'))).toBe(skeletonOf(body));
  expectHeaders(reply, recordedHeaders.json);
  expect(reply.headers['content-length']).toBeUndefined();
};

const expectHeaders = (reply: WireReply, headers: Readonly<Record<string, RegExp>>): void => {
  for (const [name, pattern] of Object.entries(headers))
    expect(String(reply.headers[name]), name).toMatch(pattern);
};

const requestsOf = (url: string, body: object): string =>
  ['0', '1']
    .map((id) => `${JSON.stringify({ custom_id: id, method: 'POST', url, body })}\n`)
    .join('');

const order = async (
  url: string,
  body: object,
): Promise<{ readonly file: WireReply; readonly batch: WireReply }> => {
  const file = await upload(emulator, requestsOf(url, body));
  return {
    file,
    batch: await post(emulator, '/v1/batches', {
      input_file_id: fieldOf(file, 'id'),
      endpoint: url,
      completion_window: '24h',
    }),
  };
};

/** Both result lines of a batch that has ended. */
const linesOf = async (
  batch: WireReply,
  file: 'output_file_id' | 'error_file_id',
): Promise<readonly string[]> => {
  const ended = await send(emulator, 'GET', `/v1/batches/${fieldOf(batch, 'id')}`);
  const content = await send(emulator, 'GET', `/v1/files/${fieldOf(ended, file)}/content`);
  return content.body.toString('utf8').split('\n').slice(0, -1);
};

describe('the emulator answers as recorded, keys, their order, types, blanks and headers:', () => {
  it('a batch of responses from its upload to its output file', async () => {
    const { file, batch } = await order('/v1/responses', {
      model: 'gpt-5-nano',
      input: [{ role: 'user', content: 'What is 2 + 2?' }],
      store: false,
      include: ['reasoning.encrypted_content'],
    });
    expectRecorded(file, recordedBodies.file);
    expectRecorded(batch, recordedBodies.created);
    const retrieve = (): Promise<WireReply> =>
      send(emulator, 'GET', `/v1/batches/${fieldOf(batch, 'id')}`);
    expectRecorded(await retrieve(), recordedBodies.validating);
    await emulator.advance(30 * minuteMs);
    const half = await retrieve();
    expectRecorded(half, recordedBodies.inProgress);
    expect(jsonOf(half)).toMatchObject({
      model: 'gpt-5-nano-2025-08-07',
      usage: { total_tokens: 0 },
    });
    await emulator.advance(31 * minuteMs);
    const ended = await retrieve();
    expectRecorded(ended, recordedBodies.completed);
    const content = await send(
      emulator,
      'GET',
      `/v1/files/${fieldOf(ended, 'output_file_id')}/content`,
    );
    expectHeaders(content, recordedHeaders.content);
    const lines = await linesOf(batch, 'output_file_id');
    expect(lines.map(skeletonOf)).toEqual(
      [recordedLines.responses, recordedLines.responses].map(skeletonOf),
    );
    expect(lines[0]?.length).toBeGreaterThan(3_000);
  });

  it('lines refused with 400, which name the field and no code', async () => {
    const { batch } = await order('/v1/chat/completions', {
      model: 'gpt-4.1-mini',
      messages: [{ role: 'user', content: 'Hello' }],
    });
    await emulator.advance(61 * minuteMs);
    const lines = await linesOf(batch, 'error_file_id');
    expect(lines.map(skeletonOf)).toEqual(
      [recordedLines.invalidChat, recordedLines.invalidChat].map(skeletonOf),
    );
  });

  it('a batch that is cancelled, one that fails validation, and a file that is deleted', async () => {
    const { file, batch } = await order('/v1/responses', { model: 'gpt-5-nano', input: 'Hello' });
    const failing = await upload(emulator, '{"custom_id\n');
    const failed = await post(emulator, '/v1/batches', {
      input_file_id: fieldOf(failing, 'id'),
      endpoint: '/v1/responses',
      completion_window: '24h',
    });
    await emulator.advance(30 * minuteMs);
    const cancelled = await send(emulator, 'POST', `/v1/batches/${fieldOf(batch, 'id')}/cancel`);
    expectRecorded(cancelled, recordedBodies.cancelling);
    expectRecorded(
      await send(emulator, 'GET', `/v1/batches/${fieldOf(failed, 'id')}`),
      recordedBodies.failed,
    );
    expectRecorded(
      await send(emulator, 'DELETE', `/v1/files/${fieldOf(file, 'id')}`),
      recordedBodies.deleted,
    );
  });

  it('errors', async () => {
    expectRecorded(
      await send(emulator, 'GET', '/v1/batches/batch_none'),
      recordedBodies.noSuchBatch,
      404,
    );
    expectRecorded(
      await send(emulator, 'DELETE', '/v1/files/file-none'),
      recordedBodies.noSuchFile,
      404,
    );
    expectRecorded(
      await post(emulator, '/v1/batches', { input_file_id: 'file-none' }),
      recordedBodies.missingParameter,
      400,
    );
    await using locked = await startEmulator({ apiKey: 'sk-right' });
    expectRecorded(await send(locked, 'GET', '/v1/batches'), recordedBodies.wrongKey, 401);
  });

  it.each([
    ['gpt-4.1-mini', recordedLines.chat],
    ['gpt-5-nano', recordedLines.reasoningChat],
  ])('chat lines of %s', async (model, recorded) => {
    const { batch } = await order('/v1/chat/completions', {
      model,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    await emulator.advance(61 * minuteMs);
    const lines = await linesOf(batch, 'output_file_id');
    expect(lines.map(skeletonOf)).toEqual([recorded, recorded].map(skeletonOf));
  });

  it.each([
    [{ model: 'text-embedding-3-small' }, 1_536],
    [{ model: 'text-embedding-3-large' }, 3_072],
    [{ model: 'text-embedding-3-small', dimensions: 256 }, 256],
  ])('embeddings of %o: %i numbers of length 1', async (body, dimensions) => {
    const { batch } = await order('/v1/embeddings', { ...body, input: 'Hello' });
    await emulator.advance(61 * minuteMs);
    const [line = ''] = await linesOf(batch, 'output_file_id');
    const { response } = JSON.parse(line) as {
      readonly response: {
        readonly body: { readonly data: readonly { readonly embedding: readonly number[] }[] };
      };
    };
    const vector = response.body.data[0]?.embedding ?? [];
    expect(vector).toHaveLength(dimensions);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  });

  it('chat lines of one batch show a handful of fingerprints', async () => {
    const text = Array.from(
      { length: 200 },
      (_, i) =>
        `${JSON.stringify({ custom_id: `${i}`, method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4o', messages: [{ role: 'user', content: `${i}` }] } })}\n`,
    ).join('');
    const file = await upload(emulator, text);
    const batch = await post(emulator, '/v1/batches', {
      input_file_id: fieldOf(file, 'id'),
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await emulator.advance(61 * minuteMs);
    const fingerprints = new Set(
      (await linesOf(batch, 'output_file_id')).map(
        (line) => /"system_fingerprint": "([^"]+)"/u.exec(line)?.[1],
      ),
    );
    expect(fingerprints.size).toBeGreaterThanOrEqual(5);
    expect(fingerprints.size).toBeLessThanOrEqual(8);
  });
});

describe('a list of batches', () => {
  it('shows the same objects as a retrieve, indented deeper', async () => {
    const page = await send(emulator, 'GET', '/v1/batches?limit=1');
    const [first] = (jsonOf(page) as { readonly data: readonly { readonly id: string }[] }).data;
    const text = page.body.toString('utf8');
    expect(text).toBe(JSON.stringify(jsonOf(page), null, 2));
    const retrieved = await send(emulator, 'GET', `/v1/batches/${first?.id ?? ''}`);
    expect(text).toContain(retrieved.body.toString('utf8').replaceAll('\n', '\n    '));
  });
});

describe('a skeleton', () => {
  it('bites: another order, type, blank or length of an id is another skeleton', () => {
    const text =
      '{"id": "resp_0123456789abcdef0123", "count": 1, "share": 1.0, "status": "completed"}';
    const others = [
      text.replace('"count": 1, "share": 1.0', '"share": 1.0, "count": 1'),
      text.replace('1.0', '1'),
      text.replace('": "', '":"'),
      text.replace('0123456789', '012345678'),
      text.replace('completed', 'failed'),
      text.replace(': 1,', ': null,'),
    ];
    for (const other of others) expect(skeletonOf(other)).not.toBe(skeletonOf(text));
    expect(skeletonOf(text.replace('0123456789', '9876543210').replace(': 1,', ': 25,'))).toBe(
      skeletonOf(text),
    );
  });
});
