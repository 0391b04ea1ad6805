import * as t from 'io-ts';
import type { StoredFile } from '../model/batch.ts';
import type { FileCensus, FilesCensus } from '../model/files-census.ts';
import {
  ColumnType,
  Exported,
  finite,
  key,
  named,
  oneOf,
  orNull,
  providerBatchId,
  Reason,
  Texts,
  AnyJson,
} from './codec.ts';
import type {
  AcceptedSlice,
  Command,
  CommandOf,
  CreateRefusal,
  FaultKind,
  LineColumns,
  OpenRows,
  PlanWindow,
  Resolution,
  RowSlice,
  SharedRows,
} from '../model/command.ts';
import { NonNegative } from '../json/codec-parts.ts';
import { Operation, RunConfig } from '../model/config.ts';
import { type Fields, form, listOf, optional, variants } from '../json/form.ts';
import type { EffectKey, RunId } from '../values/ids.ts';
import type { OthersUse, QuotaUse, CapacityWanted, StatedLimit } from '../model/queue-state.ts';
import type { SharedCursor, SourceCheckpoint } from '../model/snapshot.ts';
import type { TokenUsage } from '../values/usage.ts';

import {
  Observation,
  Refused,
  Report,
  SweptBatchType,
  reportedNumber,
  UnconfirmedCreateQueryType,
} from './provider-answers.ts';

/**
 * What a command must be to be decided on: every field of its type. Open, so that what a provider's
 * port adds comes into no event.
 */

const columns = { indexes: ColumnType, offsets: ColumnType, lengths: ColumnType };
const rowColumns = {
  indexes: ColumnType,
  bytes: ColumnType,
  tokens: orNull(ColumnType),
  isLast: t.boolean,
};
const File = orNull(form<StoredFile>('StoredFile', { object: t.string, bytes: NonNegative }));
const Usage = form<TokenUsage>('TokenUsage', {
  inputTokens: NonNegative,
  cachedInputTokens: NonNegative,
  outputTokens: NonNegative,
  reasoningTokens: NonNegative,
});
const Checkpoint = form<SourceCheckpoint>('SourceCheckpoint', {
  nextIndex: NonNegative,
  position: AnyJson,
  beforeLastPosition: AnyJson,
});
const Slice = form<AcceptedSlice>('AcceptedSlice', {
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
  sameAs: orNull(ColumnType),
  sharedTokens: NonNegative,
});
const Window = form<PlanWindow>('PlanWindow', {
  generation: NonNegative,
  indexes: ColumnType,
  bytes: ColumnType,
  tokens: orNull(ColumnType),
  inputs: orNull(ColumnType),
  isExhausted: t.boolean,
});
const use: Fields<QuotaUse> = { tokens: NonNegative, requests: NonNegative };
const Others = form<OthersUse>('OthersUse', {
  ...use,
  stated: orNull(
    form<StatedLimit>('StatedLimit', {
      tokensMax: reportedNumber,
      requestsMax: reportedNumber,
      atMs: finite,
    }),
  ),
  wants: listOf(form<CapacityWanted>('RoomWanted', { ...use, sinceMs: finite, untilMs: finite })),
});
const Rows = form<RowSlice>('RowSlice', rowColumns);
const Open = form<OpenRows>('OpenRows', {
  ...rowColumns,
  charged: ColumnType,
  uncharged: ColumnType,
});
const Cursor = form<SharedCursor>('SharedCursor', { sequence: NonNegative, index: NonNegative });
const Shared = form<SharedRows>('SharedRows', {
  indexes: ColumnType,
  of: ColumnType,
  codes: ColumnType,
  until: Cursor,
});
const PartCensus = form<FileCensus>('FileCensus', {
  fileId: t.string,
  lines: NonNegative,
  malformed: NonNegative,
  unknown: NonNegative,
  isCut: t.boolean,
  begins: t.string,
});
const Gone = form<NonNullable<FilesCensus['gone']>>('Gone', {
  part: oneOf('a part', ['output', 'error'] as const),
  message: t.string,
});
const Census = form<FilesCensus>('FilesCensus', {
  rows: NonNegative,
  spoilt: NonNegative,
  output: orNull(PartCensus),
  error: orNull(PartCensus),
  gone: orNull(Gone),
});

type ResolutionOf<T extends Resolution['type']> = Extract<Resolution, { readonly type: T }>;
const resolution = <T extends Resolution['type']>(
  type: T,
  fields: Omit<Fields<ResolutionOf<T>>, 'type'>,
): t.Type<ResolutionOf<T>, unknown> =>
  form<ResolutionOf<T>>(`resolution ${type}`, {
    ...fields,
    type: t.literal(type),
  } as unknown as Fields<ResolutionOf<T>>);
const ResolutionType = variants<Resolution>('a resolution', {
  exists: resolution('exists', { found: SweptBatchType }),
  never_created: resolution('never_created', {}),
  results_lost: resolution('results_lost', {}),
  read_again: resolution('read_again', {}),
  give_up: resolution('give_up', {}),
  take_files: resolution('take_files', { found: Observation }),
  retry: resolution('retry', {}),
});
const Refusal = form<CreateRefusal>('CreateRefusal', {
  type: oneOf('a refusal', [
    'rate_limited',
    'over_capacity',
    'insufficient_quota',
    'authentication_failed',
    'input_missing',
    'input_pending',
    'refused',
    'unreachable',
  ] as const satisfies readonly CreateRefusal['type'][]),
  message: t.string,
  retryAfterMs: reportedNumber,
  statedTokensMax: reportedNumber,
  statedRequestsMax: reportedNumber,
});
const Fault = oneOf('a fault', [
  'transient',
  'refused',
  'insufficient_quota',
  'authentication_failed',
  'source_unreadable',
] as const satisfies readonly FaultKind[]);

