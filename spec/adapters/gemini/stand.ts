import { startEmulator, type EmulatorOptions } from '../../../adapters/emulator/index.ts';
import {
  createGemini,
  type GeminiEndpoint,
  type GeminiOptions,
} from '../../../adapters/gemini/index.ts';
import type { JsonObject } from '../../../lib/core/json/json.ts';
import type { BatchKey, ProviderBatchId, RunId } from '../../../lib/core/values/ids.ts';
import type { BatchProvider, ProviderWire } from '../../../lib/ports/provider.ts';

export { json, leftOf, rightOf, startStub, uploadInput, type Seen } from '../openai/stub.ts';

export const secret = 'AIza-spec-0123456789abcdef';

export const connect = (
  options: GeminiOptions,
  more: {
    readonly endpoint?: GeminiEndpoint;
    readonly model?: string;
    readonly params?: JsonObject;
    readonly requestTimeoutMs?: number;
  } = {},
): BatchProvider & ProviderWire =>
  createGemini(options).connect({
    model: more.model ?? 'gemini-2.5-flash',
    endpoint: more.endpoint ?? 'generateContent',
    completionWindow: '24h',
    params: more.params ?? {},
    requestTimeoutMs: more.requestTimeoutMs ?? 60_000,
  });

/** A provider before an emulator whose time stands still but for `advance`. */
export const stand = async (
  options: EmulatorOptions = {},
  more: Parameters<typeof connect>[1] = {},
) => {
  const emulator = await startEmulator({
    speed: 0,
    provider: 'gemini',
    apiKey: secret,
    ...options,
  });
  const provider = connect({ baseURL: emulator.baseURL, apiKey: secret }, more);
  return { emulator, provider, [Symbol.asyncDispose]: () => emulator.close() };
};

export const key = (text: string): BatchKey => text as BatchKey;
export const batchId = (text: string): ProviderBatchId => text as ProviderBatchId;
export const runId = (text: string): RunId => text as RunId;

export const createInput = {
  batchKey: key('bk_1'),
  createAttempt: 2,
  inputFileId: 'files/input',
  requests: 1,
  bytes: 0,
  lines: () => {
    throw new Error('this service takes input files');
  },
  metadata: { batchor_run_id: 'run-1', team: 'blue' },
};

/** Asks for lost creates under these keys, each with an input file of its own. */
export const sweepInput = (
  creates: readonly { readonly batchKey: string; readonly inputFileId: string }[],
  known: readonly string[] = [],
): Parameters<BatchProvider['sweep']>[0] => ({
  creates: creates.map(({ batchKey, inputFileId }) => ({
    batchKey: key(batchKey),
    createAttempt: 1,
    inputFileId,
    stage: 'looking',
  })),
  sinceMs: 0,
  runId: runId('run-1'),
  known: known.map(batchId),
});

/** Google's error body. */
export const apiError = (
  code: number,
  status: string,
  message: string,
  details?: readonly JsonObject[],
): JsonObject => ({
  error: { code, message, status, ...(details === undefined ? {} : { details }) },
});

export const retryInfo = (retryDelay: string): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.RetryInfo',
  retryDelay,
});
