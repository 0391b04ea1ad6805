import { isLeft } from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import {
  type BatchKey,
  type Command,
  decide,
  defaultOperation,
  emptySnapshot,
  evolve,
  type RunConfig,
  type RunId,
  type RunSnapshot,
  censusOfRows,
} from '../../lib/core/internal.ts';
import type { Port } from '../../lib/ports/port-error.ts';
import type { RowPage, RowPart, RowQuery } from '../../lib/ports/row-query.ts';
import type { OwnedRun } from '../../lib/ports/run-store.ts';
import { resultsAfter } from '../../lib/rows/read-rows.ts';
import {
  batchLines,
  knownIds,
  openMask,
  openRows,
  planWindow,
} from '../../lib/rows/read-slices.ts';

/**
 * One run from its first row to its last result, as the engine would drive it: slices of 5,000,
 * batches of 50,000, settled by 10,000.
 */

const sliceRows = 5_000;
const batchRows = 50_000;
const settledRows = 10_000;
const requestBytes = 400;
const lineBytes = 500;

export const runId = 'bench' as RunId;
const limits = {
  requestsMax: batchRows,
  inputBytesMax: 200_000_000,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};
const config: RunConfig = {
  jobName: 'bench',
  source: { kind: 'jsonl', ref: 'rows.jsonl', fingerprint: 'f' },
  provider: {
    kind: 'openai',
    connection: 'default',
    model: 'm',
    endpoint: '/v1/responses',
    completionWindow: '24h',
    params: {},
  },
  prompt: null,
  structuredOutput: null,
  batchMetadata: {},
  customIds: null,
  takesWholeAnswers: true,
  limits,
  operation: defaultOperation(limits),
};

/** What the drive needs of a run. */
export type Driven = Pick<OwnedRun, 'snapshot' | 'commit' | 'rows' | 'batchLines'>;

export const ok = async <A>(port: Port<A>): Promise<A> => {
  const answer = await port();
  if (isLeft(answer)) throw new Error(JSON.stringify(answer.left));
  return answer.right;
};
const commit = async (run: Driven, command: Command): Promise<void> => {
  const decided = decide(run.snapshot, command);
  if (isLeft(decided)) throw new Error(`${command.type}: ${JSON.stringify(decided.left)}`);
  await ok(run.commit(run.snapshot.version, decided.right));
};
const timed = async (act: () => Promise<void>): Promise<number> => {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
};

/** Milliseconds of each stage. */
export interface StageTimes {
  readonly ingestMs: number;
  readonly planMs: number;
  readonly settleMs: number;
  readonly resultsMs: number;
}

export const drive = async (run: Driven, rows: number): Promise<StageTimes> => {
  await commit(run, { type: 'CreateRun', atMs: 1, runId, config });
  const batches = Math.ceil(rows / batchRows);
  const keyOf = (batch: number): BatchKey => `bk_${batch}` as BatchKey;
  const ingestMs = await timed(async () => {
    for (let from = 0; from < rows; from += sliceRows)
      await ingest(run, from, Math.min(sliceRows, rows - from), rows);
  });
  const planMs = await timed(async () => {
    for (let batch = 0; batch < batches; batch += 1) {
      const batchKey = keyOf(batch);
      await commit(run, {
        type: 'PlanBatch',
        atMs: 2,
        window: await ok(planWindow(run, batchRows)),
        newBatchKey: batchKey,
      });
      await ok(batchLines(run, batch + 1));
      await commit(run, {
        type: 'RecordUpload',
        atMs: 2,
        batchKey,
        createAttempt: 1,
        inputFileId: 'f',
        expiresAtMs: null,
      });
      await commit(run, { type: 'BeginCreate', atMs: 2, batchKey });
      await commit(run, {
        type: 'RecordCreated',
        atMs: 2,
        batchKey,
        createAttempt: 1,
        providerBatchId: `p${batch}` as never,
        providerStatus: 'validating',
      });
      // Taken in, so that the next one may go: else all of them would be a guess at the size of the
      // queue.
      const taken = {
        batchKey,
        providerBatchId: `p${batch}` as never,
        providerStatus: 'in_progress',
        isAccepted: true,
        progress: null,
        ending: null,
      };
      await commit(run, { type: 'RecordPoll', atMs: 2, asked: [batchKey], observations: [taken] });
    }
  });
  const settleMs = await timed(async () => {
    for (let batch = 0; batch < batches; batch += 1)
      await settle(run, batch, keyOf(batch), Math.min(batchRows, rows - batch * batchRows));
  });
  if (run.snapshot.status !== 'completed') throw new Error(`the run is ${run.snapshot.status}`);
  const resultsMs = await timed(async () => {
    let seen = 0;
    for (;;) {
      const page = await ok(resultsAfter(run, seen, sliceRows));
      if (page.length === 0) break;
      seen = page[page.length - 1]?.sequence ?? seen;
    }
    if (seen !== run.snapshot.resultSequence) throw new Error(`${seen} results of ${rows}`);
  });
  return { ingestMs, planMs, settleMs, resultsMs };
};

