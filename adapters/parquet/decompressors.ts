import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';

/**
 * How pages are decompressed: gzip and brotli by Node, whose decoders end on damaged input too; the others by hyparquet-compressors.
 */
export const loadDecompressors = async (): Promise<Compressors> => {
  const { compressors, decompressLz4 } = await import('hyparquet-compressors');
  return {
    ...compressors,
    GZIP: (page, length) => gunzipSync(page, { maxOutputLength: Math.max(1, length) }),
    BROTLI: (page, length) => brotliDecompressSync(page, { maxOutputLength: Math.max(1, length) }),
    // hyparquet-compressors takes no page for one that holds nothing, as that of an empty dictionary does.
    LZ4: (page, length) => (length === 0 ? new Uint8Array() : decompressLz4(page, length)),
  };
};
