import type { ServiceShape } from '../../../lib/sim/index.ts';

/** A service that the emulator speaks, as a user of the command line reaches it. */
export interface EmulatedService {
  readonly name: EmulatedName;
  readonly model: string;
  readonly keyVariable: string;
  readonly addressVariable: string;
  /** What the emulator's ledger calls a batch. */
  readonly ledgerIdOf: (id: string) => string;
  /** Where a batch of the ledger is read, and the header that carries the key. */
  readonly pathOf: (id: string) => string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether an answer says that the batch was refused as a whole, unbilled. */
  readonly isRefused: (batch: unknown) => boolean;
  /** Whether nothing stops a create that comes through after its absence was proved. */
  readonly isUnfenced: boolean;
}

/** Of xAI's batches the ledger has other names: each call that adds requests is a batch there. */
export type EmulatedName = Exclude<ServiceShape, 'inline' | 'xai'>;

const key = 'any';
const member = (of: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string, unknown>>)[name]
        : undefined,
    of,
  );

export const emulatedServices: Readonly<Record<EmulatedName, EmulatedService>> = {
  openai: {
    name: 'openai',
    model: 'gpt-4.1',
    keyVariable: 'OPENAI_API_KEY',
    addressVariable: 'OPENAI_BASE_URL',
    ledgerIdOf: (id) => id,
    pathOf: (id) => `/v1/batches/${id}`,
    headers: { authorization: `Bearer ${key}` },
    isRefused: (batch) =>
      member(batch, 'status') === 'failed' && member(batch, 'request_counts', 'completed') === 0,
    isUnfenced: false,
  },
  anthropic: {
    name: 'anthropic',
    model: 'claude-haiku-4-5',
    keyVariable: 'ANTHROPIC_API_KEY',
    addressVariable: 'ANTHROPIC_BASE_URL',
    ledgerIdOf: (id) => id.replace(/^msgbatch_/u, 'batch_'),
    pathOf: (id) => `/v1/messages/batches/${id.replace(/^batch_/u, 'msgbatch_')}`,
    headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    // It refuses at the create, and has no such state.
    isRefused: () => false,
    isUnfenced: true,
  },
  gemini: {
    name: 'gemini',
    model: 'gemini-2.5-flash',
    keyVariable: 'GEMINI_API_KEY',
    addressVariable: 'GOOGLE_GEMINI_BASE_URL',
    ledgerIdOf: (id) => id.replace(/^batches\//u, 'batch_'),
    pathOf: (id) => `/v1beta/batches/${id.replace(/^batch_/u, '')}`,
    headers: { 'x-goog-api-key': key },
    isRefused: (batch) =>
      member(batch, 'metadata', 'state') === 'BATCH_STATE_FAILED' &&
      !Number(member(batch, 'metadata', 'batchStats', 'successfulRequestCount') ?? 0),
    isUnfenced: false,
  },
  mistral: {
    name: 'mistral',
    model: 'mistral-small-latest',
    keyVariable: 'MISTRAL_API_KEY',
    addressVariable: 'MISTRAL_BASE_URL',
    ledgerIdOf: (id) => id,
    pathOf: (id) => `/v1/batch/jobs/${id}`,
    headers: { authorization: `Bearer ${key}` },
    isRefused: (batch) =>
      member(batch, 'status') === 'FAILED' && member(batch, 'succeeded_requests') === 0,
    isUnfenced: false,
  },
};

/** The key of every service here: the emulator takes any. */
export const emulatedKey = key;
