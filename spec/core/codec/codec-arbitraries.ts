import * as fc from 'fast-check';
import type {
  BatchRecord,
  Event,
  EventOf,
  LiveBatch,
  RunSnapshot,
} from '../../../lib/core/internal.ts';
import {
  batchEndings,
  batchPhases,
  batchRecordStates,
  controlReasons,
  itemStatuses,
  overdueReasons,
  replanReasons,
  runStatuses,
} from '../../../lib/core/internal.ts';
import { openaiTraits } from '../../../lib/core/internal.ts';
import { refusedLineClasses } from '../../../lib/core/model/batch.ts';
import { makeConfig } from '../../support/core/config.ts';

/**
 * Every event and every field of a snapshot, drawn over their whole types: what is optional is
 * sometimes there, sometimes null.
 */

export const text = fc.string({ unit: 'grapheme', maxLength: 12 });
export const branded = <A extends string>(): fc.Arbitrary<A> => text as fc.Arbitrary<A>;
export const count = fc.nat({ max: 2 ** 40 });
export const ms = fc.integer({ min: 0, max: 2 ** 42 });
export const orNull = <A>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A | null> =>
  fc.option(arbitrary, { nil: null });
export const refusedLines = fc.array(
  fc.record({
    line: count,
    code: orNull(fc.string()),
    message: orNull(fc.string()),
    param: orNull(fc.string()),
    failureClass: orNull(fc.constantFrom(...refusedLineClasses)),
  }),
);
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value)) as never);
const object = fc.dictionary(text, json, { maxKeys: 3 });

/** Columns as commands bring them: arrays, and typed arrays of every width. */
export const column = fc.oneof(
  fc.array(
    fc.oneof(
      fc.nat(255),
      fc.nat(70_000),
      count,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
    ),
  ),
  fc.uint8Array(),
  fc.uint16Array(),
  fc.uint32Array(),
  fc
    .float64Array({ noNaN: true, noDefaultInfinity: true })
    .map((values) => values.map((value) => value + 0)),
);
const position = fc.record({
  part: fc.constantFrom('output' as const, 'error' as const, 'rest' as const),
  offset: count,
});
export const progress = orNull(fc.record({ total: count, completed: count, failed: count }));
export const file = orNull(fc.record({ object: text, bytes: count }));
export const usage = fc.record({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
});
export const checkpoint = fc.record({ nextIndex: count, position: json, beforeLastPosition: json });
const rejection = fc.record({
  type: fc.constantFrom(
    'invalid_lines' as const,
    'over_capacity' as const,
    'insufficient_quota' as const,
    'too_large' as const,
    'other' as const,
  ),
  statedBytesMax: orNull(count),
  message: text,
  lines: fc.array(count),
  statedTokensMax: orNull(count),
  said: refusedLines,
  statedRequestsMax: orNull(count),
});
const last = fc.option(fc.record({ line: count, index: count }), { nil: null });
const named = fc.record({
  code: text,
  count,
  total: count,
  likely: count,
  last,
  isReceding: fc.boolean(),
});
export const ending = fc.record({
  type: fc.constantFrom(...batchEndings),
  outputFileId: orNull(text),
  errorFileId: orNull(text),
  rejection: orNull(rejection),
});
const times = fc.record({ createdAtMs: orNull(ms), expiresAtMs: orNull(ms) });
const overdue = orNull(fc.record({ reason: fc.constantFrom(...overdueReasons), sinceMs: ms }));
const bucket = fc.record({ dueAtMs: ms, count });
export const reason = fc.constantFrom(...controlReasons);
export const config = fc
  .record({
    params: object,
    prompt: orNull(object),
    schema: orNull(object),
    metadata: fc.dictionary(text, text),
    limit: orNull(count),
  })
  .map(({ params, prompt, schema, metadata, limit }) => {
    const house = makeConfig({
      enqueue: { enqueuedTokenLimit: limit },
      chunk: { inputTokensMax: limit },
    });
    const schemaRef = limit === null ? null : { module: './schemas.ts', export: 'Label' };
    const structuredOutput =
      schema === null ? null : { schemaName: 'Schema', jsonSchema: schema, schemaRef };
    return {
      ...house,
      provider: { ...house.provider, params },
      prompt,
      structuredOutput,
      batchMetadata: metadata,
      customIds: limit === null ? null : { nonce: 'k3x9a2bq', isStamped: limit > 9 },
      traits: {
        ...openaiTraits,
        input: limit === null ? ('file' as const) : ('inline' as const),
        windowMs: limit,
      },
    };
  });
