import { SourceError } from '../../lib/ports/source-error.ts';
import type { OpenFile } from './open-file.ts';

/** The bytes of a file between what was used up and what was read so far. */
export interface FileWindow {
  /** How much a `fill` reads at most, and a good measure for whatever handles the bytes in pieces. */
  readonly chunkBytes: number;
  /** Offset in the file of the first byte held. */
  readonly start: number;
  /** The bytes held; valid until the next `fill`, which may move them. */
  readonly bytes: Buffer;
  /** True when the window reaches the end of the file. */
  readonly ended: boolean;
  /** Uses up that many bytes at the front. */
  drop(count: number): void;
  /** Reads up to a chunk more behind. Throws when aborted. To be called only while not `ended`. */
  fill(): Promise<void>;
}

/** A window on `file` that opens, empty, at `offset`. Holds one chunk and what was not dropped: twice that in memory. */
export const openWindow = (
  file: OpenFile,
  options: { readonly offset: number; readonly chunkBytes: number; readonly signal: AbortSignal },
): FileWindow => {
  const { chunkBytes, signal } = options;
  if (options.offset > file.sizeBytes) {
    const what = `is shorter (${file.sizeBytes} bytes) than the position reading should go on from (${options.offset}). Restore the file that the run began with`;
    throw new SourceError(what, { ref: file.path });
  }
  let memory = Buffer.allocUnsafe(2 * chunkBytes);
  let head = 0;
  let tail = 0;
  let start = options.offset;

  const makeRoom = (): void => {
    if (memory.length - tail >= chunkBytes) return;
    const held = tail - head;
    // Moved in place only where at least half was used up: each byte of a long row is then copied a bounded number of times.
    const room = held <= memory.length / 2 ? memory : Buffer.allocUnsafe(2 * memory.length);
    memory.copy(room, 0, head, tail);
    memory = room;
    head = 0;
    tail = held;
  };

  return {
    chunkBytes,
    get start() {
      return start;
    },
    get bytes() {
      return memory.subarray(head, tail);
    },
    get ended() {
      return start + tail - head >= file.sizeBytes;
    },
    drop: (count) => {
      head += count;
      start += count;
    },
    fill: async () => {
      signal.throwIfAborted();
      makeRoom();
      const end = start + tail - head;
      const { bytesRead } = await file.handle.read(memory, tail, Math.min(chunkBytes, file.sizeBytes - end), end);
      if (bytesRead === 0)
        throw new SourceError('became shorter while it was read. Leave it alone until the run has read it', { ref: file.path });
      tail += bytesRead;
    },
  };
};
