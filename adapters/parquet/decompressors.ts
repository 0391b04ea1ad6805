import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { frameCutter } from '../files/zstd-frames.ts';

type Decompressor = (page: Uint8Array, length: number) => Uint8Array;

/** How pages are decompressed, into no more room than they are said to take: gzip and brotli by Node, whose decoders end on damaged input too; the others by hyparquet-compressors. */
export const loadDecompressors = async (): Promise<Compressors> => {
  const { compressors, decompressLz4, decompressLz4Raw, decompressSnappy, decompressZstd } = await import('hyparquet-compressors');
  return {
    // Theirs is made once; the function by itself makes a WebAssembly module for every page.
    SNAPPY: unlessEmpty(compressors.SNAPPY ?? decompressSnappy),
    GZIP: unlessEmpty((page, length) => gunzipSync(page, { maxOutputLength: length })),
    BROTLI: unlessEmpty((page, length) => brotliDecompressSync(page, { maxOutputLength: length })),
    ZSTD: unlessEmpty((page, length) => decompressZstd(oneFrame(page, length), new Uint8Array(length))),
    LZ4: unlessEmpty((page, length) => (isFramed(page, length) ? decompressLz4 : decompressLz4Raw)(page, length)),
    LZ4_RAW: unlessEmpty(decompressLz4Raw),
  };
};

/** A page of nothing, as the dictionary of a column of nulls, is bytes all the same; not every decoder takes them. */
const unlessEmpty =
  (decompress: Decompressor): Decompressor =>
  (page, length) =>
    length === 0 ? new Uint8Array() : decompress(page, length);

/**
 * The page, if it is one frame of zstd. What it unpacks to is bounded only where it is written into room at hand, in which a second frame would
 * lie over the first; and a frame that says how long it is has to say the same as the page.
 */
const oneFrame = (page: Uint8Array, length: number): Uint8Array => {
  const frames = frameCutter().cut(Buffer.from(page.buffer, page.byteOffset, page.byteLength));
  if (frames.length !== 1 || frames[0]?.isLast !== true) throw new RangeError('a page is not one whole frame of zstd');
  const said = contentBytes(page);
  if (said !== null && said !== length) throw new RangeError(`a page of ${length} bytes unpacks to ${said}`);
  return page;
};

/** How long a frame says that its content is (RFC 8878, 3.1.1.1); null where it does not. */
const contentBytes = (frame: Uint8Array): number | null => {
  const descriptor = frame[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const size = descriptor >> 6 === 0 ? (isSingle ? 1 : 0) : 2 ** (descriptor >> 6);
  if (size === 0) return null;
  const at = 5 + (isSingle ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const bytes = frame.subarray(at, at + size);
  return bytes.reduce((sum, byte, place) => sum + byte * 256 ** place, size === 2 ? 256 : 0);
};

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
