import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { RunId } from '../../../lib/core/values/ids.ts';
import { othersOf, type Reservation, reservationOf } from '../../../lib/core/plan/quota.ts';
import type { OthersUse } from '../../../lib/core/model/queue-state.ts';
import { isCreated, type RunSnapshot } from '../../../lib/core/model/snapshot.ts';
import type { Port, PortError } from '../../../lib/ports/port-error.ts';
import { errnoOf, ioError } from '../../filesystem/index.ts';
import { decodeRecord, ownerOfFile, quotaFile, type QuotaRecord, scopeFolder } from './quota-record.ts';

/** What the runs of the store have told each other of what they hold of their queues. */
export interface QuotaBoard {
  /** What the other runs hold, or are about to. */
  others(runId: RunId, scope: string, nowMs: number): Port<OthersUse>;
}

export interface QuotaBoardOptions {
  readonly dir: string;
  readonly folderOf: (runId: RunId) => string;
  /** Null: nobody alive owns the run in the folder. Throws what the system throws. */
  readonly ownerOf: (folder: string) => string | null;
  /** The run as it is stored; null: there is no such run. */
  readonly snapshotOf: (runId: RunId) => Port<RunSnapshot | null>;
}

/** A folder in which names come and go is looked at again so often. */
const looksMax = 50;

export const createQuotaBoard = ({ dir, folderOf, ownerOf, snapshotOf }: QuotaBoardOptions): QuotaBoard => {
  /** What runs themselves said, by file, as long as the file says the same: nobody alive writes it, so that the run has not moved either. */
  const asked = new Map<string, { readonly text: string; readonly reservation: Reservation | null }>();

  const isAlive = (runId: RunId): boolean => {
    try {
      return ownerOf(folderOf(runId)) !== null;
    } catch {
      // Not known to be dead.
      return true;
    }
  };

  /**
   * What the run itself says, where its file cannot: it is the truth, and dear to read. Asked for where the file is unreadable, and
   * where its owner died over a claim, since the journal alone knows whether that was committed. A file whose run does not exist speaks
   * for nobody. Where the run cannot be read either, a claim counts in full, for too much is safe; and of a file that says nothing
   * nothing is assumed: unknown is never zero.
   */
  const askRun = async (
    path: string,
    runId: RunId,
    text: string,
    record: QuotaRecord | null,
  ): Promise<Either<PortError, Reservation | null>> => {
    const known = asked.get(path);
    if (known?.text === text) return right(known.reservation);
    const snapshot = await snapshotOf(runId)();
    if (isLeft(snapshot)) {
      if (record !== null) return right(withClaim(record));
      const advice = `mend the run (\`batchor doctor --run-id ${runId} --repair\`) or remove it (\`batchor delete --run-id ${runId} --abandon\`): ${'message' in snapshot.left ? snapshot.left.message : snapshot.left.type}`;
      return left({
        type: 'corrupt',
        message: `${path} does not say what run ${runId} holds of its queue, and the run cannot be read; ${advice}`,
        where: path,
      });
    }
    const reservation = snapshot.right === null || !isCreated(snapshot.right) ? null : reservationOf(snapshot.right);
    // Of a run that somebody drives this holds for a moment only.
    if (!isAlive(runId)) asked.set(path, { text, reservation });
    return right(reservation);
  };

  const reservationIn = async (path: string, runId: RunId, scope: string): Promise<Either<PortError, Reservation | null>> => {
    // What a removal left behind, or never was of this store.
    if (!existsSync(folderOf(runId))) return right(null);
    // Small files, of tens of runs: asked for one by one in another thread, they take ten times as long.
    const text = readFileSync(path, 'utf8');
    const record = decodeRecord(text, runId, scope);
    if (record !== null && (record.claim === null || isAlive(runId))) return right(withClaim(record));
    return askRun(path, runId, text, record);
  };

  /** Everybody's word, or null where the names moved meanwhile. */
  const look = async (folder: string, me: RunId, scope: string): Promise<Either<PortError, readonly Reservation[]> | null> => {
    const names = namesIn(folder);
    const reservations: Reservation[] = [];
    for (const [runId, epoch] of newestOf(names, me)) {
      try {
        const found = await reservationIn(join(folder, quotaFile(runId, epoch)), runId, scope);
        if (isLeft(found)) return found;
        if (found.right !== null) reservations.push(found.right);
      } catch (cause) {
        if (errnoOf(cause) === 'ENOENT') return null;
        throw cause;
      }
    }
    // A run that changes hands has two files for a moment, and a folder that is read meanwhile may show neither.
    return namesIn(folder).join('\n') === names.join('\n') ? right(reservations) : null;
  };

  return {
    others: (runId, scope, nowMs) => async () => {
      const folder = scopeFolder(dir, scope);
      try {
        for (let looks = 0; looks < looksMax; looks += 1) {
          const found = await look(folder, runId, scope);
          if (found !== null) return isLeft(found) ? found : right(othersOf(found.right, scope, nowMs));
        }
        return left({ type: 'unavailable', message: `${folder} does not stand still: its files come and go`, cause: null });
      } catch (cause) {
        return left(ioError('read what other runs hold in', folder, cause));
      }
    },
  };
};

const withClaim = ({ claim, ...record }: QuotaRecord): Reservation =>
  claim === null
    ? record
    : { ...record, tokens: Math.max(record.tokens, claim.tokens), requests: Math.max(record.requests, claim.requests) };

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .flatMap((entry) => (entry.isFile() && ownerOfFile(entry.name) !== null ? [entry.name] : []))
      .sort();
  } catch (cause) {
    // Nobody of the scope has told anything yet.
    if (errnoOf(cause) === 'ENOENT') return [];
    throw cause;
  }
};

/** The newest owner's file of each run but one. */
const newestOf = (names: readonly string[], me: RunId): ReadonlyMap<RunId, number> => {
  const newest = new Map<RunId, number>();
  for (const name of names) {
    const owner = ownerOfFile(name);
    if (owner !== null && owner.runId !== me) newest.set(owner.runId, Math.max(owner.epoch, newest.get(owner.runId) ?? 0));
  }
  return newest;
};
