import { effectsDue, nextDueMs } from './due.ts';
import { type Effect, effectKey, unfencedKey } from '../model/effect.ts';
import { isOverButForUnfenced } from '../reconcile/unfenced.ts';
import { batchEffectKey, type EffectKey } from '../values/ids.ts';
import { answeredFaultsMax } from '../faults/fault-events.ts';
import {
  type FaultRecord,
  type RunSnapshot,
  isFinished,
  type ControlReason,
} from '../model/snapshot.ts';
import { clockWentBack } from '../control/clock.ts';
import type { LiveBatch } from '../model/batch.ts';

/**
 * An effect of a paused run that failed so often in a row is stuck, whatever the failures were.
 * About half a minute of retries.
 */
export const failuresMax = 6;
/** It is stuck sooner where the provider asks for waits as long as this. */
const longWaitMs = 60_000;
const failuresBeforeLongWait = 3;

/**
 * True while work that is due can move the run without a command of an operator. A run that is not
 * paused retries for ever. In a paused run an effect counts unless it is stuck: refused to the
 * ceiling, or failing time and again with its next try still ahead. A try that is due at `nowMs`
 * counts, so that a new process tries once before it gives up. What only tidies up counts until its
 * first failure, and the watch of duplicate batches not at all: no row waits for them. O(live
 * batches).
 */
export const canProgress = (snapshot: RunSnapshot, hasSource: boolean, nowMs: number): boolean => {
  if (isStandingStill(snapshot, hasSource)) return false;
  if (snapshot.control.state !== 'paused') return true;
  return effectsDue(snapshot, Infinity).some((effect) => isMoving(snapshot, effect, nowMs));
};

/** The failures that keep a paused run from getting any further, the most frequent first. */
export const stuckFaults = ({ faults }: RunSnapshot, nowMs: number): readonly FaultRecord[] =>
  faults.filter((record) => isStuck(record, nowMs)).sort((a, b) => b.count - a.count);

const isStuck = ({ count, answeredCount, dueAtMs }: FaultRecord, nowMs: number): boolean =>
  dueAtMs > nowMs &&
  (answeredCount >= answeredFaultsMax ||
    count >= failuresMax ||
    (count >= failuresBeforeLongWait && dueAtMs - nowMs >= longWaitMs));

const isMoving = (snapshot: RunSnapshot, effect: Effect, nowMs: number): boolean => {
  const faultOf = (key: EffectKey): FaultRecord | undefined =>
    snapshot.faults.find((record) => record.key === key);
  const isFree = (key: EffectKey): boolean => {
    const record = faultOf(key);
    return record === undefined || !isStuck(record, nowMs);
  };
  switch (effect.type) {
    case 'PollStrays':
      return false;
    case 'DeleteFile':
    case 'CancelStray':
      return faultOf(effectKey(effect)) === undefined;
    case 'SweepBatches':
      // No row waits for what was sent again; the run's end may, for a last look.
      if (effectKey(effect) === unfencedKey)
        return isOverButForUnfenced(snapshot) && isFree(unfencedKey);
      return (
        isFree(effectKey(effect)) &&
        effect.creates.some(({ batchKey }) => isFree(batchEffectKey(batchKey)))
      );
    case 'PollBatches':
      return (
        isFree(effectKey(effect)) &&
        effect.batches.some(({ batchKey }) => isFree(batchEffectKey(batchKey)))
      );
    default:
      return isFree(effectKey(effect));
  }
};

/**
 * When the run's next effect is due, in ms: `nowMs` where one is due now; null where none will be
 * before a command.
 */
export const owedAtMs = (snapshot: RunSnapshot, nowMs: number): number | null => {
  if (isStandingStill(snapshot, true)) return null;
  return effectsDue(snapshot, nowMs).length > 0 ? nowMs : nextDueMs(snapshot, nowMs);
};

/** True when an effect is due by `nowMs`, or its time was set before the clock went back. */
const isPending = (snapshot: RunSnapshot, nowMs: number): boolean => {
  const atMs = owedAtMs(snapshot, nowMs);
  return atMs !== null && (atMs <= nowMs || clockWentBack(snapshot, nowMs).length > 0);
};

/**
 * Of runs without an owner, those with an effect due by `nowMs` or with a command in the inbox; at
 * most `limit`.
 */
export const pendingRuns = <
  Run extends { readonly snapshot: RunSnapshot; readonly hasCommands: boolean },
>(
  runs: readonly Run[],
  nowMs: number,
  limit: number,
): readonly Run[] =>
  runs
    .filter(
      ({ snapshot, hasCommands }) =>
        !isFinished(snapshot) && (hasCommands || isPending(snapshot, nowMs)),
    )
    .slice(0, limit);

/**
 * True when only a command can move the run: no effect is due or ever will be, by `effectsDue` at
 * the end of time. A paused run whose API key was refused gets no answers, so its due effects do
 * not count. O(live batches).
 */
export const isStandingStill = (snapshot: RunSnapshot, hasSource: boolean): boolean =>
  (snapshot.control.state === 'paused' && snapshot.control.reason === 'authentication_failed') ||
  effectsDue(snapshot, Infinity).every((effect) => effect.type === 'IngestSlice' && !hasSource);

/** Why a run cannot progress by itself. What helps is for the user's side to say. */
export type Standstill =
  /** A create that may have succeeded waits for an operator. */
  | { readonly type: 'unconfirmed_create'; readonly held: readonly LiveBatch[] }
  | {
      readonly type: 'paused';
      readonly reason: ControlReason;
      readonly message: string | null;
    }
  /** A batch waits for an operator. */
  | { readonly type: 'held'; readonly held: readonly LiveBatch[] }
  /** No source is attached, and not all of it was read. */
  | { readonly type: 'source_missing'; readonly nextIndex: number };

/**
 * The first reason to tell of a run that cannot progress (`canProgress`). An unconfirmed create
 * comes first, since rows may be billed twice, unless the run is paused for another reason.
 */
export const standstillOf = ({ control, live, ingest }: RunSnapshot): Standstill => {
  const held = live.filter((batch) => batch.held !== null);
  const isUnconfirmed = held.some((batch) => batch.phase === 'indeterminate');
  if (isUnconfirmed && (control.reason === 'batch_unresolved' || control.state !== 'paused'))
    return { type: 'unconfirmed_create', held };
  if (control.state === 'paused' && control.reason !== null)
    return { type: 'paused', reason: control.reason, message: control.message };
  if (held.length > 0) return { type: 'held', held };
  return { type: 'source_missing', nextIndex: ingest.checkpoint?.nextIndex ?? 0 };
};