const ingest = async (run: Driven, from: number, count: number, rows: number): Promise<void> => {
  const itemIds = Array.from({ length: count }, (_, i) => `customer-${from + i}`);
  await ok(knownIds(run, itemIds));
  const requestLengths = Uint32Array.from(
    { length: count },
    (_, i) => requestBytes + ((from + i) % 97),
  );
  const itemLengths = Uint32Array.from({ length: count }, (_, i) => 60 + ((from + i) % 13));
  const slice = {
    fromIndex: from,
    itemIds,
    requestObject: `requests/${from}`,
    itemObject: `items/${from}`,
    requestLengths,
    itemLengths,
    tokens: null,
    areTokensExact: false,
    inputs: null,
    badOffsets: [],
    sameAs: null,
    sharedTokens: 0,
  };
  const checkpoint = { nextIndex: from + count, position: null, beforeLastPosition: null };
  await commit(run, {
    type: 'AcceptSlice',
    atMs: 1,
    slice,
    checkpoint,
    isLast: from + count >= rows,
  });
};

const settle = async (
  run: Driven,
  batch: number,
  batchKey: BatchKey,
  count: number,
): Promise<void> => {
  const progress = { total: count, completed: count, failed: 0 };
  const ending = {
    type: 'completed',
    outputFileId: 'o',
    errorFileId: null,
    rejection: null,
  } as const;
  const observation = {
    batchKey,
    providerBatchId: `p${batch}` as never,
    providerStatus: 'completed',
    isAccepted: true,
    progress,
    ending,
  };
  await commit(run, {
    type: 'RecordPoll',
    atMs: 3,
    asked: [batchKey],
    observations: [observation],
  });
  await commit(run, {
    type: 'RecordFiles',
    atMs: 3,
    batchKey,
    output: { object: `raw/${batch}`, bytes: count * lineBytes },
    error: null,
    census: censusOfRows(1_000_000),
  });
  for (let from = 0; from < count; from += settledRows) {
    const taken = Math.min(settledRows, count - from);
    // Providers answer in an order of their own.
    const indexes = Uint32Array.from(
      { length: taken },
      (_, i) => batch * batchRows + from + ((i * 7_919) % taken),
    );
    const lines = {
      indexes,
      offsets: Float64Array.from({ length: taken }, (_, i) => (from + i) * lineBytes),
      lengths: new Uint32Array(taken).fill(lineBytes - 1),
    };
    const usage = {
      inputTokens: taken,
      cachedInputTokens: 0,
      outputTokens: taken,
      reasoningTokens: 0,
    };
    const open = await ok(openMask(run, batch + 1, indexes));
    const [fromOffset, toOffset] = [from * lineBytes, (from + taken) * lineBytes];
    await commit(run, {
      type: 'SettleSlice',
      atMs: 4,
      batchKey,
      part: 'output',
      fromOffset,
      toOffset,
      isEndOfFile: from + taken >= count,
      lines,
      open,
      usage,
      malformedCount: 0,
      unknownCount: 0,
    });
  }
  const rest = await ok(openRows(run, batch + 1, 0, settledRows));
  await commit(run, {
    type: 'SettleRest',
    atMs: 5,
    batchKey,
    fromIndex: 0,
    rows: rest,
    codes: [],
    parts: [],
    offsets: [],
    lengths: [],
  });
};

const noRows: Partial<RowPage> = {
  indexes: [],
  isLast: true,
  sizes: { bytes: [], tokens: null, inputs: null },
  states: { statuses: [], charged: [], uncharged: [], batchNos: [], dueAtMs: [] },
};

/** The same drive without a store: what the driver and the core cost by themselves. */
export const nothingStored = (rows: number): Driven => {
  let snapshot: RunSnapshot = emptySnapshot;
  let planned = 0;
  const nothing = ({ select, limit, status }: RowQuery): Partial<RowPage> => {
    if ('itemIds' in select) return { indexes: [], ids: [], isLast: true };
    if ('indexes' in select) return { indexes: select.indexes, isLast: true };
    if ('afterSequence' in select) return resultsFrom(select.afterSequence, limit);
    return status?.[0] === 'pending' ? pendingRows(limit) : noRows;
  };
  const pendingRows = (rowsMax: number): Partial<RowPage> => {
    const from = planned;
    const count = Math.min(rowsMax, rows - from);
    planned += count;
    const indexes = Uint32Array.from({ length: count }, (_, i) => from + i);
    const bytes = Uint32Array.from({ length: count }, (_, i) => requestBytes + ((from + i) % 97));
    return {
      indexes,
      sizes: { bytes, tokens: null, inputs: null },
      isLast: from + count >= rows,
    };
  };
  const resultsFrom = (sequence: number, limit: number): Partial<RowPage> => {
    const count = Math.min(limit, rows - sequence);
    const zeros = new Uint32Array(count);
    const none = { objects: [], objectNos: zeros, offsets: zeros, lengths: zeros };
    return {
      indexes: zeros,
      ids: [],
      sameAs: zeros,
      isLast: sequence + count >= rows,
      states: {
        statuses: zeros,
        charged: zeros,
        uncharged: zeros,
        batchNos: zeros,
        dueAtMs: zeros,
      },
      results: { sequences: Uint32Array.from(zeros, (_, i) => sequence + i + 1), codes: zeros },
      answers: none,
      items: none,
    };
  };
  return {
    get snapshot() {
      return snapshot;
    },
    commit: (_version, events) => {
      snapshot = events.reduce(evolve, snapshot);
      return TE.right(snapshot);
    },
    rows: <P extends RowPart>(query: RowQuery<P>) => {
      const page: Partial<RowPage> = nothing(query);
      return TE.right(page as RowPage<P>);
    },
    batchLines: () => TE.right([]),
  };
};
