import { describe, expect, it } from 'vitest';
import type { BatchObject, ServiceLimits } from '../../../lib/sim/provider/index.ts';
import { createLab, endpoint, hourMs, line, lines, refusalOf, valueOf, type Lab } from './lab.ts';

const failuresOf = async (
  sent: readonly string[],
  limits: Partial<ServiceLimits> = {},
): Promise<BatchObject> => {
  const lab = createLab({ limits });
  const batch = await lab.order(sent);
  expect(batch.status).toBe('validating');
  lab.wait(2 * 60_000);
  const ended = await lab.retrieve(batch.id);
  expect(lab.provider.ledger.requestsBilled).toBe(0);
  return ended;
};

const request = (fields: object): string =>
  JSON.stringify({
    custom_id: 'x',
    method: 'POST',
    url: endpoint,
    body: { model: 'm', input: 'i' },
    ...fields,
  });

describe('validation', () => {
  it.each([
    ['a line that is not JSON', '{"custom_id": "x", ', 'invalid_json_line', null],
    ['a blank line', '', 'invalid_json_line', null],
    ['a byte order mark', `\uFEFF${line('x')}`, 'invalid_json_line', null],
    [
      'a line without custom_id',
      request({ custom_id: undefined }),
      'missing_required_parameter',
      'custom_id',
    ],
    [
      'a line without method',
      request({ method: undefined }),
      'missing_required_parameter',
      'method',
    ],
    [
      'a line without model',
      request({ body: { input: 'i' } }),
      'missing_required_parameter',
      'body.model',
    ],
    [
      'a line without input',
      request({ body: { model: 'gpt-4.1-mini' } }),
      'missing_required_parameter',
      'body.input',
    ],
    ['another url', request({ url: '/v1/embeddings' }), 'mismatched_url', 'url'],
    [
      'another model',
      request({ body: { model: 'other', input: 'i' } }),
      'mismatched_model',
      'body.model',
    ],
    ['a repeated custom_id', line('row-0'), 'duplicate_custom_id', 'custom_id'],
    ['another method', request({ method: 'GET' }), 'invalid_request', 'method'],
  ])('refuses %s, and names its line', async (_name, bad, code, param) => {
    const batch = await failuresOf([...lines(2), bad, line('last')]);
    expect(batch).toMatchObject({
      status: 'failed',
      request_counts: { total: 0, completed: 0, failed: 0 },
      output_file_id: null,
      error_file_id: null,
    });
    expect(batch.errors).toEqual({
      object: 'list',
      data: [{ code, message: expect.any(String) as string, param, line: 3 }],
    });
  });

  it('refuses a byte order mark at the very start', async () => {
    const batch = await failuresOf([`\uFEFF${line('a')}`]);
    expect(batch.errors?.data).toMatchObject([{ code: 'invalid_json_line', line: 1 }]);
  });

  it('names every bad line', async () => {
    const batch = await failuresOf(['?', line('a'), '?', line('b'), '?']);
    expect(batch.errors?.data.map((entry) => entry.line)).toEqual([1, 3, 5]);
  });

  it('refuses an empty file, and one with too many lines', async () => {
    expect((await failuresOf([])).errors?.data).toMatchObject([{ code: 'empty_file', line: null }]);
    expect((await failuresOf(lines(4), { requestsMax: 3 })).errors?.data).toMatchObject([
      { code: 'too_many_tasks', line: null },
    ]);
    expect((await failuresOf(lines(3), { requestsMax: 3 })).status).toBe('in_progress');
  });

  it('does not split lines on the line separators of Unicode', async () => {
    expect((await failuresOf([line('a', 'one\u2028two\u2029three\u0085four')])).status).toBe(
      'in_progress',
    );
  });

  it('lets a missing file pass creation, and fails it a quarter of an hour later', async () => {
    const lab = createLab();
    const batch = valueOf(
      await lab.provider.createBatch({
        input_file_id: 'file-none',
        endpoint,
        completion_window: '24h',
      }),
    );
    lab.wait(10 * 60_000);
    expect((await lab.retrieve(batch.id)).status).toBe('validating');
    lab.wait(10 * 60_000);
    expect(await lab.retrieve(batch.id)).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'invalid_request', line: null }] },
    });
  });
});

