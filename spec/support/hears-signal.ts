import { constants } from 'node:os';
import { readFileSync } from 'node:fs';

/**
 * Whether the process has a handler for the signal: until then it would die of it like any program
 * that begins. Where nothing says so, true.
 */
export const hearsSignal = (pid: number, signal: 'SIGINT' | 'SIGTERM'): boolean => {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1];
    return (
      caught === undefined ||
      (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals[signal] - 1))) !== 0n
    );
  } catch {
    return true;
  }
};
