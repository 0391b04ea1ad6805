import { effectsDue } from './due.ts';
import { isStandingStill } from './pending.ts';
import { type Effect, effectKey } from '../model/effect.ts';
import { batchEffectKey, type EffectKey } from '../values/ids.ts';
import { answeredFaultsMax } from '../faults/fault-events.ts';
import type { FaultRecord, RunSnapshot } from '../model/snapshot.ts';

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
