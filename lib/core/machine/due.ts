import { batchLimitsOf } from '../plan/batch-limits.ts';
import { isCanaryOut } from '../faults/breaker.ts';
import { hasRoomForNext, isTooLarge, roomLeft, roomLookDueMs, statedUntilMs } from '../plan/budget.ts';
import type { LiveBatch, StrayBatch } from '../model/batch.ts';
import {
  cancelEffectKey,
  compactEffectKey,
  type Effect,
  ingestKey,
  litterEffectKey,
  planKey,
  pollKey,
  requeueKey,
  sharedKey,
  strayEffectKey,
  straysKey,
  sweepKey,
} from '../model/effect.ts';
import { faultDueMs, isFaultDue } from '../faults/fault-wait.ts';
import { answersKey, batchEffectKey, type BatchKey, type EffectKey, type ProviderBatchId } from '../values/ids.ts';
import { sliceRowsMax, unsentBatchesMax } from '../values/limits.ts';
import { createAllowedAtMs } from '../plan/pace.ts';
import { mayPlanShort, planAgeDueMs, unsentBatchCount } from '../plan/plan.ts';
import { isPollDue, pollDueMs } from '../poll/poll-wait.ts';
import { probeEndsAtMs, restUntilMs } from '../plan/queue.ts';
import { isShareDue } from '../source/share.ts';
import { isCreated, isFinished, type RunSnapshot } from '../model/snapshot.ts';
import { isStillSettled } from '../reconcile/stray.ts';
import { inputStaleAtMs, isInputStale, mayCreate } from '../submit/submit.ts';
import { isLookDue, lookDueMs } from '../reconcile/unclear.ts';
import { clockWentBack } from '../control/clock.ts';
import { bucketsDueMs, dueBucket } from '../settle/verdict.ts';
import { knownBatches } from '../model/witness.ts';

/** Rows read from the source in one effect. */
export const ingestRowsMax = 5_000;

/** What is owed to the world now. Level-triggered: asked twice, answers twice; callers keep one performance per `effectKey`. O(live batches). */
export const effectsDue = (snapshot: RunSnapshot, nowMs: number): readonly Effect[] => {
  if (!isCreated(snapshot) || isFinished(snapshot)) return [];
  const isDue = (key: EffectKey): boolean => {
    const record = snapshot.faults.find((fault) => fault.key === key);
    return record === undefined || isFaultDue(snapshot, record, nowMs);
  };
  const isBatchDue = (batchKey: BatchKey): boolean => isDue(batchEffectKey(batchKey)) && isDue(answersKey(batchKey));
  const effects: Effect[] = [];
  for (const batch of snapshot.live) {
    if (batch.held === null && isBatchDue(batch.batchKey)) effects.push(...batchEffects(snapshot, batch, nowMs));
    if (isCancelDue(snapshot, batch) && isDue(cancelEffectKey(batch.batchKey)))
      effects.push({ type: 'CancelBatch', batchKey: batch.batchKey, providerBatchId: batch.providerBatchId });
  }
  const unclear = snapshot.live.flatMap((batch) => (isLookDue(snapshot, batch, nowMs) && isBatchDue(batch.batchKey) ? [batch] : []));
  if (unclear.length > 0 && isDue(sweepKey)) {
    const known = knownBatches(snapshot);
    effects.push({
      type: 'SweepBatches',
      creates: unclear.map(({ batchKey, createAttempt, inputFileId, doubt }) => ({
        batchKey,
        createAttempt,
        inputFileId,
        stage: doubt.stage,
        sinceMs: doubt.sinceMs,
      })),
      known: known.map(({ providerBatchId }) => providerBatchId),
      // After the fence the file no longer tells its time, and our clock may differ.
      sinceMs: Math.min(...unclear.map(({ plannedAtMs, doubt }) => Math.min(plannedAtMs, doubt.fileCreatedAtMs ?? Infinity))),
    });
  }
  const [fileId] = snapshot.litter;
  if (fileId !== undefined && isDue(litterEffectKey(fileId))) effects.push({ type: 'DeleteFile', fileId });
  const [unkept] = snapshot.artifacts.unkept;
  if (unkept !== undefined && isDue(compactEffectKey(unkept))) effects.push({ type: 'CompactFile', object: unkept });
  for (const { providerBatchId, isCancelAsked, isEnded } of snapshot.strays)
    if (!isCancelAsked && !isEnded && isDue(strayEffectKey(providerBatchId))) effects.push({ type: 'CancelStray', providerBatchId });
  const strays = snapshot.strays.filter((stray) => stray.isCancelAsked && isWatched(snapshot, stray) && isPollDue(snapshot, stray, nowMs));
  if (strays.length > 0 && isDue(straysKey))
    effects.push({ type: 'PollStrays', batches: strays.map(({ batchKey, providerBatchId }) => ({ batchKey, providerBatchId })) });
  const polled = snapshot.live.filter((batch) => isPollable(batch) && isPollDue(snapshot, batch, nowMs) && isBatchDue(batch.batchKey));
  if (polled.length > 0 && isDue(pollKey)) {
    effects.push({
      type: 'PollBatches',
      batches: polled.flatMap(({ batchKey, providerBatchId }) => (providerBatchId === null ? [] : [{ batchKey, providerBatchId }])),
    });
  }
  const ripe = snapshot.control.state === 'cancel_requested' ? snapshot.backoff[0] : dueBucket(snapshot, nowMs);
  if (ripe !== undefined && ripe !== null && snapshot.control.state !== 'paused' && isDue(requeueKey))
    effects.push({ type: 'RequeueRows', dueAtMs: ripe.dueAtMs, rowsMax: sliceRowsMax });
  if (isShareDue(snapshot) && isDue(sharedKey)) effects.push({ type: 'SettleShared', from: snapshot.sharing.until, rowsMax: sliceRowsMax });
  if (snapshot.control.state === 'running') {
    if (isPlanDue(snapshot, nowMs) && isDue(planKey)) {
      effects.push({ type: 'PlanBatch', generation: snapshot.backlog.generation, rowsMax: batchLimitsOf(snapshot).requestsMax });
    }
    if (!snapshot.ingest.isComplete && isDue(ingestKey)) {
      effects.push({
        type: 'IngestSlice',
        checkpoint: snapshot.ingest.checkpoint,
        fromIndex: snapshot.ingest.itemCount,
        rowsMax: ingestRowsMax,
      });
    }
  }
  if (snapshot.control.state === 'cancel_requested' && snapshot.totals.pending > 0 && isDue(planKey)) {
    effects.push({ type: 'FailPending', generation: snapshot.backlog.generation, rowsMax: sliceRowsMax });
  }
  return effects;
};