const batchKey = { batchKey: key };
const attempt = { batchKey: key, createAttempt: NonNegative };
const command = <T extends Command['type']>(
  type: T,
  fields: Omit<Fields<CommandOf<T>>, 'type' | 'atMs'>,
): t.Type<CommandOf<T>, unknown> =>
  form<CommandOf<T>>(type, { ...fields, type: t.literal(type), atMs: finite } as unknown as Fields<
    CommandOf<T>
  >);

/** Any command. Dispatches on `type`, so that a field is named within the command that it is in. */
export const CommandType: t.Type<Command, unknown> = variants<Command>('a command', {
  CreateRun: command('CreateRun', { runId: named<RunId>('a run id'), config: RunConfig }),
  OpenRun: command('OpenRun', {}),
  ReleaseRun: command('ReleaseRun', {}),
  RecordClockJump: command('RecordClockJump', { byMs: finite }),
  PauseRun: command('PauseRun', { reason: Reason, message: orNull(t.string) }),
  ResumeRun: command('ResumeRun', {}),
  ChangeOperation: command('ChangeOperation', { operation: Operation }),
  CancelRun: command('CancelRun', { cancelsAdopted: optional(t.boolean) }),
  AcceptSlice: command('AcceptSlice', {
    slice: orNull(Slice),
    checkpoint: Checkpoint,
    isLast: t.boolean,
  }),
  RejectRow: command('RejectRow', { message: t.string }),
  RecordInputRefused: command('RecordInputRefused', {
    batchKey: key,
    createAttempt: NonNegative,
    message: t.string,
    isTooLarge: t.boolean,
    statedBytesMax: reportedNumber,
    said: listOf(Refused),
    indexes: ColumnType,
  }),
  PlanBatch: command('PlanBatch', { window: Window, newBatchKey: key, others: optional(Others) }),
  AdoptBatch: command('AdoptBatch', { window: Window, newBatchKey: key }),
  RecordUpload: command('RecordUpload', {
    ...attempt,
    inputFileId: t.string,
    expiresAtMs: reportedNumber,
  }),
  BeginCreate: command('BeginCreate', {
    ...batchKey,
    newestBatchId: optional(orNull(providerBatchId)),
  }),
  ReplanBatch: command('ReplanBatch', batchKey),
  RecordCreated: command('RecordCreated', {
    ...attempt,
    providerBatchId,
    providerStatus: t.string,
  }),
  RecordCreateRefused: command('RecordCreateRefused', { ...attempt, refusal: Refusal }),
  RecordCreateUnclear: command('RecordCreateUnclear', { ...attempt, message: t.string }),
  RecordSweep: command('RecordSweep', {
    readFromMs: finite,
    asked: listOf(UnconfirmedCreateQueryType),
    known: listOf(providerBatchId),
    report: Report,
  }),
  RecordFenced: command('RecordFenced', attempt),
  ResolveBatch: command('ResolveBatch', { ...batchKey, resolution: ResolutionType }),
  RecordFileDeleted: command('RecordFileDeleted', { fileId: t.string }),
  RecordStrayCancelled: command('RecordStrayCancelled', { providerBatchId }),
  RecordStrays: command('RecordStrays', {
    asked: listOf(providerBatchId),
    observations: listOf(Observation),
  }),
  RecordPoll: command('RecordPoll', { asked: listOf(key), observations: listOf(Observation) }),
  RecordCancelAsked: command('RecordCancelAsked', batchKey),
  RecordFiles: command('RecordFiles', { ...batchKey, output: File, error: File, census: Census }),
  SettleSlice: command('SettleSlice', {
    ...batchKey,
    part: oneOf('a part', ['output', 'error'] as const),
    fromOffset: NonNegative,
    toOffset: NonNegative,
    isEndOfFile: t.boolean,
    lines: form<LineColumns>('LineColumns', columns),
    open: ColumnType,
    usage: Usage,
    malformedCount: NonNegative,
    unknownCount: NonNegative,
  }),
  SettleRest: command('SettleRest', {
    ...batchKey,
    fromIndex: NonNegative,
    rows: Open,
    codes: ColumnType,
    parts: ColumnType,
    offsets: ColumnType,
    lengths: ColumnType,
    outputTokens: optional(ColumnType),
  }),
  RequeueRows: command('RequeueRows', { dueAtMs: finite, rows: Rows }),
  FailPending: command('FailPending', { generation: NonNegative, rows: Rows }),
  SettleShared: command('SettleShared', { from: Cursor, rows: Shared }),
  DropBatch: command('DropBatch', batchKey),
  RecordExported: command('RecordExported', Exported),
  PruneArtifacts: command('PruneArtifacts', { raw: t.boolean }),
  RecordCompacted: command('RecordCompacted', { object: t.string }),
  RecordFault: command('RecordFault', {
    key: named<EffectKey>('an effect key'),
    fault: Fault,
    message: t.string,
    retryAfterMs: reportedNumber,
  }),
});
