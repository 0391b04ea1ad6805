import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, it } from 'vitest';
import type { Emulator, EmulatorOptions } from '../../../../adapters/emulator/index.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { byKey, lineOf, model, startGemini, turnaroundMs } from './start.ts';

describe('the official client, against the emulator', () => {
  let emulator: Emulator | null = null;
  afterEach(async () => {
    await emulator?.close();
    emulator = null;
  });
  const start = async (options: EmulatorOptions = {}) => {
    const started = await startGemini(options);
    ({ emulator } = started);
    return started;
  };
  const upload = async (client: GoogleGenAI, lines: string): Promise<string> => {
    const file = await client.files.upload({
      file: new Blob([lines]),
      config: { mimeType: 'jsonl', displayName: 'rows' },
    });
    expect(file).toMatchObject({
      displayName: 'rows',
      mimeType: 'jsonl',
      state: 'ACTIVE',
      sizeBytes: String(Buffer.byteLength(lines)),
    });
    return file.name ?? '';
  };
  const downloaded = async (client: GoogleGenAI, file: string): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), 'gemini sdk-'));
    try {
      const path = join(folder, 'answers.jsonl');
      await client.files.download({ file, downloadPath: path });
      // The client resolves before its stream has ended.
      let text = '';
      await waitFor('the file is written', async () => {
        text = await readFile(path, 'utf8').catch(() => '');
        return text.endsWith('\n');
      });
      return text;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };

  it('uploads, creates, polls and downloads: each key has its answer', async () => {
    const { client, emulator: service } = await start();
    const keys = Array.from({ length: 150 }, (_, i) => `row-${i}`);
    const fileName = await upload(client, keys.map((key) => lineOf(key)).join(''));
    const batch = await client.batches.create({
      model,
      src: { fileName },
      config: { displayName: 'all rows' },
    });
    expect(batch).toMatchObject({ state: 'JOB_STATE_PENDING', displayName: 'all rows' });
    await service.advance(turnaroundMs);
    const name = batch.name ?? '';
    const ended = await client.batches.get({ name });
    expect(ended.state).toBe('JOB_STATE_SUCCEEDED');
    const text = await downloaded(client, ended.dest?.fileName ?? '');
    const answers = byKey(text);
    expect([...answers.keys()].toSorted()).toEqual(keys.toSorted());
    expect(text.split('\n').map((line) => line.slice(0, 15))).not.toEqual(
      keys.map((key) => `{"key":"${key}"`.slice(0, 15)),
    );
    expect(JSON.stringify(answers.get('row-7'))).toContain('What is row-7?');
    expect(service.ledger.batches).toHaveLength(1);
  });

  it('uploads in several chunks, which may cut lines', async () => {
    const { client, emulator: service } = await start();
    const long = 'x'.repeat(5_000_000);
    const lines = [1, 2, 3, 4].map((i) => lineOf(`row-${i}`, `${long} ${i}`)).join('');
    const fileName = await upload(client, lines);
    const { name = '' } = await client.batches.create({ model, src: { fileName } });
    await service.advance(turnaroundMs);
    const { dest } = await client.batches.get({ name });
    expect(byKey(await downloaded(client, dest?.fileName ?? '')).size).toBe(4);
  });

  it('sends requests in the create, and has their answers with their metadata, in their order', async () => {
    const { client, emulator: service } = await start();
    const batch = await client.batches.create({
      model,
      src: [0, 1, 2].map((i) => ({
        contents: [{ role: 'user', parts: [{ text: `What is ${i}?` }] }],
        metadata: { key: `k${i}` },
      })),
    });
    await service.advance(turnaroundMs);
    const { dest } = await client.batches.get({ name: batch.name ?? '' });
    const answers = dest?.inlinedResponses ?? [];
    expect(answers.map(({ metadata }) => metadata)).toEqual([
      { key: 'k0' },
      { key: 'k1' },
      { key: 'k2' },
    ]);
    answers.forEach(({ response }, i) => {
      expect(response?.candidates?.[0]?.content?.parts?.[0]?.text).toContain(`What is ${i}?`);
      expect(response?.usageMetadata?.thoughtsTokenCount).toBe(32);
    });
  });

  it('embeds', async () => {
    const { client, emulator: service } = await start();
    const request = (text: string) => ({
      content: { parts: [{ text }] },
      outputDimensionality: 8,
    });
    const lines = ['a', 'b'].map((key) => `${JSON.stringify({ key, request: request(key) })}\n`);
    const fileName = await upload(client, lines.join(''));
    const batch = await client.batches.createEmbeddings({
      model: 'gemini-embedding-001',
      src: { fileName },
    });
    await service.advance(turnaroundMs);
    const { dest } = await client.batches.get({ name: batch.name ?? '' });
    const answers = byKey(await downloaded(client, dest?.fileName ?? ''));
    const vector = (key: string) =>
      (answers.get(key) as { response: { embedding: { values: number[] } } }).response.embedding
        .values;
    expect(vector('a')).toHaveLength(8);
    expect(vector('a')).not.toEqual(vector('b'));
  });

  it('lists page by page, to the end', async () => {
    const { client } = await start();
    const fileName = await upload(client, lineOf('a'));
    for (let i = 0; i < 7; i += 1)
      await client.batches.create({ model, src: { fileName }, config: { displayName: `b${i}` } });
    const names: (string | undefined)[] = [];
    for await (const batch of await client.batches.list({ config: { pageSize: 3 } }))
      names.push(batch.displayName);
    expect(names).toEqual(['b6', 'b5', 'b4', 'b3', 'b2', 'b1', 'b0']);
  });

  it('cancels, and deletes a file, after which a create over it comes to nothing', async () => {
    const { client, emulator: service } = await start();
    const fileName = await upload(client, lineOf('a'));
    const { name = '' } = await client.batches.create({ model, src: { fileName } });
    await client.batches.cancel({ name });
    await service.advance(turnaroundMs);
    expect((await client.batches.get({ name })).state).toBe('JOB_STATE_CANCELLED');
    await client.files.delete({ name: fileName });
    await expect(client.files.get({ name: fileName })).rejects.toMatchObject({ status: 403 });
    const late = await client.batches.create({ model, src: { fileName } });
    await service.advance(turnaroundMs);
    expect((await client.batches.get({ name: late.name ?? '' })).state).toBe('JOB_STATE_FAILED');
  });

  it('fails as a whole for a line that is none, and by row for a field that there is not', async () => {
    const { client, emulator: service } = await start();
    const bad = await upload(client, `${lineOf('a')}{"key":"b"\n`);
    const broken = await client.batches.create({ model, src: { fileName: bad } });
    const fine = await upload(client, lineOf('a') + lineOf('b', 'Hi', { temperature: 1 }));
    const whole = await client.batches.create({ model, src: { fileName: fine } });
    await service.advance(turnaroundMs);
    const raw = await fetch(`${service.baseURL}/v1beta/${broken.name ?? ''}`, {
      headers: { 'x-goog-api-key': 'k' },
    });
    expect(await raw.json()).toMatchObject({
      metadata: { state: 'BATCH_STATE_FAILED' },
      done: true,
      error: { code: 3, message: expect.stringContaining('Line 2') as string },
    });
    const { dest } = await client.batches.get({ name: whole.name ?? '' });
    const answers = byKey(await downloaded(client, dest?.fileName ?? ''));
    expect(answers.get('a')).toHaveProperty('response');
    expect(answers.get('b')).toMatchObject({
      error: { code: 3, message: expect.stringContaining('"temperature"') as string },
    });
  });
});
