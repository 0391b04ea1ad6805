import * as t from 'io-ts';
import {
  batchPhases,
  type UnconfirmedCreate,
  type LiveBatch,
  type SettledBatch,
  type DuplicateBatch,
  type UnfencedCreate,
} from '../model/batch.ts';
import {
  Bucket,
  Candidate,
  Checkpoint,
  Ending,
  Exported,
  Files,
  Guess,
  key,
  named,
  Need,
  oneOf,
  orNull,
  OverdueType,
  Position,
  Presumed,
  Progress,
  providerBatchId,
  Reason,
  Refusals,
  sent,
  Shared,
  size,
  Stated,
  Texts,
  Times,
  Use,
  Usage,
} from './codec.ts';
import { closed, later, laterOrNull, NonNegative } from '../json/codec-parts.ts';
import { RunConfig } from '../model/config.ts';
import type { EffectKey, RunId } from '../values/ids.ts';
import { itemStatuses, type ItemTotals } from '../model/item.ts';
import type { FailureCounts, FailureTally } from '../values/judged.ts';
import { FileLimitType, Named } from './refusal-codec.ts';
import type { RefusedRows } from '../model/refused-rows.ts';
import {
  type ArtifactsState,
  type ClockNote,
  type FaultRecord,
  nothingShared,
  runStatuses,
  type RunSnapshot,
  wholeArtifacts,
} from '../model/snapshot.ts';