const candidates = fc.array(
  fc.record({
    providerBatchId: branded<NonNullable<LiveBatch['providerBatchId']>>(),
    createdAtMs: orNull(ms),
    requests: orNull(count),
  }),
  { maxLength: 2 },
);
export const batchKey = branded<LiveBatch['batchKey']>();
const sent = { batchKey, batchNo: count, requests: count };
const size = { inputBytes: count, inputTokens: count };

export const use = fc.record({ tokens: count, requests: count });
export const stated = fc.record({ tokensMax: orNull(count), requestsMax: orNull(count), atMs: ms });
const guess = fc.record({
  unit: fc.constantFrom('tokens' as const, 'requests' as const),
  max: count,
  good: count,
  refused: orNull(count),
  refusedUntilMs: ms,
  doublings: count,
});
const refusals = orNull(fc.record({ count, sinceMs: ms, message: text, untilMs: ms }));
const presumed = fc.record({ rows: count, inputTokens: count, outputTokens: count });
export const exported = {
  destination: text,
  fileCount: count,
  bytes: count,
  resultCount: count,
  manifestSha256: text,
};
const needs = {
  tokens: count,
  requests: count,
  usd: fc.double({ min: 0, max: 1e6, noNaN: true }).map((x) => x + 0),
  retryAtMs: orNull(ms),
  sinceMs: ms,
  looks: count,
};

export const sharedCursor = fc.record({ sequence: count, index: count });
const sharedRows = { indexes: column, of: column, sequenceFrom: count, until: sharedCursor };

