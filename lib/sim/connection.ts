import * as E from 'fp-ts/lib/Either.js';
import type { SweptBatch } from '../core/model/command.ts';
import type { ProviderBatchId } from '../core/values/ids.ts';
import { stampCustomIds } from '../core/values/custom-ids.ts';
import { openaiTraits, type ServiceTraits } from '../core/values/service-traits.ts';
import { contradictionIn, type CreateAsked } from '../core/reconcile/create-answer.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { PortError } from '../ports/port-error.ts';
import type {
  BatchProvider,
  PromptParts,
  ProviderConfig,
  ProviderConnection,
  ProviderOperation,
} from '../ports/provider.ts';
import {
  attemptKey,
  batchKeyKey,
  describedBatchOf,
  observationOf,
  listedBatchOf,
} from './fake-batch.ts';
import { eachPage, ofLength } from './batch-pages.ts';
import { shapedBatches } from './shaped-batches.ts';
import { createFakeWire, endpointPath, type FakeEndpoint } from './fake-wire.ts';
import type { FileContent } from './provider/file-operations.ts';
import { openaiLimits, type ServiceLimits } from './provider/limits.ts';
import type { FakeProvider } from './provider/provider.ts';
import type { Reply } from './provider/reply.ts';
import type { BatchObject } from './provider/wire.ts';
import { readableProvider } from './readable-provider.ts';
import { asking, errorOf } from './reply-errors.ts';

/** Settings of a fake provider job. */
export interface FakeSettings extends ProviderOperation {
  readonly model: string;
  /** Default `responses`. */
  readonly endpoint?: FakeEndpoint;
  readonly params?: JsonObject;
}
/** The provider config of a job for the fake provider: prompts and answers are texts. */
export type FakeProviderConfig = ProviderConfig<string | PromptParts, string>;

/** Call it for a job's provider config; pass it to a runner as a connection. */
export interface FakeConnection extends ProviderConnection {
  (settings: FakeSettings): FakeProviderConfig;
}

/**
 * A connection to a fake provider in this process. It may also replace another connection: then the
 * job keeps its own config, and its endpoint's name is read as OpenAI's.
 */
export const fakeConnection = (
  provider: FakeProvider,
  options: {
    readonly name?: string;
    readonly limits?: Partial<ServiceLimits>;
    /** What the service is like (default as OpenAI's). */
    readonly traits?: ServiceTraits;
  } = {},
): FakeConnection => {
  const name = options.name ?? 'fake';
  const limits = { ...openaiLimits, ...options.limits };
  const traits = options.traits ?? openaiTraits;
  const configOf = ({
    model,
    endpoint = 'responses',
    params = {},
    ...operation
  }: FakeSettings): FakeProviderConfig => ({
    kind: 'fake',
    connection: name,
    model,
    endpoint,
    completionWindow: '24h',
    params,
    limits: {
      requestsMax: limits.requestsMax,
      inputBytesMax: limits.inputBytesMax,
      inputTokensMax: null,
      inputsMax: limits.embeddingInputsMax,
      createsPerHourMax: limits.batchesPerHourMax,
    },
    traits,
    operation,
  });
  const batchesOf = (job: Parameters<ProviderConnection['connect']>[0]): BatchProvider => {
    const readable = readableProvider(provider);
    return shapedBatches(fakeBatches(readable, job, limits), readable, traits, limits);
  };
  const connect: ProviderConnection['connect'] = (config) => ({
    ...batchesOf(config),
    ...createFakeWire(config),
    ...(traits.correlates === 'answers' ? { stampCustomIds } : {}),
  });
  return Object.defineProperties(configOf, {
    name: { value: name, enumerable: true },
    kind: { value: 'fake', enumerable: true },
    connect: { value: connect, enumerable: true },
  }) as unknown as FakeConnection;
};

/**
 * How many milliseconds before the given time a listing begins, as in a real adapter, since clocks
 * differ.
 */
const clockSkewMs = 10 * 60_000;
/** At most this many batches are retrieved one by one; more by the list. */
const singlesMax = 3;

const checking =
  (provider: FakeProvider): BatchProvider['check'] =>
  ({ acceptsNoList = false } = {}) =>
  async () => {
    const reply = await provider.listBatches({ limit: 1 });
    const isWithoutList =
      reply.type === 'refused' && [404, 405, 501].includes(reply.statusCode) && acceptsNoList;
    return reply.type === 'done' || isWithoutList
      ? E.right(undefined)
      : E.left(errorOf(reply, { what: 'list the batches' }));
  };

