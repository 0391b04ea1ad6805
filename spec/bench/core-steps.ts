/**
 * Prototype (a): the bounded snapshot with slices. Plans and settles a run through `decide` and
 * `evolve` inside an RxJS `concatMap`, with fp-ts and io-ts loaded, and shows that the cost of a
 * step does not depend on the run's size. Baseline in the same run: the same bookkeeping as bare
 * loops over typed arrays, without events, checks or streams.
 *
 *   npx tsx spec/bench/core-steps.ts --rows 1000000
 */
import { isLeft } from 'fp-ts/lib/Either.js';
import { concatMap, from, lastValueFrom } from 'rxjs';
import {
  type BatchKey,
  type Command,
  decide,
  defaultOperation,
  emptySnapshot,
  emptyUsage,
  evolve,
  type ProviderBatchId,
  RunConfig,
  type RunId,
  type RunSnapshot,
  censusOfRows,
} from '../../lib/core/internal.ts';
import { medianOf, numberFlag, report } from './figures.ts';

const rows = numberFlag('rows', 1_000_000);
const batchRows = 50_000;
const sliceRows = 10_000;
const ingestRows = 5_000;
const limits = {
  requestsMax: batchRows,
  inputBytesMax: 209_715_200,
  inputTokensMax: null,
  inputsMax: null,
  createsPerHourMax: null,
};

