import { describe, expect, it } from 'vitest';
import {
  type Command,
  type CommandOf,
  decide,
  emptySnapshot,
  evolve,
  type RunId,
  type RunSnapshot,
} from '../../../lib/core/internal.ts';
import { isLeft } from 'fp-ts/lib/Either.js';
import { makeConfig } from '../../support/core/config.ts';
import { key } from '../../support/core/scenario.ts';
import { recordHistories } from '../../support/core/histories.ts';

const atMs = 1_700_000_000_000;
const sliceRows = 5_000;
const batchRows = 1_000;

const apply = (snapshot: RunSnapshot, command: Command): RunSnapshot => {
  const decided = decide(snapshot, command);
  if (isLeft(decided)) throw new Error(`${command.type}: ${JSON.stringify(decided.left)}`);
  return decided.right.reduce(evolve, snapshot);
};

/** A run of so many rows with four batches on their way: rows appear only in slices. */
const runOf = (rowCount: number): RunSnapshot => {
  let run = apply(emptySnapshot, {
    type: 'CreateRun',
    atMs,
    runId: 'run' as RunId,
    config: makeConfig({ chunk: { requestsMax: batchRows } }),
  });
  for (let fromIndex = 0; fromIndex < rowCount; fromIndex += sliceRows) {
    const lengths = new Uint32Array(sliceRows).fill(7);
    const nextIndex = fromIndex + sliceRows;
    const slice: CommandOf<'AcceptSlice'>['slice'] = {
      fromIndex,
      itemIds: Array.from(lengths, (_, i) => `item-${fromIndex + i}`),
      requestObject: 'r',
      itemObject: 'i',
      requestLengths: lengths,
      itemLengths: lengths,
      tokens: null,
      areTokensExact: false,
      inputs: null,
      badOffsets: [],
      sameAs: null,
      sharedTokens: 0,
    };
    run = apply(run, {
      type: 'AcceptSlice',
      atMs,
      slice,
      checkpoint: { nextIndex, position: nextIndex, beforeLastPosition: nextIndex - 1 },
      isLast: nextIndex === rowCount,
    });
  }
  for (let batch = 0; batch < 4; batch += 1) {
    const indexes = Uint32Array.from({ length: batchRows }, (_, i) => batch * batchRows + i);
    const window = {
      generation: run.backlog.generation,
      indexes,
      bytes: new Uint32Array(batchRows).fill(7),
      tokens: null,
      inputs: null,
      isExhausted: false,
    };
    run = apply(run, { type: 'PlanBatch', atMs, newBatchKey: key(`batch-${batch}`), window });
  }
  return run;
};

describe('the snapshot', () => {
  it('is as small for 100,000 rows as for 10,000, but for the digits of its counts', () => {
    const [small, large] = [runOf(10_000), runOf(100_000)];
    expect(large.totals.pending).toBe(96_000);
    const sizeOf = (snapshot: RunSnapshot): number => JSON.stringify(snapshot).length;
    expect(sizeOf(large)).toBeGreaterThan(1_000);
    expect(sizeOf(large) - sizeOf(small)).toBeLessThan(20);
  });

  it('has as many failed effects and buckets as there are things to wait for, never as many as there were', () => {
    for (const { seed, steps } of recordHistories(60)) {
      for (const { after } of steps) {
        const { faults, live, backoff } = after.snapshot;
        // One fault per thing acted on: a batch, or one of ingest, plan, poll, sweep and requeue.
        const isBounded =
          faults.length <= live.length + 5 &&
          backoff.length <= 60 &&
          new Set(faults.map((fault) => fault.key)).size === faults.length;
        if (!isBounded) expect({ seed, faults, backoff }).toEqual({});
      }
    }
  });
});
