import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errnoOf } from '../../../lib/disk/make-folder.ts';

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
