import assert from 'node:assert/strict';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import {
  type BatchKey,
  decide,
  type Event,
  type OthersUse,
  type RunId,
  type RunSnapshot,
} from '../../core/internal.ts';
import type { PortError } from '../../ports/port-error.ts';
import type { OwnedRun, RunStore } from '../../ports/run-store.ts';
import { valueOf as ok } from '../check.ts';
import type { StoreRunSettings } from './store-config.ts';
import {
  accept,
  completeRows,
  createdRun,
  endBatch,
  sendBatch,
  sliceOf,
  step,
} from './store-runs.ts';
import { openRows, planWindow } from '../../rows/read-slices.ts';

/** Runs that share a queue, and what they do with it. */

export const scope = 'default/model-1';
export const idOf = (name: string): RunId => name as RunId;
/** When the batches of these runs are planned. */
export const planAtMs = 3_000;

/** A run whose rows hold ten tokens each, four of them in a batch. */
export const quotaRun = async (
  store: RunStore,
  name: string,
  rows: number,
  enqueue: StoreRunSettings['enqueue'] = {},
): Promise<OwnedRun> => {
  const run = await createdRun(store, idOf(name), 1_000, {
    enqueue,
  });
  await accept(
    run,
    { ...sliceOf(0, rows), tokens: new Uint8Array(rows).fill(10), areTokensExact: true },
    true,
  );
  return run;
};

export const othersOf = (run: OwnedRun, nowMs = planAtMs, of = scope): Promise<OthersUse> =>
  ok(run.othersInScope?.(of, nowMs) ?? assert.fail('the store has no othersInScope'));

/** What planning one more batch makes true, by what the others hold; empty where nothing does. */
export const planned = async (
  run: OwnedRun,
  name: string,
  others: OthersUse,
): Promise<readonly Event[]> => {
  const window = await ok(planWindow(run, 4));
  const decided = decide(run.snapshot, {
    type: 'PlanBatch',
    atMs: planAtMs,
    window,
    newBatchKey: name as BatchKey,
    others,
  });
  return isLeft(decided) ? [] : decided.right;
};
/** Plans one more batch as the engine does: on what the others hold, or were seen to hold. */
export const plan = async (
  run: OwnedRun,
  name: string,
  seen?: OthersUse,
): Promise<Either<PortError, RunSnapshot>> => {
  const others = seen ?? (await othersOf(run));
  return run.commit(run.snapshot.version, await planned(run, name, others), { others })();
};
export const planOk = (run: OwnedRun, name: string): Promise<RunSnapshot> =>
  ok(() => plan(run, name));
export const settle = async (run: OwnedRun, name: string): Promise<void> => {
  const batchNo = run.snapshot.live.find(({ batchKey }) => batchKey === name)?.batchNo ?? 0;
  await sendBatch(run, name);
  await endBatch(run, name);
  const { indexes } = await ok(openRows(run, batchNo, 0, 100));
  await completeRows(run, name, batchNo, Array.from(indexes));
  const rest = {
    rows: await ok(openRows(run, batchNo, 0, 100)),
    codes: [],
    parts: [],
    offsets: [],
    lengths: [],
  };
  await step(run, {
    type: 'SettleRest',
    atMs: 5_001,
    batchKey: name as BatchKey,
    fromIndex: 0,
    ...rest,
  });
};
