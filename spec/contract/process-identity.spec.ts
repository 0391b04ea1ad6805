import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { isKnownDead, thisProcess } from '../../adapters/filestore/ownership/lock-file.ts';
import { waitFor } from '../support/wait-for.ts';

const stateOf = (pid: number): string =>
  /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '';
const nameOf = (pid: number | undefined): string =>
  readFileSync(`/proc/${String(pid)}/comm`, 'latin1').trim();
const startTimeOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

describe('whether a process is over', () => {
  it('is not said of this one, nor of one on another machine', () => {
    expect(isKnownDead(thisProcess())).toBe(false);
    expect(isKnownDead({ ...thisProcess(), host: 'elsewhere', pid: 4_000_000 })).toBe(false);
    expect(isKnownDead({ ...thisProcess(), pid: 4_000_000 })).toBe(true);
  });

  it.runIf(existsSync('/proc/self/stat'))(
    'is said of one that was killed, and that its parent has not collected',
    async () => {
      // The shell becomes a sleep that waits for no child.
      const parent = spawn('bash', ['-c', 'sleep 3600 & echo $!; exec sleep 3600'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        let pid = 0;
        for await (const line of createInterface({ input: parent.stdout })) {
          pid = Number(line);
          break;
        }
        // Killed before that, the shell itself would collect it.
        await waitFor('the shell has become a sleep', () => nameOf(parent.pid) === 'sleep');
        const child = { ...thisProcess(), pid, startTime: startTimeOf(pid) };
        expect(isKnownDead(child)).toBe(false);
        process.kill(pid, 'SIGKILL');
        await waitFor(`process ${pid} is dead and not collected`, () => stateOf(pid) === 'Z');
        expect(isKnownDead(child)).toBe(true);
        expect(startTimeOf(pid)).toBe(child.startTime);
      } finally {
        parent.kill('SIGKILL');
      }
    },
  );
});