type Fields<T extends Event['type']> = {
  readonly [K in Exclude<keyof EventOf<T>, 'type' | 'atMs'>]: fc.Arbitrary<EventOf<T>[K]>;
};
const fields: { readonly [T in Event['type']]: Fields<T> } = {
  RunCreated: { runId: branded(), config },
  RunOpened: {},
  ClockJumped: { byMs: ms },
  RunPaused: { reason, message: orNull(text) },
  RunResumed: {},
  RunReleased: {},
  OperationChanged: { operation: config.map(({ operation }) => operation) },
  CancelRequested: {},
  ReasonNoted: { reason, message: orNull(text) },
  ItemsAccepted: {
    slice: fc.record({
      fromIndex: count,
      itemIds: fc.array(text),
      requestObject: orNull(text),
      itemObject: text,
      requestLengths: column,
      itemLengths: column,
      tokens: orNull(column),
      areTokensExact: fc.boolean(),
      inputs: orNull(column),
      badOffsets: column,
      sameAs: orNull(column),
      sharedTokens: fc.nat(),
    }),
    checkpoint,
    sequenceFrom: count,
  },
  IngestionCompleted: { checkpoint },
  BatchPlanned: { ...sent, ...size, indexes: column },
  PlanDeferred: { need: fc.record(needs) },
  OthersSeen: { others: use, stated: orNull(stated) },
  QueueLearned: { stated: orNull(stated), guess: orNull(guess), refusals },
  FileLimitLearned: {
    batchKey,
    fileLimit: fc.record({ bytesMax: count, refusedBytes: count }),
    message: text,
  },
  LinesRefused: {
    batchKey,
    batchNo: count,
    rejection,
    code: count,
    indexes: fc.array(count),
    named: orNull(named),
  },
  LinesDropped: {
    batchKey,
    batchNo: count,
    indexes: column,
    code: count,
    bytes: count,
    tokens: count,
    sequenceFrom: count,
  },
  PendingFailed: { indexes: column, code: count, bytes: count, tokens: count, sequenceFrom: count },
  BatchUploaded: { batchKey, inputFileId: text, expiresAtMs: orNull(ms) },
  CreateBegun: { batchKey, createAttempt: count, newestBatchId: orNull(branded()) },
  BatchCreated: {
    ...sent,
    providerBatchId: branded(),
    providerStatus: text,
    adopted: fc.boolean(),
    dueAtMs: ms,
  },
  CreateRefused: { batchKey, message: text },
  CreateUnclear: { batchKey, message: text },
  CreateUndecided: { batchKey, candidates, dueAtMs: ms },
  CreateNotFound: { batchKey, fileCreatedAtMs: orNull(ms), dueAtMs: ms },
  UnfencedSought: { batchKey, createAttempt: count, candidates, dueAtMs: orNull(ms) },
  CreateAbsent: { batchKey, isSworn: fc.boolean() },
  CreateFenced: { batchKey },
  BatchReplanned: { batchKey, message: text, reason: orNull(fc.constantFrom(...replanReasons)) },
  StrayFound: {
    batchKey,
    providerBatchId: branded(),
    providerStatus: text,
    isAlive: fc.boolean(),
    isGivenUp: fc.boolean(),
    isLate: fc.boolean(),
  },
  StrayCancelAsked: { providerBatchId: branded() },
  StrayObserved: { providerBatchId: branded(), dueAtMs: ms, isSeen: fc.boolean() },
  StrayEnded: { providerBatchId: branded(), answered: orNull(count), presumed },
  BatchHeld: { batchKey, message: text },
  BatchReleased: { batchKey },
  ArtifactsExported: exported,
  ArtifactsPruned: { raw: fc.boolean() },
  RawFileCompacted: { object: text },
  LitterCleared: { fileId: text, isGone: fc.boolean() },
  BatchDropped: { ...sent, ...size },
  BatchObserved: {
    batchKey,
    providerStatus: text,
    progress,
    dueAtMs: ms,
    isNews: fc.boolean(),
    isAccepted: fc.boolean(),
    times,
  },
  BatchOverdue: {
    batchKey,
    providerBatchId: orNull(branded()),
    providerStatus: text,
    createdAtMs: orNull(ms),
    overdue,
  },
  BatchGivenUp: {
    batchKey,
    providerBatchId: orNull(branded()),
    providerStatus: text,
    progress,
    ending,
    rows: count,
    by: fc.constantFrom('operator' as const, null),
  },
  CancelAsked: { batchKey, refused: orNull(text) },
  BatchEnded: {
    batchKey,
    providerStatus: text,
    progress,
    ending,
    times: orNull(fc.record({ createdAtMs: count, endedAtMs: count, isOld: fc.boolean() })),
  },
  AnswersUnreadable: { batchKey, output: file, error: file },
  FilesStored: { batchKey, output: file, error: file, position, isSworn: fc.boolean() },
  ItemsCompleted: {
    batchKey,
    batchNo: count,
    object: text,
    lines: fc.record({ indexes: column, offsets: column, lengths: column }),
    sequenceFrom: count,
    position,
    usage,
    malformedCount: count,
    unknownCount: count,
    duplicateCount: count,
  },
  ItemsSettled: {
    batchKey,
    batchNo: count,
    outputObject: orNull(text),
    errorObject: orNull(text),
    failed: fc.record({
      indexes: column,
      codes: column,
      parts: column,
      offsets: column,
      lengths: column,
      charged: column,
    }),
    retried: fc.record({ indexes: column, codes: column, charged: column, dueAtMs: column }),
    buckets: fc.array(bucket),
    sequenceFrom: count,
    position,
  },
  BatchSettled: {
    batchKey,
    wasRejected: fc.boolean(),
    wasLost: fc.boolean(),
    presumed,
    canary: orNull(fc.constantFrom('passed' as const, 'failed' as const, 'unjudged' as const)),
    named: orNull(named),
  },
  SharedCompleted: sharedRows,
  SharedFailed: { ...sharedRows, codes: column },
  ItemsRequeued: { dueAtMs: ms, indexes: column, bytes: count, tokens: count },
  FaultRecorded: { key: branded(), message: text, dueAtMs: ms, isAnswer: fc.boolean() },
  RunFinished: {
    status: fc.constantFrom('completed' as const, 'completed_with_failures' as const),
  },
};

