import { isLeft } from 'fp-ts/lib/Either.js';
import {
  type AcceptedSlice,
  type BatchKey,
  type Command,
  decide,
  type Event,
  type RunId,
  type RunSnapshot,
  censusOfRows,
} from '../../core/internal.ts';
import type { OwnedRun, RunStore } from '../../ports/run-store.ts';
import { storeConfig, type StoreRunSettings } from './store-config.ts';
import { valueOf as ok } from '../check.ts';
import { openMask, planWindow } from '../../rows/read-slices.ts';

export const runId = 'run' as RunId;

/** What becomes true by the command; a failed test when nothing does. */
export const eventsOf = (snapshot: RunSnapshot, command: Command): readonly Event[] => {
  const decided = decide(snapshot, command);
  if (isLeft(decided)) throw new Error(`${command.type}: ${JSON.stringify(decided.left)}`);
  return decided.right;
};
export const step = async (run: OwnedRun, command: Command): Promise<RunSnapshot> =>
  ok(run.commit(run.snapshot.version, eventsOf(run.snapshot, command)));

export const createdRun = async (
  store: RunStore,
  id: RunId = runId,
  atMs = 1_000,
  settings: StoreRunSettings = {},
): Promise<OwnedRun> => {
  const run = await ok(store.create(id, null));
  await step(run, {
    type: 'CreateRun',
    atMs,
    runId: id,
    config: storeConfig(settings),
  });
  return run;
};

/** Row `i` is `item-<i>`, its request line of `10 + i` bytes, its item line of `5 + i`. */
export const sliceOf = (
  fromIndex: number,
  count: number,
  badOffsets: readonly number[] = [],
): AcceptedSlice => ({
  fromIndex,
  itemIds: Array.from({ length: count }, (_, i) => `item-${fromIndex + i}`),
  requestObject: `requests/${fromIndex}.jsonl`,
  itemObject: `items/${fromIndex}.jsonl`,
  requestLengths: Uint16Array.from({ length: count }, (_, i) =>
    badOffsets.includes(i) ? 0 : 10 + fromIndex + i,
  ),
  itemLengths: Uint16Array.from({ length: count }, (_, i) => 5 + fromIndex + i),
  tokens: null,
  areTokensExact: false,
  inputs: null,
  badOffsets: Uint8Array.from(badOffsets),
  sameAs: null,
  sharedTokens: 0,
});
export const accept = (
  run: OwnedRun,
  slice: AcceptedSlice,
  isLast = false,
): Promise<RunSnapshot> => {
  const nextIndex = slice.fromIndex + slice.itemIds.length;
  return step(run, {
    type: 'AcceptSlice',
    atMs: 2_000,
    slice,
    checkpoint: { nextIndex, position: null, beforeLastPosition: null },
    isLast,
  });
};

/** Plans one batch of what is pending, and brings it to where the provider has it. */
export const submitBatch = async (run: OwnedRun, name: string): Promise<number> => {
  await step(run, {
    type: 'PlanBatch',
    atMs: 3_000,
    window: await ok(planWindow(run, 4)),
    newBatchKey: name as BatchKey,
  });
  return sendBatch(run, name);
};
/** Brings a planned batch to where the provider has it. */
export const sendBatch = async (run: OwnedRun, name: string): Promise<number> => {
  const batchKey = name as BatchKey;
  await step(run, {
    type: 'RecordUpload',
    atMs: 3_001,
    batchKey,
    createAttempt: 1,
    inputFileId: `file-${name}`,
    expiresAtMs: null,
  });
  await step(run, { type: 'BeginCreate', atMs: 3_002, batchKey });
  const created = { providerBatchId: `batch-${name}` as never, providerStatus: 'validating' };
  await step(run, { type: 'RecordCreated', atMs: 3_003, batchKey, createAttempt: 1, ...created });
  return run.snapshot.batchCount;
};
/** The provider ends the batch; its output file is whole in the payload plane. */
export const endBatch = async (run: OwnedRun, name: string): Promise<void> => {
  const batchKey = name as BatchKey;
  const ending = {
    type: 'completed',
    outputFileId: 'o',
    errorFileId: null,
    rejection: null,
  } as const;
  const observation = {
    batchKey,
    providerBatchId: `batch-${name}` as never,
    providerStatus: 'completed',
    isAccepted: true,
    progress: null,
    ending,
  };
  await step(run, {
    type: 'RecordPoll',
    atMs: 4_000,
    asked: [batchKey],
    observations: [observation],
  });
  await step(run, {
    type: 'RecordFiles',
    atMs: 4_001,
    batchKey,
    output: { object: `raw/${name}.jsonl`, bytes: 1_000 },
    error: null,
    census: censusOfRows(1_000_000),
  });
};
/** Settles these rows with success: line `i` has 7 bytes at `100 * i`. */
export const completeRows = async (
  run: OwnedRun,
  name: string,
  batchNo: number,
  indexes: readonly number[],
): Promise<void> => {
  const lines = { indexes, offsets: indexes.map((_, i) => 100 * i), lengths: indexes.map(() => 7) };
  await step(run, {
    type: 'SettleSlice',
    atMs: 5_000,
    batchKey: name as BatchKey,
    part: 'output',
    fromOffset: 0,
    toOffset: 1_000,
    isEndOfFile: true,
    lines,
    open: await ok(openMask(run, batchNo, indexes)),
    usage: { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 },
    malformedCount: 0,
    unknownCount: 0,
  });
};
