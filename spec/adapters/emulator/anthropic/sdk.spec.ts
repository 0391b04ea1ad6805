import Anthropic, {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
} from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../../../adapters/emulator/index.ts';
import { request, resultsOf, startAnthropic, turnaroundMs } from './start.ts';

const open: Emulator[] = [];
afterEach(async () => {
  for (const emulator of open.splice(0)) await emulator.close();
});
const start = async (options: EmulatorOptions = {}) => {
  const started = await startAnthropic(options);
  open.push(started.emulator);
  return started;
};

describe("Anthropic's SDK", () => {
  it('creates, polls and reads results', async () => {
    const { emulator, client } = await start();
    const created = await client.messages.batches.create({
      requests: [request('a'), request('b'), request('c')],
    });
    expect(created).toMatchObject({
      processing_status: 'in_progress',
      request_counts: { processing: 3, succeeded: 0 },
      results_url: null,
    });
    expect(Date.parse(created.expires_at) - Date.parse(created.created_at)).toBe(86_400_000);
    await emulator.advance(turnaroundMs);
    const ended = await client.messages.batches.retrieve(created.id);
    expect(ended).toMatchObject({
      processing_status: 'ended',
      request_counts: { processing: 0, succeeded: 3, errored: 0, canceled: 0, expired: 0 },
      results_url: `${emulator.baseURL}/v1/messages/batches/${created.id}/results`,
    });
    const results = await resultsOf(client, created.id);
    expect([...results.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(results.get('a')).toMatchObject({
      type: 'succeeded',
      message: {
        model: 'claude-haiku-4-5-20251001',
        stop_reason: 'end_turn',
        usage: { service_tier: 'batch' },
      },
    });
  });

  it('asks for ten seconds between polls while a batch is in progress', async () => {
    const { emulator, client } = await start();
    const { id } = await client.messages.batches.create({ requests: [request('a')] });
    const polled = await client.messages.batches.retrieve(id).withResponse();
    expect(polled.response.headers.get('retry-after')).toBe('10');
    await emulator.advance(turnaroundMs);
    const ended = await client.messages.batches.retrieve(id).withResponse();
    expect(ended.response.headers.get('retry-after')).toBeNull();
  });

  it('pages through batches in both directions, newest first', async () => {
    const { emulator, client } = await start();
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.unshift((await client.messages.batches.create({ requests: [request('a')] })).id);
      await emulator.advance(1_000);
    }
    const listed: string[] = [];
    for await (const batch of client.messages.batches.list({ limit: 3 })) listed.push(batch.id);
    expect(listed).toEqual(made);
    const newer = await client.messages.batches.list({ limit: 2, before_id: made[4] ?? '' });
    expect(newer.data.map(({ id }) => id)).toEqual(made.slice(2, 4));
    expect(newer.has_more).toBe(true);
    const whole = await client.messages.batches.list({ limit: 1_000 });
    expect(whole).toMatchObject({ has_more: false, first_id: made[0], last_id: made[6] });
    await expect(client.messages.batches.list({ limit: 1_001 })).rejects.toBeInstanceOf(
      BadRequestError,
    );
  });

  it('cancels, and finds what was answered before', async () => {
    const { emulator, client } = await start({ turnaroundMs: { min: 3_600_000, max: 3_600_000 } });
    const { id } = await client.messages.batches.create({
      requests: Array.from({ length: 20 }, (_, index) => request(`r${index}`)),
    });
    await emulator.advance(1_800_000);
    const cancelling = await client.messages.batches.cancel(id);
    expect(cancelling.processing_status).toBe('canceling');
    expect(cancelling.cancel_initiated_at).toMatch(/^\d{4}-.*\.\d{6}\+00:00$/u);
    await emulator.advance(turnaroundMs);
    const ended = await client.messages.batches.retrieve(id);
    const { succeeded, canceled } = ended.request_counts;
    expect(ended.processing_status).toBe('ended');
    expect(succeeded + canceled).toBe(20);
    expect(succeeded).toBeGreaterThan(0);
    expect(canceled).toBeGreaterThan(0);
    const types = [...(await resultsOf(client, id)).values()].map(({ type }) => type);
    expect(types.filter((type) => type === 'canceled')).toHaveLength(canceled);
  });

  it('finds requests that expired, and failures, counted apart', async () => {
    const { emulator, client } = await start({
      faults: [
        { type: 'expires', completedRatio: 0.5 },
        { type: 'rows_fail', ratio: 0.5, statusCode: 529 },
      ],
    });
    const { id } = await client.messages.batches.create({
      requests: Array.from({ length: 20 }, (_, index) => request(`r${index}`)),
    });
    await emulator.advance(25 * 3_600_000);
    const { request_counts: counts } = await client.messages.batches.retrieve(id);
    expect(counts.expired).toBe(10);
    expect(counts.errored).toBeGreaterThan(0);
    expect(counts.succeeded + counts.errored + counts.expired).toBe(20);
    const failed = [...(await resultsOf(client, id)).values()].find(
      (result) => result.type === 'errored',
    );
    expect(failed).toMatchObject({ error: { type: 'error', error: { type: 'overloaded_error' } } });
  });

  it('is answered with an error for the params of one request, hours later', async () => {
    const { emulator, client } = await start();
    const { id } = await client.messages.batches.create({
      requests: [
        request('good'),
        request('fast', { speed: 'fast' }),
        request('none', { max_tokens: 0 }),
        request('blank', { messages: [{ role: 'user', content: ' ' }] }),
      ],
    });
    await emulator.advance(turnaroundMs);
    const ended = await client.messages.batches.retrieve(id);
    expect(ended.request_counts).toMatchObject({ succeeded: 1, errored: 3 });
    const results = await resultsOf(client, id);
    for (const name of ['fast', 'none', 'blank'])
      expect(results.get(name)).toMatchObject({
        type: 'errored',
        error: { error: { type: 'invalid_request_error' } },
      });
  });

  it.each([
    ['no requests', []],
    ['an id twice', [request('a'), request('a')]],
    ['an id of other letters', [request('a b')]],
    ['a long id', [request('a'.repeat(65))]],
  ])('is refused at once for %s', async (_title, requests) => {
    const { emulator, client } = await start();
    const refused = client.messages.batches.create({ requests });
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
    await expect(refused).rejects.toMatchObject({
      error: { type: 'error', error: { type: 'invalid_request_error' } },
    });
    expect(emulator.ledger.batchesCreated).toBe(0);
  });

  it('answers by the schema of the request, and stops at its bound', async () => {
    const { emulator, client } = await start();
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    const { id } = await client.messages.batches.create({
      requests: [
        request('schema', { output_config: { format: { type: 'json_schema', schema } } }),
        request('short', { max_tokens: 1 }),
      ],
    });
    await emulator.advance(turnaroundMs);
    const results = await resultsOf(client, id);
    const answer = results.get('schema');
    if (answer?.type !== 'succeeded') throw new Error('no answer');
    const [block] = answer.message.content;
    expect(JSON.parse(block?.type === 'text' ? block.text : '')).toEqual({
      ok: expect.any(Boolean) as boolean,
    });
    expect(results.get('short')).toMatchObject({ message: { stop_reason: 'max_tokens' } });
  });

  it('deletes a batch that has ended, and no other', async () => {
    const { emulator, client } = await start();
    const { id } = await client.messages.batches.create({ requests: [request('a')] });
    await expect(client.messages.batches.delete(id)).rejects.toBeInstanceOf(BadRequestError);
    await emulator.advance(turnaroundMs);
    expect(await client.messages.batches.delete(id)).toEqual({
      id,
      type: 'message_batch_deleted',
    });
    await expect(client.messages.batches.retrieve(id)).rejects.toBeInstanceOf(NotFoundError);
    expect((await client.messages.batches.list()).data).toEqual([]);
  });

  it('finds no results of a batch after 29 days, and sees that it is archived', async () => {
    const { emulator, client } = await start();
    const { id } = await client.messages.batches.create({ requests: [request('a')] });
    await emulator.advance(29 * 86_400_000);
    const archived = await client.messages.batches.retrieve(id);
    expect(archived).toMatchObject({ processing_status: 'ended', results_url: null });
    expect(archived.archived_at).not.toBeNull();
    await expect(client.messages.batches.results(id)).rejects.toThrow(/results/u);
  });

  it('needs a key, and the one that the emulator was given', async () => {
    const { emulator } = await start({ apiKey: 'sk-ant-right' });
    const wrong = new Anthropic({
      baseURL: emulator.baseURL,
      apiKey: 'sk-ant-wrong',
      maxRetries: 0,
    });
    await expect(wrong.messages.batches.list()).rejects.toBeInstanceOf(AuthenticationError);
    const right = new Anthropic({
      baseURL: emulator.baseURL,
      apiKey: 'sk-ant-right',
      maxRetries: 0,
    });
    expect((await right.messages.batches.list()).data).toEqual([]);
  });

  it('loses the answer to a create that happened, where a fault says so', async () => {
    const { emulator, client } = await start({ faults: [{ type: 'lose_create_reply', times: 1 }] });
    await expect(
      client.messages.batches.create({ requests: [request('a')] }),
    ).rejects.toBeInstanceOf(APIConnectionError);
    expect((await client.messages.batches.list()).data).toHaveLength(1);
    expect(emulator.ledger.batchesCreated).toBe(1);
  });

  it('throws at the first damaged line of results, which is why batchor does not read them by it', async () => {
    const { emulator, client } = await start({ faults: [{ type: 'rows_malformed', ratio: 1 }] });
    const { id } = await client.messages.batches.create({ requests: [request('a')] });
    await emulator.advance(turnaroundMs);
    await expect(resultsOf(client, id)).rejects.toThrow();
  });
});
