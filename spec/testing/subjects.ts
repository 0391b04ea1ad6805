import { createAnthropic, anthropic } from '../../adapters/anthropic/index.ts';
import { startEmulator, type EmulatedProvider } from '../../adapters/emulator/index.ts';
import { createGemini, gemini } from '../../adapters/gemini/index.ts';
import { createMistral, mistral } from '../../adapters/mistral/index.ts';
import type { FaultScript } from '../../lib/sim/index.ts';
import {
  compatible,
  type CompatibleName,
  createCompatible,
  createOpenAI,
  openai,
} from '../../adapters/openai/index.ts';
import { createXai, xai } from '../../adapters/xai/index.ts';
import type { ProviderConnection } from '../../lib/ports/provider.ts';
import type { DoubleOptions, OpenDouble, ProviderSubject } from '../../lib/testing/index.ts';

/** How each adapter is reached: an address and a key. */
type Connect = (reached: {
  readonly baseURL: string;
  readonly apiKey: string;
}) => ProviderConnection;

/** The adapter before the emulator, which stands still but for `advance`. */
const emulated =
  (provider: EmulatedProvider, connect: Connect, always: FaultScript = []) =>
  async ({ acceptedKey, sentKey, faults = [], ...options }: DoubleOptions): Promise<OpenDouble> => {
    let nowMs = Date.now();
    const emulator = await startEmulator({
      ...options,
      provider,
      speed: 0,
      startAt: new Date(nowMs),
      apiKey: acceptedKey,
      faults: [...faults, ...always],
    });
    return {
      connection: connect({ baseURL: emulator.baseURL, apiKey: sentKey }),
      advance: (ms) => {
        nowMs += ms;
        return emulator.advance(ms);
      },
      nowMs: () => nowMs,
      tokensBilled: () => ({
        input: emulator.ledger.inputTokensBilled,
        output: emulator.ledger.outputTokensBilled,
      }),
      batchesCreated: () => emulator.ledger.batchesCreated,
      close: emulator.close,
    };
  };

/** What services that speak OpenAI's API have otherwise than OpenAI. */
const compatibleService = (name: CompatibleName, always: FaultScript): ProviderSubject => ({
  config: compatible(name, { model: 'some-model' }),
  open: emulated('openai', (reached) => createCompatible(name, reached), always),
});

/** Each adapter of a service, by name. */
export const adapters: Readonly<Record<string, ProviderSubject>> = {
  openai: {
    config: openai({ model: 'gpt-4.1-mini' }),
    open: emulated('openai', createOpenAI),
  },
  anthropic: {
    config: anthropic({ model: 'claude-haiku-4-5' }),
    open: emulated('anthropic', createAnthropic),
    // Its batches are not validated: requests fail one by one.
    lacks: ['validation_fails'],
  },
  gemini: {
    config: gemini({ model: 'gemini-2.5-flash' }),
    open: emulated('gemini', createGemini),
  },
  mistral: {
    config: mistral({ model: 'mistral-small-latest' }),
    open: emulated('mistral', createMistral),
  },
  xai: {
    config: xai({ model: 'grok-4.3' }),
    open: emulated('xai', createXai),
    // A batch is known from the moment that it is made empty, and never expires; its answers are
    // pages of JSON, its errors are texts. No rule asks for its list.
    lacks: ['not_found_after_create', 'expires', 'download_encoded', 'list_refused'],
    saysNoRowStatus: true,
    // The emulator reads the one call that adds the requests whole.
    holdsUploads: true,
  },
  // A list without parameters, and chat completions.
  groq: {
    ...compatibleService('groq', [{ type: 'list_bare' }]),
    // Its list has no pages.
    lacks: ['list_pages_short'],
  },
  azure: compatibleService('azure', [{ type: 'times_iso' }, { type: 'error_file_empty' }]),
};
