import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { othersOf, type Reservation, reservationOf } from '../../../lib/core/plan/quota.ts';
import type { OthersUse } from '../../../lib/core/model/queue-state.ts';
import { isCreated, type RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import { errnoOf } from '../../../lib/disk/make-folder.ts';
import { ioError } from '../../filesystem/index.ts';
import {
  decodeRecord,
  ownerOfFile,
  quotaFile,
  type ReservationRecord,
  scopeFolder,
} from './reservation-file.ts';

/** Reads what the runs of the store have published about their share of a provider queue. */
export interface Reservations {
  /** What the other runs hold or are about to hold, in tokens and requests. */
  others(runId: RunId, scope: string, nowMs: number): Port<OthersUse>;
}

export interface ReservationsOptions {
  readonly dir: string;
  readonly folderOf: (runId: RunId) => string;
  /** The live owner of the run in the folder, for display; null: none. Throws I/O errors. */
  readonly ownerOf: (folder: string) => string | null;
  /** The stored run; null: there is no such run. */
  readonly snapshotOf: (runId: RunId) => Port<RunSnapshot | null>;
}

/** How often the folder is read again while files come and go. */
const readsMax = 50;

export const createReservations = (options: ReservationsOptions): Reservations =>
  new ReservationReader(options);

class ReservationReader implements Reservations {
  readonly #options: ReservationsOptions;
  /**
   * Reservations read from runs, by file path. An entry is valid while the file is unchanged: its
   * run has no live owner, so the run has not changed either.
   */
  readonly #ofRuns = new Map<
    string,
    { readonly text: string; readonly reservation: Reservation | null }
  >();

  constructor(options: ReservationsOptions) {
    this.#options = options;
  }

  others(runId: RunId, scope: string, nowMs: number): Port<OthersUse> {
    return async () => {
      const folder = scopeFolder(this.#options.dir, scope);
      try {
        for (let reads = 0; reads < readsMax; reads += 1) {
          const found = await this.#readOnce(folder, runId, scope);
          if (found !== null)
            return isLeft(found) ? found : right(othersOf(found.right, scope, nowMs));
        }
        return left({
          type: 'unavailable',
          message: `${folder} kept changing while it was read; try again`,
          cause: null,
        });
      } catch (cause) {
        return left(ioError('read the reservations of other runs in', folder, cause));
      }
    };
  }

  /** The reservations of all other runs; null when files came or went meanwhile. */
  async #readOnce(
    folder: string,
    me: RunId,
    scope: string,
  ): Promise<Either<PortError, readonly Reservation[]> | null> {
    const names = namesIn(folder);
    const reservations: Reservation[] = [];
    for (const [runId, epoch] of newestOf(names, me)) {
      try {
        const found = await this.#reservationIn(
          join(folder, quotaFile(runId, epoch)),
          runId,
          scope,
        );
        if (isLeft(found)) return found;
        if (found.right !== null) reservations.push(found.right);
      } catch (cause) {
        if (errnoOf(cause) === 'ENOENT') return null;
        throw cause;
      }
    }
    // A run that changes owners has two files for a moment, and a listing during that may show
    // neither.
    return namesIn(folder).join('\n') === names.join('\n') ? right(reservations) : null;
  }

  async #reservationIn(
    path: string,
    runId: RunId,
    scope: string,
  ): Promise<Either<PortError, Reservation | null>> {
    // A removed run left the file, or it never belonged to this store.
    if (!existsSync(this.#options.folderOf(runId))) return right(null);
    // Synchronous: these are tens of small files, and reading each through the thread pool takes
    // ten times as long.
    const text = readFileSync(path, 'utf8');
    const record = decodeRecord(text, runId, scope);
    if (record !== null && (record.claim === null || this.#isAlive(runId)))
      return right(withClaim(record));
    return this.#reservationOfRun(path, runId, text, record);
  }

  /**
   * The reservation from the run's own journal, which is exact but slow to read. It is needed when
   * the file is unreadable, and when the owner died during a claim, since only the journal shows
   * whether that commit succeeded. A file without a run counts as nothing. If the run cannot be
   * read either, a readable claim counts in full, since too much is safe. An unreadable file
   * without a readable run is an error: unknown is never zero.
   */
  async #reservationOfRun(
    path: string,
    runId: RunId,
    text: string,
    record: ReservationRecord | null,
  ): Promise<Either<PortError, Reservation | null>> {
    const known = this.#ofRuns.get(path);
    if (known?.text === text) return right(known.reservation);
    const snapshot = await this.#options.snapshotOf(runId)();
    if (isLeft(snapshot))
      return record !== null
        ? right(withClaim(record))
        : left(unknownShare(path, runId, snapshot.left));
    const reservation =
      snapshot.right === null || !isCreated(snapshot.right) ? null : reservationOf(snapshot.right);
    // A run with a live owner changes again soon.
    if (!this.#isAlive(runId)) this.#ofRuns.set(path, { text, reservation });
    return right(reservation);
  }

  #isAlive(runId: RunId): boolean {
    const { ownerOf, folderOf } = this.#options;
    try {
      return ownerOf(folderOf(runId)) !== null;
    } catch {
      // Only a known death counts.
      return true;
    }
  }
}

const unknownShare = (path: string, runId: RunId, error: PortError): PortError => ({
  type: 'corrupt',
  message: `${path} cannot be read, nor can run ${runId}, so its share of the queue is unknown; repair the run (\`batchor doctor --run-id ${runId} --repair\`) or remove it (\`batchor delete --run-id ${runId} --abandon\`): ${'message' in error ? error.message : error.type}`,
  where: path,
});

const withClaim = ({ claim, ...record }: ReservationRecord): Reservation =>
  claim === null
    ? record
    : {
        ...record,
        tokens: Math.max(record.tokens, claim.tokens),
        requests: Math.max(record.requests, claim.requests),
      };

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => (entry.isFile() && ownerOfFile(entry.name) !== null ? [entry.name] : []))
      .sort();
  } catch (cause) {
    // No run of the scope has published anything yet.
    if (errnoOf(cause) === 'ENOENT') return [];
    throw cause;
  }
};

/** The epoch of each run's newest file, except for the run `me`. */
const newestOf = (names: readonly string[], me: RunId): ReadonlyMap<RunId, number> => {
  const newest = new Map<RunId, number>();
  for (const name of names) {
    const owner = ownerOfFile(name);
    if (owner !== null && owner.runId !== me)
      newest.set(owner.runId, Math.max(owner.epoch, newest.get(owner.runId) ?? 0));
  }
  return newest;
};
