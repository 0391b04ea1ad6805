import type { BatchKey, BatchRejection, ProviderBatchId } from '../../../lib/core/internal.ts';
import { between, withProbability, type Dice, diceOf, oneOf, weighted } from './dice.ts';
import { rowBytesMax, rowTokensMax } from './config.ts';

/** An entry of the fake source. */
export interface Entry {
  readonly bytes: number;
  readonly tokens: number;
  readonly isBad: boolean;
  /** The earlier entry that asks the same, and is sent for both; null: it is sent itself. */
  readonly sameAs: number | null;
}

/** A line of a provider's file; every line is `lineBytes` long. */
export interface Line {
  readonly kind: 'success' | 'failure' | 'malformed' | 'unknown';
  readonly index: number;
  readonly code: number;
}
export const lineBytes = 10;

/** How a batch is going to end; decided by its dice when it does. */
export type Fate = 'completed' | 'expired' | 'cancelled' | BatchRejection['type'];

export interface ProviderBatch {
  readonly batchKey: BatchKey;
  readonly createAttempt: number;
  readonly inputFileId: string;
  readonly providerBatchId: ProviderBatchId;
  readonly batchNo: number;
  /** Made by a POST that was doubled on its way: batchor cannot prevent it. */
  readonly isDoubled: boolean;
  /** Item indexes in the order of the input file. */
  readonly indexes: readonly number[];
  readonly fate: Fate;
  /** Created in a fair world: answered in full. What was created before keeps its luck. */
  readonly isBlessed: boolean;
  /** Polls that show it in progress. */
  pollsLeft: number;
  /** Lists that do not show it yet. */
  hiddenPolls: number;
  isCancelAsked: boolean;
  /** Past its expiry, and never at its end, until the world is fair. */
  isStuck: boolean;
  /** Its run no longer waits for it, as an operator confirmed: its rows may be billed again. */
  isGivenUp: boolean;
  /** Null while it is alive. */
  files: { readonly output: readonly Line[] | null; readonly error: readonly Line[] | null } | null;
}

/** The outside of a run as plain data: copy it, and it plays the same luck again. */
export interface World {
  readonly dice: Dice;
  /** A fair world gives every effect the answer that it asks for. */
  isFair: boolean;
  /** Creates may get lost on the way there: they come late, or never. */
  readonly losesCreates: boolean;
  readonly entries: readonly Entry[];
  readonly files: Record<
    string,
    { readonly batchKey: BatchKey; readonly batchNo: number; readonly indexes: readonly number[] }
  >;
  readonly batches: ProviderBatch[];
  /**
   * Creates whose answer was lost and that come through later, if ever; made from a file that is
   * gone by then, they fail.
   */
  readonly late: ProviderBatch[];
  /** Input files that the key of these days cannot read. */
  readonly unreadable: string[];
  /** Ids given so far: files, batches, batch keys. */
  ids: number;
  /** What the provider saw that no run may do. */
  readonly crimes: string[];
}

export const createWorld = (seed: number, entriesMax: number): World => {
  const dice = diceOf(seed);
  const badProbability = oneOf(dice, [0, 0, 0, 0.1, 0.1, 0.1, 0.3, 1]);
  const sharedProbability = oneOf(dice, [0, 0, 0.2, 0.6]);
  const entries: Entry[] = [];
  for (let left = between(dice, 0, entriesMax); left > 0; left -= 1) {
    const isBad = withProbability(dice, badProbability);
    const sent = entries.flatMap((entry, index) =>
      entry.isBad || entry.sameAs !== null ? [] : [index],
    );
    const sameAs =
      !isBad && sent.length > 0 && withProbability(dice, sharedProbability)
        ? oneOf(dice, sent)
        : null;
    const isSent = !isBad && sameAs === null;
    entries.push({
      isBad,
      sameAs,
      bytes: isSent ? between(dice, 1, rowBytesMax) : 0,
      tokens: isSent ? between(dice, 1, rowTokensMax) : 0,
    });
  }
  return {
    dice,
    isFair: false,
    losesCreates: withProbability(dice, 0.5),
    entries,
    files: {},
    batches: [],
    late: [],
    unreadable: [],
    ids: 0,
    crimes: [],
  };
};

export const freshId = (world: World, prefix: string): string => {
  world.ids += 1;
  return `${prefix}${world.ids}`;
};

/** True with the probability, but never in a fair world. */
export const hasFailure = (world: World, probability: number): boolean =>
  !world.isFair && withProbability(world.dice, probability);

export const randomFate = (world: World): Fate =>
  world.isFair
    ? 'completed'
    : weighted(world.dice, {
        completed: 60,
        expired: 10,
        cancelled: 4,
        invalid_lines: 6,
        over_capacity: 6,
        insufficient_quota: 3,
        other: 6,
      });
