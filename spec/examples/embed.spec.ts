import { describe, expect, it } from 'vitest';
import { asyncScheduler } from 'rxjs';
import {
  type MyProvider,
  type MyRow,
  runToEnd,
} from '../../docs/examples/15-embed-core-in-memory.ts';
import {
  batchWorkflow,
  createActivities,
  type Platform,
} from '../../docs/examples/16-embed-core-in-workflow.ts';
import {
  type BatchKey,
  type BatchObservation,
  decide,
  defaultOperation,
  emptySnapshot,
  indexInCustomId,
  type ProviderBatchId,
  type RunConfig,
  type RunId,
} from '../../lib/core/internal.ts';
import { digestOf } from '../../lib/run/job/digest.ts';
import { memoryStore } from '../../lib/sim/store/memory-store.ts';
import type { BatchProvider, ProviderWire } from '../../lib/ports/provider.ts';
import { isRight } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';

const limits = {
  requestsMax: 40,
  inputBytesMax: 10_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};
const operation = defaultOperation(limits);
const config: RunConfig = {
  jobName: 'example',
  source: { kind: 'array', ref: 'memory', fingerprint: '' },
  provider: {
    kind: 'mine',
    connection: 'mine',
    model: 'm',
    endpoint: 'responses',
    completionWindow: '24h',
    params: {},
  },
  prompt: null,
  structuredOutput: null,
  batchMetadata: {},
  customIds: null,
  takesWholeAnswers: true,
  limits,
  operation: {
    ...operation,
    pollIntervalMs: 5,
    retry: { ...operation.retry, itemBackoff: { initialMs: 1, factor: 1, maxMs: 1 } },
  },
};

const ended = (
  batchKey: BatchKey,
  providerBatchId: ProviderBatchId,
  outputFileId: string,
): BatchObservation => ({
  batchKey,
  providerBatchId,
  providerStatus: 'completed',
  isAccepted: true,
  progress: null,
  ending: { type: 'completed', outputFileId, errorFileId: null, rejection: null },
});

/**
 * Answers nine of ten rows at the first asking, and all at the second; loses the answer to its
 * first create.
 */
const scriptedProvider = (): MyProvider & {
  readonly creates: () => number;
  readonly linesTaken: () => number;
} => {
  const files = new Map<string, readonly number[]>();
  const batches = new Map<
    ProviderBatchId,
    { readonly batchKey: BatchKey; readonly createAttempt: number; readonly fileId: string }
  >();
  const asked = new Map<number, number>();
  let linesTaken = 0;
  return {
    creates: () => batches.size,
    linesTaken: () => linesTaken,
    upload: (lines) => {
      const fileId = `file-${files.size}`;
      files.set(
        fileId,
        lines.map(
          (line) => indexInCustomId((JSON.parse(line) as { custom_id: string }).custom_id) ?? -1,
        ),
      );
      return Promise.resolve(fileId);
    },
    create: (fileId, batchKey, createAttempt) => {
      const id = `batch-${batches.size}` as ProviderBatchId;
      batches.set(id, { batchKey, createAttempt, fileId });
      linesTaken += files.get(fileId)?.length ?? 0;
      return batches.size === 1
        ? Promise.reject(new Error('the answer is lost'))
        : Promise.resolve(id);
    },
    sweep: ({ creates, known }) =>
      Promise.resolve({
        found: [...batches].map(([providerBatchId, { fileId, ...batch }]) => ({
          ...batch,
          inputFileId: fileId,
          providerBatchId,
          providerStatus: 'in_progress',
          createdAtMs: null,
          ending: null,
        })),
        files: creates.flatMap(({ inputFileId }) =>
          inputFileId === null ? [] : [{ inputFileId, createdAtMs: null }],
        ),
        readBackToMs: null,
        isRunSeen: true,
        shown: known,
      }),
    deleteFile: (fileId) => Promise.resolve(void files.delete(fileId)),
    observe: (polled) =>
      Promise.resolve(
        polled.map(({ batchKey, providerBatchId }) =>
          ended(batchKey, providerBatchId, batches.get(providerBatchId)?.fileId ?? ''),
        ),
      ),
    answered: (fileId) =>
      Promise.resolve(
        (files.get(fileId) ?? []).filter((index) => {
          const times = (asked.get(index) ?? 0) + 1;
          asked.set(index, times);
          return times > 1 || index % 10 !== 0;
        }),
      ),
    cancel: () => Promise.resolve(),
  };
};

