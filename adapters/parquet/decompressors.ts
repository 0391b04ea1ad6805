import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { boundedFrame } from './zstd-page.ts';

type Decompressor = (page: Uint8Array, length: number) => Uint8Array;

/**
 * Decompresses pages into about their stated size. Node handles gzip and brotli, since its decoders
 * terminate on damaged input; hyparquet-compressors handles the others.
 */
export const loadDecompressors = async (): Promise<Compressors> => {
  const { compressors, decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } =
    await import('hyparquet-compressors');
  return {
    // The package's instance is made once; the function would compile a WebAssembly module for
    // every page.
    SNAPPY: unlessEmpty(compressors.SNAPPY ?? decompressSnappy),
    GZIP: unlessEmpty((page, length) => gunzipSync(page, { maxOutputLength: length })),
    BROTLI: unlessEmpty((page, length) => brotliDecompressSync(page, { maxOutputLength: length })),
    ZSTD: unlessEmpty((page, length) => decompressZstd(boundedFrame(page, length))),
    LZ4: unlessEmpty((page, length) =>
      (isFramed(page, length) ? decompressLz4 : decompressLz4Raw)(page, length),
    ),
    LZ4_RAW: unlessEmpty(decompressLz4Raw),
  };
};

/**
 * An empty page, such as the dictionary of a column of nulls, still has bytes, which some decoders
 * reject.
 */
const unlessEmpty =
  (decompress: Decompressor): Decompressor =>
  (page, length) =>
    length === 0 ? new Uint8Array() : decompress(page, length);

/**
 * True for lz4 blocks with lengths before them, as Hadoop writes them. The decompressor follows
 * these lengths even backwards.
 */
const isFramed = (page: Uint8Array, length: number): boolean => {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  let unpacked = 0;
  let at = 0;
  while (at <= page.length - 8) {
    const packed = view.getInt32(at + 4);
    unpacked += view.getInt32(at);
    if (packed <= 0 || unpacked > length) return false;
    at += 8 + packed;
  }
  return at === page.length && unpacked === length;
};
