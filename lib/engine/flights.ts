import * as E from 'fp-ts/lib/Either.js';
import * as TE from 'fp-ts/lib/TaskEither.js';
import { type Effect, effectKey } from '../core/model/effect.ts';
import type { EffectKey } from '../core/values/ids.ts';
import { faultCommand } from '../effects/faults.ts';
import type { createPerformer } from '../effects/performer.ts';
import type { Asked } from '../effects/ports.ts';

/** Effects that are being performed: at most one of each key. */
export interface Flights {
  /**
   * True where the effect may start: none of its key is in flight, and few enough of its type are.
   */
  mayStart(effect: Effect): boolean;
  start(effect: Effect): void;
  /** Its answer is committed. */
  end(key: EffectKey): void;
  /** Aborts all but creates, which are never aborted: an aborted one would be taken for sent. */
  abort(): void;
  /** Aborts every one, creates too: nothing more is committed. */
  abortAll(): void;
  readonly count: number;
  readonly createCount: number;
}

/**
 * Transfers and parses at a time: what is in memory does not grow with the number of live batches.
 */
const concurrencyMax: Readonly<Partial<Record<Effect['type'], number>>> = {
  UploadBatch: 4,
  StoreFiles: 4,
  SettleSlice: 2,
};

/** `answered` is given each answer, as what is to be committed. */
export const createFlights = (
  perform: ReturnType<typeof createPerformer>,
  nowMs: () => number,
  answered: (key: EffectKey, asked: Asked) => void,
): Flights => {
  const flights = new Map<
    EffectKey,
    { readonly abort: AbortController; readonly type: Effect['type'] }
  >();
  const countOf = (type: Effect['type']): number =>
    [...flights.values()].filter((flight) => flight.type === type).length;
  return {
    mayStart: (effect) =>
      !flights.has(effectKey(effect)) &&
      countOf(effect.type) < (concurrencyMax[effect.type] ?? Infinity),
    start(effect) {
      const key = effectKey(effect);
      const abort = new AbortController();
      flights.set(key, { abort, type: effect.type });
      void perform(effect, abort.signal)().then(
        (answer) => {
          if (E.isRight(answer)) return answered(key, answer.right);
          const command = faultCommand(key, answer.left, nowMs());
          answered(key, command === null ? TE.left(answer.left) : TE.right(command));
        },
        (thrown: unknown) =>
          answered(
            key,
            TE.left({
              type: 'unavailable',
              message: `${effect.type} threw: ${String(thrown)}`,
              cause: thrown,
            }),
          ),
      );
    },
    end: (key) => void flights.delete(key),
    abort() {
      for (const { abort, type } of flights.values()) if (type !== 'CreateBatch') abort.abort();
    },
    abortAll() {
      for (const { abort } of flights.values()) abort.abort();
    },
    get count() {
      return flights.size;
    },
    get createCount() {
      return countOf('CreateBatch');
    },
  };
};

/** How long an effect rests whose answer changed nothing. */
export const restMs = 1_000;

/**
 * Effects whose last answer changed nothing: each waits for a moment, or until something else
 * changes.
 */
export interface Rests {
  /** `version`: that of the snapshot by which the answer changed nothing. */
  add(key: EffectKey, version: number, untilMs: number): void;
  /** Milliseconds until the effect may be performed again; 0: now. */
  leftMs(key: EffectKey, version: number, nowMs: number): number;
}

export const createRests = (): Rests => {
  const rests = new Map<EffectKey, { readonly version: number; readonly untilMs: number }>();
  return {
    add(key, version, untilMs) {
      rests.set(key, { version, untilMs });
    },
    leftMs(key, version, nowMs) {
      const rest = rests.get(key);
      if (rest === undefined) return 0;
      const leftMs = rest.untilMs - nowMs;
      // Rests are short: one that lies further ahead was set before the clock went back.
      if (rest.version === version && leftMs > 0 && leftMs <= 2 * restMs) return leftMs;
      rests.delete(key);
      return 0;
    },
  };
};