const config: RunConfig = {
  jobName: 'bench',
  source: { kind: 'bench', ref: 'bench', fingerprint: '' },
  provider: {
    kind: 'bench',
    connection: 'bench',
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
  operation: defaultOperation(limits),
};
if (isLeft(RunConfig.decode(config))) throw new Error('the bench has no valid config');

const range = (start: number, count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => start + i);
const full = (count: number, value: number): Uint32Array => new Uint32Array(count).fill(value);

/** The commands of a whole run, made one by one from the newest snapshot, as an engine would. */
function* commandsOf(current: () => RunSnapshot): Generator<Command> {
  const atMs = 1;
  yield { type: 'CreateRun', atMs, runId: 'bench' as RunId, config };
  for (let start = 0; start < rows; start += ingestRows) {
    const count = Math.min(ingestRows, rows - start);
    const itemIds = Array.from({ length: count }, (_, i) => `row${start + i}`);
    const slice = {
      fromIndex: start,
      itemIds,
      requestObject: 'r',
      itemObject: 'i',
      requestLengths: full(count, 400),
      itemLengths: full(count, 80),
      tokens: null,
      areTokensExact: false,
      inputs: null,
      badOffsets: [],
      sameAs: null,
      sharedTokens: 0,
    };
    yield {
      type: 'AcceptSlice',
      atMs,
      slice,
      checkpoint: { nextIndex: start + count, position: start + count, beforeLastPosition: null },
      isLast: start + count >= rows,
    };
    // Full batches are planned while the source still flows.
    if (current().totals.pending >= batchRows || start + count >= rows) yield* batchOf(current);
  }
}

function* batchOf(current: () => RunSnapshot): Generator<Command> {
  const atMs = 1;
  const first = current().ingest.itemCount - current().totals.pending;
  const count = Math.min(batchRows, current().totals.pending);
  const batchKey = `b${current().batchCount + 1}` as BatchKey;
  const providerBatchId = `p${current().batchCount + 1}` as ProviderBatchId;
  const window = {
    generation: current().backlog.generation,
    indexes: range(first, count),
    bytes: full(count, 400),
    tokens: null,
    inputs: null,
    isExhausted: true,
  };
  yield { type: 'PlanBatch', atMs, window, newBatchKey: batchKey };
  yield {
    type: 'RecordUpload',
    atMs,
    batchKey,
    createAttempt: 1,
    inputFileId: 'f',
    expiresAtMs: null,
  };
  yield { type: 'BeginCreate', atMs, batchKey };
  yield {
    type: 'RecordCreated',
    atMs,
    batchKey,
    createAttempt: 1,
    providerBatchId,
    providerStatus: 'validating',
  };
  const ending = {
    type: 'completed',
    outputFileId: 'o',
    errorFileId: null,
    rejection: null,
  } as const;
  yield {
    type: 'RecordPoll',
    atMs,
    asked: [batchKey],
    observations: [
      {
        batchKey,
        providerBatchId,
        providerStatus: 'completed',
        isAccepted: true,
        progress: null,
        ending,
      },
    ],
  };
  yield {
    type: 'RecordFiles',
    atMs,
    batchKey,
    output: { object: 'o', bytes: count * 500 },
    error: null,
    census: censusOfRows(1_000_000),
  };
  for (let done = 0; done < count; done += sliceRows) {
    const size = Math.min(sliceRows, count - done);
    const lines = {
      indexes: range(first + done, size),
      offsets: Float64Array.from({ length: size }, (_, i) => (done + i) * 500),
      lengths: full(size, 499),
    };
    yield {
      type: 'SettleSlice',
      atMs,
      batchKey,
      part: 'output',
      fromOffset: done * 500,
      toOffset: (done + size) * 500,
      isEndOfFile: done + size >= count,
      lines,
      open: new Uint8Array(size).fill(1),
      usage: emptyUsage,
      malformedCount: 0,
      unknownCount: 0,
    };
  }
  const none = { indexes: [], bytes: [], tokens: null, isLast: true, charged: [], uncharged: [] };
  yield {
    type: 'SettleRest',
    atMs,
    batchKey,
    fromIndex: 0,
    rows: none,
    codes: [],
    parts: [],
    offsets: [],
    lengths: [],
  };
}

const throughTheCore = async (): Promise<{
  readonly cpuMs: number;
  readonly byKind: Readonly<
    Record<string, { readonly first: number; readonly last: number; readonly count: number }>
  >;
  readonly snapshotBytes: number;
}> => {
  let snapshot = emptySnapshot;
  const times = new Map<string, number[]>();
  const started = process.cpuUsage();
  await lastValueFrom(
    from(commandsOf(() => snapshot)).pipe(
      concatMap((command) => {
        const before = performance.now();
        const decided = decide(snapshot, command);
        if (isLeft(decided)) throw new Error(`${command.type}: ${decided.left.type}`);
        snapshot = decided.right.reduce(evolve, snapshot);
        const took = times.get(command.type) ?? [];
        took.push(performance.now() - before);
        times.set(command.type, took);
        return [snapshot];
      }),
    ),
  );
  if (snapshot.status !== 'completed' || snapshot.totals.completed !== rows)
    throw new Error('the bench run did not complete');
  const used = process.cpuUsage(started);
  const byKind = Object.fromEntries(
    [...times].map(([kind, took]) => {
      const tenth = Math.max(1, Math.floor(took.length / 10));
      return [
        kind,
        {
          count: took.length,
          first: medianOf(took.slice(0, tenth)),
          last: medianOf(took.slice(-tenth)),
        },
      ];
    }),
  );
  return {
    cpuMs: (used.user + used.system) / 1000,
    byKind,
    snapshotBytes: JSON.stringify(snapshot).length,
  };
};

/** What any runner must at least do: a status, a batch and a pointer per row. */
const bareLoops = (): number => {
  const started = process.cpuUsage();
  const status = new Uint8Array(rows);
  const batch = new Uint32Array(rows);
  const offset = new Float64Array(rows);
  const ids = new Set<string>();
  for (let i = 0; i < rows; i += 1) ids.add(`row${i}`);
  for (let i = 0; i < rows; i += 1) {
    batch[i] = Math.floor(i / batchRows);
    status[i] = 1;
  }
  for (let i = 0; i < rows; i += 1) {
    offset[i] = (i % batchRows) * 500;
    status[i] = 3;
  }
  const used = process.cpuUsage(started);
  return (used.user + used.system) / 1000;
};

const bareMs = bareLoops();
const core = await throughTheCore();
report({
  bench: 'core-steps',
  rows,
  bare_cpu_ms: bareMs,
  core_cpu_ms: core.cpuMs,
  snapshot_bytes_at_end: core.snapshotBytes,
  step_ms_median_first_and_last_tenth: core.byKind,
});