const fakeBatches = (
  provider: FakeProvider,
  job: { readonly endpoint: string; readonly completionWindow: string },
  limits: ServiceLimits,
): BatchProvider => ({
  check: checking(provider),
  upload: ({ batchKey, createAttempt, bytes, lines, expiresAfterMs }) =>
    asking(
      { what: 'take the input file', isAboutInput: true },
      () =>
        provider.createFile({
          filename: `batchor-${batchKey}-${createAttempt}.jsonl`,
          purpose: 'batch',
          content: ofLength(lines, bytes),
          ...(expiresAfterMs === null
            ? {}
            : {
                expiresAfter: {
                  anchor: 'created_at',
                  seconds: Math.max(limits.expirySecondsMin, Math.ceil(expiresAfterMs / 1000)),
                },
              }),
        }),
      ({ id, expires_at: expiresAt }) => ({
        inputFileId: id,
        expiresAtMs: typeof expiresAt === 'number' ? expiresAt * 1000 : null,
      }),
    ),
  create:
    ({ batchKey, createAttempt, inputFileId, metadata, outputExpiresAfterMs = null }) =>
    async () => {
      if (inputFileId === null) return E.left(noInputFile);
      const marks = { [batchKeyKey]: batchKey, [attemptKey]: String(createAttempt) };
      const reply = await provider.createBatch({
        input_file_id: inputFileId,
        endpoint: endpointPath(job.endpoint),
        completion_window: job.completionWindow,
        metadata: { ...metadata, ...marks },
        ...(outputExpiresAfterMs === null
          ? {}
          : {
              output_expires_after: {
                anchor: 'created_at',
                seconds: Math.max(limits.expirySecondsMin, Math.ceil(outputExpiresAfterMs / 1000)),
              },
            }),
      });
      return confirmed(reply, { inputFileId, marks });
    },
  sweep:
    ({ creates, sinceMs, runId, known }) =>
    async () => {
      const files: { inputFileId: string; createdAtMs: number | null }[] = [];
      const inputFileIds = creates.flatMap(({ inputFileId }) => inputFileId ?? []);
      for (const inputFileId of inputFileIds) {
        const reply = await provider.retrieveFile(inputFileId);
        if (reply.type === 'done')
          files.push({ inputFileId, createdAtMs: reply.value.created_at * 1000 });
        else if (reply.type !== 'refused' || reply.statusCode !== 404)
          return E.left(errorOf(reply, { what: 'read the input files' }));
      }
      const cutoffMs = Math.min(
        sinceMs - clockSkewMs,
        ...files.map(({ createdAtMs }) => (createdAtMs ?? Infinity) - 1_000),
      );
      const keys = new Set<string>(creates.map(({ batchKey }) => batchKey));
      const fileIds = new Set<string>(inputFileIds);
      const found: SweptBatch[] = [];
      const shown = new Set<ProviderBatchId>();
      let isRunSeen = false;
      let readBackToMs: number | null = null;
      const fault = await eachPage(provider, limits, (page) => {
        for (const batch of page) {
          isRunSeen ||= batch.metadata?.['batchor_run_id'] === runId;
          if (known.includes(batch.id as ProviderBatchId)) shown.add(batch.id as ProviderBatchId);
          if (keys.has(batch.metadata?.[batchKeyKey] ?? '') || fileIds.has(batch.input_file_id))
            found.push(listedBatchOf(batch));
        }
        // Known batches may be older than the cutoff.
        const isBehind =
          page.length > 0 &&
          page.every((batch) => batch.created_at * 1000 < cutoffMs) &&
          shown.size === known.length;
        if (isBehind) readBackToMs = cutoffMs;
        return isBehind;
      });
      return fault === null
        ? E.right({ found, files, readBackToMs, isRunSeen, shown: [...shown] })
        : E.left(fault);
    },
  deleteFile: (fileId) => async () => {
    const reply = await provider.deleteFile(fileId);
    const isGone = reply.type === 'done' || (reply.type === 'refused' && reply.statusCode === 404);
    return isGone
      ? E.right(undefined)
      : E.left(errorOf(reply, { what: `delete file ${fileId}`, isAboutOne: true }));
  },
  identify: (providerBatchId) => async () => {
    const reply = await provider.retrieveBatch(providerBatchId);
    if (reply.type === 'done') return E.right(listedBatchOf(reply.value));
    return reply.type === 'refused' && reply.statusCode === 404
      ? E.right(null)
      : E.left(errorOf(reply, { what: `read batch ${providerBatchId}`, isAboutOne: true }));
  },
  describe: (providerBatchId) => async () => {
    const reply = await provider.retrieveBatch(providerBatchId);
    if (reply.type === 'done') return E.right(describedBatchOf(reply.value));
    return reply.type === 'refused' && reply.statusCode === 404
      ? E.right(null)
      : E.left(errorOf(reply, { what: `read batch ${providerBatchId}`, isAboutOne: true }));
  },
  observe: (asked) => async () => {
    const wanted = new Set<string>(asked.map(({ providerBatchId }) => providerBatchId));
    const found = new Map<string, BatchObject>();
    if (asked.length > singlesMax) {
      const fault = await eachPage(provider, limits, (page) => {
        const before = found.size;
        for (const batch of page) if (wanted.has(batch.id)) found.set(batch.id, batch);
        return found.size === wanted.size || found.size === before;
      });
      // A service without a list is asked for each batch.
      if (fault !== null && fault.type !== 'refused') return E.left(fault);
    }
    for (const { providerBatchId } of asked) {
      if (found.has(providerBatchId)) continue;
      const reply = await provider.retrieveBatch(providerBatchId);
      if (reply.type === 'done') found.set(providerBatchId, reply.value);
      // Right after a create, a 404 is normal.
      else if (reply.type !== 'refused' || reply.statusCode !== 404)
        return E.left(errorOf(reply, { what: 'read the batches' }));
    }
    return E.right(
      asked.flatMap(({ batchKey, providerBatchId, isAdopted = false }) => {
        const batch = found.get(providerBatchId);
        const carriedKey = batch?.metadata?.[batchKeyKey] ?? batchKey;
        return batch === undefined || (carriedKey !== batchKey && !isAdopted)
          ? []
          : [observationOf(batchKey, batch, provider.nowMs())];
      }),
    );
  },
  download: (fileId) => async () => opened(fileId, await provider.fileContent(fileId)),
  cancel: (providerBatchId) =>
    asking(
      { what: `cancel batch ${providerBatchId}`, isAboutOne: true },
      () => cancelled(provider, providerBatchId),
      () => undefined,
    ),
});

