import { describe, expect, it } from 'vitest';
import { startEmulator } from 'batchor/adapters/emulator';
import { cliProvider } from '../../cli/job/providers.ts';
import { createCliWorld } from './in-process.ts';

const key = 'key-0123456789abcdef';
const variablesOf = (name: string, baseUrl: string): Readonly<Record<string, string>> => {
  const { keyVariable, addressVariable } = cliProvider(name);
  return { [keyVariable]: key, [addressVariable]: baseUrl };
};

describe('--from-batch at a service of another name', () => {
  it.each(['gemini', 'mistral', 'xai'] as const)(
    'is refused where its batches do not show their requests, with what to do (%s)',
    async (name) => {
      await using emulator = await startEmulator({ provider: name });
      await using world = await createCliWorld();
      const ran = await world.run(['start', '--provider', name, '--from-batch', 'batch_a'], {
        onlyEnv: variablesOf(name, emulator.baseURL),
      });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('they do not show the requests that they were made of');
      expect(ran.stderr).toContain('Start a run of the rows instead');
      expect(world.storedText()).toBe('');
    },
  );

  it('is refused where a batch has no input file, with what to do (anthropic)', async () => {
    await using emulator = await startEmulator({ provider: 'anthropic' });
    await using world = await createCliWorld();
    const params = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] };
    const response = await fetch(`${emulator.baseURL}/v1/messages/batches`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ requests: [{ custom_id: 'a', params }] }),
    });
    const { id } = (await response.json()) as { readonly id: string };
    const ran = await world.run(['start', '--provider', 'anthropic', '--from-batch', id], {
      onlyEnv: variablesOf('anthropic', emulator.baseURL),
    });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('has no input file');
    expect(ran.stderr).toContain('Start a run of the rows instead');
  });

  it('reads the batches there, with the key of that service', async () => {
    await using emulator = await startEmulator({
      provider: 'doubleword',
      apiKey: key,
      turnaroundMs: { min: 20, max: 40 },
    });
    await using world = await createCliWorld();
    const lines = `${JSON.stringify({
      custom_id: 'a',
      method: 'POST',
      url: '/v1/chat/completions',
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
    })}\n`;
    const file = await emulator.provider.createFile({
      filename: 'rows.jsonl',
      purpose: 'batch',
      content: (async function* () {
        yield await Promise.resolve(Buffer.from(lines));
      })(),
    });
    if (file.type !== 'done') throw new Error('no file');
    const batch = await emulator.provider.createBatch({
      input_file_id: file.value.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    if (batch.type !== 'done') throw new Error('no batch');
    const options = { onlyEnv: variablesOf('doubleword', emulator.baseURL) };
    const started = await world.run(
      [
        ...['start', '--provider', 'doubleword', '--from-batch', batch.value.id],
        ...['--poll-interval', '0.05', '--run-id', 'd', '--store', 'store', '--wait'],
      ],
      options,
    );
    expect([started.code, started.stderr]).toEqual([0, expect.stringContaining('1 requests')]);
    const results = await world.run(['results', '--run-id', 'd', '--store', 'store'], options);
    expect(results.lines).toMatchObject([{ item_id: 'a', status: 'completed' }]);
  });
});
