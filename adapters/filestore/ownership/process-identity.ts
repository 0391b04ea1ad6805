import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process, of which start of which machine: a process id alone comes again. */
export interface ProcessIdentity {
  readonly host: string;
  /** Null where the system has no such thing. */
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

/** `/proc/<pid>/stat` from its third field on; the second, the command's name, may hold spaces and parentheses. */
const statOf = (pid: number): readonly string[] => {
  const stat = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  return stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};
const startTimeOf = (pid: number): string | null => statOf(pid)[19] ?? null;

/** Killed, and not yet collected by its parent: it will do nothing any more, though its id is still there. */
const isZombie = (pid: number): boolean => ['Z', 'X', 'x'].includes(statOf(pid)[0] ?? '');

export const thisProcess = (): ProcessIdentity => ({
  host: hostname(),
  bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
  pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
  pid: process.pid,
  startTime: startTimeOf(process.pid),
});

/** True when it is known that the process is over; where nothing can be known from here, false. */
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
    // Not permitted: it runs, as somebody else.
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
};
