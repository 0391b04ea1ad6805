import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

/** Reading a pipe without a writer times out after this. */
const pipeMsMax = 10_000;

/**
 * Reads a small file synchronously. A named pipe (password managers serve `.env` as one) is read by
 * a child process: without a writer, the read would block this process and its signals. Throws the
 * error of the system.
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
  throw Object.assign(
    new Error(
      `${code}: nothing was written to the pipe within ${pipeMsMax / 1000} s, read '${path}'`,
    ),
    {
      code,
      syscall: 'read',
    },
  );
};
