import * as t from 'io-ts';
import type { CandidateBatch, SettlePosition, StoredFile } from '../model/batch.ts';
import { isColumn } from './column.ts';
import type { AcceptedSlice, Column, LineColumns } from '../model/command.ts';
import { closed, later, laterOrNull, NonNegative } from '../json/codec-parts.ts';
import { checked, named, oneOf, orNull } from '../json/codec-primitives.ts';
import { Operation, RunConfig } from '../model/config.ts';
import {
  type Event,
  type EventOf,
  type FailedRows,
  replanReasons,
  type RetriedRows,
} from '../model/event.ts';
import type { BatchKey, EffectKey, ProviderBatchId, RunId } from '../values/ids.ts';
import { isJsonObject, isJsonValue, type JsonValue } from '../json/json.ts';
import {
  type BackoffBucket,
  controlReasons,
  type CapacityNeed,
  type SharedCursor,
  type SourceCheckpoint,
} from '../model/snapshot.ts';
import { Ending, EndTimes, givenUpProps, overdueProps, Progress, Times } from './overdue-codec.ts';
import { FileLimitType, Named, Rejected } from './refusal-codec.ts';
import type { QueueGuess, QuotaUse, CapacityWanted, StatedLimit } from '../model/queue-state.ts';
import type { PresumedUsage, TokenUsage } from '../values/usage.ts';

/**
 * Codecs of stored events and snapshots. Objects are closed: an unknown key is an error, it is not
 * dropped.
 */

export { named, oneOf, orNull } from '../json/codec-primitives.ts';
export { Ending, OverdueType, Progress, Times } from './overdue-codec.ts';

/** A column as it is stored: the narrowest of these that holds its numbers. */
export type TypedColumn = Uint8Array | Uint16Array | Uint32Array | Float64Array;

export const ColumnType = checked<Column>('a column of numbers', isColumn);
// Thousands of texts: io-ts's own array would build a context for each.
export const Texts = checked<readonly string[]>('texts', (u): u is readonly string[] => {
  if (!Array.isArray(u)) return false;
  for (let i = 0; i < u.length; i += 1) if (typeof u[i] !== 'string') return false;
  return true;
});
export const AnyJson = checked<JsonValue>('a JSON value', isJsonValue);
/** A moment or a difference: NaN is neither, and JSON would make null of it. */
export const finite = checked<number>('a finite number', (u): u is number => Number.isFinite(u));

