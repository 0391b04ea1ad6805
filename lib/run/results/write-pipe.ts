import { constants, open } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between two attempts to open a pipe without a reader. */
const retryMs = 50;

/**
 * Writes the texts to a named pipe, no faster than they are read. Waits for a reader without
 * blocking a thread: a thread blocked in the system's `open` or `write` would keep the process from
 * ending at a signal. Throws system errors.
 */
export const writePipe = async (
  path: string,
  texts: AsyncIterable<string | Uint8Array>,
): Promise<void> => {
  const pipe = new Socket({ fd: await openForWriting(path), readable: false, writable: true });
  let failure: Error | null = null;
  const ended = new Promise<void>((resolve) => {
    pipe.on('error', (error) => (failure = error)).on('close', () => resolve());
  });
  try {
    for await (const text of texts) await written(pipe, text);
  } finally {
    pipe.end();
    await ended;
  }
  if (failure !== null) throw failure as Error;
};

const openForWriting = async (path: string): Promise<number> => {
  for (;;) {
    const opened = await new Promise<number | NodeJS.ErrnoException>((resolve) =>
      open(path, constants.O_WRONLY | constants.O_NONBLOCK, (error, fd) => resolve(error ?? fd)),
    );
    if (typeof opened === 'number') return opened;
    // ENXIO: the pipe has no reader yet.
    if (opened.code !== 'ENXIO') throw opened;
    await sleep(retryMs);
  }
};

const written = (pipe: Socket, text: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    pipe.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
