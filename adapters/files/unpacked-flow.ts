import { SourceError } from '../../lib/ports/source-error.ts';
import { type OpenFile, readAt, type ByteFlow } from './open-file.ts';
import type { Compression } from './compression.ts';
import { gunzip, unzstd } from './unpack.ts';
import type { PackFault } from './unpacker.ts';

/** What of the packed file is read at once. */
const PACKED_BYTES = 32 * 1024;

/**
 * With the chunk in which it fails, a decompressor swallows what was sound in it. So a file at
 * fault is unpacked again, up to that chunk as before and through it in smaller steps, until the
 * very byte is found and everything before it was given.
 */
const STEPS = [PACKED_BYTES, 256, 1];

interface Packed {
  readonly file: OpenFile;
  readonly compression: Exclude<Compression, 'none'>;
  readonly signal: AbortSignal;
}

/**
 * The unpacked bytes of a packed file, from its start. Memory: one chunk of each. If the file is
 * cut off, damaged, or has data after its packed data, throws `SourceError` after all bytes before
 * that.
 */
export const unpackedFlow = (packed: Packed): ByteFlow => {
  const chunks = unpackedChunks(packed);
  let chunk: Buffer = Buffer.alloc(0);
  let ended = false;
  return {
    get ended() {
      return ended;
    },
    read: async (target) => {
      while (chunk.length === 0) {
        const next = await chunks.next();
        if (next.done === true) {
          ended = true;
          return 0;
        }
        chunk = next.value;
      }
      const count = chunk.copy(target);
      chunk = chunk.subarray(count);
      return count;
    },
    close: async () => {
      ended = true;
      await chunks.return();
    },
  };
};

async function* unpackedChunks(packed: Packed): AsyncGenerator<Buffer, void> {
  const { file, compression } = packed;
  if (file.sizeBytes === 0) return;
  const unpack = compression === 'gzip' ? gunzip : unzstd;
  let emittedBytes = 0;
  /** Gives what was not given before. */
  async function* emit(
    chunks: AsyncGenerator<Buffer, PackFault | null>,
  ): AsyncGenerator<Buffer, PackFault | null> {
    let known = emittedBytes;
    try {
      for (let next = await chunks.next(); ; next = await chunks.next()) {
        if (next.done === true) return next.value;
        const fresh = next.value.subarray(Math.min(known, next.value.length));
        known -= next.value.length - fresh.length;
        emittedBytes += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
    } finally {
      await chunks.return(null);
    }
  }
  let soundBytes = 0;
  for (const step of STEPS) {
    const sound = soundBytes;
    const packedBytes = packedChunks(packed, (offset) =>
      offset < sound ? Math.min(PACKED_BYTES, sound - offset) : step,
    );
    const fault = yield* emit(unpack(packedBytes.chunks, file.path));
    if (fault === null) return;
    soundBytes = packedBytes.at;
    if (fault.type === 'cut') throw failure(packed, fault, emittedBytes, file.sizeBytes);
    if (step === 1) throw failure(packed, fault, emittedBytes, soundBytes);
  }
}

interface PackedChunks {
  readonly chunks: AsyncGenerator<Buffer>;
  /** Where in the file the last chunk begins. */
  readonly at: number;
}

const packedChunks = (
  { file, signal }: Packed,
  length: (offset: number) => number,
): PackedChunks => {
  let at = 0;
  async function* read(): AsyncGenerator<Buffer> {
    for (let next = 0; ;) {
      signal.throwIfAborted();
      // A buffer for each: the decompressor still holds the last one.
      const target = Buffer.allocUnsafe(length(next));
      const count = await readAt(file, target, next);
      if (count === 0) return;
      at = next;
      next += count;
      yield target.subarray(0, count);
    }
  }
  return {
    chunks: read(),
    get at() {
      return at;
    },
  };
};

const failure = (
  { file, compression }: Packed,
  { type, reason }: PackFault,
  emittedBytes: number,
  at: number,
): SourceError => {
  const what = {
    cut: `is cut off: its ${compression} data does not end with the file (byte ${at}). Get the whole file, and start a run over it`,
    damaged: `is damaged: its ${compression} data makes no sense at byte ${at} (${reason}). Get a sound copy, and start a run over it`,
    trailing: `has other data at byte ${at}, after the end of its ${compression} data. Cut that off, and start a new run`,
  }[type];
  return new SourceError(
    `${what}. ${emittedBytes} bytes of text could be unpacked, and every row that ends in them was read`,
    {
      ref: file.path,
    },
  );
};
