import { createPrng } from '../prng.ts';
import type { BlobWriter } from './blobs.ts';

/** Writes lines in a shuffled order. */
export interface LineWriter {
  /** Queues lines for writing. Await `flush` now and then, or memory grows. */
  push(lines: readonly string[]): void;
  /** Writes the queued lines if they are many. */
  flush(): Promise<void>;
  /** Writes everything that is left. Resolves with the number of bytes written in all. */
  close(): Promise<number>;
}

const windowLines = 64;
const flushChars = 65_536;

/**
 * A writer that shuffles within a window of 64 lines, by the seed. Memory: the window, and 64 Ki
 * characters.
 */
export const createLineWriter = (blob: BlobWriter, seed: number): LineWriter => {
  const prng = createPrng(seed);
  const encoder = new TextEncoder();
  const window: string[] = [];
  let ready: string[] = [];
  let readyChars = 0;
  let bytes = 0;

  const emit = (line: string): void => {
    ready.push(line, '\n');
    readyChars += line.length + 1;
  };
  const write = async (): Promise<void> => {
    const encoded = encoder.encode(ready.join(''));
    ready = [];
    readyChars = 0;
    bytes += encoded.length;
    await blob.write(encoded);
  };
  return {
    push: (lines) => {
      for (const line of lines) {
        if (window.length < windowLines) {
          window.push(line);
          continue;
        }
        const slot = prng.below(windowLines);
        emit(window[slot] ?? line);
        window[slot] = line;
      }
    },
    flush: async () => {
      if (readyChars >= flushChars) await write();
    },
    close: async () => {
      window.sort((left, right) => (left < right ? -1 : 1)).forEach(emit);
      if (readyChars > 0) await write();
      await blob.close();
      return bytes;
    },
  };
};
