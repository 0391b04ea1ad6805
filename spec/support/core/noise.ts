import {
  ingestKey,
  planKey,
  pollKey,
  requeueKey,
  reconcileKey,
} from '../../../lib/core/model/effect.ts';
import {
  batchEffectKey,
  type BatchKey,
  type Command,
  type EffectKey,
  emptyUsage,
  isFinished,
  type ProviderBatchId,
  censusOfRows,
} from '../../../lib/core/internal.ts';
import type { Moment } from './answer.ts';
import { randomOperation } from './config.ts';
import { between, type Dice, oneOf, weighted } from './dice.ts';
import { openMask, openRows, pendingRows, planWindow } from './slices.ts';

/** What a person may ask at any time. */
export const userCommand = (
  dice: Dice,
  { snapshot, atMs }: Pick<Moment, 'snapshot' | 'atMs'>,
  mayCancel: boolean,
): Command => {
  const held = snapshot.live.filter((batch) => batch.held !== null);
  const isOver = isFinished(snapshot);
  const weights = {
    pause: 3,
    resume: 8,
    change: 1,
    jump: 1,
    cancel: mayCancel ? 2 : 0,
    resolve: held.length > 0 ? 8 : 0,
  };
  switch (weighted(dice, { ...weights, export: isOver ? 8 : 0, prune: isOver ? 8 : 0 })) {
    case 'export':
      return {
        type: 'RecordExported',
        atMs,
        destination: '/out',
        fileCount: 3,
        bytes: 10,
        resultCount: 2,
        manifestSha256: 'ab',
      };
    case 'prune':
      return { type: 'PruneArtifacts', atMs, raw: dice.state % 2 === 0 };
    case 'resolve':
      return {
        type: 'ResolveBatch',
        atMs,
        batchKey: oneOf(dice, held).batchKey,
        resolution: { type: 'retry' },
      };
    case 'jump':
      // The machine slept, or its clock went ahead.
      return { type: 'RecordClockJump', atMs, byMs: oneOf(dice, [5_000, 60_000, 3_600_000]) };
    case 'pause':
      return { type: 'PauseRun', atMs, reason: 'manual', message: null };
    case 'resume':
      return { type: 'ResumeRun', atMs };
    case 'change':
      return { type: 'ChangeOperation', atMs, operation: randomOperation(dice) };
    case 'cancel':
      return { type: 'CancelRun', atMs };
  }
};

/**
 * A command that no correct engine sends now: an old one again, one about another batch, or one
 * with wrong columns.
 */
