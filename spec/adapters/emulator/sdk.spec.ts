import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { APIConnectionError, AuthenticationError, NotFoundError, toFile } from 'openai';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../adapters/emulator/index.ts';
import { line } from './http.ts';

const open: Emulator[] = [];
afterEach(async () => {
  for (const emulator of open.splice(0)) await emulator.close();
});

const start = async (
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator; readonly client: OpenAI }> => {
  const emulator = await startEmulator({ speed: 0, ...options });
  open.push(emulator);
  return {
    emulator,
    client: new OpenAI({ baseURL: emulator.baseURL, apiKey: 'sk-any', maxRetries: 0 }),
  };
};

const upload = async (client: OpenAI, ids: readonly string[]) =>
  client.files.create({
    file: await toFile(Buffer.from(ids.map((id) => line(id)).join('')), 'input.jsonl'),
    purpose: 'batch',
  });

const order = async (
  client: OpenAI,
  ids: readonly string[],
  metadata: Record<string, string> = {},
) => {
  const file = await upload(client, ids);
  return client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/responses',
    completion_window: '24h',
    metadata,
  });
};

describe('the OpenAI SDK', () => {
  it('uploads, creates, polls and downloads', async () => {
    const { emulator, client } = await start();
    const created = await order(client, ['a', 'b', 'c'], { run: 'r1' });
    expect(created.status).toBe('validating');
    await emulator.advance(5 * 3_600_000);
    const ended = await client.batches.retrieve(created.id);
    expect(ended).toMatchObject({
      status: 'completed',
      metadata: { run: 'r1' },
      request_counts: { total: 3, completed: 3, failed: 0 },
    });
    const text = await (await client.files.content(ended.output_file_id ?? '')).text();
    const ids = text
      .trimEnd()
      .split('\n')
      .map((row) => (JSON.parse(row) as { readonly custom_id: string }).custom_id);
    expect(ids.sort()).toEqual(['a', 'b', 'c']);
    expect((await client.files.retrieve(ended.output_file_id ?? '')).purpose).toBe('batch_output');
    expect((await client.files.delete(ended.input_file_id)).deleted).toBe(true);
    await expect(client.files.retrieve(ended.input_file_id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it('pages through batches, newest first, and through files', async () => {
    const { emulator, client } = await start();
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      made.push((await order(client, [`row-${index}`])).id);
      await emulator.advance(1_000);
    }
    const listed: string[] = [];
    for await (const batch of client.batches.list({ limit: 3 })) listed.push(batch.id);
    expect(listed).toEqual([...made].reverse());
    const files: number[] = [];
    for await (const file of client.files.list({ limit: 2, purpose: 'batch', order: 'asc' }))
      files.push(file.created_at);
    expect(files).toHaveLength(7);
    expect(files).toEqual([...files].sort((left, right) => left - right));
  });

  it('cancels, and finds the answers up to then', async () => {
    const { emulator, client } = await start();
    const ids = Array.from({ length: 40 }, (_, index) => `row-${index}`);
    const batch = await order(client, ids);
    await emulator.advance(45 * 60_000);
    expect((await client.batches.cancel(batch.id)).status).toBe('cancelling');
    await emulator.advance(3_600_000);
    const ended = await client.batches.retrieve(batch.id);
    expect(ended.status).toBe('cancelled');
    const rows = await Promise.all(
      [ended.output_file_id, ended.error_file_id].map(async (id) =>
        (await client.files.content(id ?? '')).text(),
      ),
    );
    expect(rows.join('').trimEnd().split('\n')).toHaveLength(40);
  });

  it('learns of a bad line only after creation', async () => {
    const { emulator, client } = await start();
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${line('a')}{oops\n`), 'input.jsonl'),
      purpose: 'batch',
    });
    const batch = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/responses',
      completion_window: '24h',
    });
    expect(batch.status).toBe('validating');
    await emulator.advance(120_000);
    const failed = await client.batches.retrieve(batch.id);
    expect(failed.status).toBe('failed');
    expect(failed.errors?.data).toMatchObject([{ code: 'invalid_json_line', line: 2 }]);
  });

  it('gets a broken connection when the create reply is lost, though the batch exists', async () => {
    const { client } = await start({ faults: [{ type: 'lose_create_reply', batch: 1 }] });
    const file = await upload(client, ['a']);
    const body = {
      input_file_id: file.id,
      endpoint: '/v1/responses',
      completion_window: '24h',
      metadata: { key: 'k' },
    } as const;
    await expect(client.batches.create(body)).rejects.toBeInstanceOf(APIConnectionError);
    const { data } = await client.batches.list();
    expect(data).toMatchObject([{ metadata: { key: 'k' }, input_file_id: file.id }]);
  });

  it('pays for a second batch when it retries a create by itself, which the emulator is there to show', async () => {
    const { emulator, client } = await start({ faults: [{ type: 'lose_create_reply', batch: 1 }] });
    const file = await upload(client, ['a', 'b']);
    const body = {
      input_file_id: file.id,
      endpoint: '/v1/responses',
      completion_window: '24h',
    } as const;
    await client.batches.create(body, { maxRetries: 2 });
    await emulator.advance(5 * 3_600_000);
    expect(emulator.ledger).toMatchObject({
      createAttempts: 2,
      batchesCreated: 2,
      doubleBilledCount: 2,
    });
  });

  it('gets an error for a wrong key', async () => {
    const { client } = await start({ apiKey: 'sk-right' });
    await expect(client.batches.list()).rejects.toBeInstanceOf(AuthenticationError);
  });

  it('gets the same bytes from two emulators of one seed that start at the same time', async () => {
    const play = async (): Promise<string> => {
      const { emulator, client } = await start({
        seed: 42,
        startAt: new Date('2026-04-03T12:00:00Z'),
      });
      const batch = await order(client, ['a', 'b', 'c']);
      await emulator.advance(5 * 3_600_000);
      const ended = await client.batches.retrieve(batch.id);
      return (
        JSON.stringify(ended) +
        (await (await client.files.content(ended.output_file_id ?? '')).text())
      );
    };
    expect(await play()).toBe(await play());
  });
});

describe('time', () => {
  it('passes by itself at the given speed', async () => {
    const { client } = await start({
      speed: 3_600_000,
      turnaroundMs: { min: 60_000, max: 60_000 },
    });
    const batch = await order(client, ['a']);
    for (;;) if ((await client.batches.retrieve(batch.id)).status === 'completed') break;
  });
});

describe('an answer', () => {
  it('takes at least the configured latency', async () => {
    const { client } = await start({ latencyMs: 50 });
    const startedMs = performance.now();
    await client.batches.list();
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49);
  });

  it('is missing where the connection breaks', async () => {
    const { client } = await start({
      faults: [{ type: 'connection_lost', operation: 'list_batches', times: 1 }],
    });
    await expect(client.batches.list()).rejects.toBeInstanceOf(APIConnectionError);
    expect((await client.batches.list()).data).toEqual([]);
  });
});

describe('a port in use', () => {
  it('is an error, and leaves no folder behind', async () => {
    const { emulator } = await start();
    const parent = mkdtempSync(join(tmpdir(), 'emulator-spec-'));
    vi.stubEnv('TMPDIR', parent);
    await expect(startEmulator({ port: emulator.port })).rejects.toThrow(/EADDRINUSE/u);
    vi.unstubAllEnvs();
    expect(readdirSync(parent)).toEqual([]);
    rmSync(parent, { recursive: true });
  });
});

describe('the ledger', () => {
  it('is served outside /v1 to clients with its token, for tests in other processes', async () => {
    const { emulator, client } = await start();
    await order(client, ['a', 'b']);
    await emulator.advance(5 * 3_600_000);
    const path = new URL('/emulator/ledger', emulator.baseURL);
    for (const headers of [{}, { authorization: 'Bearer any' }])
      expect(await fetch(path, { headers })).toMatchObject({ status: 401 });
    const token = new URL(emulator.ledgerURL).searchParams.get('token') ?? '';
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect((await fetch(path, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    const reply = await fetch(emulator.ledgerURL);
    expect(await reply.json()).toMatchObject({
      uploads: 1,
      createAttempts: 1,
      batchesCreated: 1,
      requestsAccepted: 2,
      requestsBilled: 2,
      doubleBilledCount: 0,
      calls: { create_batch: 1, list_batches: 0 },
    });
  });
});
