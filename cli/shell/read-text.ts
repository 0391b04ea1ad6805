import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

/** A pipe that is not written to is given up after this. */
const pipeMsMax = 10_000;

/**
 * The text of a small file, at once. A named pipe (password managers serve `.env` so) is read by a process of its own: read here, one without a
 * writer would hold this process, deaf to signals. Throws what the system throws.
 */
export const readText = (path: string): string => {
  if (!statSync(path).isFIFO()) return readFileSync(path, 'utf8');
  const program = 'process.stdout.write(require("node:fs").readFileSync(process.argv[1]))';
  const { status, stdout, signal } = spawnSync(process.execPath, ['-e', program, path], {
    timeout: pipeMsMax,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (status === 0) return stdout;
  const code = signal === 'SIGKILL' ? 'ETIMEDOUT' : 'EIO';
  throw Object.assign(new Error(`${code}: nothing was written to the pipe within ${pipeMsMax / 1000} s, read '${path}'`), {
    code,
    syscall: 'read',
  });
};
