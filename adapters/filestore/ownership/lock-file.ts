import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
  readlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { hostname } from 'node:os';
import { isJsonObject } from '../../../lib/core/json/json.ts';
import { errnoOf } from '../../../lib/disk/make-folder.ts';
import { replaceFileNow, temporaryName } from '../../../lib/disk/replace-file.ts';
import type { PortError } from '../../../lib/ports/port-error.ts';
import { ioError } from '../../filesystem/index.ts';
import { type FolderListing, highestEpoch, listRunFolder, lockFile } from '../disk/run-folder.ts';

/** What an owner states in its lock file, rewritten with every heartbeat. */
export interface Lock extends ProcessIdentity {
  readonly heartbeat: number;
  readonly released: boolean;
  /** Tells apart owners with the same epoch, in a folder that was removed and created again. */
  readonly nonce: string;
  /** When it took the run, on its own clock; null: written by a release that did not say. */
  readonly sinceMs: number | null;
}

/** The lock of an epoch; `unreadable` while its owner is about to write it; null: there is none. */
export const readLock = (folder: string, epoch: number): Lock | 'unreadable' | null => {
  let text: string;
  try {
    text = readFileSync(join(folder, lockFile(epoch)), 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') return null;
    throw cause;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return 'unreadable';
    const { host, bootId, pidNamespace, pid, startTime, heartbeat, released, nonce, sinceMs } =
      value;
    if (
      typeof host !== 'string' ||
      typeof pid !== 'number' ||
      typeof heartbeat !== 'number' ||
      typeof nonce !== 'string'
    )
      return 'unreadable';
    const textOrNull = (at: unknown): string | null => (typeof at === 'string' ? at : null);
    return {
      host,
      pid,
      heartbeat,
      bootId: textOrNull(bootId),
      pidNamespace: textOrNull(pidNamespace),
      startTime: textOrNull(startTime),
      released: released === true,
      nonce,
      sinceMs: typeof sinceMs === 'number' ? sinceMs : null,
    };
  } catch {
    return 'unreadable';
  }
};

/**
 * Creates the lock with the epoch after the highest that was seen; null when another process was
 * faster and owns the run. No epoch is used twice. Throws I/O errors.
 */
export const createLock = (
  folder: string,
  lock: Lock,
  seen: FolderListing | null,
): number | null => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const epoch = (seen === null ? 0 : highestEpoch(seen)) + 1;
  let fd: number;
  try {
    fd = openSync(join(folder, lockFile(epoch)), 'wx', 0o600);
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return null;
    throw cause;
  }
  try {
    writeSync(fd, JSON.stringify(lock));
    fsyncSync(fd);
  } catch (cause) {
    // An empty lock would look like an owner that is just starting. No process has used this epoch
    // yet.
    rmSync(join(folder, lockFile(epoch)), { force: true });
    throw cause;
  } finally {
    closeSync(fd);
  }
  return epoch;
};

/** Rewrites this owner's lock by rename, so a reader sees the old or the new one. */
export const rewriteLock = (folder: string, epoch: number, lock: Lock): void => {
  const path = join(folder, lockFile(epoch));
  replaceFileNow(path, JSON.stringify(lock), temporaryName(path));
};

/** True while this owner has the highest lock. */
export const isOwnLock = (folder: string, epoch: number, nonce: string): boolean => {
  const lock = listRunFolder(folder).lockEpochs[0] === epoch ? readLock(folder, epoch) : null;
  return lock !== null && lock !== 'unreadable' && lock.nonce === nonce;
};

/** For people. */
export const describeOwner = (lock: Lock | 'unreadable'): string =>
  lock === 'unreadable' ? 'a process that is just starting' : `process ${lock.pid} on ${lock.host}`;

const ownerOfEpoch = (folder: string, epoch: number): string | null => {
  try {
    const lock = readLock(folder, epoch);
    return lock === null ? null : describeOwner(lock);
  } catch {
    return null;
  }
};

/** Why the owner of this epoch may not continue; null: it still owns the run. */
export const leaseFault = (folder: string, epoch: number, nonce: string): PortError | null => {
  try {
    if (isOwnLock(folder, epoch, nonce)) return null;
    return {
      type: 'lease_lost',
      owner: ownerOfEpoch(folder, listRunFolder(folder).lockEpochs[0] ?? 0),
    };
  } catch (cause) {
    return ioError('read the lock files in', folder, cause);
  }
};

/** Identifies a process by host, boot and start time, since process ids are reused. */
export interface ProcessIdentity {
  readonly host: string;
  /** Null where the system has none. */
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly pid: number;
  readonly startTime: string | null;
}

const orNull = (read: () => string): string | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

/**
 * The fields of `/proc/<pid>/stat` from the third on. The second, the command name, may contain
 * spaces and parentheses.
 */
const statOf = (pid: number): readonly string[] => {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};
const startTimeOf = (pid: number): string | null => statOf(pid)[19] ?? null;

/** True for a zombie: it was killed, and its parent has not collected it yet. */
const isZombie = (pid: number): boolean => ['Z', 'X', 'x'].includes(statOf(pid)[0] ?? '');

export const thisProcess = (): ProcessIdentity => ({
  host: hostname(),
  bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
  pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
  pid: process.pid,
  startTime: startTimeOf(process.pid),
});

/** True when the process is known to have ended; false when that cannot be known from here. */
export const isKnownDead = (other: ProcessIdentity): boolean => {
  const mine = thisProcess();
  if (other.host !== mine.host || other.pidNamespace !== mine.pidNamespace) return false;
  if (other.bootId !== mine.bootId) return other.bootId !== null && mine.bootId !== null;
  if (!isRunning(other.pid) || isZombie(other.pid)) return true;
  const startTime = startTimeOf(other.pid);
  return startTime !== null && other.startTime !== null && startTime !== other.startTime;
};

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // No permission: the process runs as another user.
    return errnoOf(cause) === 'EPERM';
  }
};
