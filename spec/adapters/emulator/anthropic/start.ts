import Anthropic from '@anthropic-ai/sdk';
import {
  startEmulator,
  type Emulator,
  type EmulatorOptions,
} from '../../../../adapters/emulator/index.ts';

export type Request = Anthropic.Messages.BatchCreateParams.Request;

/** An emulator of Anthropic whose time only `advance` moves, and the official client of it. */
export const startAnthropic = async (
  options: EmulatorOptions = {},
): Promise<{ readonly emulator: Emulator; readonly client: Anthropic }> => {
  const emulator = await startEmulator({ speed: 0, provider: 'anthropic', ...options });
  const client = new Anthropic({
    baseURL: emulator.baseURL,
    apiKey: 'sk-ant-any',
    maxRetries: 0,
  });
  return { emulator, client };
};

export const request = (
  customId: string,
  params: Partial<Anthropic.MessageCreateParamsNonStreaming> = {},
): Request => ({
  custom_id: customId,
  params: {
    model: 'claude-haiku-4-5',
    max_tokens: 64,
    messages: [{ role: 'user', content: `What is ${customId}?` }],
    ...params,
  },
});

/** The results of a batch, by id. */
export const resultsOf = async (
  client: Anthropic,
  id: string,
): Promise<ReadonlyMap<string, Anthropic.Messages.MessageBatchResult>> => {
  const found = new Map<string, Anthropic.Messages.MessageBatchResult>();
  for await (const { custom_id: customId, result } of await client.messages.batches.results(id))
    found.set(customId, result);
  return found;
};

/** Longer than any batch takes by default. */
export const turnaroundMs = 5 * 3_600_000;
