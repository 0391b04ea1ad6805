import * as fc from 'fast-check';
import {
  batchEndings,
  batchStages,
  type Command,
  type CommandOf,
  type Resolution,
} from '../../../lib/core/internal.ts';
import * as a from './codec-arbitraries.ts';

/**
 * Every command, drawn over its whole type: what is optional is sometimes there, sometimes absent,
 * sometimes null.
 */

const part = fc.option(
  fc.record({
    fileId: fc.string(),
    lines: fc.nat(),
    malformed: fc.nat(),
    unknown: fc.nat(),
    isCut: fc.boolean(),
    begins: fc.string(),
  }),
);
const census = fc.record({
  rows: fc.nat(),
  spoilt: fc.nat(),
  output: part,
  error: part,
  gone: fc.option(
    fc.record({ part: fc.constantFrom('output' as const, 'error' as const), message: fc.string() }),
  ),
});

const rows = {
  indexes: a.column,
  bytes: a.column,
  tokens: a.orNull(a.column),
  isLast: fc.boolean(),
};
const providerBatchId = a.branded<CommandOf<'RecordStrayCancelled'>['providerBatchId']>();
const attempt = { batchKey: a.batchKey, createAttempt: a.count };
const observation = fc.record({
  batchKey: a.batchKey,
  providerBatchId,
  providerStatus: a.text,
  isAccepted: fc.boolean(),
  progress: a.progress,
  ending: a.orNull(a.ending),
});
/** With all optional fields that a provider may report of a batch. */
const fullObservation = fc
  .tuple(
    observation,
    fc.record({
      stage: fc.constantFrom(...batchStages),
      createdAtMs: a.orNull(a.ms),
      expiresAtMs: a.orNull(a.ms),
      statusSinceMs: a.orNull(a.ms),
      providerNowMs: a.orNull(a.ms),
      named: fc.record({ outputFileId: a.orNull(a.text), errorFileId: a.orNull(a.text) }),
    }),
  )
  .map(([plain, more]) => ({ ...plain, ...more }));
const endingType = fc.constantFrom(...batchEndings);
const listed = fc.record({
  batchKey: a.orNull(a.batchKey),
  createAttempt: a.count,
  inputFileId: a.orNull(a.text),
  providerBatchId,
  providerStatus: a.text,
  createdAtMs: a.orNull(a.ms),
  ending: a.orNull(endingType),
});
const resolutions: { readonly [T in Resolution['type']]: fc.Arbitrary<Resolution> } = {
  exists: listed.map((found) => ({ type: 'exists', found })),
  never_created: fc.constant({ type: 'never_created' }),
  results_lost: fc.constant({ type: 'results_lost' }),
  read_again: fc.constant({ type: 'read_again' }),
  give_up: fc.constant({ type: 'give_up' }),
  take_files: fullObservation.map((found) => ({ type: 'take_files', found })),
  retry: fc.constant({ type: 'retry' }),
};
const slice = fc.record({
  fromIndex: a.count,
  itemIds: fc.array(a.text),
  requestObject: a.orNull(a.text),
  itemObject: a.text,
  requestLengths: a.column,
  itemLengths: a.column,
  tokens: a.orNull(a.column),
  areTokensExact: fc.boolean(),
  inputs: a.orNull(a.column),
  badOffsets: a.column,
  sameAs: a.orNull(a.column),
  sharedTokens: fc.nat(),
});

/** A field that may be absent is drawn as `undefined`, and left out. */
const absent = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | undefined> =>
  fc.option(arbitrary, { nil: undefined });

const planWindow = fc.record({
  generation: a.count,
  indexes: a.column,
  bytes: a.column,
  tokens: a.orNull(a.column),
  inputs: a.orNull(a.column),
  isExhausted: fc.boolean(),
});