const Totals: t.Type<ItemTotals, unknown> = closed(
  'ItemTotals',
  Object.fromEntries(
    itemStatuses.map((status) => [
      status,
      status === 'shared' ? later(NonNegative, 0) : NonNegative,
    ]),
  ) as Record<keyof ItemTotals, t.Type<number, unknown>>,
);
const Sharing: t.Type<RunSnapshot['sharing'], unknown> = closed('Sharing', {
  rows: NonNegative,
  tokens: NonNegative,
  until: Shared,
});
const UnconfirmedCreateType: t.Type<UnconfirmedCreate, unknown> = closed('UnconfirmedCreate', {
  stage: oneOf('a stage', ['looking', 'absent', 'fenced'] as const),
  sinceMs: t.number,
  absentAtMs: orNull(t.number),
  fileCreatedAtMs: orNull(t.number),
  looks: NonNegative,
  dueAtMs: t.number,
  isSworn: t.boolean,
  candidates: later(t.readonlyArray(Candidate), []),
});
const DuplicateBatchType: t.Type<DuplicateBatch, unknown> = closed('DuplicateBatch', {
  providerBatchId,
  batchKey: key,
  isCancelAsked: t.boolean,
  isEnded: t.boolean,
  dueAtMs: t.number,
  looks: NonNegative,
  polls: later(NonNegative, 0),
  foundAtMs: later(orNull(t.number), null),
  isLate: later(t.boolean, false),
  givenUp: later(
    orNull(closed('GivenUpCount', { presumed: Presumed, readRows: NonNegative })),
    null,
  ),
});
const Unfenced: t.Type<UnfencedCreate, unknown> = closed('UnfencedCreate', {
  batchKey: key,
  batchNo: NonNegative,
  createAttempt: NonNegative,
  requests: NonNegative,
  inputFileId: orNull(t.string),
  newestBatchId: orNull(providerBatchId),
  sentAtMs: t.number,
  looks: NonNegative,
  dueAtMs: orNull(t.number),
  candidates: t.readonlyArray(Candidate),
});
const Settled: t.Type<SettledBatch, unknown> = closed('SettledBatch', {
  providerBatchId,
  sentAtMs: t.number,
});
const Failures: t.Type<FailureCounts, unknown> = t.readonlyArray(
  closed('FailureCount', { code: NonNegative, count: NonNegative }),
);
const Batch: t.Type<LiveBatch, unknown> = closed('LiveBatch', {
  ...sent,
  ...size,
  phase: oneOf('a phase', batchPhases),
  createAttempt: NonNegative,
  replans: later(NonNegative, 0),
  inputFileId: orNull(t.string),
  uploadedAtMs: later(orNull(t.number), null),
  inputExpiresAtMs: orNull(t.number),
  doubt: orNull(UnconfirmedCreateType),
  providerBatchId: orNull(providerBatchId),
  providerStatus: orNull(t.string),
  isAccepted: t.boolean,
  plannedAtMs: t.number,
  sentAtMs: orNull(t.number),
  newestBatchId: laterOrNull(providerBatchId),
  dueAtMs: t.number,
  quietPolls: NonNegative,
  progress: Progress,
  newsAtMs: later(orNull(t.number), null),
  providerTimes: Times,
  overdue: later(OverdueType, null),
  cancelAsked: t.boolean,
  held: orNull(t.string),
  endedLongAgo: later(t.boolean, false),
  ending: orNull(Ending),
  files: Files,
  unreadable: later(Files, null),
  position: Position,
  settledRows: NonNegative,
  completedRows: NonNegative,
  failures: Failures,
  usage: Usage,
  missingRows: NonNegative,
  isSwornLost: t.boolean,
});
const Fault: t.Type<FaultRecord, unknown> = closed('FaultRecord', {
  key: named<EffectKey>('an effect key'),
  count: NonNegative,
  answeredCount: NonNegative,
  dueAtMs: t.number,
  message: t.string,
});
const Artifacts: t.Type<ArtifactsState, unknown> = closed('ArtifactsState', {
  exported: orNull(closed('ExportNote', Exported)),
  areRequestsPruned: t.boolean,
  isRawPruned: t.boolean,
  unkept: Texts,
});
const Clock: t.Type<ClockNote, unknown> = closed('ClockNote', {
  jumps: NonNegative,
  byMs: t.number,
  atMs: t.number,
});
const Refused: t.Type<RefusedRows, unknown> = closed('RefusedRows', {
  batchKey: key,
  batchNo: NonNegative,
  code: NonNegative,
  indexes: t.readonlyArray(NonNegative),
});
const Tally: t.Type<FailureTally, unknown> = closed('FailureTally', {
  code: NonNegative,
  count: NonNegative,
  line: orNull(closed('LinePlace', { object: t.string, offset: NonNegative, length: NonNegative })),
});
/** A created run has folded its `RunCreated`. */
const Version = t.refinement(NonNegative, (version) => version > 0, 'Version');
/** The whole state of a created run; the run before `RunCreated` is not stored. */
export const RunSnapshotCodec: t.Type<RunSnapshot, unknown> = closed('RunSnapshot', {
  runId: named<RunId>('a run id'),
  version: Version,
  resultSequence: NonNegative,
  config: RunConfig,
  status: oneOf('a status', runStatuses),
  control: closed('Control', {
    state: oneOf('a state', ['running', 'paused', 'cancel_requested'] as const),
    reason: orNull(Reason),
    message: orNull(t.string),
  }),
  totals: Totals,
  ingest: closed('Ingest', {
    isComplete: t.boolean,
    checkpoint: orNull(Checkpoint),
    itemCount: NonNegative,
    badRowCount: NonNegative,
  }),
  backlog: closed('Backlog', {
    bytes: t.number,
    tokens: t.number,
    sinceMs: t.number,
    generation: NonNegative,
    needs: orNull(Need),
    counting: orNull(oneOf('a counting', ['exact', 'estimated', 'mixed'] as const)),
  }),
  sharing: later(Sharing, nothingShared),
  live: t.readonlyArray(Batch),
  strays: t.readonlyArray(DuplicateBatchType),
  settled: later(t.readonlyArray(Settled), []),
  lostOwners: later(NonNegative, 0),
  litter: Texts,
  strayCost: closed('StrayCost', { batches: NonNegative, requests: NonNegative }),
  unfenced: later(t.readonlyArray(Unfenced), []),
  batchCount: NonNegative,
  backoff: t.readonlyArray(Bucket),
  faults: t.readonlyArray(Fault),
  rejectedStreak: NonNegative,
  named: later(orNull(Named), null),
  fileLimit: later(orNull(FileLimitType), null),
  refused: later(t.readonlyArray(Refused), []),
  lostStreak: NonNegative,
  queue: closed('QueueState', {
    others: Use,
    stated: orNull(Stated),
    guess: orNull(Guess),
    refusals: Refusals,
    sinceMs: t.number,
    acceptedCount: NonNegative,
  }),
  createsPaidUntilMs: t.number,
  calibration: closed('Calibration', {
    rows: NonNegative,
    countedTokens: NonNegative,
    billedTokens: NonNegative,
  }),
  usage: Usage,
  presumed: Presumed,
  canary: closed('CanaryState', { batchKey: orNull(key), isPassed: t.boolean }),
  failures: laterOrNull(t.readonlyArray(Tally)),
  judged: closed('JudgedRows', { passed: NonNegative, failures: Failures }),
  defects: closed('Defects', {
    malformed: NonNegative,
    unknown: NonNegative,
    duplicate: NonNegative,
    missing: NonNegative,
  }),
  artifacts: later(Artifacts, wholeArtifacts),
  clock: later(orNull(Clock), null),
  createdAtMs: t.number,
  updatedAtMs: t.number,
});
