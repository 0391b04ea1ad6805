import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';

type Decompressor = (page: Uint8Array, length: number) => Uint8Array;

/** How pages are decompressed: gzip and brotli by Node, whose decoders end on damaged input too; the others by hyparquet-compressors. */
export const loadDecompressors = async (): Promise<Compressors> => {
  const { compressors, decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } = await import('hyparquet-compressors');
  return {
    // Theirs is made once; the function by itself makes a WebAssembly module for every page.
    SNAPPY: unlessEmpty(compressors.SNAPPY ?? decompressSnappy),
    GZIP: unlessEmpty((page, length) => gunzipSync(page, { maxOutputLength: length })),
    BROTLI: unlessEmpty((page, length) => brotliDecompressSync(page, { maxOutputLength: length })),
    ZSTD: unlessEmpty((page) => decompressZstd(page)),
    LZ4: unlessEmpty(decompressLz4),
    LZ4_RAW: unlessEmpty(decompressLz4Raw),
  };
};

/** A page of nothing, as the dictionary of a column of nulls, is bytes all the same; not every decoder takes them. */
const unlessEmpty =
  (decompress: Decompressor): Decompressor =>
  (page, length) =>
    length === 0 ? new Uint8Array() : decompress(page, length);
