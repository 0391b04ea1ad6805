import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { boundedFrame } from './zstd-page.ts';

type Decompressor = (page: Uint8Array, length: number) => Uint8Array;

/** How pages are decompressed, into about the room that they are said to take: gzip and brotli by Node, whose decoders end on damaged input too; the others by hyparquet-compressors. */
export const loadDecompressors = async (): Promise<Compressors> => {
  const { compressors, decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } = await import('hyparquet-compressors');
  return {
    // Theirs is made once; the function by itself makes a WebAssembly module for every page.
    SNAPPY: unlessEmpty(compressors.SNAPPY ?? decompressSnappy),
    GZIP: unlessEmpty((page, length) => gunzipSync(page, { maxOutputLength: length })),
    BROTLI: unlessEmpty((page, length) => brotliDecompressSync(page, { maxOutputLength: length })),
    ZSTD: unlessEmpty((page, length) => decompressZstd(boundedFrame(page, length))),
    LZ4: unlessEmpty((page, length) => (isFramed(page, length) ? decompressLz4 : decompressLz4Raw)(page, length)),
    LZ4_RAW: unlessEmpty(decompressLz4Raw),
  };
};

/** A page of nothing, as the dictionary of a column of nulls, is bytes all the same; not every decoder takes them. */
const unlessEmpty =
  (decompress: Decompressor): Decompressor =>
  (page, length) =>
    length === 0 ? new Uint8Array() : decompress(page, length);

/** True for blocks of lz4 behind their lengths, as Hadoop writes them. The decompressor follows these lengths also where they lead back. */
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