describe('the core in a loop of one’s own', () => {
  it('brings every row to its end, finds the lost create again, and retries what was missing', async () => {
    const rows: MyRow[] = Array.from({ length: 100 }, (_, i) => ({
      prompt: `say ${i}`,
      status: 'pending',
      batchNo: 0,
      charged: 0,
      uncharged: 0,
      dueAtMs: 0,
    }));
    const provider = scriptedProvider();
    const snapshot = await runToEnd(config, rows, provider, AbortSignal.timeout(8 * 60_000));
    expect(snapshot.status).toBe('completed');
    expect(snapshot.totals.completed).toBe(100);
    expect(rows.every((row) => row.status === 'completed')).toBe(true);
    expect(rows.filter((row) => row.uncharged === 1)).toHaveLength(10);
    // A hundred lines, and the ten that were missing once more: the batch whose answer was lost was
    // adopted, not sent again.
    expect(provider.linesTaken()).toBe(110);
    // Three batches of forty hold a hundred; how many the ten need is for the clock to say: one by
    // one as they were missing, or together.
    expect(provider.creates()).toBeGreaterThanOrEqual(4);
  });
});

describe('the core in a durable workflow', () => {
  it('folds one bounded snapshot while its activities hold rows and payload', async () => {
    const opened = await memoryStore().open()();
    if (!isRight(opened)) throw new Error('no store');
    const created = await opened.right.create('workflow' as RunId, null)();
    if (!isRight(created)) throw new Error('no run');
    const run = created.right;
    const first = decide(emptySnapshot, {
      type: 'CreateRun',
      atMs: Date.now(),
      runId: run.runId,
      config,
    });
    if (!isRight(first)) throw new Error('not created');
    await run.commit(0, first.right)();

    const uploads = new Map<string, string>();
    const provider: BatchProvider & ProviderWire = {
      check: () => TE.right(undefined),
      upload: ({ lines, batchKey }) =>
        TE.fromTask(async () => {
          let text = '';
          for await (const chunk of lines) text += new TextDecoder().decode(chunk);
          uploads.set(`in-${batchKey}`, text);
          return { inputFileId: `in-${batchKey}`, expiresAtMs: null };
        }),
      create: ({ batchKey }) =>
        TE.right({
          providerBatchId: `p-${batchKey}` as ProviderBatchId,
          providerStatus: 'validating',
        }),
      sweep: () =>
        TE.right({ found: [], files: [], readBackToMs: null, isRunSeen: false, shown: [] }),
      deleteFile: () => TE.right(undefined),
      identify: () => TE.right(null),
      observe: (batches) =>
        TE.right(
          batches.map(({ batchKey, providerBatchId }) =>
            ended(batchKey, providerBatchId, `in-${batchKey}`),
          ),
        ),
      download: (fileId) =>
        TE.right({
          bytes: null,
          chunks: (async function* () {
            yield new TextEncoder().encode(await Promise.resolve(uploads.get(fileId) ?? ''));
          })(),
        }),
      cancel: () => TE.right(undefined),
      renderer: () => (customId, prompt) => ({
        line: `${JSON.stringify({ custom_id: customId, prompt })}\n`,
      }),
      readVerdict: (line) => ({
        type: 'succeeded',
        customId: (JSON.parse(line) as { custom_id: string }).custom_id,
        usage: null,
      }),
      readContent: () => ({ outputText: null, output: null, usage: null, error: null }),
    };
    let key = 0;
    const items = {
      kind: 'array',
      ref: 'memory',
      fingerprint: () => Promise.resolve(''),
      async *read(from: unknown) {
        for (let i = typeof from === 'number' ? from : 0; i < 100; i += 1)
          yield await Promise.resolve({ item: { itemId: `row${i}`, payload: i }, position: i + 1 });
      },
    };
    const activities = createActivities({
      run,
      provider,
      source: { items, buildPrompt: (item) => `say ${String(item.payload)}` },
      tokens: null,
      scheduler: asyncScheduler,
      randomHex: () => String((key += 1)),
      digest: digestOf,
    });
    const platform: Platform = {
      now: () => Date.now(),
      waitUntil: async (atMs, woken) => {
        while (!woken() && (atMs === null || Date.now() < atMs))
          await new Promise((resolve) => setTimeout(resolve, 1));
      },
      activity: (_name, fn) => fn,
      onSignal: () => undefined,
    };
    const snapshot = await batchWorkflow(platform, activities);
    expect(snapshot.status).toBe('completed');
    expect(snapshot.totals.completed).toBe(100);
  });
});