const batchEffects = (snapshot: RunSnapshot, batch: LiveBatch, nowMs: number): readonly Effect[] => {
  const { batchKey, batchNo } = batch;
  const isCancelling = snapshot.control.state === 'cancel_requested';
  switch (batch.phase) {
    case 'planned':
      if (isCancelling) return [{ type: 'DropBatch', batchKey }];
      if (snapshot.control.state === 'running' && isTooLarge(snapshot, batch, nowMs)) return [{ type: 'DropBatch', batchKey }];
      return snapshot.control.state === 'running'
        ? [{ type: 'UploadBatch', batchKey, batchNo, createAttempt: batch.createAttempt + 1, inputBytes: batch.inputBytes }]
        : [];
    case 'uploaded':
      if (isCancelling) return [{ type: 'DropBatch', batchKey }];
      if (snapshot.control.state === 'running' && isTooLarge(snapshot, batch, nowMs)) return [{ type: 'DropBatch', batchKey }];
      if (!mayCreate(snapshot, batch, nowMs)) return [];
      return [{ type: isInputStale(snapshot, batch, nowMs) ? 'ReplanBatch' : 'BeginCreate', batchKey }];
    case 'creating':
      return batch.inputFileId === null
        ? []
        : [{ type: 'CreateBatch', batchKey, createAttempt: batch.createAttempt, inputFileId: batch.inputFileId }];
    case 'ended':
      return batch.files === null
        ? [
            {
              type: 'StoreFiles',
              batchKey,
              outputFileId: batch.ending?.outputFileId ?? null,
              errorFileId: batch.ending?.errorFileId ?? null,
            },
          ]
        : [{ type: 'SettleSlice', batchKey, batchNo, position: batch.position, rowsMax: sliceRowsMax }];
    case 'indeterminate':
      return batch.doubt?.stage === 'absent' && batch.inputFileId !== null
        ? [{ type: 'FenceCreate', batchKey, createAttempt: batch.createAttempt, inputFileId: batch.inputFileId }]
        : [];
    // It is polled with the others, and cancelled under a key of its own.
    case 'created':
    case 'settled':
    case 'dropped':
      return [];
  }
};

/** While the run is cancelled, each batch at the provider is cancelled too, once. */
const isCancelDue = (snapshot: RunSnapshot, batch: LiveBatch): batch is LiveBatch & { readonly providerBatchId: ProviderBatchId } =>
  snapshot.control.state === 'cancel_requested' &&
  batch.phase === 'created' &&
  batch.held === null &&
  !batch.cancelAsked &&
  batch.providerBatchId !== null;

const isWatched = (snapshot: RunSnapshot, stray: StrayBatch): boolean => !stray.isEnded && !isStillSettled(snapshot, stray);

const isPollable = (batch: LiveBatch): boolean => batch.phase === 'created' && batch.held === null;

/** Enough rows wait for a full batch, or need not wait for one; and the budget, and the way to the provider, are free. */
const isPlanDue = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const { totals, backlog } = snapshot;
  if (totals.pending === 0 || unsentBatchCount(snapshot) >= unsentBatchesMax || isCanaryOut(snapshot) || !hasRoomForNext(snapshot, nowMs))
    return false;
  return isBacklogFull(snapshot, nowMs) || mayPlanShort(snapshot, nowMs) || backlog.needs !== null;
};

