import {
  type BatchEnding,
  type BatchKey,
  censusOfRows,
  type Command,
  type CommandOf,
  type Effect,
  effectsDue,
  emptySnapshot,
  emptyUsage,
  type LiveBatch,
  nextDueMs,
  type ProviderBatchId,
  type RunConfig,
  type RunId,
  type SweepReport,
  type SweptBatch,
  type TokenUsage,
} from '../../../lib/core/internal.ts';
import { knownBatches } from '../../../lib/core/reconcile/list-proof.ts';
import { commit, type State, type Step } from './commit.ts';
import { makeConfig } from './config.ts';
import { backoffRows, openRows, planWindow } from './slices.ts';

type Untimed<C> = C extends Command ? Omit<C, 'atMs'> : never;

/**
 * A run, command by command. Each command must be accepted, unless the spec asks for the step
 * itself.
 */
export interface Scenario {
  state: State;
  nowMs: number;
}

export const ending = (change: Partial<BatchEnding> = {}): BatchEnding => ({
  type: 'completed',
  outputFileId: null,
  errorFileId: null,
  rejection: null,
  ...change,
});
export const rejected = (
  type: NonNullable<BatchEnding['rejection']>['type'],
  lines: readonly number[] = [],
  code = 'invalid_request',
): BatchEnding =>
  ending({
    type: 'rejected',
    rejection: {
      type,
      message: `because of ${type}`,
      lines,
      said: lines.map((line) => ({ line, code, message: 'No.', param: null, failureClass: null })),
      statedTokensMax: null,
      statedRequestsMax: null,
      statedBytesMax: null,
    },
  });

/** What comes of the command, whatever it is. */
export const attempt = (run: Scenario, command: Untimed<Command>): Step => {
  const step = commit(run.state, { ...command, atMs: run.nowMs } as Command);
  run.state = step.after;
  return step;
};
export const send = (run: Scenario, ...commands: readonly Untimed<Command>[]): void => {
  for (const command of commands) {
    const { rejection, refusal, thrown } = attempt(run, command);
    const fault = rejection ?? refusal ?? thrown;
    if (fault !== null) throw new Error(`${command.type}: ${JSON.stringify(fault)}`);
  }
};

export const startRun = (config: RunConfig = makeConfig()): Scenario => {
  const run: Scenario = { state: { snapshot: emptySnapshot, rows: [] }, nowMs: 1_700_000_000_000 };
  send(run, { type: 'CreateRun', runId: 'run' as RunId, config });
  return run;
};

/** Accepts rows of these sizes (bytes, and as many tokens); 0 is a bad row. */
export const accept = (
  run: Scenario,
  sizes: readonly number[],
  isLast = true,
  areTokensExact = true,
): void => {
  const { itemCount } = run.state.snapshot.ingest;
  const slice: CommandOf<'AcceptSlice'>['slice'] = {
    fromIndex: itemCount,
    itemIds: sizes.map((_, i) => `row-${itemCount + i}`),
    requestObject: 'requests',
    itemObject: 'items',
    requestLengths: sizes,
    itemLengths: sizes,
    tokens: sizes,
    areTokensExact,
    inputs: null,
    badOffsets: sizes.flatMap((size, i) => (size === 0 ? [i] : [])),
    sameAs: null,
    sharedTokens: 0,
  };
  send(run, {
    type: 'AcceptSlice',
    slice,
    checkpoint: { nextIndex: itemCount + sizes.length, position: null, beforeLastPosition: null },
    isLast,
  });
};

export const key = (name: string): BatchKey => name as BatchKey;
export const plan = (run: Scenario, name: string): Step =>
  attempt(run, {
    type: 'PlanBatch',
    newBatchKey: key(name),
    window: planWindow(run.state.rows, run.state.snapshot.backlog.generation, 1_000),
  });
export const batchOf = (run: Scenario, name: string): LiveBatch => {
  const batch = run.state.snapshot.live.find((candidate) => candidate.batchKey === name);
  if (batch === undefined) throw new Error(`no batch ${name} is live`);
  return batch;
};

/** Brings a fresh batch of all pending rows to `creating`, or on to `created`. */
export const toCreating = (run: Scenario, name: string): void => {
  plan(run, name);
  send(
    run,
    {
      type: 'RecordUpload',
      batchKey: key(name),
      createAttempt: 1,
      inputFileId: `file-${name}`,
      expiresAtMs: null,
    },
    { type: 'BeginCreate', batchKey: key(name) },
  );
};
export const toCreated = (run: Scenario, name: string): void => {
  toCreating(run, name);
  answerCreate(run, name);
};
/** The provider has it, under an id. */
export const answerCreate = (run: Scenario, name: string): void => {
  const { createAttempt } = batchOf(run, name);
  send(run, {
    type: 'RecordCreated',
    batchKey: key(name),
    createAttempt,
    providerBatchId: `at-${name}` as ProviderBatchId,
    providerStatus: 'validating',
  });
};
/** The provider has validated it, and its queue has accepted it. */
export const takeIn = (run: Scenario, name: string): void => {
  const observation = {
    batchKey: key(name),
    providerBatchId: `at-${name}` as ProviderBatchId,
    providerStatus: 'in_progress',
    isAccepted: true,
    progress: null,
    ending: null,
  };
  send(run, { type: 'RecordPoll', asked: [key(name)], observations: [observation] });
};
/**
 * The provider says that it is over, as often as it takes to be believed; of one that is completed
 * without files, that it answered one row only, in an empty file.
 */
