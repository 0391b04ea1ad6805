import { SourceError } from '../../lib/ports/source-error.ts';
import { plainFlow, type ByteFlow } from './open-file.ts';
import { decodedFlow } from './decoded-flow.ts';
import { UTF8 } from './encoding.ts';
import type { FileReading } from './file-reading.ts';
import type { FilePosition } from './file-position.ts';
import { runningSum } from './running-sum.ts';
import type { RunningSum } from './running-sum.ts';
import { unpackedFlow } from './unpacked-flow.ts';

/**
 * The bytes of a text between what was used up and what was read so far; of a compressed file, of
 * what it unpacks to; of one in another encoding, its text as UTF-8.
 */
export interface FileWindow {
  /** Maximum bytes per `fill`, and a good chunk size for processing. */
  readonly chunkBytes: number;
  /** Offset in the text of the first byte held. */
  readonly start: number;
  /** The bytes held; valid until the next `fill`, which may move them. */
  readonly bytes: Buffer;
  /** True when the window is known to reach the end of the text. */
  readonly ended: boolean;
  /** The position at an offset that is held, or at `start`; to be asked for in ascending order. */
  checkpointAt(offset: number, line: number, index: number): FilePosition;
  /** Uses up that many bytes at the front. */
  drop(count: number): void;
  /**
   * Reads up to a chunk more behind, a byte at least, or finds that the text has `ended`. Throws
   * when aborted. To be called only while not `ended`.
   */
  fill(): Promise<void>;
  /** Stops what reads; the window is of no use behind it. */
  close(): Promise<void>;
}

/**
 * A window that opens, empty, at a position, or at the start of the text. Holds one chunk and what
 * was not dropped: twice that in memory. To be closed. Throws `SourceError` where the text ends
 * before the position, or what comes before it in a file that is unpacked or decoded has changed.
 */
export const openWindow = async (
  reading: FileReading,
  from: FilePosition | null,
): Promise<FileWindow> => {
  const { file, signal } = reading;
  const offset = from?.offset ?? 0;
  if (isPlain(reading)) {
    if (offset > file.sizeBytes) throw tooShort(file.path, file.sizeBytes, offset);
    return windowOver(plainFlow(file, offset), reading, offset, null);
  }
  const flow = textFlow(reading);
  try {
    const sum = runningSum();
    const remaining = Buffer.allocUnsafe(reading.chunkBytes);
    for (let skipped = 0; skipped < offset;) {
      signal.throwIfAborted();
      const count = await flow.read(
        remaining.subarray(0, Math.min(remaining.length, offset - skipped)),
      );
      if (count === 0) throw tooShort(file.path, skipped, offset);
      sum.add(remaining.subarray(0, count));
      skipped += count;
    }
    if (offset > 0 && sum.crc32 !== from?.crc32) {
      const what = `holds other text before byte ${offset} than when it was read: this is not the file that the run began with. Restore that one`;
      throw new SourceError(what, { ref: file.path });
    }
    return windowOver(flow, reading, offset, sum);
  } catch (error) {
    await flow.close();
    throw error;
  }
};

/** True where the bytes of the file are its text. */
export const isPlain = ({
  compression,
  encoding,
}: Pick<FileReading, 'compression' | 'encoding'>): boolean =>
  compression === 'none' && encoding === UTF8;

const textFlow = ({ file, compression, encoding, signal }: FileReading): ByteFlow => {
  const unpacked =
    compression === 'none' ? plainFlow(file, 0) : unpackedFlow({ file, compression, signal });
  return encoding === UTF8 ? unpacked : decodedFlow(unpacked, encoding);
};

const tooShort = (ref: string, sizeBytes: number, offset: number): SourceError => {
  const what = `is shorter (${sizeBytes} bytes) than the checkpoint to continue from (${offset}). Restore the file that the run began with`;
  return new SourceError(what, { ref });
};

/** `sum`: of all bytes before `offset`; null where positions bear none. */
const windowOver = (
  flow: ByteFlow,
  reading: FileReading,
  offset: number,
  sum: RunningSum | null,
): FileWindow => {
  const { chunkBytes, signal } = reading;
  let memory = Buffer.allocUnsafe(2 * chunkBytes);
  let head = 0;
  let tail = 0;
  let start = offset;
  /** Up to where `sum` goes. */
  let summed = offset;

  const makeFree = (): void => {
    if (memory.length - tail >= chunkBytes) return;
    const held = tail - head;
    // Moved in place only where at least half was used up: each byte of a long row is then copied a
    // bounded number of times.
    const remaining = held <= memory.length / 2 ? memory : Buffer.allocUnsafe(2 * memory.length);
    memory.copy(remaining, 0, head, tail);
    memory = remaining;
    head = 0;
    tail = held;
  };
  const sumUpTo = (end: number, over: RunningSum): number => {
    if (end > summed) {
      over.add(memory.subarray(head + summed - start, head + end - start));
      summed = end;
    }
    return over.crc32;
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
      return flow.ended;
    },
    checkpointAt: (at, line, index) =>
      sum === null
        ? { offset: at, line, index }
        : { offset: at, line, index, crc32: sumUpTo(at, sum) },
    drop: (count) => {
      if (sum !== null) sumUpTo(start + count, sum);
      head += count;
      start += count;
    },
    fill: async () => {
      signal.throwIfAborted();
      makeFree();
      tail += await flow.read(memory.subarray(tail, tail + chunkBytes));
    },
    close: () => flow.close(),
  };
};
