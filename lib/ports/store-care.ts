import type { RunId } from '../core/values/ids.ts';
import type { JsonObject } from '../core/json/json.ts';
import type { Port } from './port-error.ts';

/** Something durable that is not what it was. */
export interface Damage {
  /** File and byte, or the like. */
  readonly where: string;
  readonly what: string;
}

/**
 * What a repair gives up: commits that were acknowledged, or may have been, and that nothing proves
 * any more.
 */
export interface RunLoss {
  /** The last version that can be proved; null: none, and then there is nothing to repair. */
  readonly version: number | null;
  /** The highest version that anything still tells of. */
  readonly knownVersion: number | null;
  /**
   * Commits behind that version that are still whole, and yet prove nothing without what is before
   * them.
   */
  readonly commitCount: number;
  /** Damaged records behind that version: each was a commit, or more than one. */
  readonly damagedCount: number;
  /** What all of them take on the disk. */
  readonly bytes: number;
  /**
   * Batches that those commits name as created: at the provider the run will know nothing of them.
   */
  readonly providerBatchIds: readonly string[];
}

/** How the objects of a run are: each was read whole. */
export interface PayloadCondition {
  readonly objectCount: number;
  /** Put without checksums, by the release before: a changed byte in them does not show. */
  readonly uncheckedCount: number;
  /** Objects whose bytes are not what was put. */
  readonly changed: readonly Damage[];
  /**
   * Objects whose checksums are damaged or gone: a repair writes them anew, from the bytes that
   * there are.
   */
  readonly lostSums: readonly Damage[];
}

/** How a run's durable parts are. */
export interface RunCondition {
  readonly runId: RunId;
  /**
   * `whole`: it opens with everything that was acknowledged. `damaged`: something durable is not
   * what it was, whether the run opens or not. `no_run`: what a creation left that never came to
   * its first commit.
   */
  readonly state: 'whole' | 'damaged' | 'no_run';
  /** The process that drives it now, as text; null: none. */
  readonly owner: string | null;
  /** The version that it opens at; null: it does not open. */
  readonly version: number | null;
  /** Why it does not open; null: it does. */
  readonly refusal: string | null;
  readonly damage: readonly Damage[];
  /** Null: a repair gives up nothing. */
  readonly loss: RunLoss | null;
  /** Stored requests and answers. Their damage is in `damage` too; no repair mends it. */
  readonly payload: PayloadCondition;
  /** The store's own account of its parts. */
  readonly parts: JsonObject;
}

/** What a repair found and made of a run. */
export interface RunRepair {
  readonly before: RunCondition;
  readonly after: RunCondition;
  /** Where that is kept which was damaged or given up. */
  readonly setAside: readonly string[];
}

/**
 * Looking after runs where what they lie on can be damaged. A store that others look after, a
 * database, has none.
 */
export interface StoreCare {
  /** Everything that may be a run, in the order of names; leftovers of creations among them. */
  runIds(): Port<readonly RunId[]>;
  /** Changes nothing. `not_found` where there is nothing by that name. */
  examine(runId: RunId): Port<RunCondition>;
  /**
   * True after: the run opens at the last version that can be proved, and what was damaged or given
   * up is set aside. `owned_elsewhere` while a living process owns it; `corrupt` when nothing can
   * be proved. A whole run is left as it is.
   */
  repair(runId: RunId): Port<RunRepair>;
}