export const noiseCommand = (
  dice: Dice,
  past: readonly Command[],
  { snapshot, rows, atMs }: Moment,
): Command => {
  const batchKey =
    snapshot.live.length === 0 || dice.state % 4 === 0
      ? ('unknown' as BatchKey)
      : oneOf(dice, snapshot.live).batchKey;
  const batchNo = snapshot.live.find((batch) => batch.batchKey === batchKey)?.batchNo ?? 99;
  /** Of the attempt before, or of one that never was. */
  const otherAttempt =
    (snapshot.live.find((batch) => batch.batchKey === batchKey)?.createAttempt ?? 0) +
    oneOf(dice, [-1, 5]);
  const providerBatchId = 'batch_nobody' as ProviderBatchId;
  const off = oneOf(dice, [-1, 0, 0, 1]);
  switch (
    weighted(dice, {
      again: 12,
      fault: 2,
      window: 2,
      failing: 2,
      slice: 2,
      created: 2,
      unclear: 1,
      refused: 1,
      poll: 2,
      files: 2,
      settle: 2,
      rest: 2,
      sweep: 1,
      requeue: 1,
      ask: 2,
    })
  ) {
    case 'again': {
      const old = past.length === 0 ? null : oneOf(dice, past);
      return old === null ? { type: 'OpenRun', atMs } : { ...old, atMs };
    }
    case 'fault': {
      const key = oneOf<EffectKey>(dice, [
        ingestKey,
        planKey,
        pollKey,
        reconcileKey,
        requeueKey,
        batchEffectKey(batchKey),
      ]);
      return {
        type: 'RecordFault',
        atMs,
        key,
        fault: oneOf(dice, ['transient', 'refused'] as const),
        message: 'noise',
        retryAfterMs: null,
      };
    }
    case 'window': {
      const window = planWindow(
        rows,
        snapshot.backlog.generation - Math.abs(off),
        between(dice, 0, 4),
      );
      return {
        type: 'PlanBatch',
        atMs,
        newBatchKey: `noise-${snapshot.version}` as BatchKey,
        window: { ...window, bytes: off === 0 ? window.bytes : [1, 2, 3] },
      };
    }
    case 'failing':
      return {
        type: 'FailPending',
        atMs,
        generation: snapshot.backlog.generation - Math.abs(off),
        rows: pendingRows(rows, 3),
      };
    case 'slice': {
      const fromIndex = snapshot.ingest.itemCount + off;
      const badOffsets = oneOf<readonly number[]>(dice, [[], [0], [0, 0], [5], [-1]]);
      const slice = {
        fromIndex,
        itemIds: ['x'],
        requestObject: 'o',
        itemObject: 'o',
        requestLengths: off === 0 ? [1, 2] : [3],
        itemLengths: [1],
        tokens: [2],
        areTokensExact: true,
        inputs: null,
        badOffsets,
        sameAs: oneOf<readonly number[] | null>(dice, [null, null, [1], [0], [9]]),
        sharedTokens: 0,
      };
      const nextIndex = (snapshot.ingest.checkpoint?.nextIndex ?? 0) + between(dice, -1, 1);
      return {
        type: 'AcceptSlice',
        atMs,
        slice,
        checkpoint: { nextIndex, position: null, beforeLastPosition: null },
        isLast: false,
      };
    }
    case 'created':
      return {
        type: 'RecordCreated',
        atMs,
        batchKey,
        createAttempt: otherAttempt,
        providerBatchId,
        providerStatus: 'validating',
      };
    case 'unclear':
      return {
        type: 'RecordCreateUnclear',
        atMs,
        batchKey,
        createAttempt: otherAttempt,
        message: 'noise',
      };
    case 'refused':
      return {
        type: 'RecordCreateRefused',
        atMs,
        batchKey,
        createAttempt: otherAttempt,
        refusal: {
          type: 'refused',
          message: 'noise',
          retryAfterMs: null,
          statedTokensMax: null,
          statedRequestsMax: null,
        },
      };
    case 'poll': {
      const observation = {
        batchKey,
        providerBatchId,
        providerStatus: 'failed',
        isAccepted: true,
        progress: null,
        ending: { type: 'completed', outputFileId: null, errorFileId: null, rejection: null },
      } as const;
      return {
        type: 'RecordPoll',
        atMs,
        asked: ['unknown' as BatchKey],
        observations: [observation, observation],
      };
    }
    case 'files':
      return {
        type: 'RecordFiles',
        atMs,
        batchKey: 'unknown' as BatchKey,
        output: null,
        error: null,
        census: censusOfRows(1_000_000),
      };
    case 'settle': {
      const indexes = rows.slice(0, 3).map((row) => row.index);
      const lines = { indexes, offsets: indexes, lengths: indexes };
      const cut = {
        part: oneOf(dice, ['output', 'error'] as const),
        fromOffset: between(dice, 1, 9),
        toOffset: between(dice, 0, 20),
        isEndOfFile: false,
      };
      return {
        type: 'SettleSlice',
        atMs,
        batchKey,
        ...cut,
        lines,
        open: openMask(rows, batchNo, indexes),
        usage: emptyUsage,
        malformedCount: 0,
        unknownCount: 0,
      };
    }
    case 'rest': {
      const open = openRows(rows, batchNo + off, 0, 3);
      const column = Array.from(open.indexes, () => -1);
      return {
        type: 'SettleRest',
        atMs,
        batchKey,
        fromIndex: Math.max(0, off),
        rows: { ...open, isLast: true },
        codes: column,
        parts: column,
        offsets: column,
        lengths: column,
      };
    }
    case 'sweep':
      return {
        type: 'RecordSweep',
        atMs,
        readFromMs: atMs,
        asked: [{ batchKey, createAttempt: otherAttempt, inputFileId: 'file-x', stage: 'looking' }],
        known: [],
        report: {
          found: [
            {
              batchKey,
              createAttempt: 77,
              inputFileId: 'file-y',
              providerBatchId,
              providerStatus: 'in_progress',
              createdAtMs: null,
              ending: null,
            },
          ],
          files: [],
          readBackToMs: null,
          isRunSeen: true,
          shown: [],
        },
      };
    case 'requeue':
      return { type: 'RequeueRows', atMs, dueAtMs: atMs - 7, rows: pendingRows(rows, 2) };
    case 'ask':
      return oneOf<Command>(dice, [
        { type: 'BeginCreate', atMs, batchKey },
        { type: 'DropBatch', atMs, batchKey: 'unknown' as BatchKey },
        { type: 'RecordCancelAsked', atMs, batchKey: 'unknown' as BatchKey },
        {
          type: 'RecordUpload',
          atMs,
          batchKey: 'unknown' as BatchKey,
          createAttempt: 1,
          inputFileId: 'file-x',
          expiresAtMs: null,
        },
        { type: 'RecordFenced', atMs, batchKey, createAttempt: otherAttempt },
        { type: 'ReplanBatch', atMs, batchKey: 'unknown' as BatchKey },
        { type: 'ResolveBatch', atMs, batchKey, resolution: { type: 'retry' } },
        { type: 'RecordStrayCancelled', atMs, providerBatchId },
        { type: 'RecordStrays', atMs, asked: [providerBatchId], observations: [] },
        { type: 'RejectRow', atMs, message: 'row 7 has no id' },
        { type: 'OpenRun', atMs },
      ]);
  }
};
