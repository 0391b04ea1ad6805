import { reconcileKey } from '../model/effect.ts';
import type { EventOf } from '../model/event.ts';
import type { RunSnapshot } from '../model/snapshot.ts';
import { answersKey, batchEffectKey, type EffectKey } from '../values/ids.ts';

/** A failed effect is counted, and waits. */
export const faultRecorded = (s: RunSnapshot, event: EventOf<'FaultRecorded'>): RunSnapshot => {
  const known = s.faults.find((record) => record.key === event.key);
  const record = {
    key: event.key,
    count: (known?.count ?? 0) + 1,
    answeredCount: (known?.answeredCount ?? 0) + (event.isAnswer ? 1 : 0),
    dueAtMs: event.dueAtMs,
    message: event.message,
  };
  // The list was read, though it does not hold the unconfirmed batch: the list effect itself has
  // succeeded.
  const isListed = s.live.some(
    (batch) => batch.phase === 'indeterminate' && batchEffectKey(batch.batchKey) === event.key,
  );
  // And a batch or a file that was read, and had too little in it, is an answer to who could not
  // read it.
  const readKey = s.live.find((batch) => answersKey(batch.batchKey) === event.key)?.batchKey;
  const isOver = (key: EffectKey): boolean =>
    key === event.key ||
    (isListed && key === reconcileKey) ||
    (readKey !== undefined && key === batchEffectKey(readKey));
  return { ...s, faults: [...s.faults.filter((other) => !isOver(other.key)), record] };
};