describe('the queue limit', () => {
  const queueLab = async (): Promise<{
    readonly lab: Lab;
    readonly first: BatchObject;
    readonly second: BatchObject;
  }> => {
    const lab = createLab({ enqueuedTokensMax: 120 });
    const first = await lab.order(lines(10));
    const second = await lab.order(lines(10));
    lab.wait(2 * 60_000);
    return { lab, first, second };
  };

  it('fails the batch that would exceed it, in validation, and says how much is allowed', async () => {
    const { lab, first, second } = await queueLab();
    expect((await lab.retrieve(first.id)).status).toBe('in_progress');
    const failed = await lab.retrieve(second.id);
    expect(failed).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'token_limit_exceeded', line: null }] },
    });
    expect(failed.errors?.data[0]?.message).toMatch(
      /Enqueued token limit reached for gpt-4\.1-mini .* Limit: 120 enqueued tokens\./u,
    );
  });

  it('has capacity again once the earlier batch has ended', async () => {
    const { lab } = await queueLab();
    lab.wait(24 * hourMs);
    const third = await lab.order(lines(10));
    lab.wait(2 * 60_000);
    expect((await lab.retrieve(third.id)).status).toBe('in_progress');
  });
});

describe('creation', () => {
  const good = { input_file_id: 'file-none', endpoint, completion_window: '24h' };
  it.each([
    ['no body', undefined, null],
    ['a list', [], null],
    ['no endpoint', { ...good, endpoint: undefined }, 'endpoint'],
    ['an unknown endpoint', { ...good, endpoint: '/v1/nothing' }, 'endpoint'],
    ['another window', { ...good, completion_window: '1h' }, 'completion_window'],
    ['metadata that is not text', { ...good, metadata: { a: 1 } }, 'metadata.a'],
    [
      '17 pairs of metadata',
      {
        ...good,
        metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])),
      },
      'metadata',
    ],
    [
      'a metadata value of 513 characters',
      { ...good, metadata: { a: 'x'.repeat(513) } },
      'metadata.a',
    ],
    [
      'an output expiry below an hour',
      { ...good, output_expires_after: { anchor: 'created_at', seconds: 60 } },
      'output_expires_after[seconds]',
    ],
  ])('refuses %s with 400', async (_name, body, param) => {
    const lab = createLab();
    const { statusCode, error } = refusalOf(await lab.provider.createBatch(body));
    expect(statusCode).toBe(400);
    expect(error).toMatchObject({ type: 'invalid_request_error', param });
    expect(lab.provider.ledger.batchesCreated).toBe(0);
  });

  it('refuses a file whose purpose is another, and more than 2,000 batches in an hour', async () => {
    const lab = createLab({ limits: { batchesPerHourMax: 2 } });
    const file = valueOf(
      await lab.provider.createFile({
        filename: 'a.txt',
        purpose: 'user_data',
        content: nothing(),
      }),
    );
    expect(
      refusalOf(await lab.provider.createBatch({ ...good, input_file_id: file.id })).statusCode,
    ).toBe(400);
    await lab.provider.createBatch(good);
    await lab.provider.createBatch(good);
    expect(refusalOf(await lab.provider.createBatch(good)).statusCode).toBe(429);
    lab.wait(hourMs);
    expect((await lab.provider.createBatch(good)).type).toBe('done');
  });
});

describe('an upload', () => {
  it('is refused without a .jsonl name, a known purpose, or a good expiry, and above the size limit', async () => {
    const lab = createLab({ limits: { inputBytesMax: 100 } });
    const upload = async (fields: object): Promise<number> =>
      refusalOf(
        await lab.provider.createFile({
          filename: 'a.jsonl',
          purpose: 'batch',
          content: nothing(),
          ...fields,
        }),
      ).statusCode;
    expect(await upload({ filename: 'a.json' })).toBe(400);
    expect(await upload({ purpose: 'nonsense' })).toBe(400);
    expect(await upload({ expiresAfter: { anchor: 'created_at', seconds: 1 } })).toBe(400);
    expect(await upload({ content: once(new Uint8Array(101)) })).toBe(413);
    expect(lab.provider.ledger.uploads).toBe(0);
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