export const key = named<BatchKey>('a batch key');
export const providerBatchId = named<ProviderBatchId>('a provider batch id');
export const Candidate: t.Type<CandidateBatch, unknown> = closed('CandidateBatch', {
  providerBatchId,
  createdAtMs: orNull(t.number),
  requests: orNull(NonNegative),
});
export const Bucket: t.Type<BackoffBucket, unknown> = closed('BackoffBucket', {
  dueAtMs: t.number,
  count: NonNegative,
});
export const Checkpoint: t.Type<SourceCheckpoint, unknown> = closed('SourceCheckpoint', {
  nextIndex: NonNegative,
  position: AnyJson,
  beforeLastPosition: AnyJson,
});
const File: t.Type<StoredFile, unknown> = closed('StoredFile', {
  object: t.string,
  bytes: NonNegative,
});
export const Files = orNull(closed('Files', { output: orNull(File), error: orNull(File) }));
export const Position: t.Type<SettlePosition, unknown> = closed('SettlePosition', {
  part: oneOf('a part', ['output', 'error', 'rest'] as const),
  offset: NonNegative,
});
const ExportedProps = {
  destination: t.string,
  fileCount: NonNegative,
  bytes: NonNegative,
  resultCount: NonNegative,
  manifestSha256: t.string,
};
export const Exported = { ...ExportedProps, atMs: t.number };
export const Usage: t.Type<TokenUsage, unknown> = closed('TokenUsage', {
  inputTokens: NonNegative,
  cachedInputTokens: NonNegative,
  outputTokens: NonNegative,
  reasoningTokens: NonNegative,
});
export const Presumed: t.Type<PresumedUsage, unknown> = closed('PresumedUsage', {
  rows: NonNegative,
  inputTokens: NonNegative,
  outputTokens: NonNegative,
});
export const Use: t.Type<QuotaUse, unknown> = closed('QuotaUse', {
  tokens: NonNegative,
  requests: NonNegative,
});
export const Stated: t.Type<StatedLimit, unknown> = closed('StatedLimit', {
  tokensMax: orNull(NonNegative),
  requestsMax: orNull(NonNegative),
  atMs: t.number,
});
export const Wanted: t.Type<CapacityWanted, unknown> = closed('RoomWanted', {
  tokens: NonNegative,
  requests: NonNegative,
  sinceMs: t.number,
  untilMs: t.number,
});
export const Guess: t.Type<QueueGuess, unknown> = closed('QueueGuess', {
  unit: oneOf('a unit', ['tokens', 'requests'] as const),
  max: NonNegative,
  good: NonNegative,
  refused: orNull(NonNegative),
  refusedUntilMs: t.number,
  doublings: NonNegative,
});
export const Need: t.Type<CapacityNeed, unknown> = closed('RoomNeed', {
  tokens: NonNegative,
  requests: NonNegative,
  usd: NonNegative,
  retryAtMs: orNull(t.number),
  sinceMs: t.number,
  looks: NonNegative,
});
export const Refusals = orNull(
  closed('Refusals', {
    count: NonNegative,
    sinceMs: t.number,
    message: t.string,
    untilMs: t.number,
  }),
);
const Slice: t.Type<AcceptedSlice, unknown> = closed('AcceptedSlice', {
  fromIndex: NonNegative,
  itemIds: Texts,
  requestObject: orNull(t.string),
  itemObject: t.string,
  requestLengths: ColumnType,
  itemLengths: ColumnType,
  tokens: orNull(ColumnType),
  areTokensExact: t.boolean,
  inputs: orNull(ColumnType),
  badOffsets: ColumnType,
  sameAs: later(orNull(ColumnType), null),
  sharedTokens: later(NonNegative, 0),
});
export const Shared: t.Type<SharedCursor, unknown> = closed('SharedCursor', {
  sequence: NonNegative,
  index: NonNegative,
});
const sharedRows = {
  indexes: ColumnType,
  of: ColumnType,
  sequenceFrom: NonNegative,
  until: Shared,
};
const Lines: t.Type<LineColumns, unknown> = closed('LineColumns', {
  indexes: ColumnType,
  offsets: ColumnType,
  lengths: ColumnType,
});
const Failed: t.Type<FailedRows, unknown> = closed('FailedRows', {
  indexes: ColumnType,
  codes: ColumnType,
  parts: ColumnType,
  offsets: ColumnType,
  lengths: ColumnType,
  charged: ColumnType,
});
const Retried: t.Type<RetriedRows, unknown> = closed('RetriedRows', {
  indexes: ColumnType,
  codes: ColumnType,
  charged: ColumnType,
  dueAtMs: ColumnType,
});

export const Reason = oneOf('a reason', controlReasons);
const note = { reason: Reason, message: orNull(t.string) };
export const sent = { batchKey: key, batchNo: NonNegative, requests: NonNegative };
export const size = { inputBytes: NonNegative, inputTokens: NonNegative };
const event = <T extends string, P extends t.Props>(
  type: T,
  props: P,
): t.Type<t.TypeOf<t.TypeC<P & { type: t.LiteralC<T>; atMs: t.NumberC }>>, unknown> =>
  closed(type, { ...props, type: t.literal(type), atMs: t.number });

