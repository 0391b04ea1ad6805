import * as zlib from 'node:zlib';
import { SourceError } from '../../lib/ports/source-error.ts';
import { decodeLz4Frame } from './lz4-frame.ts';
import type { Compression } from './message-head.ts';

/** Node has zstd from 22.15 on; the types are those of the oldest supported Node. */
const { zstdDecompressSync } = zlib as {
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array;
};

/**
 * Makes sure that the package can decompress buffers. It has a codec registry but no codecs. Codecs
 * that the program has registered stay. Throws `SourceError` when there is none.
 */
export const needCodec = (
  arrow: typeof import('apache-arrow'),
  ref: string,
  compression: Compression | null,
): void => {
  if (compression === null) return;
  const { compressionRegistry, CompressionType } = arrow;
  const type = compression === 'lz4' ? CompressionType.LZ4_FRAME : CompressionType.ZSTD;
  if (compressionRegistry.get(type)?.decode !== undefined) return;
  const decode = compression === 'lz4' ? decodeLz4Frame : zstdDecompressSync;
  if (decode === undefined) {
    const what =
      'is compressed with zstd, which Node can read from version 22.15 on. Use such a Node, or write it uncompressed or with lz4';
    throw new SourceError(what, { ref });
  }
  // A copy, since 64-bit numbers need alignment.
  compressionRegistry.set(type, { decode: (bytes) => new Uint8Array(decode(bytes)) });
};
