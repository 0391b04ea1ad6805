import * as TE from 'fp-ts/lib/TaskEither.js';
import { describe, expect, it } from 'vitest';
import {
  type BatchKey,
  censusOfRows,
  type Command,
  emptySnapshot,
} from '../../lib/core/internal.ts';
import type { ResultSegment, SliceSegment } from '../../lib/rows/segments.ts';
import type { RowPart, RowQuery } from '../../lib/ports/row-query.ts';
import { linesOfRows, resultsAfter, resultsByIndex } from '../../lib/rows/read-rows.ts';
import { openMask, planWindow, sharedRows } from '../../lib/rows/read-slices.ts';
import { rowPage } from '../../lib/rows/row-parts.ts';
import { RunModel } from '../../lib/rows/run-model.ts';
import { makeConfig } from '../support/core/config.ts';
import { eventsOf, ok, runId, sliceOf } from './run-store-fixture.ts';

const sliceRows = 20;
const sliceCount = 60;
const rowCount = sliceRows * sliceCount;

/** A run whose older segments are in tables, far more than stay in memory. */
const storedRun = () => {
  const slices = new Map<number, SliceSegment>();
  const results = new Map<number, ResultSegment>();
  let loads = 0;
  const model = new RunModel(runId, {
    slice: (from) => {
      loads += 1;
      return slices.get(from) as SliceSegment;
    },
    results: (from) => {
      loads += 1;
      return results.get(from) as ResultSegment;
    },
    idsBefore: () => [],
    events: () => [],
  });
  return {
    model,
    reader: {
      get snapshot() {
        return model.snapshot;
      },
      rows: <P extends RowPart>(query: RowQuery<P>) => TE.fromIO(() => rowPage(model, query)),
    },
    /** How many segments were read from the tables since the last call. */
    loads: (): number => {
      const before = loads;
      loads = 0;
      return before;
    },
    step: (command: Command): void => {
      expect(model.fold(eventsOf(model.snapshot, command), true)).toBeNull();
      for (const segment of model.slices.fresh()) slices.set(segment.from, segment);
      for (const segment of model.results.fresh()) results.set(segment.from, segment);
      model.slices.markStored();
      model.results.markStored();
    },
  };
};

describe('rows of one request that are scattered over a long run', () => {
  it('end and are read with a few reads of each older segment, not one per row', async () => {
    const { model, reader, loads, step } = storedRun();
    expect(model.snapshot).toBe(emptySnapshot);
    step({
      type: 'CreateRun',
      atMs: 1,
      runId,
      config: makeConfig({ chunk: { requestsMax: sliceRows, planAfterMs: 0 } }),
    });
    for (let fromIndex = 0; fromIndex < rowCount; fromIndex += sliceRows) {
      const base = sliceOf(fromIndex, sliceRows);
      const slice =
        fromIndex === 0
          ? base
          : {
              ...base,
              requestObject: null,
              requestLengths: new Uint8Array(sliceRows),
              sameAs: Uint8Array.from(base.itemIds, (_, i) => i + 1),
            };
      const checkpoint = {
        nextIndex: fromIndex + sliceRows,
        position: null,
        beforeLastPosition: null,
      };
      step({
        type: 'AcceptSlice',
        atMs: 2,
        slice,
        checkpoint,
        isLast: fromIndex + sliceRows === rowCount,
      });
    }
    const batchKey = 'one' as BatchKey;
    const providerBatchId = 'batch-one' as never;
    const window = {
      ...(await ok(planWindow(reader, sliceRows))),
      generation: model.snapshot.backlog.generation,
    };
    step({ type: 'PlanBatch', atMs: 3, window, newBatchKey: batchKey });
    step({
      type: 'RecordUpload',
      atMs: 3,
      batchKey,
      createAttempt: 1,
      inputFileId: 'file',
      expiresAtMs: null,
    });
    step({ type: 'BeginCreate', atMs: 3, batchKey });
    step({
      type: 'RecordCreated',
      atMs: 3,
      batchKey,
      createAttempt: 1,
      providerBatchId,
      providerStatus: 'validating',
    });
    const ending = {
      type: 'completed',
      outputFileId: 'o',
      errorFileId: null,
      rejection: null,
    } as const;
    const seen = {
      batchKey,
      providerBatchId,
      providerStatus: 'completed',
      isAccepted: true,
      progress: null,
      ending,
    };
    step({ type: 'RecordPoll', atMs: 4, asked: [batchKey], observations: [seen] });
    step({
      type: 'RecordFiles',
      atMs: 4,
      batchKey,
      output: { object: 'raw/one.jsonl', bytes: 1_000 },
      error: null,
      census: censusOfRows(sliceRows),
    });
    // One by one, so that there are as many result segments.
    for (let row = 0; row < sliceRows; row += 1) {
      const lines = { indexes: [row], offsets: [100 * row], lengths: [7] };
      const usage = { inputTokens: 3, cachedInputTokens: 0, outputTokens: 2, reasoningTokens: 0 };
      const [fromOffset, toOffset, isEndOfFile] = [10 * row, 10 * row + 10, row === sliceRows - 1];
      const open = await ok(openMask(reader, 1, [row]));
      step({
        type: 'SettleSlice',
        atMs: 5,
        batchKey,
        part: 'output',
        fromOffset,
        toOffset,
        isEndOfFile,
        lines,
        open,
        usage,
        malformedCount: 0,
        unknownCount: 0,
      });
    }
    loads();
    while (model.snapshot.totals.shared > 0) {
      const from = model.snapshot.sharing.until;
      step({
        type: 'SettleShared',
        atMs: 6,
        from,
        rows: await ok(sharedRows(reader, from, 200)),
      });
    }
    const segments = sliceCount + sliceRows + Math.ceil(rowCount / 200);
    expect(loads()).toBeLessThanOrEqual(4 * segments);
    const results = await ok(resultsAfter(reader, 0, rowCount));
    expect(results.map(({ line }) => line?.offset)).toEqual(
      results.map(({ index }) => 100 * (index % sliceRows)),
    );
    for (const read of [
      resultsAfter(reader, 0, rowCount),
      resultsByIndex(reader, 0, rowCount),
      linesOfRows(reader, 0, rowCount),
    ]) {
      loads();
      await ok<unknown>(read);
      expect(loads()).toBeLessThanOrEqual(4 * segments);
    }
  });
});