const eventCodecs: { readonly [T in Event['type']]: t.Type<EventOf<T>, unknown> } = {
  RunCreated: event('RunCreated', { runId: named<RunId>('a run id'), config: RunConfig }),
  RunOpened: event('RunOpened', {}),
  RunReleased: event('RunReleased', {}),
  ClockJumped: event('ClockJumped', { byMs: t.number }),
  RunPaused: event('RunPaused', note),
  RunResumed: event('RunResumed', {}),
  OperationChanged: event('OperationChanged', { operation: Operation }),
  CancelRequested: event('CancelRequested', {}),
  ReasonNoted: event('ReasonNoted', note),
  ItemsAccepted: event('ItemsAccepted', {
    slice: Slice,
    checkpoint: Checkpoint,
    sequenceFrom: NonNegative,
  }),
  IngestionCompleted: event('IngestionCompleted', { checkpoint: Checkpoint }),
  BatchPlanned: event('BatchPlanned', { ...sent, ...size, indexes: ColumnType }),
  PlanDeferred: event('PlanDeferred', { need: Need }),
  OthersSeen: event('OthersSeen', { others: Use, stated: orNull(Stated) }),
  QueueLearned: event('QueueLearned', {
    stated: orNull(Stated),
    guess: orNull(Guess),
    refusals: Refusals,
  }),
  PendingFailed: event('PendingFailed', {
    indexes: ColumnType,
    code: NonNegative,
    bytes: NonNegative,
    tokens: NonNegative,
    sequenceFrom: NonNegative,
  }),
  FileLimitLearned: event('FileLimitLearned', {
    batchKey: key,
    fileLimit: FileLimitType,
    message: t.string,
  }),
  LinesRefused: event('LinesRefused', {
    batchKey: key,
    batchNo: NonNegative,
    rejection: Rejected,
    code: NonNegative,
    indexes: t.readonlyArray(NonNegative),
    named: orNull(Named),
  }),
  LinesDropped: event('LinesDropped', {
    batchKey: key,
    batchNo: NonNegative,
    indexes: ColumnType,
    code: NonNegative,
    bytes: NonNegative,
    tokens: NonNegative,
    sequenceFrom: NonNegative,
  }),
  SharedCompleted: event('SharedCompleted', sharedRows),
  SharedFailed: event('SharedFailed', { ...sharedRows, codes: ColumnType }),
  BatchUploaded: event('BatchUploaded', {
    batchKey: key,
    inputFileId: t.string,
    expiresAtMs: orNull(t.number),
  }),
  CreateBegun: event('CreateBegun', {
    batchKey: key,
    createAttempt: NonNegative,
    newestBatchId: laterOrNull(providerBatchId),
  }),
  BatchCreated: event('BatchCreated', {
    ...sent,
    providerBatchId,
    providerStatus: t.string,
    adopted: t.boolean,
    dueAtMs: t.number,
  }),
  CreateRefused: event('CreateRefused', { batchKey: key, message: t.string }),
  CreateUnclear: event('CreateUnclear', { batchKey: key, message: t.string }),
  CreateNotFound: event('CreateNotFound', {
    batchKey: key,
    fileCreatedAtMs: orNull(t.number),
    dueAtMs: t.number,
  }),
  CreateUndecided: event('CreateUndecided', {
    batchKey: key,
    candidates: t.readonlyArray(Candidate),
    dueAtMs: t.number,
  }),
  UnfencedSought: event('UnfencedSought', {
    batchKey: key,
    createAttempt: NonNegative,
    candidates: t.readonlyArray(Candidate),
    dueAtMs: orNull(t.number),
  }),
  CreateAbsent: event('CreateAbsent', { batchKey: key, isSworn: t.boolean }),
  CreateFenced: event('CreateFenced', { batchKey: key }),
  BatchReplanned: event('BatchReplanned', {
    batchKey: key,
    message: t.string,
    reason: later(orNull(oneOf('a reason', replanReasons)), null),
  }),
  StrayFound: event('StrayFound', {
    batchKey: key,
    providerBatchId,
    providerStatus: t.string,
    isAlive: t.boolean,
    isGivenUp: later(t.boolean, false),
    isLate: later(t.boolean, false),
  }),
  StrayCancelAsked: event('StrayCancelAsked', { providerBatchId }),
  StrayObserved: event('StrayObserved', { providerBatchId, dueAtMs: t.number, isSeen: t.boolean }),
  StrayEnded: event('StrayEnded', {
    providerBatchId,
    answered: orNull(NonNegative),
    presumed: Presumed,
  }),
  BatchHeld: event('BatchHeld', { batchKey: key, message: t.string }),
  BatchReleased: event('BatchReleased', { batchKey: key }),
  BatchDropped: event('BatchDropped', { ...sent, ...size }),
  BatchObserved: event('BatchObserved', {
    batchKey: key,
    providerStatus: t.string,
    progress: Progress,
    dueAtMs: t.number,
    isNews: t.boolean,
    isAccepted: t.boolean,
    times: Times,
  }),
  BatchOverdue: event('BatchOverdue', overdueProps),
  BatchGivenUp: event('BatchGivenUp', givenUpProps),
  CancelAsked: event('CancelAsked', { batchKey: key, refused: later(orNull(t.string), null) }),
  BatchEnded: event('BatchEnded', {
    batchKey: key,
    providerStatus: t.string,
    progress: Progress,
    ending: Ending,
    times: EndTimes,
  }),
  FilesStored: event('FilesStored', {
    batchKey: key,
    output: orNull(File),
    error: orNull(File),
    position: Position,
    isSworn: t.boolean,
  }),
  AnswersUnreadable: event('AnswersUnreadable', {
    batchKey: key,
    output: orNull(File),
    error: orNull(File),
  }),
  ItemsCompleted: event('ItemsCompleted', {
    batchKey: key,
    batchNo: NonNegative,
    object: t.string,
    lines: Lines,
    sequenceFrom: NonNegative,
    position: Position,
    usage: Usage,
    malformedCount: NonNegative,
    unknownCount: NonNegative,
    duplicateCount: NonNegative,
  }),
  ItemsSettled: event('ItemsSettled', {
    batchKey: key,
    batchNo: NonNegative,
    outputObject: orNull(t.string),
    errorObject: orNull(t.string),
    failed: Failed,
    retried: Retried,
    buckets: t.readonlyArray(Bucket),
    sequenceFrom: NonNegative,
    position: Position,
  }),
  BatchSettled: event('BatchSettled', {
    batchKey: key,
    wasRejected: t.boolean,
    wasLost: t.boolean,
    presumed: Presumed,
    canary: orNull(oneOf('a verdict', ['passed', 'failed', 'unjudged'] as const)),
    named: later(orNull(Named), null),
  }),
  ItemsRequeued: event('ItemsRequeued', {
    dueAtMs: t.number,
    indexes: ColumnType,
    bytes: NonNegative,
    tokens: NonNegative,
  }),
  FaultRecorded: event('FaultRecorded', {
    key: named<EffectKey>('an effect key'),
    message: t.string,
    dueAtMs: t.number,
    isAnswer: t.boolean,
  }),
  LitterCleared: event('LitterCleared', { fileId: t.string, isGone: t.boolean }),
  ArtifactsExported: event('ArtifactsExported', ExportedProps),
  ArtifactsPruned: event('ArtifactsPruned', { raw: t.boolean }),
  RawFileCompacted: event('RawFileCompacted', { object: t.string }),
  RunFinished: event('RunFinished', {
    status: oneOf('an end', ['completed', 'completed_with_failures'] as const),
  }),
};

const codecFor = (u: unknown): t.Type<Event, unknown> | null =>
  isJsonObject(u) && typeof u['type'] === 'string' && Object.hasOwn(eventCodecs, u['type'])
    ? (eventCodecs[u['type'] as Event['type']] as t.Type<Event, unknown>)
    : null;
/**
 * Any event, with its columns. Dispatches on `type`, so that an error names the event that it is
 * in.
 */
export const EventCodec: t.Type<Event, unknown> = new t.Type<Event, unknown>(
  'Event',
  (u): u is Event => codecFor(u)?.is(u) ?? false,
  (u, c) => codecFor(u)?.validate(u, c) ?? t.failure(u, c, 'not an event of this version'),
  t.identity,
);
