import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { SourceError } from '../../lib/ports/source-error.ts';

/** Why packed bytes cannot be unpacked any further. */
export interface PackFault {
  readonly type: 'cut' | 'damaged' | 'trailing';
  /** The decompressor's words. */
  readonly reason: string;
}

/**
 * One decompressor of Node's, fed by hand: only so has everything before a fault come out when the
 * fault does.
 */
export interface Unpacker {
  /** How many of the bytes fed it has used; what it leaves lies behind the end of its data. */
  readonly usedBytes: number;
  /** Feeds bytes and yields the unpacked chunks, each made when it is pulled. */
  feed(bytes: Buffer): AsyncGenerator<Buffer, PackFault | null>;
  /** The packed bytes end here. */
  finish(): AsyncGenerator<Buffer, PackFault | null>;
  close(): void;
}

/** Bytes per unpacked chunk. */
const CHUNK_BYTES = 64 * 1024;

/**
 * A mark of one byte: the next piece is made when the last was taken, and a bomb has to wait like
 * everything else.
 */
const OPTIONS = { chunkSize: CHUNK_BYTES, highWaterMark: 1 };

export const gunzipper = (): Unpacker => openUnpacker(zlib.createGunzip(OPTIONS));

/** Throws `SourceError` where this Node has no zstd. */
export const unzstder = (ref: string): Unpacker => {
  // Node 20 has none, and its types know none.
  const create: unknown = Reflect.get(zlib, 'createZstdDecompress');
  if (typeof create === 'function')
    return openUnpacker((create as (options: typeof OPTIONS) => zlib.Gunzip)(OPTIONS));
  const what = `is compressed with zstd, which Node ${process.version} cannot read. Use Node 22.15 or newer (23.8 of 23), or decompress it first with zstd -d`;
  throw new SourceError(what, { ref });
};

const openUnpacker = (stream: Transform & { readonly bytesWritten: number }): Unpacker => {
  let fault: PackFault | null = null;
  let wake: () => void = () => undefined;
  stream
    .on('error', (error: Error) => {
      fault = faultOf(error);
      wake();
    })
    .on('readable', () => wake())
    .on('end', () => wake());

  async function* outcome(isDone: () => boolean): AsyncGenerator<Buffer, PackFault | null> {
    for (;;) {
      const chunk = stream.read() as Buffer | null;
      if (chunk !== null) yield chunk;
      else if (fault !== null || isDone()) return fault;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    get usedBytes() {
      return stream.bytesWritten;
    },
    feed: (bytes) => {
      let done = false;
      stream.write(bytes, () => {
        done = true;
        wake();
      });
      return outcome(() => done);
    },
    finish: () => {
      stream.end();
      return outcome(() => stream.readableEnded);
    },
    close: () => void stream.destroy(),
  };
};

const faultOf = (error: Error): PackFault => {
  const reason = error.message;
  if (reason === 'unexpected end of file') return { type: 'cut', reason };
  // The first header was looked at before; so this one stands behind data that was whole.
  return { type: reason === 'incorrect header check' ? 'trailing' : 'damaged', reason };
};
