import { type LiveBatch, noProviderTimes } from '../model/batch.ts';
import { judgedAfter } from '../faults/breaker.ts';
import { batchOf, clearBatchFault, clearFault, mergeBuckets, move, shrunk, withBatch, withoutBatch } from '../model/changes.ts';
import type { AcceptedSlice, Column } from '../model/command.ts';
import { ingestKey, planKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import { codeOfFailure } from '../values/failure.ts';
import { invariant } from '../values/invariant.ts';
import { addFailures, answeredIn, judgedIn, noCanary } from '../values/judged.ts';
import { sum } from '../plan/pack.ts';
import { sharedIn, sharingAfter } from '../source/share.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { addPresumed, addUsage, emptyUsage } from '../values/usage.ts';
import { settledAfter } from '../model/witness.ts';

/** What the events mean that carry rows: in, packed, answered, settled. */

export const itemsAccepted = (s: RunSnapshot, { slice, checkpoint, atMs }: EventOf<'ItemsAccepted'>): RunSnapshot => {
  const count = slice.itemIds.length;
  const badCount = slice.badOffsets.length;
  const wasEmpty = s.totals.pending === 0;
  const sharedCount = sharedIn(slice);
  return {
    ...clearFault(s, ingestKey),
    ingest: { ...s.ingest, checkpoint, itemCount: s.ingest.itemCount + count, badRowCount: s.ingest.badRowCount + badCount },
    totals: {
      ...s.totals,
      pending: s.totals.pending + count - badCount - sharedCount,
      failed_permanent: s.totals.failed_permanent + badCount,
      shared: s.totals.shared + sharedCount,
    },
    sharing: sharingAfter(s, slice, sharedCount),
    resultSequence: s.resultSequence + badCount,
    backlog: {
      ...s.backlog,
      bytes: s.backlog.bytes + sum(slice.requestLengths),
      tokens: s.backlog.tokens + (slice.tokens === null ? 0 : sum(slice.tokens)),
      sinceMs: wasEmpty ? atMs : s.backlog.sinceMs,
      counting: countingAfter(s.backlog.counting, slice),
    },
  };
};

const countingAfter = (known: RunSnapshot['backlog']['counting'], { tokens, areTokensExact }: AcceptedSlice): typeof known => {
  if (tokens === null) return known;
  const now = areTokensExact ? 'exact' : 'estimated';
  return known === null || known === now ? now : 'mixed';
};

export const batchSettled = (s: RunSnapshot, event: EventOf<'BatchSettled'>): RunSnapshot => {
  const batch = batchOf(s, event.batchKey);
  const { ending, requests, usage, files } = batch;
  const answered = answeredIn(batch);
  const settled = clearBatchFault(withoutBatch(s, event.batchKey), event.batchKey);
  // A batch without room, or without money, says nothing of what is in it; one with bad lines goes again without them.
  const isSilent = ending !== null && ending.rejection !== null && ending.rejection.type !== 'other';
  const read = [files?.output, files?.error].flatMap((file) => (file ? [file.object] : []));
  const { artifacts } = s;
  return {
    ...settled,
    artifacts: s.config.operation.persistRawOutput ? artifacts : { ...artifacts, unkept: [...artifacts.unkept, ...read] },
    settled: settledAfter(s.settled, batch),
    strays: s.strays.map((stray) =>
      stray.givenUp !== null && stray.batchKey === event.batchKey && stray.providerBatchId === batch.providerBatchId
        ? { ...stray, givenUp: { presumed: event.presumed, readRows: answered } }
        : stray,
    ),
    rejectedStreak: event.wasRejected ? s.rejectedStreak + 1 : isSilent ? s.rejectedStreak : 0,
    named: event.named,
    lostStreak: event.wasLost ? s.lostStreak + 1 : 0,
    presumed: addPresumed(s.presumed, event.presumed),
    judged: judgedAfter(s, batch),
    canary: event.canary === null ? settled.canary : { ...noCanary, isPassed: event.canary === 'passed' },
    calibration:
      answered === 0 || usage.inputTokens === 0 || batch.inputTokens === 0
        ? s.calibration
        : {
            rows: s.calibration.rows + answered,
            countedTokens: s.calibration.countedTokens + (batch.inputTokens * answered) / requests,
            billedTokens: s.calibration.billedTokens + usage.inputTokens,
          },
  };
};

export const batchPlanned = (s: RunSnapshot, event: EventOf<'BatchPlanned'>): RunSnapshot => {
  const { batchKey, batchNo, requests, inputBytes, inputTokens, atMs } = event;
  invariant(batchNo === s.batchCount + 1, 'batches are numbered without gaps');
  const batch: LiveBatch = {
    batchKey,
    batchNo,
    phase: 'planned',
    createAttempt: 0,
    replans: 0,
    inputFileId: null,
    uploadedAtMs: null,
    inputExpiresAtMs: null,
    doubt: null,
    providerBatchId: null,
    providerStatus: null,
    requests,
    inputBytes,
    inputTokens,
    plannedAtMs: atMs,
    sentAtMs: null,
    dueAtMs: atMs,
    quietPolls: 0,
    isAccepted: false,
    progress: null,
    newsAtMs: null,
    providerTimes: noProviderTimes,
    overdue: null,
    cancelAsked: false,
    held: null,
    ending: null,
    files: null,
    unreadable: null,
    position: { part: 'output', offset: 0 },
    settledRows: 0,
    completedRows: 0,
    failures: [],
    usage: emptyUsage,
    missingRows: 0,
    isSwornLost: false,
  };
  return {
    ...clearFault(s, planKey),
    batchCount: batchNo,
    live: [...s.live, batch],
    totals: move(s.totals, 'pending', 'queued_local', requests),
    backlog: shrunk(s, inputBytes, inputTokens, atMs),
    canary: s.config.operation.canary === null || s.canary.isPassed ? s.canary : { batchKey, isPassed: false },
  };
};

export const itemsCompleted = (s: RunSnapshot, event: EventOf<'ItemsCompleted'>): RunSnapshot => {
  const count = event.lines.indexes.length;
  const batch = batchOf(s, event.batchKey);
  return {
    ...withBatch(clearBatchFault(s, event.batchKey), event.batchKey, {
      position: event.position,
      settledRows: batch.settledRows + count,
      completedRows: batch.completedRows + count,
      usage: addUsage(batch.usage, event.usage),
    }),
    totals: move(s.totals, 'submitted', 'completed', count),
    resultSequence: s.resultSequence + count,
    usage: addUsage(s.usage, event.usage),
    defects: {
      malformed: s.defects.malformed + event.malformedCount,
      unknown: s.defects.unknown + event.unknownCount,
      duplicate: s.defects.duplicate + event.duplicateCount,
      missing: s.defects.missing,
    },
  };
};

const missingCode = codeOfFailure('missing_result');
const missingIn = (codes: Column): number => {
  let count = 0;
  for (let i = 0; i < codes.length; i += 1) if (codes[i] === missingCode) count += 1;
  return count;
};

export const itemsSettled = (s: RunSnapshot, event: EventOf<'ItemsSettled'>): RunSnapshot => {
  const failedCount = event.failed.indexes.length;
  const retriedCount = event.retried.indexes.length;
  const batch = batchOf(s, event.batchKey);
  const settledRows = batch.settledRows + failedCount + retriedCount;
  const missing = missingIn(event.failed.codes) + missingIn(event.retried.codes);
  const missingRows = batch.missingRows + missing;
  const failures = addFailures(addFailures(batch.failures, judgedIn(event.failed)), judgedIn(event.retried));
  return {
    ...withBatch(clearBatchFault(s, event.batchKey), event.batchKey, { position: event.position, settledRows, missingRows, failures }),
    defects: { ...s.defects, missing: s.defects.missing + missing },
    totals: move(move(s.totals, 'submitted', 'failed_permanent', failedCount), 'submitted', 'failed_retryable', retriedCount),
    resultSequence: s.resultSequence + failedCount,
    backoff: mergeBuckets(s.backoff, event.buckets),
  };
};
