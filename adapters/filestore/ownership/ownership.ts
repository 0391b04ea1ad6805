import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import {
  createLock,
  describeOwner,
  isOwnLock,
  type Lock,
  readLock,
  rewriteLock,
  isKnownDead,
  thisProcess,
} from './lock-file.ts';
import { type FolderListing, listRunFolder } from '../disk/run-folder.ts';

const heartbeatMs = 2_000;
/**
 * Ten heartbeats. A reader that sees none for this long, on its own monotonic clock, takes the
 * owner for dead.
 */
const silenceMs = 20_000;

/** This process's ownership of a run. */
export interface Ownership {
  readonly epoch: number;
  readonly nonce: string;
  /** Marks the lock as released, so that the next owner need not wait. */
  release(): void;
}

/**
 * Takes runs, and watches who owns them. One per store, since observed heartbeats count by its own
 * clock.
 */
export interface OwnershipTracker {
  /** The live owner, for display; null: none. Throws I/O errors. */
  ownerOf(folder: string): string | null;
  /** When the newest owner took the run, on its own clock, living or not; null: not known. */
  ownedSinceMs(folder: string): number | null;
  take(folder: string): Either<PortError, Ownership>;
}

export const createOwnershipTracker = (
  monotonicMs: () => number = () => performance.now(),
): OwnershipTracker => {
  const seen = new Map<string, { readonly heartbeat: string; readonly atMs: number }>();

  const isSilent = (folder: string, epoch: number, lock: Lock | 'unreadable'): boolean => {
    const heartbeat = `${epoch}:${lock === 'unreadable' ? '' : lock.heartbeat}`;
    const known = seen.get(folder);
    if (known?.heartbeat === heartbeat) return monotonicMs() - known.atMs >= silenceMs;
    seen.set(folder, { heartbeat, atMs: monotonicMs() });
    return false;
  };
  const listing = (folder: string): FolderListing | null =>
    existsSync(folder) ? listRunFolder(folder) : null;
  const ownerIn = (folder: string, listing: FolderListing | null): string | null => {
    const epoch = listing?.lockEpochs[0];
    const lock = epoch === undefined ? null : readLock(folder, epoch);
    if (epoch === undefined || lock === null) return null;
    const isOver = lock !== 'unreadable' && (lock.released || isKnownDead(lock));
    return isOver || isSilent(folder, epoch, lock) ? null : describeOwner(lock);
  };

  return {
    ownerOf: (folder) => ownerIn(folder, listing(folder)),
    ownedSinceMs: (folder) => {
      const epoch = listing(folder)?.lockEpochs[0];
      const lock = epoch === undefined ? null : readLock(folder, epoch);
      return lock === null || lock === 'unreadable' ? null : lock.sinceMs;
    },
    take(folder) {
      const seen = listing(folder);
      const owner = ownerIn(folder, seen);
      if (owner !== null) return left({ type: 'owned_elsewhere', owner });
      let lock: Lock = {
        ...thisProcess(),
        heartbeat: 1,
        released: false,
        nonce: randomUUID(),
        sinceMs: Date.now(),
      };
      const epoch = createLock(folder, lock, seen);
      if (epoch === null)
        return left({ type: 'owned_elsewhere', owner: 'a process that started first' });
      const rewrite = (change: Partial<Lock>): void => {
        lock = { ...lock, ...change };
        try {
          // Not when the run was removed or has a newer owner.
          if (isOwnLock(folder, epoch, lock.nonce)) rewriteLock(folder, epoch, lock);
        } catch {
          // This counts as a missed heartbeat. Every acknowledgement checks the ownership anyway.
        }
      };
      const beat = setInterval(() => rewrite({ heartbeat: lock.heartbeat + 1 }), heartbeatMs);
      beat.unref();
      return right({
        epoch,
        nonce: lock.nonce,
        release() {
          clearInterval(beat);
          rewrite({ released: true });
        },
      });
    },
  };
};