type Drawn<T extends Command['type']> = {
  readonly [K in Exclude<keyof CommandOf<T>, 'type' | 'atMs'>]-?: fc.Arbitrary<CommandOf<T>[K]>;
};
const fields: { readonly [T in Command['type']]: Drawn<T> } = {
  CreateRun: { runId: a.branded(), config: a.config },
  OpenRun: {},
  RecordClockJump: { byMs: fc.integer() },
  PauseRun: { reason: a.reason, message: a.orNull(a.text) },
  ResumeRun: {},
  ReleaseRun: {},
  ChangeOperation: { operation: a.config.map(({ operation }) => operation) },
  CancelRun: { cancelsAdopted: absent(fc.boolean()) },
  AcceptSlice: { slice: a.orNull(slice), checkpoint: a.checkpoint, isLast: fc.boolean() },
  RejectRow: { message: a.text },
  AdoptBatch: { window: planWindow, newBatchKey: a.batchKey },
  PlanBatch: {
    window: planWindow,
    newBatchKey: a.batchKey,
    others: absent(
      fc.record({
        tokens: a.count,
        requests: a.count,
        stated: a.orNull(a.stated),
        wants: fc.array(
          fc.record({ tokens: a.count, requests: a.count, sinceMs: a.ms, untilMs: a.ms }),
          { maxLength: 2 },
        ),
      }),
    ) as fc.Arbitrary<NonNullable<CommandOf<'PlanBatch'>['others']>>,
  },
  RecordUpload: { ...attempt, inputFileId: a.text, expiresAtMs: a.orNull(a.ms) },
  BeginCreate: { batchKey: a.batchKey, newestBatchId: a.orNull(providerBatchId) },
  ReplanBatch: { batchKey: a.batchKey },
  RecordCreated: { ...attempt, providerBatchId, providerStatus: a.text },
  RecordCreateRefused: {
    ...attempt,
    refusal: fc.record({
      type: fc.constantFrom(
        'rate_limited' as const,
        'over_capacity' as const,
        'insufficient_quota' as const,
        'authentication_failed' as const,
        'input_missing' as const,
        'input_pending' as const,
        'refused' as const,
        'unreachable' as const,
      ),
      message: a.text,
      retryAfterMs: a.orNull(a.count),
      statedTokensMax: a.orNull(a.count),
      statedRequestsMax: a.orNull(a.count),
    }),
  },
  RecordInputRefused: {
    ...attempt,
    message: a.text,
    isTooLarge: fc.boolean(),
    statedBytesMax: a.orNull(a.count),
    said: a.refusedLines,
    indexes: fc.array(a.count),
  },
  RecordCreateUnclear: { ...attempt, message: a.text },
  RecordSweep: {
    readFromMs: a.ms,
    asked: fc.array(
      fc.record({
        ...attempt,
        inputFileId: a.text,
        stage: fc.constantFrom('looking' as const, 'absent' as const, 'fenced' as const),
      }),
      { maxLength: 2 },
    ),
    known: fc.array(providerBatchId, { maxLength: 2 }),
    report: fc.record({
      found: fc.array(listed, { maxLength: 2 }),
      files: fc.array(fc.record({ inputFileId: a.text, createdAtMs: a.orNull(a.ms) }), {
        maxLength: 2,
      }),
      readBackToMs: a.orNull(a.ms),
      isRunSeen: fc.boolean(),
      shown: fc.array(providerBatchId, { maxLength: 2 }),
    }),
  },
  RecordFenced: attempt,
  ResolveBatch: { batchKey: a.batchKey, resolution: fc.oneof(...Object.values(resolutions)) },
  RecordFileDeleted: { fileId: a.text },
  RecordStrayCancelled: { providerBatchId },
  RecordStrays: {
    asked: fc.array(providerBatchId, { maxLength: 2 }),
    observations: fc.array(observation, { maxLength: 2 }),
  },
  RecordPoll: {
    asked: fc.array(a.batchKey, { maxLength: 2 }),
    observations: fc.array(observation, { maxLength: 2 }),
  },
  RecordCancelAsked: { batchKey: a.batchKey },
  RecordFiles: { batchKey: a.batchKey, output: a.file, error: a.file, census },
  SettleSlice: {
    batchKey: a.batchKey,
    part: fc.constantFrom('output' as const, 'error' as const),
    fromOffset: a.count,
    toOffset: a.count,
    isEndOfFile: fc.boolean(),
    lines: fc.record({ indexes: a.column, offsets: a.column, lengths: a.column }),
    open: a.column,
    usage: a.usage,
    malformedCount: a.count,
    unknownCount: a.count,
  },
  SettleRest: {
    batchKey: a.batchKey,
    fromIndex: a.count,
    rows: fc.record({ ...rows, charged: a.column, uncharged: a.column }),
    codes: a.column,
    parts: a.column,
    offsets: a.column,
    lengths: a.column,
    outputTokens: absent(a.column) as fc.Arbitrary<
      NonNullable<CommandOf<'SettleRest'>['outputTokens']>
    >,
  },
  RequeueRows: { dueAtMs: a.ms, rows: fc.record(rows) },
  FailPending: { generation: a.count, rows: fc.record(rows) },
  SettleShared: {
    from: a.sharedCursor,
    rows: fc.record({ indexes: a.column, of: a.column, codes: a.column, until: a.sharedCursor }),
  },
  DropBatch: { batchKey: a.batchKey },
  RecordExported: a.exported,
  PruneArtifacts: { raw: fc.boolean() },
  RecordCompacted: { object: a.text },
  RecordFault: {
    key: a.branded(),
    fault: fc.constantFrom(
      'transient' as const,
      'refused' as const,
      'insufficient_quota' as const,
      'authentication_failed' as const,
      'source_unreadable' as const,
    ),
    message: a.text,
    retryAfterMs: a.orNull(a.count),
  },
};

export const commandTypes = Object.keys(fields) as readonly Command['type'][];
/** Any command of the type. */
export const commandOf = (type: Command['type']): fc.Arbitrary<Command> =>
  fc
    .record({ ...(fields[type] as object), type: fc.constant(type), atMs: a.ms })
    .map(
      (drawn) =>
        Object.fromEntries(
          Object.entries(drawn).filter(([, value]) => value !== undefined),
        ) as unknown as Command,
    );