/** More rows would not make the next batch fuller: what waits fills it, or has more in it than the budget admits. */
const isBacklogFull = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const { requestsMax, inputBytesMax, inputTokensMax, learnedBytesMax } = batchLimitsOf(snapshot);
  const { totals, backlog } = snapshot;
  const room = roomLeft(snapshot, nowMs);
  return (
    totals.pending >= requestsMax ||
    backlog.bytes >= Math.min(inputBytesMax, learnedBytesMax ?? Infinity) ||
    (inputTokensMax !== null && backlog.tokens >= inputTokensMax) ||
    (room.requests !== null && totals.pending > room.requests) ||
    (room.tokens !== null && backlog.tokens > room.tokens)
  );
};

/** When `effectsDue` may differ by time alone; null when only a command can change it. */
export const nextDueMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (!isCreated(snapshot) || isFinished(snapshot)) return null;
  const times: number[] = [];
  for (const record of snapshot.faults) if (isFaultOfInterest(snapshot, record.key)) times.push(faultDueMs(snapshot, record, nowMs));
  for (const batch of snapshot.live) {
    if (isPollable(batch)) times.push(pollDueMs(snapshot, batch, nowMs));
    if (batch.doubt !== null && batch.held === null) times.push(lookDueMs(snapshot, batch.doubt, nowMs));
    if (batch.phase === 'uploaded')
      times.push(
        inputStaleAtMs(snapshot, batch) ?? nowMs,
        createAllowedAtMs(snapshot, nowMs),
        probeEndsAtMs(snapshot, nowMs) ?? nowMs,
        restUntilMs(snapshot, nowMs),
      );
  }
  for (const stray of snapshot.strays) if (isWatched(snapshot, stray)) times.push(pollDueMs(snapshot, stray, nowMs));
  if (snapshot.control.state === 'running') {
    times.push(bucketsDueMs(snapshot, nowMs) ?? nowMs);
    // The provider's word on its limit lapses.
    times.push(statedUntilMs(snapshot) ?? nowMs);
    const lookAtMs = snapshot.backlog.needs?.retryAtMs;
    if (typeof lookAtMs === 'number') times.push(roomLookDueMs(snapshot, lookAtMs, nowMs));
    if (snapshot.totals.pending > 0 && !snapshot.ingest.isComplete) times.push(planAgeDueMs(snapshot, nowMs));
  }
  const later = times.filter((time) => time > nowMs);
  return later.length === 0 ? null : Math.min(...later);
};

/** When something is owed to the world: now, later, or (null) not before a command comes. */
export const owedAtMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (isStandingStill(snapshot, true)) return null;
  return effectsDue(snapshot, nowMs).length > 0 ? nowMs : nextDueMs(snapshot, nowMs);
};

/** Something is pending by now, or its time was set before the clock went back. */
const isOwed = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const atMs = owedAtMs(snapshot, nowMs);
  return atMs !== null && (atMs <= nowMs || clockWentBack(snapshot, nowMs).length > 0);
};

/** Of runs that nobody drives, those to which something is owed by now, or somebody has left a command; at most so many. */
export const owedRuns = <Run extends { readonly snapshot: RunSnapshot; readonly hasCommands: boolean }>(
  runs: readonly Run[],
  nowMs: number,
  limit: number,
): readonly Run[] =>
  runs.filter(({ snapshot, hasCommands }) => !isFinished(snapshot) && (hasCommands || isOwed(snapshot, nowMs))).slice(0, limit);

/** While paused, the waits of stages that stand still wake nobody. */
const isFaultOfInterest = (snapshot: RunSnapshot, key: EffectKey): boolean => {
  if (snapshot.control.state === 'running') return true;
  if (key === ingestKey || key === planKey || key === requeueKey) return snapshot.control.state === 'cancel_requested' && key !== ingestKey;
  if (key === pollKey) return snapshot.live.some(isPollable);
  return true;
};

/** True when something at the provider, or on its way from there, can still move the run while it is not running. */
export const isAnythingInFlight = (snapshot: RunSnapshot): boolean =>
  snapshot.control.reason !== 'authentication_failed' &&
  snapshot.live.some(
    (batch) =>
      batch.held === null &&
      (batch.phase === 'creating' || batch.phase === 'indeterminate' || batch.phase === 'created' || batch.phase === 'ended'),
  );

/**
 * True when nothing more will happen without somebody: no effect is due or ever will be, by what `effectsDue` itself says of the
 * end of time. Without its key a paused run gets no answers, so that what is due does not count. O(live batches).
 */
export const isStandingStill = (snapshot: RunSnapshot, hasSource: boolean): boolean =>
  (snapshot.control.state === 'paused' && snapshot.control.reason === 'authentication_failed') ||
  effectsDue(snapshot, Infinity).every((effect) => effect.type === 'IngestSlice' && !hasSource);