export const eventTypes = Object.keys(fields) as readonly Event['type'][];
/** Any event of the type. */
export const eventOf = (type: Event['type']): fc.Arbitrary<Event> =>
  fc.record({
    ...(fields[type] as object),
    type: fc.constant(type),
    atMs: ms,
  }) as fc.Arbitrary<Event>;

const live: fc.Arbitrary<LiveBatch> = fc.record({
  ...sent,
  ...size,
  phase: fc.constantFrom(...batchPhases),
  createAttempt: count,
  replans: count,
  inputFileId: orNull(text),
  uploadedAtMs: orNull(ms),
  inputExpiresAtMs: orNull(ms),
  doubt: orNull(
    fc.record({
      stage: fc.constantFrom('looking' as const, 'absent' as const, 'fenced' as const),
      sinceMs: ms,
      absentAtMs: orNull(ms),
      fileCreatedAtMs: orNull(ms),
      looks: count,
      dueAtMs: ms,
      isSworn: fc.boolean(),
      candidates,
    }),
  ),
  providerBatchId: orNull(branded<NonNullable<LiveBatch['providerBatchId']>>()),
  providerStatus: orNull(text),
  isAccepted: fc.boolean(),
  plannedAtMs: ms,
  sentAtMs: orNull(ms),
  newestBatchId: orNull(branded<NonNullable<LiveBatch['newestBatchId']>>()),
  dueAtMs: ms,
  quietPolls: count,
  progress,
  newsAtMs: orNull(ms),
  providerTimes: times,
  overdue,
  cancelAsked: fc.boolean(),
  held: orNull(text),
  ending: orNull(ending),
  files: orNull(fc.record({ output: file, error: file })),
  position,
  settledRows: count,
  completedRows: count,
  failures: fc.array(fc.record({ code: count, count })),
  usage,
  missingRows: count,
  unreadable: orNull(fc.record({ output: file, error: file })),
  isSwornLost: fc.boolean(),
  endedLongAgo: fc.boolean(),
});
export const batchRecords: fc.Arbitrary<BatchRecord> = fc.record<BatchRecord>({
  ...sent,
  state: fc.constantFrom(...batchRecordStates),
  indexes: column,
  createAttempt: count,
  inputFileId: orNull(text),
  providerBatchId: orNull(branded<NonNullable<LiveBatch['providerBatchId']>>()),
  providerStatus: orNull(text),
  ending: orNull(ending),
  files: orNull(fc.record({ output: file, error: file })),
  inputTokens: count,
  usage,
  completedCount: count,
  failedCount: count,
  retriedCount: count,
});
export const snapshots: fc.Arbitrary<RunSnapshot> = fc.record<RunSnapshot>({
  runId: branded(),
  // A created run has folded at least its RunCreated.
  version: count.map((folded) => folded + 1),
  resultSequence: count,
  config,
  status: fc.constantFrom(...runStatuses),
  control: fc.record({
    state: fc.constantFrom('running' as const, 'paused' as const, 'cancel_requested' as const),
    reason: orNull(reason),
    message: orNull(text),
  }),
  totals: fc.record(
    Object.fromEntries(itemStatuses.map((status) => [status, count])),
  ) as unknown as fc.Arbitrary<RunSnapshot['totals']>,
  lostOwners: count,
  ingest: fc.record({
    isComplete: fc.boolean(),
    checkpoint: orNull(checkpoint),
    itemCount: count,
    badRowCount: count,
  }),
  backlog: fc.record({
    bytes: count,
    tokens: count,
    sinceMs: ms,
    generation: count,
    needs: orNull(fc.record(needs)),
    counting: orNull(fc.constantFrom('exact' as const, 'estimated' as const, 'mixed' as const)),
  }),
  sharing: fc.record({ rows: count, tokens: count, until: sharedCursor }),
  live: fc.array(live, { maxLength: 2 }),
  unfenced: fc.array(
    fc.record({
      batchKey,
      batchNo: count,
      createAttempt: count,
      requests: count,
      inputFileId: orNull(text),
      newestBatchId: orNull(branded<NonNullable<LiveBatch['newestBatchId']>>()),
      sentAtMs: ms,
      looks: count,
      dueAtMs: orNull(ms),
      candidates,
    }),
    { maxLength: 2 },
  ),
  strays: fc.array(
    fc.record({
      providerBatchId: branded<RunSnapshot['strays'][number]['providerBatchId']>(),
      batchKey,
      isCancelAsked: fc.boolean(),
      isEnded: fc.boolean(),
      dueAtMs: ms,
      looks: count,
      polls: count,
      foundAtMs: orNull(ms),
      isLate: fc.boolean(),
      givenUp: orNull(fc.record({ presumed, readRows: count })),
    }),
    { maxLength: 2 },
  ),
  settled: fc.array(
    fc.record({
      providerBatchId: branded<RunSnapshot['settled'][number]['providerBatchId']>(),
      sentAtMs: ms,
    }),
    {
      maxLength: 2,
    },
  ),
  litter: fc.array(text, { maxLength: 2 }),
  strayCost: fc.record({ batches: count, requests: count }),
  batchCount: count,
  backoff: fc.array(bucket),
  faults: fc.array(
    fc.record({
      key: branded<RunSnapshot['faults'][number]['key']>(),
      count,
      answeredCount: count,
      dueAtMs: ms,
      message: text,
    }),
  ),
  rejectedStreak: count,
  named: orNull(named),
  fileLimit: orNull(fc.record({ bytesMax: count, refusedBytes: count })),
  refused: fc.array(fc.record({ batchKey, batchNo: count, code: count, indexes: fc.array(count) })),
  lostStreak: count,
  queue: fc.record({
    others: use,
    stated: orNull(stated),
    guess: orNull(guess),
    refusals,
    sinceMs: ms,
    acceptedCount: count,
  }),
  createsPaidUntilMs: ms,
  calibration: fc.record({ rows: count, countedTokens: count, billedTokens: count }),
  presumed,
  canary: fc.record({ batchKey: orNull(batchKey), isPassed: fc.boolean() }),
  failures: orNull(
    fc.array(
      fc.record({
        code: count,
        count,
        line: orNull(fc.record({ object: text, offset: count, length: count })),
      }),
      { maxLength: 3 },
    ),
  ),
  judged: fc.record({ passed: count, failures: fc.array(fc.record({ code: count, count })) }),
  usage,
  defects: fc.record({ malformed: count, unknown: count, duplicate: count, missing: count }),
  artifacts: fc.record({
    exported: orNull(fc.record({ ...exported, atMs: ms })),
    areRequestsPruned: fc.boolean(),
    isRawPruned: fc.boolean(),
    unkept: fc.array(text, { maxLength: 2 }),
  }),
  clock: orNull(fc.record({ jumps: count, byMs: ms, atMs: ms })),
  createdAtMs: ms,
  updatedAtMs: ms,
});
