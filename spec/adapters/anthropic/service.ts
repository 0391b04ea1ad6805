import { createAnthropic, type AnthropicOptions } from '../../../adapters/anthropic/index.ts';
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../adapters/emulator/index.ts';
import type { BatchProvider, ProviderWire } from '../../../lib/ports/provider.ts';
import { key } from '../openai/stub.ts';

export const secret = 'sk-ant-spec-0123456789abcdef';

export const connect = (
  options: AnthropicOptions,
  requestTimeoutMs = 60_000,
): BatchProvider & ProviderWire =>
  createAnthropic(options).connect({
    model: 'claude-haiku-4-5',
    endpoint: 'messages',
    completionWindow: '24h',
    params: { max_tokens: 64 },
    requestTimeoutMs,
  });

export const at = (baseURL: string, requestTimeoutMs?: number): BatchProvider & ProviderWire =>
  connect({ baseURL, apiKey: secret }, requestTimeoutMs);

/** An emulator whose time only `advance` moves, and a provider of it. */
export const startService = async (
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator; readonly provider: BatchProvider & ProviderWire }> => {
  const emulator = await startEmulator({ speed: 0, provider: 'anthropic', ...options });
  return { emulator, provider: at(emulator.baseURL) };
};

/** A create of so many rows, in chunks of so many bytes. */
export const createInput = (
  rows = 2,
  { chunkBytes = 50, id = (index: number) => `r01234567-${index}_0000001` } = {},
): Parameters<BatchProvider['create']>[0] => {
  const wire = connect({ apiKey: secret });
  const render = wire.renderer({ jsonSchema: null, schemaName: null, raisedOutputTokensMax: null });
  const text = Array.from({ length: rows }, (_, index) => {
    const line = render(id(index), `Question ${index}, with "quotes", ü and \u2028`);
    return 'line' in line ? line.line : '';
  }).join('');
  const bytes = Buffer.from(text);
  return {
    batchKey: key('key-1'),
    createAttempt: 1,
    inputFileId: null,
    requests: rows,
    bytes: bytes.length,
    lines: async function* () {
      await Promise.resolve();
      for (let from = 0; from < bytes.length; from += chunkBytes)
        yield bytes.subarray(from, from + chunkBytes);
    },
    metadata: {},
  };
};

/** A Message Batch in progress, as the service writes it; ids and times are ours. */
export const batch = (id: string, more: object = {}): Record<string, unknown> => ({
  id,
  type: 'message_batch',
  processing_status: 'in_progress',
  request_counts: { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
  ended_at: null,
  created_at: '2026-08-01T10:20:30.123456+00:00',
  expires_at: '2026-08-02T10:20:30.123456+00:00',
  archived_at: null,
  cancel_initiated_at: null,
  results_url: null,
  ...more,
});

export const ended = (id: string, more: object = {}): Record<string, unknown> =>
  batch(id, {
    processing_status: 'ended',
    request_counts: { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 },
    ended_at: '2026-08-01T10:22:30.654321+00:00',
    results_url: `https://api.anthropic.com/v1/messages/batches/${id}/results`,
    ...more,
  });

export const apiError = (type: string, message: string, code?: string): object => ({
  type: 'error',
  error: { type, message, ...(code === undefined ? {} : { details: { error_code: code } }) },
  request_id: 'req_1',
});