/**
 * A create that is rejected because of its input file, though the file exists. A real adapter
 * checks for the file too.
 */
const fileRefusal = (reply: Reply<BatchObject>): PortError | null => {
  if (reply.type !== 'refused' || reply.error.param !== 'input_file_id') return null;
  const { message } = reply.error;
  return /purpose/u.test(message) ? null : { type: 'not_ready', message };
};

const noInputFile: PortError = {
  type: 'refused',
  message: 'the create names no input file',
  statusCode: null,
  requestId: null,
};

/** An answer with another batch confirms nothing, as in a real adapter. */
const confirmed = (
  reply: Reply<BatchObject>,
  asked: CreateAsked,
): Awaited<ReturnType<ReturnType<BatchProvider['create']>>> => {
  const ofFile = fileRefusal(reply);
  if (ofFile !== null) return E.left(ofFile);
  if (reply.type !== 'done')
    return E.left(
      errorOf(reply, {
        what: 'create the batch',
        isPaid: true,
        isAboutOne: true,
        isAboutInput: true,
      }),
    );
  const { id, object, status, input_file_id: inputFileId, metadata } = reply.value;
  const contradiction = contradictionIn({ kind: object, inputFileId, metadata }, asked);
  if (contradiction === null)
    return E.right({ providerBatchId: id as ProviderBatchId, providerStatus: status });
  return E.left({
    type: 'unclear',
    message: `the create was answered with another batch (${id}): ${contradiction}`,
    cause: null,
  });
};

/** Transfer encodings that are decoded. */
const encodings: readonly string[] = ['gzip', 'deflate', 'br'];

const opened = (
  fileId: string,
  reply: Reply<FileContent>,
): Awaited<ReturnType<ReturnType<BatchProvider['download']>>> => {
  if (reply.type !== 'done')
    return E.left(errorOf(reply, { what: `give file ${fileId}`, isAboutOne: true }));
  const { range, chunks, encoding } = reply.value;
  const bytes = range.end - range.start;
  if (encoding === undefined) return E.right({ bytes, chunks: ofLength(chunks, bytes) });
  if (encodings.includes(encoding))
    return E.right({ bytes: null, chunks: ofLength(chunks, bytes) });
  const message = `could not give file ${fileId}: the answer is packed as "${encoding}" (content-encoding)`;
  return E.left({ type: 'transient', message, retryAfterMs: null, cause: null });
};

/** Rejecting the cancel of a batch that has ended or is being cancelled counts as success. */
const cancelled = async (provider: FakeProvider, id: string): Promise<Reply<BatchObject>> => {
  const reply = await provider.cancelBatch(id);
  if (reply.type !== 'refused' || reply.statusCode !== 409) return reply;
  return provider.retrieveBatch(id);
};
