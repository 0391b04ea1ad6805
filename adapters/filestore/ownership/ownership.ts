import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { createLock, describeOwner, isOwnLock, type Lock, readLock, rewriteLock } from './lock-file.ts';
import { isKnownDead, thisProcess } from './process-identity.ts';
import { type FolderListing, listRunFolder } from '../disk/run-folder.ts';

const heartbeatMs = 2_000;
/** Ten heartbeats: a reader that saw none for so long, on its own monotonic clock, takes the owner for dead. */
const silenceMs = 20_000;

/** A run taken for this process. */
export interface Ownership {
  readonly epoch: number;
  readonly nonce: string;
  /** Says so in the lock: whoever comes next need not wait. */
  release(): void;
}

/** Watches who owns runs, and takes them. One per store: what it saw of heartbeats counts only for its own clock. */
export interface OwnershipDesk {
  /** For people; null: nobody alive. Throws what the system throws. */
  ownerOf(folder: string): string | null;
  take(folder: string): Either<PortError, Ownership>;
}

export const createOwnershipDesk = (monotonicMs: () => number = () => performance.now()): OwnershipDesk => {
  const seen = new Map<string, { readonly heartbeat: string; readonly atMs: number }>();

  const isSilent = (folder: string, epoch: number, lock: Lock | 'unreadable'): boolean => {
    const heartbeat = `${epoch}:${lock === 'unreadable' ? '' : lock.heartbeat}`;
    const known = seen.get(folder);
    if (known?.heartbeat === heartbeat) return monotonicMs() - known.atMs >= silenceMs;
    seen.set(folder, { heartbeat, atMs: monotonicMs() });
    return false;
  };
  const look = (folder: string): FolderListing | null => (existsSync(folder) ? listRunFolder(folder) : null);
  const ownerIn = (folder: string, listing: FolderListing | null): string | null => {
    const epoch = listing?.lockEpochs[0];
    const lock = epoch === undefined ? null : readLock(folder, epoch);
    if (epoch === undefined || lock === null) return null;
    const isOver = lock !== 'unreadable' && (lock.released || isKnownDead(lock));
    return isOver || isSilent(folder, epoch, lock) ? null : describeOwner(lock);
  };

  return {
    ownerOf: (folder) => ownerIn(folder, look(folder)),
    take(folder) {
      const seen = look(folder);
      const owner = ownerIn(folder, seen);
      if (owner !== null) return left({ type: 'owned_elsewhere', owner });
      let lock: Lock = { ...thisProcess(), heartbeat: 1, released: false, nonce: randomUUID() };
      const epoch = createLock(folder, lock, seen);
      if (epoch === null) return left({ type: 'owned_elsewhere', owner: 'a process that was faster' });
      const rewrite = (change: Partial<Lock>): void => {
        lock = { ...lock, ...change };
        try {
          // Not when the run was removed, or its epoch is over.
          if (isOwnLock(folder, epoch, lock.nonce)) rewriteLock(folder, epoch, lock);
        } catch {
          // A heartbeat that cannot be written is a missed one; ownership is proved before every acknowledgement.
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