export const endBatch = (run: Scenario, name: string, how: BatchEnding): void => {
  const { providerBatchId, requests } = batchOf(run, name);
  const isBare = how.type === 'completed' && how.outputFileId === null && how.errorFileId === null;
  if (providerBatchId === null) throw new Error(`batch ${name} was never created`);
  for (;;) {
    send(run, {
      type: 'RecordPoll',
      asked: [key(name)],
      observations: [
        {
          batchKey: key(name),
          providerBatchId,
          providerStatus: how.type,
          isAccepted: how.type !== 'rejected',
          progress: isBare ? { total: requests, completed: 1, failed: 0 } : null,
          ending: isBare ? { ...how, outputFileId: 'bare' } : how,
        },
      ],
    });
    if (batchOf(run, name).held !== null)
      throw new Error(`batch ${name} is held: ${batchOf(run, name).held}`);
    if (batchOf(run, name).phase !== 'created') break;
    run.nowMs = nextDueMs(run.state.snapshot, run.nowMs) ?? run.nowMs;
  }
  if (isBare)
    send(run, {
      type: 'RecordFiles',
      batchKey: key(name),
      output: { object: 'bare', bytes: 0 },
      error: null,
      census: censusOfRows(1),
    });
};
/** Settles rows in one slice of the output file, each a success. */
export const settleSuccesses = (
  run: Scenario,
  name: string,
  indexes: readonly number[],
  isEndOfFile = true,
  usage: TokenUsage = emptyUsage,
): Step => {
  const { batchNo, position } = batchOf(run, name);
  const open = openRows(run.state.rows, batchNo, 0, 1_000);
  return attempt(run, {
    type: 'SettleSlice',
    batchKey: key(name),
    part: 'output',
    fromOffset: position.offset,
    toOffset: position.offset + 10 * indexes.length,
    isEndOfFile,
    lines: { indexes, offsets: indexes, lengths: indexes },
    open: indexes.map((index) => (Array.from(open.indexes).includes(index) ? 1 : 0)),
    usage,
    malformedCount: 0,
    unknownCount: 0,
  });
};
/**
 * Settles what is left of the batch in one slice; `codeOf` gives the failure code of a row's line,
 * -1 for none.
 */
export const settleRest = (
  run: Scenario,
  name: string,
  codeOf: (index: number) => number = () => -1,
  rowsMax = 1_000,
  outputTokens?: number,
): Step => {
  const { batchNo, position } = batchOf(run, name);
  const rows = openRows(run.state.rows, batchNo, position.offset, rowsMax);
  const codes = Array.from(rows.indexes, codeOf);
  const zeros = codes.map(() => 0);
  return attempt(run, {
    type: 'SettleRest',
    batchKey: key(name),
    fromIndex: position.offset,
    rows,
    codes,
    parts: zeros,
    offsets: zeros,
    lengths: zeros,
    ...(outputTokens === undefined ? {} : { outputTokens: codes.map(() => outputTokens) }),
  });
};

/** Every row in backoff whose time has come goes back to pending. */
export const requeueAll = (run: Scenario): void => {
  for (const { dueAtMs } of run.state.snapshot.backoff)
    if (dueAtMs <= run.nowMs)
      send(run, {
        type: 'RequeueRows',
        dueAtMs,
        rows: backoffRows(run.state.rows, dueAtMs, 1_000),
      });
};

export const dueTypes = (run: Scenario): readonly Effect['type'][] =>
  effectsDue(run.state.snapshot, run.nowMs).map((effect) => effect.type);
export const statuses = (run: Scenario): readonly string[] =>
  run.state.rows.map((row) =>
    row.failure === null ? row.status : `${row.status}: ${row.failure}`,
  );

/** What the provider's list shows of lost creates: nothing, unless said. */
export const listingOf = (
  run: Scenario,
  name: string,
  report: Partial<SweepReport> = {},
  readFromMs: number = run.nowMs,
  known: readonly ProviderBatchId[] = knownBatches(run.state.snapshot).map(
    ({ providerBatchId }) => providerBatchId,
  ),
): Omit<CommandOf<'RecordSweep'>, 'atMs'> => {
  const { batchKey, createAttempt, inputFileId, doubt } = batchOf(run, name);
  return {
    type: 'RecordSweep',
    readFromMs,
    asked: [
      {
        batchKey,
        createAttempt,
        inputFileId: inputFileId ?? '',
        stage: doubt?.stage ?? 'looking',
        ...(doubt === null ? {} : { sinceMs: doubt.sinceMs }),
      },
    ],
    known,
    report: {
      found: [],
      files: [{ inputFileId: inputFileId ?? '', createdAtMs: 5_000 }],
      readBackToMs: null,
      isRunSeen: true,
      shown: known,
      ...report,
    },
  };
};
/** A batch that the list shows. */
export const listedBatch = (
  name: string,
  createAttempt: number,
  given: Partial<SweptBatch> = {},
): SweptBatch => ({
  batchKey: key(name),
  createAttempt,
  inputFileId: `other-${name}`,
  providerBatchId: 'p' as ProviderBatchId,
  providerStatus: 'in_progress',
  createdAtMs: 6_000,
  ending: null,
  ...given,
});
