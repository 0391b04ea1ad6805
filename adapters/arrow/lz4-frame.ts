const MAGIC = 0x184d_2204;
const BLOCK_BYTES_MIN = 64 * 1024;
const UNCOMPRESSED = 0x8000_0000;

/**
 * Decompresses an LZ4 frame of an Arrow buffer: blocks linked or not, with or without sizes and
 * checksums. Checksums are not verified. Throws a `RangeError` for a frame that is damaged or needs
 * a dictionary.
 */
export const decodeLz4Frame = (frame: Uint8Array): Uint8Array => {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('not an LZ4 frame');
  const flags = view.getUint8(4);
  if ((flags & 0x01) !== 0) throw new RangeError('an LZ4 frame with a dictionary');
  const blockBytesMax = BLOCK_BYTES_MIN << (2 * (((view.getUint8(5) >> 4) & 7) - 4));
  const blockChecksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  let at = (flags & 0x08) === 0 ? 7 : 15;
  let out = new Uint8Array(Math.min(blockBytesMax, 256 * frame.length));
  let filled = 0;
  for (let size = view.getUint32(at, true); size !== 0; size = view.getUint32(at, true)) {
    const isPlain = (size & UNCOMPRESSED) !== 0;
    const bytes = size & ~UNCOMPRESSED;
    at += 4;
    if (at + bytes > frame.length) throw new RangeError('an LZ4 block extends beyond its frame');
    const block = frame.subarray(at, at + bytes);
    // A byte of a block decompresses to at most 255.
    const capacity = filled + (isPlain ? bytes : Math.min(blockBytesMax, 256 * bytes));
    if (capacity > out.length) out = grow(out, filled, Math.max(capacity, 2 * out.length));
    if (isPlain) out.set(block, filled);
    filled = isPlain ? filled + bytes : decodeBlock(block, out, filled, capacity);
    at += bytes + blockChecksumBytes;
  }
  return out.subarray(0, filled);
};

const grow = (out: Uint8Array, filled: number, bytes: number): Uint8Array<ArrayBuffer> => {
  const grown = new Uint8Array(bytes);
  grown.set(out.subarray(0, filled));
  return grown;
};

/**
 * Decompresses a block into `out` from `start` on; returns the end offset. A block may refer to
 * earlier output.
 */
const decodeBlock = (block: Uint8Array, out: Uint8Array, start: number, end: number): number => {
  let from = 0;
  let to = start;
  const byte = (): number => {
    const value = block[from];
    if (value === undefined) throw new RangeError('an LZ4 block is cut off');
    from += 1;
    return value;
  };
  const lengthFrom = (nibble: number): number => {
    let length = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) more = byte();
    return length;
  };
  while (from < block.length) {
    const token = byte();
    const literals = lengthFrom(token >> 4);
    if (from + literals > block.length || to + literals > end)
      throw new RangeError('an LZ4 block is damaged');
    for (let count = 0; count < literals; count += 1) out[to++] = block[from++] ?? 0;
    if (from === block.length) break;
    const distance = byte() | (byte() << 8);
    const length = lengthFrom(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > end)
      throw new RangeError('an LZ4 block is damaged');
    // Byte by byte, since a match may overlap its own output.
    for (let count = 0; count < length; count += 1, to += 1) out[to] = out[to - distance] ?? 0;
  }
  return to;
};
